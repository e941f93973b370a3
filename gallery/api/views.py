"""The REST API of the library. Each view parses, calls one job and answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import mixins, parsers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import (
    APIException,
    NotFound,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from grok2api.runtime.exclusive import Busy
from grok2api.runtime.snapshot import one_snapshot

from ..files import pictures
from ..history import CHANGE, CannotContinue
from ..jobs import ingest, marking, removal, tagging
from ..jobs.changes import ChangeReport
from ..maintenance.scanning import scan_storage
from ..models import Image
from ..search.filters import ImageFilter
from ..search.selection import NumberChanged, Selection, read_selection
from ..serving import serve_archive, serve_file, serve_thumbnail
from ..transfer.export import Embedding, export_images
from ..transfer.found_files import is_archive, is_of_a_library
from ..transfer.imports import OTHER, Imported, ImportOutcome, import_archive
from ..transfer.restoring import Restored, RestoreOutcome, UnreadableBackup, bring_back
from . import serializers
from .filtering import CriteriaBackend
from .pagination import ImagePagination
from .parsers import JSONParser
from .selections import named_errors

BYTES: dict[Any, Any] = {
    **{(status, "image/*"): OpenApiTypes.BINARY for status in (200, 206)},
    304: OpenApiResponse(description="It is the one that the client has."),
    416: OpenApiResponse(description="It has no such part."),
}
DELETED, TRASHED, RESTORED, CHANGED = (
    OpenApiResponse(serializers.report_of(verb))
    for verb in ("deleted", "trashed", "restored", "changed")
)


class ImageViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Image],
):
    """The library's pictures, and the actions on one or many of them."""

    queryset = Image.objects.all()
    serializer_class = serializers.ImageSerializer
    pagination_class = ImagePagination
    filter_backends = [CriteriaBackend]
    filterset_class = ImageFilter
    lookup_value_converter = "id"
    parser_classes = [JSONParser, parsers.MultiPartParser]

    def get_serializer_context(self) -> dict[str, Any]:
        base = settings.APP_URL or self.request.build_absolute_uri("/")[:-1]
        return {**super().get_serializer_context(), "base_url": base}

    def get_queryset(self) -> QuerySet[Image]:
        return Image.objects.without_metadata().with_tags()

    @one_snapshot()
    def list(self, request: Request) -> Response:
        """List the pictures that match the query's filters, page by page."""
        return super().list(request)

    def filter_queryset(self, queryset: QuerySet[Any]) -> Any:
        """Apply the filters to lists; a single picture is found in the library and in the trash
        alike."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={
            200: PolymorphicProxySerializer(
                "KnownOrImported",
                [serializers.ImageSerializer, serializers.ScanSerializer],
                resource_type_field_name=None,
            ),
            201: serializers.ImageSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Add a picture file to the library; 200 returns the picture that has the same bytes
        already.

        A ZIP archive is unpacked and answered like a scan. If it is an export or a backup, what it
        says of its pictures is restored, too.
        """
        if not isinstance(request.data, QueryDict):
            raise UnsupportedMediaType(request.content_type)
        if sum(len(files) for _name, files in request.FILES.lists()) > 1:
            raise ValidationError(
                {"file": [_("Send one file per request, or several in a ZIP archive.")]}
            )
        upload = serializers.UploadSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        upload.is_valid(raise_exception=True)
        file = upload.validated_data["file"]
        if is_archive(file.read(4)):
            return self._take_in_archive(file, upload.validated_data["tags"])
        file.seek(0)
        try:
            if file.size > pictures.MAX_BYTES:
                raise pictures.too_large()
            taken = ingest.take_in(
                data=file.read(),
                source=Image.Source.UPLOADED,
                prompt=upload.validated_data["prompt"],
                tags=upload.validated_data["tags"],
                modified_at=upload.validated_data["modified_at"],
                file_name=file.name or "",
                patient=False,
            )
        except pictures.UnreadablePicture as error:
            said = _(error.message) % error.values if error.values else _(error.message)
            raise ValidationError({"file": [said]}, code=error.code) from None
        return Response(
            self.get_serializer(taken.image).data,
            status=status.HTTP_201_CREATED if taken.is_new else status.HTTP_200_OK,
        )

    def _take_in_archive(self, file: Any, tags: Sequence[str]) -> Response:
        """Restore an export or a backup; import the pictures of any other archive."""
        sent: dict[str, Any] = {"name": file.name, "file": file, "tags": tags}
        if not is_of_a_library(file):
            return imported(import_archive(**sent))
        try:
            return imported(bring_back(**sent, may_change=may_change(self.request.user)))
        except UnreadableBackup as error:
            raise ValidationError({"file": [str(error)]}) from None
        except Busy as error:
            raise LibraryBusy(_(str(error))) from None

    def partial_update(self, request: Request, pk: int) -> Response:
        """Set `prompt`, `favorite`, `nsfw` or `tags`."""
        wanted = self.get_serializer(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        if not marking.edit_image(image_id=pk, **wanted.validated_data):
            raise NotFound
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete the picture permanently, both row and file."""
        if not removal.delete_images(image_ids=[pk]).done:
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=BYTES)
    @action(detail=True, url_name="file")
    def file(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the picture's bytes; `?download` gives the file a name."""
        image = self.get_object()
        return serve_file(
            request._request,
            name=image.file.name or "",
            content_type=image.content_type,
            download_name=image.download_name if "download" in request.query_params else "",
        )

    @extend_schema(parameters=[serializers.ThumbnailSerializer], responses=BYTES)
    @action(detail=True, url_name="thumbnail")
    def thumbnail(self, request: Request, pk: int) -> HttpResponseBase:
        """Return a WebP of at most 512 pixels a side, or at most 1024 with `size=1024`."""
        wanted = serializers.ThumbnailSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        large = wanted.validated_data["size"] == str(pictures.LARGE_SIDE)
        return serve_thumbnail(request._request, self.get_object(), large=large)

    @extend_schema(request=serializers.TagNamesSerializer, responses=serializers.ImageSerializer)
    @action(detail=True, methods=["post"], url_path="tags", url_name="tags")
    def replace_tags(self, request: Request, pk: int) -> Response:
        """Replace the picture's tags with exactly these."""
        wanted = serializers.TagNamesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        if not tagging.replace_tags(image_id=pk, names=wanted.validated_data["tags"]):
            raise NotFound
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=serializers.SelectionSerializer, responses=DELETED)
    @action(detail=False, methods=["post"], url_path="delete", url_name="delete")
    def delete_many(self, request: Request) -> Response:
        """Delete a selection permanently, both rows and files."""
        selection = read(serializers.SelectionSerializer, request)[0]
        return report("deleted", removal.delete_images(image_ids=selection.ids))

    @extend_schema(request=serializers.RecordedSerializer, responses=TRASHED)
    @action(detail=False, methods=["post"])
    def trash(self, request: Request) -> Response:
        """Move a selection to the trash."""
        selection, values = read(serializers.RecordedSerializer, request)
        with going_on():
            done = removal.trash_images(image_ids=selection.ids, go_on_with=values.get("change"))
        return report("trashed", done)

    @extend_schema(request=serializers.RecordedSerializer, responses=RESTORED)
    @action(detail=False, methods=["post"])
    def restore(self, request: Request) -> Response:
        """Restore a selection from the trash."""
        selection, values = read(serializers.RecordedSerializer, request)
        with going_on():
            done = removal.restore_images(image_ids=selection.ids, go_on_with=values.get("change"))
        return report("restored", done)

    @extend_schema(request=serializers.FavoriteSerializer, responses=CHANGED)
    @action(detail=False, methods=["post"])
    def favorite(self, request: Request) -> Response:
        """Mark a selection as favourite; `favorite: false` removes the mark."""
        selection, values = read(serializers.FavoriteSerializer, request)
        with going_on():
            done = marking.mark_images(
                image_ids=selection.ids,
                favorite=values["favorite"],
                go_on_with=values.get("change"),
            )
        return report("changed", done)

    @extend_schema(request=serializers.SensitiveSerializer, responses=CHANGED)
    @action(detail=False, methods=["post"])
    def nsfw(self, request: Request) -> Response:
        """Mark a selection as sensitive; `nsfw: false` removes the mark."""
        selection, values = read(serializers.SensitiveSerializer, request)
        with going_on():
            done = marking.mark_images(
                image_ids=selection.ids, nsfw=values["nsfw"], go_on_with=values.get("change")
            )
        return report("changed", done)

    @extend_schema(
        operation_id="v1_admin_gallery_images_bulk_tags_create",
        request=serializers.TagChangeSerializer,
        responses=CHANGED,
    )
    @action(detail=False, methods=["post"], url_path="tags", url_name="bulk-tags")
    def tags(self, request: Request) -> Response:
        """Add and remove tags on a selection."""
        selection, values = read(serializers.TagChangeSerializer, request)
        if not values["add"] and not values["remove"]:
            raise ValidationError({"add": [_("Name at least one tag to add or to remove.")]})
        with going_on():
            done = tagging.change_tags(
                image_ids=selection.ids,
                add=values["add"],
                remove=values["remove"],
                go_on_with=values.get("change"),
            )
        return report("changed", done)

    @extend_schema(
        request=serializers.ExportSerializer,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    @action(detail=False, methods=["post"])
    def export(self, request: Request) -> HttpResponseBase:
        """Stream a selection as a ZIP archive, with manifests and checksums."""
        selection, values = read(serializers.ExportSerializer, request)
        archive = export_images(
            image_ids=selection.ids,
            embedding=Embedding(values["embedding"]),
            template=values["name_template"],
        )
        return serve_archive(archive)


class ScanView(APIView):
    """Takes in files that lie in the media folder without a row."""

    @extend_schema(
        request=None,
        responses={
            200: serializers.ScanSerializer,
            409: OpenApiResponse(description="A restore, scan or clean-up is under way."),
        },
    )
    def post(self, request: Request) -> Response:
        """Answer once all are in; files that could not be read are named and left where they
        are."""
        try:
            return imported(scan_storage())
        except Busy as error:
            raise LibraryBusy(_(str(error))) from None


class LibraryBusy(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "busy"


class OtherNumber(APIException):
    """409: the selection no longer has that many pictures; `count` says how many it has."""

    status_code = status.HTTP_409_CONFLICT
    detail: Any

    def __init__(self, count: int) -> None:
        text = ngettext(
            "This selection now has %(count)d picture. Nothing was done.",
            "This selection now has %(count)d pictures. Nothing was done.",
            count,
        )
        self.detail = {"detail": text % {"count": count}, "count": count}


def may_change(user: Any) -> bool:
    """Return whether the caller may change pictures; a key's holder has an editor's permissions."""
    has_permission = getattr(user, "has_perm", None)
    return has_permission is None or bool(has_permission(CHANGE))


def imported(files: Iterable[Imported | Restored]) -> Response:
    """Build the report of an import; files that are not pictures are counted by type."""
    by_outcome: defaultdict[str, list[Any]] = defaultdict(list)
    for file in files:
        by_outcome[file.outcome].append(file)
    added = [file.image_id for file in by_outcome[ImportOutcome.ADDED]]
    failed = [
        {"name": file.name, "reason": file.reason} for file in by_outcome[ImportOutcome.FAILED]
    ]
    known = len(by_outcome[ImportOutcome.KNOWN]) + len(by_outcome[RestoreOutcome.UNCHANGED])
    changed = len(by_outcome[RestoreOutcome.UPDATED])
    ignored = Counter(file.kind or OTHER for file in by_outcome[ImportOutcome.IGNORED])
    return Response(
        {
            "added": len(added),
            "image_ids": added,
            "changed": changed,
            "known": known,
            "failed": failed,
            "ignored": dict(ignored.most_common()),
        }
    )


def read(
    serializer_class: type[serializers.SelectionSerializer], request: Request
) -> tuple[Selection, dict[str, Any]]:
    """Return the selected pictures of a bulk request, and its other values."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    values = serializer.validated_data
    data = {**cast(dict[str, Any], request.data)}
    if "count" in values:
        data["count"] = values["count"]
    try:
        with named_errors():
            return read_selection(data), values
    except NumberChanged as error:
        raise OtherNumber(error.count) from None


@contextmanager
def going_on() -> Iterator[None]:
    """Turn a change that cannot be continued into a 400. A context manager."""
    try:
        yield
    except CannotContinue:
        raise ValidationError({"change": [_("There is no such change to continue.")]}) from None


def report(verb: str, done: ChangeReport) -> Response:
    """Return `{"deleted": n, "failed": [{id, reason}]}`, with the verb of the job."""
    failed = [{"id": image_id, "reason": reason} for image_id, reason in done.failed]
    return Response({verb: done.done, "failed": failed})
