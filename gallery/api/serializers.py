"""The JSON of pictures and tags."""

import posixpath
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from grok2api.integers import MAX_ID

from ..files.pictures import thumbnail_address_version
from ..jobs import tagging
from ..models import Image, Tag
from ..search.selection import Selection
from ..soundness import MAX_PROMPT_LENGTH
from ..transfer.export import Embedding
from ..transfer.name_templates import FIELDS, MAX_TEMPLATE, NameTemplate, read_template
from .fields import ListField, TagNamesField


class ImageListSerializer(serializers.ListSerializer[Any]):
    """Serializes pictures by id, straight from the columns: five times as fast as from objects."""

    COLUMNS = (
        "file", "prompt", "model", "aspect_ratio", "width", "height", "file_size", "created_at",
        "favorite", "nsfw", "content_hash", "thumbnail_version", "file_name", "added_at",
        "prompt_source",
    )  # fmt: skip

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        base = cast(str, self.context["base_url"])
        picture, thumbnail = (
            base + reverse(f"api:image-{name}", args=[0]).replace("/0/", "/{}/")
            for name in ("file", "thumbnail")
        )
        thumbnail += "?v={}"
        zone = timezone.get_current_timezone()
        return [
            {
                "id": row.id,
                "filename": posixpath.basename(row.file),
                "url": picture.format(row.id),
                "thumbnail_url": thumbnail.format(
                    row.id, thumbnail_address_version(row.file, row.thumbnail_version)
                ),
                "prompt": row.prompt,
                "model": row.model,
                "aspect_ratio": row.aspect_ratio,
                "width": row.width,
                "height": row.height,
                "file_size": row.file_size,
                "created_at": row.created_at.astimezone(zone).isoformat(),
                "tags": tags,
                "favorite": row.favorite,
                "nsfw": row.nsfw,
                "content_hash": row.content_hash,
                "file_name": row.file_name,
                "added_at": row.added_at.astimezone(zone).isoformat(),
                "prompt_source": row.prompt_source,
            }
            for row, tags in Image.objects.columns_of(data, *self.COLUMNS)
        ]


class ImageSerializer(serializers.ModelSerializer[Image]):
    """One picture. Prompt, marks and tags can be changed; everything else is read-only."""

    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    tags = TagNamesField(required=False)
    prompt_source = serializers.CharField(
        read_only=True,
        help_text="request, given (with the file), file or person; empty if unknown.",
    )

    class Meta:
        model = Image
        list_serializer_class = ImageListSerializer
        fields = [
            "id", "filename", "url", "thumbnail_url", "prompt", "model", "aspect_ratio",
            "width", "height", "file_size", "created_at", "tags", "favorite", "nsfw",
            "content_hash", "file_name", "added_at", "prompt_source",
        ]  # fmt: skip
        read_only_fields = [
            "id", "filename", "model", "aspect_ratio", "width", "height", "file_size",
            "created_at", "content_hash", "file_name", "added_at", "prompt_source",
        ]  # fmt: skip

    def get_url(self, image: Image) -> str:
        return self._absolute("api:image-file", image)

    def get_thumbnail_url(self, image: Image) -> str:
        return f"{self._absolute('api:image-thumbnail', image)}?v={image.thumbnail_v}"

    def _absolute(self, view: str, image: Image) -> str:
        return cast(str, self.context["base_url"]) + reverse(view, args=[image.pk])


class ThumbnailSerializer(serializers.Serializer[Any]):
    """The size of thumbnail that the address asks for."""

    size = serializers.ChoiceField(
        choices=["512", "1024"], default="512", help_text="The most pixels of the longer side."
    )
    v = serializers.CharField(
        required=False, help_text="The `v` of `thumbnail_url`, to cache it for ever."
    )


class UploadSerializer(serializers.Serializer[Image]):
    """A picture file sent as a multipart form."""

    file = serializers.FileField()
    prompt = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MAX_PROMPT_LENGTH
    )
    tags = serializers.CharField(
        required=False, default="", allow_blank=True, help_text="Names, separated by commas."
    )
    modified_at = serializers.DateTimeField(
        required=False,
        default=None,
        allow_null=True,
        help_text="The file's own time, used if the picture itself has none.",
    )

    def validate_tags(self, value: str) -> list[str]:
        request = self.context["request"]
        names = [
            name for text in request.data.getlist("tags") for name in tagging.split_names(text)
        ]
        try:
            return tagging.clean_names(names)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class SelectionSerializer(serializers.Serializer[Selection]):
    """Selects pictures by `{"image_ids": […]}`, by `{"filter": {query names}}` or by `{"selection":
    token}`."""

    image_ids = ListField(child=serializers.IntegerField(), required=False)
    filter = serializers.DictField(required=False, help_text="The query names of the list.")
    selection = serializers.CharField(
        required=False, help_text="The token of a selection: its pictures that still exist."
    )
    count = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_ID,
        help_text="How many pictures the selection should have, by default as many as "
        "when it was made. If it has fewer now, nothing is done, and a 409 has the new `count`.",
    )


class RecordedSerializer(SelectionSerializer):
    """An action that is recorded and can be undone; `X-Change` in the answer has the record's
    id."""

    change = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text="`X-Change` of an earlier step of the same action: both are undone as one.",
    )


class FavoriteSerializer(RecordedSerializer):
    favorite = serializers.BooleanField(default=True)


class SensitiveSerializer(RecordedSerializer):
    nsfw = serializers.BooleanField(default=True)


class TagChangeSerializer(RecordedSerializer):
    add = TagNamesField(required=False, default=list)
    remove = TagNamesField(required=False, default=list)


class ExportSerializer(SelectionSerializer):
    embedding = serializers.ChoiceField(
        choices=[choice.value for choice in Embedding],
        default=Embedding.KEEP.value,
        help_text="keep: leave the files as they are; embed: add prompt and parameters; "
        "strip: keep only the pixels.",
    )
    name_template = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_TEMPLATE,
        help_text="Names the files, as in `{date}_{model}_{prompt:40}_{id}`; fields are "
        f"{', '.join(FIELDS)}. By default, day, prompt and the file's own name.",
    )

    def validate_name_template(self, value: str) -> NameTemplate | None:
        try:
            return read_template(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class UnreadFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    reason = serializers.CharField()


class ScanSerializer(serializers.Serializer[Any]):
    """The outcome of a scan of the media folder; the bytes of `known` files were in the library
    already."""

    added = serializers.IntegerField()
    image_ids = ListField(child=serializers.IntegerField())
    changed = serializers.IntegerField(
        help_text="Existing pictures that were reset to what an export or backup says."
    )
    known = serializers.IntegerField()
    failed = UnreadFileSerializer(many=True)
    ignored = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="The number of files of unsupported types, by type: `HEIC`, "
        "`TIFF`, `SVG` and so on, and `other`.",
    )


class TagNamesSerializer(serializers.Serializer[Image]):
    tags = TagNamesField()


class FailureSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reason = serializers.CharField()


def report_of(verb: str) -> serializers.Serializer[Any]:
    """Build the report of a bulk action: how many were `verb`, and why the others were not."""
    fields = {verb: serializers.IntegerField(), "failed": FailureSerializer(many=True)}
    return inline_serializer(verb.title(), fields)


class NameCountSerializer(serializers.Serializer[tuple[str, int]]):
    """A name and the number of pictures that have it."""

    name = serializers.CharField()
    count = serializers.IntegerField()

    def to_representation(self, instance: tuple[str, int]) -> dict[str, Any]:
        name, count = instance
        return {"name": name, "count": count}


class StatsSerializer(serializers.Serializer[Any]):
    """The library in numbers; sizes in bytes, the month by the server's time zone."""

    total_count = serializers.IntegerField()
    total_size = serializers.IntegerField()
    month_count = serializers.IntegerField()
    top_tags = NameCountSerializer(many=True)
    models = NameCountSerializer(many=True)
    aspect_ratios = NameCountSerializer(many=True)


class FacetsSerializer(serializers.Serializer[Any]):
    """The counts of each facet under all filters but its own; upper bounds unless `count_exact`."""

    models = NameCountSerializer(many=True)
    aspect_ratios = NameCountSerializer(many=True)
    tags = NameCountSerializer(many=True)
    months = NameCountSerializer(many=True)
    count_exact = serializers.BooleanField()


class TagSerializer(serializers.ModelSerializer[Tag]):
    """A tag and its number of pictures, not counting the trash."""

    count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Tag
        fields = ["id", "name", "count"]
        extra_kwargs = {"name": {"max_length": 1000}}
