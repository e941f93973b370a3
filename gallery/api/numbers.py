"""The REST API of tags, statistics and facets."""

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import translate_validation
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status, viewsets
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from grok2api.runtime.snapshot import one_snapshot

from .. import statistics
from ..jobs import tagging
from ..models import Image, Tag
from ..search.facets import IndexIncomplete, count_facets
from ..search.filters import ImageFilter
from . import serializers


class TagViewSet(viewsets.GenericViewSet[Tag]):
    """Tags that pictures have, most used first."""

    queryset = Tag.objects.all()
    serializer_class = serializers.TagSerializer
    lookup_value_converter = "id"
    pagination_class = None

    @extend_schema(responses=serializers.TagSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List all tags with their counts, leaving out tags whose pictures are all gone."""
        counts = statistics.tag_counts()
        tags = [
            {"id": pk, "name": name, "count": counts[pk]}
            for pk, name in Tag.objects.values_list("pk", "name")
            if pk in counts
        ]
        return Response(sorted(tags, key=lambda tag: -tag["count"]))

    @extend_schema(request=serializers.TagSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename a tag; if the new name exists, the two are merged."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            tag = tagging.rename_tag(tag_id=pk, name=wanted.validated_data["name"])
        except tagging.TagNotFound:
            raise NotFound from None
        except DjangoValidationError as error:
            raise ValidationError({"name": error.messages}) from None
        count = statistics.tag_counts().get(tag.pk, 0)
        return Response({"id": tag.pk, "name": tag.name, "count": count})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove the tag from all its pictures and delete it."""
        try:
            tagging.delete_tag(tag_id=pk)
        except tagging.TagNotFound:
            raise NotFound from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatsView(APIView):
    """The numbers on the statistic cards."""

    @extend_schema(responses=serializers.StatsSerializer)
    def get(self, request: Request) -> Response:
        return Response(serializers.StatsSerializer(statistics.summary()).data)


class IndexBeingBuilt(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The search index is being built. Ask again when it is complete.")
    default_code = "index_incomplete"


class FacetsView(generics.GenericAPIView[Image]):
    """The number of pictures for each model, ratio, tag and month under the list's filters."""

    queryset = Image.objects.all()
    serializer_class = serializers.FacetsSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = ImageFilter
    pagination_class = None

    @extend_schema(filters=True)
    @one_snapshot()
    def get(self, request: Request) -> Response:
        """Count each facet without its own filter: that is what choosing another value would
        find."""
        filters = ImageFilter(request.query_params, Image.objects.all())
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        try:
            facets = count_facets(filters.facet_question())
        except IndexIncomplete:
            raise IndexBeingBuilt from None
        return Response(self.get_serializer(facets).data)
