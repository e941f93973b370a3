"""The REST API of the library: parse, call one job, answer."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import mixins, parsers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, UnsupportedMediaType, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import ingest, marking, pictures, removal, tagging
from ..changes import ChangeReport
from ..export import Embedding, export_images
from ..filters import ImageFilter
from ..found_files import is_archive
from ..imports import Imported, Outcome, import_archive
from ..models import Image
from ..scanning import scan_storage
from ..selection import Selection, read_selection
from ..serving import serve_archive, serve_file, serve_thumbnail
from ..snapshot import one_snapshot
from . import serializers
from .filtering import CriteriaBackend
from .pagination import ImagePagination
from .parsers import JSONParser

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
    """Pictures of the library, and what can be done with one or with many."""

    queryset = Image.objects.all()
    serializer_class = serializers.ImageSerializer
    pagination_class = ImagePagination
    filter_backends = [CriteriaBackend]
    filterset_class = ImageFilter
    lookup_value_regex = r"\d{1,18}"
    parser_classes = [JSONParser, parsers.MultiPartParser]

    def get_serializer_context(self) -> dict[str, Any]:
        base = settings.APP_URL or self.request.build_absolute_uri("/")[:-1]
        return {**super().get_serializer_context(), "base_url": base}

    def get_queryset(self) -> QuerySet[Image]:
        return Image.objects.with_tags()

    @one_snapshot()
    def list(self, request: Request) -> Response:
        """Pictures that meet the query's filters, page by page."""
        return super().list(request)

    def filter_queryset(self, queryset: QuerySet[Any]) -> Any:
        """One picture is found in the library and in the trash; lists are as the filter says."""
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
        """Take a picture file into the library; 200 answers the one that has its bytes already.

        Of a ZIP archive every picture is taken in, and the answer is that of a scan.
        """
        if not isinstance(request.data, QueryDict):
            raise UnsupportedMediaType(request.content_type)
        upload = serializers.UploadSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        upload.is_valid(raise_exception=True)
        file = upload.validated_data["file"]
        if is_archive(file.read(4)):
            return imported(
                import_archive(name=file.name, file=file, tags=upload.validated_data["tags"])
            )
        file.seek(0)
        try:
            if file.size > pictures.MAX_BYTES:
                raise pictures.too_large()
            taken = ingest.take_in(
                data=file.read(),
                source=Image.Source.UPLOADED,
                prompt=upload.validated_data["prompt"],
                tags=upload.validated_data["tags"],
            )
        except pictures.UnreadablePicture as error:
            raise ValidationError({"file": [_(str(error))]}, code=error.code) from None
        return Response(
            self.get_serializer(taken.image).data,
            status=status.HTTP_201_CREATED if taken.is_new else status.HTTP_200_OK,
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        """Set `favorite`, `nsfw` or `tags`."""
        wanted = self.get_serializer(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        if not marking.edit_image(image_id=int(pk), **wanted.validated_data):
            raise NotFound
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete the picture for good: file and row."""
        if not removal.delete_images(image_ids=[int(pk)]).done:
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=BYTES)
    @action(detail=True, url_name="file")
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The picture's bytes; `?download` names the file."""
        image = self.get_object()
        return serve_file(
            request._request,
            name=image.file.name or "",
            content_type=image.content_type,
            download_name=image.filename if "download" in request.query_params else "",
        )

    @extend_schema(responses=BYTES)
    @action(detail=True, url_name="thumbnail")
    def thumbnail(self, request: Request, pk: str) -> HttpResponseBase:
        """A WebP of at most 512 pixels a side."""
        return serve_thumbnail(request._request, self.get_object())

    @extend_schema(request=serializers.TagNamesSerializer, responses=serializers.ImageSerializer)
    @action(detail=True, methods=["post"], url_path="tags", url_name="tags")
    def replace_tags(self, request: Request, pk: str) -> Response:
        """Let the picture have exactly these tags."""
        wanted = serializers.TagNamesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        if not tagging.replace_tags(image_id=int(pk), names=wanted.validated_data["tags"]):
            raise NotFound
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=serializers.SelectionSerializer, responses=DELETED)
    @action(detail=False, methods=["post"], url_path="delete", url_name="delete")
    def delete_many(self, request: Request) -> Response:
        """Delete a selection for good: files and rows."""
        selection = read(serializers.SelectionSerializer, request)[0]
        return report("deleted", removal.delete_images(image_ids=selection.ids))

    @extend_schema(request=serializers.SelectionSerializer, responses=TRASHED)
    @action(detail=False, methods=["post"])
    def trash(self, request: Request) -> Response:
        """Move a selection to the trash."""
        selection = read(serializers.SelectionSerializer, request)[0]
        return report("trashed", removal.trash_images(image_ids=selection.ids))

    @extend_schema(request=serializers.SelectionSerializer, responses=RESTORED)
    @action(detail=False, methods=["post"])
    def restore(self, request: Request) -> Response:
        """Take a selection out of the trash."""
        selection = read(serializers.SelectionSerializer, request)[0]
        return report("restored", removal.restore_images(image_ids=selection.ids))

    @extend_schema(request=serializers.FavoriteSerializer, responses=CHANGED)
    @action(detail=False, methods=["post"])
    def favorite(self, request: Request) -> Response:
        """Mark a selection as favourite, or with `favorite: false` take the mark away."""
        selection, values = read(serializers.FavoriteSerializer, request)
        done = marking.mark_images(image_ids=selection.ids, favorite=values["favorite"])
        return report("changed", done)

    @extend_schema(request=serializers.SensitiveSerializer, responses=CHANGED)
    @action(detail=False, methods=["post"])
    def nsfw(self, request: Request) -> Response:
        """Mark a selection as sensitive, or with `nsfw: false` take the mark away."""
        selection, values = read(serializers.SensitiveSerializer, request)
        done = marking.mark_images(image_ids=selection.ids, nsfw=values["nsfw"])
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
        done = tagging.change_tags(
            image_ids=selection.ids, add=values["add"], remove=values["remove"]
        )
        return report("changed", done)

    @extend_schema(
        request=serializers.ExportSerializer,
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    @action(detail=False, methods=["post"])
    def export(self, request: Request) -> HttpResponseBase:
        """A selection as a ZIP stream, with manifests and checksums."""
        selection, values = read(serializers.ExportSerializer, request)
        embedding = Embedding(values["embedding"])
        return serve_archive(export_images(image_ids=selection.ids, embedding=embedding))


class ScanView(APIView):
    """Takes in files that lie in the media folder without a row."""

    @extend_schema(request=None, responses=serializers.ScanSerializer)
    def post(self, request: Request) -> Response:
        """Answers when all are in; each that could not be read is named and left where it is."""
        return imported(scan_storage())


def imported(files: Iterable[Imported]) -> Response:
    """What became of many files; those that are no pictures are not worth a word."""
    by_outcome = defaultdict(list)
    for file in files:
        by_outcome[file.outcome].append(file)
    added = [file.image_id for file in by_outcome[Outcome.ADDED]]
    failed = [{"name": file.name, "reason": file.reason} for file in by_outcome[Outcome.FAILED]]
    known = len(by_outcome[Outcome.KNOWN])
    return Response({"added": len(added), "image_ids": added, "known": known, "failed": failed})


def read(
    serializer_class: type[serializers.SelectionSerializer], request: Request
) -> tuple[Selection, dict[str, Any]]:
    """The pictures that a bulk request is for, and its other values."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    try:
        return read_selection(cast(dict[str, Any], request.data)), serializer.validated_data
    except DjangoValidationError as error:
        raise ValidationError(error.message_dict) from None


def report(verb: str, done: ChangeReport) -> Response:
    """`{"deleted": n, "failed": [{id, reason}]}`, with the verb of the job."""
    failed = [{"id": image_id, "reason": reason} for image_id, reason in done.failed]
    return Response({verb: done.done, "failed": failed})
