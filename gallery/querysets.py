"""Chainable queries that read many rows, and never write."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    When,
)

from grok2api.sql.statements import Prepared

from .facts import COLUMNS, TEXTS, ImageFacts, Text
from .files.pictures import current_version
from .index.criteria import Criteria, Word

if TYPE_CHECKING:
    from .models import Image

    _Images = QuerySet[Image]
else:
    _Images = QuerySet


BY_ID = {"sqlite": " NOT INDEXED", "mysql": " FORCE INDEX (PRIMARY)"}
"""Hints after the table's name, to read rows by primary key."""


class ImageQuerySet(_Images):
    """Queries on pictures."""

    def in_library(self) -> Self:
        return self.filter(trashed_at=None)

    def with_older_thumbnail(self) -> Self:
        """Keep pictures whose thumbnail was made by an older version of the program, oldest
        first."""
        older = self.filter(thumbnail_version__lt=current_version())
        return older.order_by("thumbnail_version", "pk")

    def newest_id(self) -> int:
        """Return the id of the picture that was added last; 0 if there is none."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0

    def with_tags(self) -> Self:
        """Prefetch each picture's tags, ordered by key, in one query for all pictures."""
        return self.prefetch_related("tags")  # sorted as Tag.Meta.ordering says

    def without_metadata(self) -> Self:
        """Defer what files say about their making: it may be long, and lists do not show it."""
        return self.defer("metadata", "negative_folded")

    def in_order_of(self, ids: list[int], *, whole: int | None = None) -> list["Image"]:
        """Return these pictures with their tags, in this order; an id without a row is left out.

        Args:
            whole: the one of `without_metadata` that is to have its own all the same.
        """
        rows: Any = self.with_tags().filter(pk__in=ids)
        if whole is not None:
            rows = rows.annotate(own=Case(When(pk=whole, then=F("metadata"))))
        found = {image.pk: image for image in rows}
        if whole in found:
            found[whole].metadata = found[whole].own
        return [found[pk] for pk in ids if pk in found]

    def columns_of(self, ids: list[int], *columns: str) -> list[tuple[Any, list[str]]]:
        """Return (row, tag names) of these pictures in this order, without model objects."""
        chosen, links = _columns_and_links(self.model, columns)
        rows = {row.id: row for row in chosen.rows(ids)}
        names: dict[int, list[str]] = {pk: [] for pk in ids}
        for pk, name in links.rows(ids):
            names[pk].append(name)
        return [(rows[pk], names[pk]) for pk in ids if pk in rows]

    def sorted_ids(self, ids: Collection[int], ordering: tuple[str, str]) -> list[int]:
        """Return the ids that have a row, in this order; read by id, like `ids_among`."""
        return [pk for (pk,) in _in_order(self.model, ordering).rows(ids)]

    def facts(self, *, texts: bool = False) -> list[ImageFacts]:
        """Return what index and counters need to know of these pictures. Two queries at most.

        Args:
            texts: with `written` and `embedded`.
        """
        columns = COLUMNS + TEXTS if texts else COLUMNS
        rows = list(self.order_by("pk").values_list(*columns, named=True))
        if not rows:
            return []
        links = self.model.tags.through.objects.filter(image__id__among=[row.id for row in rows])
        tag_ids: dict[int, set[int]] = defaultdict(set)
        for image_id, tag_id in links.order_by().values_list("image_id", "tag_id"):
            tag_ids[image_id].add(tag_id)
        found = [ImageFacts.of(row, frozenset(tag_ids.get(row.id, ()))) for row in rows]
        if texts:
            return [facts.with_texts_of(row) for facts, row in zip(found, rows, strict=True)]
        return found

    def ids_among(self, ids: Collection[int], part: slice = slice(None)) -> list[int]:
        """Return which of these ids are in the queryset, in its order; always found by primary key.

        A planner that prefers the index of a condition or of the order reads a large part of the
        library to find a few given pictures. PostgreSQL is not told the limit for the same reason.
        """
        rows = self.filter(pk__among=array("q", ids)).values_list("pk", flat=True)
        try:
            sql, params = rows.query.sql_with_params()
        except EmptyResultSet:  # a condition that nothing meets
            return []
        table = f" FROM {connection.ops.quote_name(self.model._meta.db_table)}"
        with connection.cursor() as cursor:
            cursor.execute(sql.replace(table, table + BY_ID.get(connection.vendor, ""), 1), params)
            return [pk for (pk,) in cursor.fetchall()[part]]

    def meeting_each(
        self, many: Iterable[Criteria], ids: Collection[int]
    ) -> dict[Criteria, set[int]]:
        """Return which of these ids meet each of the criteria. One query, or none."""
        found: dict[Criteria, set[int]] = {criteria: set() for criteria in many}
        if not ids or not found:
            return found
        conditions = (self._condition(replace(each, only=None)) for each in found)
        met = [ExpressionWrapper(condition, BooleanField()) for condition in conditions]
        rows = self.filter(pk__among=list(ids)).order_by().values_list("pk", *met)
        for pk, *answers in rows:
            for criteria, is_met in zip(found, answers, strict=True):
                if is_met and (criteria.only is None or pk in criteria.only):
                    found[criteria].add(pk)
        return found

    def matching(self, criteria: Criteria) -> Self:
        """Return the pictures that meet the criteria, in their order. See `listing` for pages."""
        return self.filter(self._condition(criteria)).order_by(*criteria.ordering)

    def _condition(self, criteria: Criteria) -> Q:
        """Build the condition from the criteria that are set: each one costs its compilation."""
        conditions = [
            Q(trashed_at__isnull=False) if criteria.trashed else Q(trashed_at__absent=True),
            *(self._has_word(word) for word in criteria.words),
            *(~self._has_word(word) for word in criteria.without_words),
            *(Q(model__in=sorted(names)) for names in criteria.models),
            *(Q(aspect_ratio__in=sorted(names)) for names in criteria.aspect_ratios),
            *(self._has_tag(group) for group in criteria.tags),
            *(Q(favorite=favorite) for favorite in criteria.favorite),
            *(Q(**{lookup: value}) for lookup, value in _bounds(criteria) if value is not None),
        ]
        if criteria.without_models:
            conditions.append(~Q(model__in=sorted(criteria.without_models)))
        if criteria.without_aspect_ratios:
            conditions.append(~Q(aspect_ratio__in=sorted(criteria.without_aspect_ratios)))
        if criteria.without_tags:
            conditions.append(~self._has_tag(criteria.without_tags))
        if criteria.only is not None:
            conditions.append(Q(pk__among=array("q", criteria.only)))
        if criteria.untagged is not None:
            tagged = Q(Exists(self._links()))
            conditions.append(~tagged if criteria.untagged else tagged)
        return Q(*conditions)

    def _has_word(self, word: Word) -> Q:
        if word.field is Text.SEED:
            return Q(seed=word.text)
        holds = Q(**{f"{word.field.column}__holds": word.text})
        return holds | self._has_tag([word.tag_id]) if word.tag_id is not None else holds

    def _has_tag(self, tag_ids: Iterable[int]) -> Q:
        return Q(Exists(self._links().filter(tag_id__in=sorted(tag_ids))))

    def _links(self) -> "QuerySet[Any]":
        """Return the tags of a picture, correlated, since a common tag has too many pictures."""
        return self.model.tags.through.objects.filter(image_id=OuterRef("pk"))


@cache
def _columns_and_links(model: type["Image"], columns: tuple[str, ...]) -> tuple[Prepared, Prepared]:
    pictures, links = model.objects.order_by(), model.tags.through.objects.order_by("tag__key")
    return (
        Prepared(lambda ids: pictures.filter(pk__among=ids).values_list("id", *columns)),
        Prepared(
            lambda ids: links.filter(image__id__among=ids).values_list("image_id", "tag__name")
        ),
    )


@cache
def _in_order(model: type["Image"], ordering: tuple[str, str]) -> Prepared:
    pictures = model.objects.order_by(*ordering)
    return Prepared(lambda ids: pictures.filter(pk__among=ids).values_list("pk"), BY_ID)


def _bounds(criteria: Criteria) -> Iterator[tuple[str, Any]]:
    yield "created_at__gte", criteria.start
    yield "created_at__lt", criteria.end
    yield "added_at__gte", criteria.added_start
    yield "added_at__lt", criteria.added_end
    yield "file_size__gte", criteria.min_size
    yield "file_size__lte", criteria.max_size
