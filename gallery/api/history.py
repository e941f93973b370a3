"""The REST API of recorded changes: what was done, and undoing it."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from grok2api.integers import MAX_ID

from ..history import ChangeQuerySet, RecordedChange
from ..jobs.undoing import NothingToUndo, undo_change
from .pagination import read_number
from .serializers import FailureSerializer
from .views import going_on

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
MOST_AT_ONCE = 1_000_000
"""The largest `limit` of an undo step, in pictures."""


class ChangeSerializer(serializers.ModelSerializer[RecordedChange]):
    """A change of pictures or tags, which can be undone for 30 days."""

    count = serializers.SerializerMethodField(help_text="Pictures that it changed.")
    undone = serializers.SerializerMethodField()
    undo = serializers.SerializerMethodField(
        help_text="The change that undid it; undoing that one is a redo."
    )

    class Meta:
        model = RecordedChange
        fields = ["id", "at", "actor", "action", "detail", "count", "undoes", "undone", "undo"]

    def get_count(self, change: Any) -> int:
        return int(change.count + change.further)

    def get_undone(self, change: Any) -> bool:
        return bool(change.undone and not change.is_left)

    @extend_schema_field(OpenApiTypes.INT64)
    def get_undo(self, change: Any) -> int | None:
        return change.undone_by  # type: ignore[no-any-return]


class ChangePageSerializer(serializers.Serializer[Any]):
    next = serializers.IntegerField(
        allow_null=True, help_text="`before` of the next page; null on the last one."
    )
    results = ChangeSerializer(many=True)


class UndoSerializer(serializers.Serializer[Any]):
    """An empty body undoes everything at once; `limit` and `change` undo a long change in steps."""

    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        help_text="Stop after about this many pictures.",
    )
    change = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text="The `change` of the previous step.",
    )


class UndoneSerializer(serializers.Serializer[Any]):
    """`undone` pictures are as they were; `failed` ones have been changed by somebody since."""

    undone = serializers.IntegerField()
    failed = FailureSerializer(many=True)
    change = serializers.IntegerField(
        allow_null=True, help_text="The undo itself; undoing it is a redo."
    )
    finished = serializers.BooleanField(help_text="False if `limit` has left something to undo.")


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class ChangeViewSet(viewsets.GenericViewSet[RecordedChange]):
    """The changes made by the caller; a superuser sees everybody's."""

    queryset = RecordedChange.objects.all()
    serializer_class = ChangeSerializer
    lookup_value_converter = "id"
    pagination_class = None

    def get_queryset(self) -> ChangeQuerySet:
        return RecordedChange.objects.visible_to(self.request.user).whole().with_outcome()

    @extend_schema(
        parameters=[
            OpenApiParameter("before", OpenApiTypes.INT64, description="Changes older than this."),
            OpenApiParameter("page_size", OpenApiTypes.INT, description="1 to 200; 50 if absent."),
        ],
        responses=ChangePageSerializer,
    )
    def list(self, request: Request) -> Response:
        """List recorded changes, newest first."""
        size = read_number(request, "page_size", default=PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        before = read_number(request, "before", default=0, maximum=MAX_ID)
        rows = self.get_queryset()
        found = list((rows.filter(pk__lt=before) if before else rows)[: size + 1])
        following = found[size - 1].pk if len(found) > size else None
        results = self.get_serializer(found[:size], many=True).data
        return Response({"next": following, "results": results})

    @extend_schema(responses=ChangeSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=UndoSerializer, responses=UndoneSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Undo a change; every picture is as before, unless it was changed again since.

        Only the author or a superuser may, with the permission that the original action needs.
        """
        wanted = UndoSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        limit = values.get("limit")
        changes = RecordedChange.objects.visible_to(request.user)
        go_on_with = values.get("change")
        parts = changes.left_of(pk, limit=limit, go_on_with=go_on_with)
        if not parts and not changes.filter(pk=pk).exists():
            raise NotFound
        if not all(part.may_be_undone_by(request.user) for part in parts[:1]):
            raise PermissionDenied(_("Your account can view this but not change it."))
        try:
            with going_on():
                done = undo_change(parts=parts, limit=limit, go_on_with=go_on_with)
        except NothingToUndo:
            raise Conflict(_("This change has been undone already.")) from None
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from None
        failed = [{"id": image_id, "reason": reason} for image_id, reason in done.failed]
        return Response(
            {
                "undone": done.done,
                "failed": failed,
                "change": done.change,
                "finished": done.finished,
            }
        )
