"""The REST API of selections: sets of pictures, frozen when they are made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from grok2api.integers import MAX_ID
from grok2api.runtime.snapshot import one_snapshot

from ..picture_sets import Section
from ..search.filters import MAX_SEARCH_LENGTH
from ..search.selection import Kept, look_at, put_together
from ..stored_searches import keep
from .fields import ListField
from .serializers import SelectionSerializer

MOST_ASKED = 1000
"""Ids of which one request may ask whether they are in a selection."""


class NewSelectionSerializer(SelectionSerializer):
    """The union of another selection, single pictures and a filter's matches, minus `without`."""

    count = None  # type: ignore[assignment]
    without = ListField(child=serializers.IntegerField(), required=False)
    section = serializers.ChoiceField(choices=Section.choices, required=False)


class KeptSelectionSerializer(serializers.Serializer[Kept]):
    """A selection. Bulk actions, lists and facets take its `token`, which only its owner can
    use."""

    token = serializers.CharField()
    section = serializers.ChoiceField(choices=Section.choices)
    count = serializers.IntegerField(help_text="The number of its pictures that still exist.")
    bytes = serializers.IntegerField(help_text="The size of their files.")
    expires_at = serializers.DateTimeField()
    image_ids = ListField(child=serializers.IntegerField(), required=False)
    among = ListField(child=serializers.IntegerField(), required=False)


class SelectionsView(APIView):
    """Creates selections. They never change; adding a picture makes another one."""

    @extend_schema(request=NewSelectionSerializer, responses={201: KeptSelectionSerializer})
    @one_snapshot()
    def post(self, request: Request) -> Response:
        """Freeze a selection for seven days, and return how many pictures it has."""
        data = request.data if isinstance(request.data, Mapping) else {}
        NewSelectionSerializer(data=data).is_valid(raise_exception=True)
        with named_errors():
            kept = put_together(data)
        return Response(_as_json(kept), status=status.HTTP_201_CREATED)


class SelectionView(APIView):
    """One of the caller's selections."""

    @extend_schema(
        parameters=[
            OpenApiParameter("ids", OpenApiTypes.BOOL, description="Tell all ids, ascending."),
            OpenApiParameter(
                "among", OpenApiTypes.STR, description="Which of these ids, by comma, it has."
            ),
        ],
        responses=KeptSelectionSerializer,
    )
    @one_snapshot()
    def get(self, request: Request, token: str) -> Response:
        """Count the pictures of a selection that still exist."""
        try:
            kept = look_at(token)
        except DjangoValidationError as error:
            raise NotFound(" ".join(error.messages)) from None
        answer = _as_json(kept)
        if "ids" in request.query_params:
            answer["image_ids"] = list(kept.ids)
        if "among" in request.query_params:
            answer["among"] = [pk for pk in _asked(request) if pk in kept.ids]
        return Response(answer)


class SearchSerializer(serializers.Serializer[Any]):
    """A search that is too long for an address."""

    search = serializers.CharField(max_length=MAX_SEARCH_LENGTH, trim_whitespace=False)
    q = serializers.CharField(read_only=True, help_text="Its name, for addresses and filters.")


class SearchesView(APIView):
    """Stores searches."""

    @extend_schema(request=SearchSerializer, responses={201: SearchSerializer})
    def post(self, request: Request) -> Response:
        """Store a search that is too long for an address; the answer is the name to pass as `q`."""
        asked = SearchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        text = asked.validated_data["search"]
        return Response({"search": text, "q": keep(text)}, status=status.HTTP_201_CREATED)


@contextmanager
def named_errors() -> Iterator[None]:
    """Turn a selection's errors into a 400 that names the field. A context manager."""
    try:
        yield
    except DjangoValidationError as error:
        raise ValidationError(error.message_dict) from None


def _asked(request: Request) -> list[int]:
    numbers = ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_ID), max_length=MOST_ASKED
    )
    texts = request.query_params["among"]
    try:
        asked: list[int] = numbers.run_validation(texts.split(",") if texts else [])
    except ValidationError as error:
        raise ValidationError({"among": error.detail}) from None
    return asked


def _as_json(kept: Kept) -> dict[str, Any]:
    return {
        "token": kept.chosen.token,
        "section": kept.chosen.section,
        "count": kept.count,
        "bytes": kept.size,
        "expires_at": kept.chosen.expires_at,
    }
