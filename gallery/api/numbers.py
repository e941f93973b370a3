"""The REST API of tags and of what is counted."""

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import statistics, tagging
from ..models import Tag
from . import serializers


class TagViewSet(viewsets.GenericViewSet[Tag]):
    """Tags that pictures have, most used first."""

    queryset = Tag.objects.all()
    serializer_class = serializers.TagSerializer
    lookup_value_regex = r"\d{1,18}"
    pagination_class = None

    @extend_schema(responses=serializers.TagSerializer(many=True))
    def list(self, request: Request) -> Response:
        """All tags with their counts; a tag whose pictures are all gone is left out."""
        counts = statistics.tag_counts()
        tags = [
            {"id": pk, "name": name, "count": counts[pk]}
            for pk, name in Tag.objects.values_list("pk", "name")
            if pk in counts
        ]
        return Response(sorted(tags, key=lambda tag: -tag["count"]))

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename; onto another tag's name it merges into that one."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            tag = tagging.rename_tag(tag_id=int(pk), name=wanted.validated_data["name"])
        except tagging.TagNotFound:
            raise NotFound from None
        except DjangoValidationError as error:
            raise ValidationError({"name": error.messages}) from None
        count = statistics.tag_counts().get(tag.pk, 0)
        return Response({"id": tag.pk, "name": tag.name, "count": count})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take the tag off all its pictures and delete it."""
        try:
            tagging.delete_tag(tag_id=int(pk))
        except tagging.TagNotFound:
            raise NotFound from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatsView(APIView):
    """What the statistic cards show."""

    @extend_schema(responses=serializers.StatsSerializer)
    def get(self, request: Request) -> Response:
        return Response(serializers.StatsSerializer(statistics.summary()).data)
