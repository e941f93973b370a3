"""One set of filters for pages and API, under the contract's query names."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Self, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from .. import statistics
from ..facts import Text
from ..index.criteria import Criteria, SortBy, Word
from ..index.tokens import is_midnight
from ..jobs import tagging
from ..models import Image
from ..querysets import ImageQuerySet
from ..soundness import MAX_PROMPT_LENGTH
from ..text import fold
from .facets import ASPECT_RATIOS, MODELS, MONTHS, TAGS, Question
from .filter_fields import (
    FlagField,
    MomentField,
    SelectionField,
    StoredSearchField,
    TextField,
    TextsField,
    start_of,
)
from .query import parse

NOT_FILTERS = ("view", "page", "page_size", "image", "sort_by", "sort_order")
"""Parameters of a list's address that choose no pictures: they say how these are shown."""

MAX_SEARCH_LENGTH = MAX_PROMPT_LENGTH
"""Characters: a whole prompt can be looked for."""
MAX_KEY_LENGTH = 2 * tagging.MAX_TAG_LENGTH
T = TypeVar("T")


@extend_schema_field(OpenApiTypes.STR)
class TextFilter(django_filters.Filter):
    field_class = TextField


@extend_schema_field(OpenApiTypes.STR)
class SelectionFilter(django_filters.Filter):
    field_class = SelectionField


@extend_schema_field(OpenApiTypes.STR)
class StoredSearchFilter(django_filters.Filter):
    field_class = StoredSearchField


class TextsFilter(django_filters.MultipleChoiceFilter):
    field_class = TextsField


class FlagFilter(django_filters.Filter):
    field_class = FlagField


@extend_schema_field(
    {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}, {"maxLength": 0}]}
)
class MomentFilter(django_filters.Filter):
    field_class = MomentField


def _choices(*labelled: tuple[str, Any]) -> dict[str, Any]:
    return {"choices": labelled, "empty_label": None}


class _Shared(dict[str, T]):
    """What all requests have alike and none changes: copying it costs more than a small query."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class ImageFilter(django_filters.FilterSet):
    """Filters of the picture list. Empty values ask nothing; bad ones are errors of their field.

    `ImageFilter(request.GET, Image.objects.all()).qs` is the matching pictures, sorted;
    `criteria` is the same question for `listing`, `facets` and `selection`.
    """

    search = TextFilter(label=_("Search"), max_length=MAX_SEARCH_LENGTH, strip=False)
    q = StoredSearchFilter(label=_("Stored search"))
    model = TextsFilter(label=_("Model"))
    aspect_ratio = TextsFilter(label=_("Aspect ratio"))
    tags = TextFilter(label=_("Tags, separated by commas"))
    tags_match = django_filters.ChoiceFilter(
        label=_("Tags: match"),
        **_choices(("all", _("All")), ("any", _("Any")), ("none", _("None"))),
    )
    favorite = FlagFilter(label=_("Favourite"))
    start_date = MomentFilter(label=_("From"))
    end_date = MomentFilter(label=_("To"), ends=True)
    added_after = MomentFilter(label=_("Added from"))
    added_before = MomentFilter(label=_("Added before"))
    selection = SelectionFilter(label=_("Selection"))
    trash = django_filters.ChoiceFilter(label=_("Trash"), **_choices(("only", _("Only the trash"))))
    sort_by = django_filters.ChoiceFilter(
        label=_("Sort by"),
        **_choices(
            (SortBy.CREATED_AT.value, _("Time")),
            (SortBy.ADDED_AT.value, _("Added")),
            (SortBy.FILE_SIZE.value, _("File size")),
            (SortBy.TRASHED_AT.value, _("In the trash since")),
        ),
    )
    sort_order = django_filters.ChoiceFilter(
        label=_("Order"), **_choices(("desc", _("Descending")), ("asc", _("Ascending")))
    )

    class Meta:
        model = Image
        fields: Sequence[str] = ()

    _form_class: ClassVar[type[forms.Form] | None] = None

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        return _Shared(super().get_filters())

    def is_valid(self) -> bool:
        """Whether every value makes sense, and what is outside of the trash has its order."""
        if not super().is_valid():
            return False
        values = self.form.cleaned_data
        if values["sort_by"] == SortBy.TRASHED_AT and values["trash"] != "only":
            self.form.add_error("sort_by", _("Only the trash can be sorted this way."))
            return False
        return True

    def get_form_class(self) -> type[forms.Form]:
        """Made once: it is the same for every request, and making it costs more than reading it."""
        cls = type(self)
        if cls._form_class is None:
            form_class = super().get_form_class()
            form_class.base_fields = _Shared(form_class.base_fields)
            cls._form_class = form_class
        return cls._form_class

    def facet_question(self) -> Question:
        """For `facets.count_facets`: what each facet's own field asks, and what all else asks.

        So the choices beside the present one have their counts. Of tags that must all be there
        one more is counted among the pictures that have the others. A period that does not begin
        and end at midnight holds for the months, too.

        Raises:
            ValidationError: the form is not valid; the errors are by field.
        """
        own: dict[str, tuple[str, ...]] = {
            MODELS: ("model",),
            ASPECT_RATIOS: ("aspect_ratio",),
        }
        if self._values["tags_match"] in ("any", "none"):
            own[TAGS] = ("tags", "tags_match")
        moments = (self._values["start_date"], self._values["end_date"])
        if all(moment is None or is_midnight(moment) for moment in moments):
            own[MONTHS] = ("start_date", "end_date")
        self._criteria(self._values.keys())  # asks for the names of all tags at once
        fields = {name for names in own.values() for name in names}
        return Question(
            base=self._criteria(self._values.keys() - fields),
            choices={kind: self._criteria(names) for kind, names in own.items()},
        )

    def filter_queryset(self, queryset: ImageQuerySet) -> ImageQuerySet:
        return queryset.matching(self.criteria)

    @property
    def undated(self) -> Criteria:
        """What the valid form asks but for its own two dates."""
        return self._criteria(self._values.keys() - {"start_date", "end_date"})

    @property
    def criteria(self) -> Criteria:
        """What the valid form asks. Up to two queries, for the names of tags and of models.

        Raises:
            ValidationError: the form is not valid; the errors are by field.
        """
        return self._criteria(self._values.keys())

    @property
    def _values(self) -> dict[str, Any]:
        if not self.is_valid():
            raise ValidationError(self.form.errors.as_data())
        values: dict[str, Any] = self.form.cleaned_data
        return values

    def _criteria(self, fields: Collection[str]) -> Criteria:
        """What these fields ask."""
        values = {
            name: value if name in fields else _nothing_like(value)
            for name, value in self._values.items()
        }
        query = parse(f"{values['q']} {values['search']}")
        chosen = [fold(name) for name in tagging.split_names(values["tags"])]
        match = values["tags_match"] or "all"
        required = [[name] for name in query.tags]
        if match == "any" and chosen:
            required.append(chosen)
        elif match == "all":
            required += [[name] for name in chosen]
        excluded = query.without_tags + (chosen if match == "none" else [])
        ids = _tag_ids([*chosen, *query.tags, *excluded, *query.words, *query.without_words])
        return Criteria(
            words=tuple(_words(query.words, query.texts, ids)),
            without_words=tuple(_words(query.without_words, query.without_texts, ids)),
            models=_groups(values["model"], query.models and _known_models(query.models)),
            without_models=_known_models(query.without_models),
            aspect_ratios=_groups(values["aspect_ratio"], query.ratios),
            without_aspect_ratios=frozenset(query.without_ratios),
            tags=tuple(
                _unique(frozenset(ids[name] for name in group if name in ids) for group in required)
            ),
            without_tags=frozenset(ids[name] for name in excluded if name in ids),
            untagged=query.untagged,
            favorite=frozenset({values["favorite"], query.favorite} - {None}),
            start=_latest(values["start_date"], query.start),
            end=_earliest(values["end_date"], query.end),
            added_start=_latest(values["added_after"], query.added_start),
            added_end=_earliest(values["added_before"], query.added_end),
            min_size=query.min_size,
            max_size=query.max_size,
            only=values["selection"],
            trashed=values["trash"] == "only",
            sort_by=SortBy(values["sort_by"] or SortBy.CREATED_AT),
            descending=values["sort_order"] != "asc",
        )


def _nothing_like(value: Any) -> Any:
    """What the field would say if it had not been filled in."""
    return type(value)() if isinstance(value, str | list) else None


def _unique(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _words(
    words: Iterable[str], texts: Iterable[tuple[Text, str]], tag_ids: Mapping[str, int]
) -> Iterator[Word]:
    yield from (Word(text, tag_ids.get(text)) for text in _unique(words))
    yield from (Word(text, field=field) for field, text in _unique(texts))


def _groups(*wishes: Iterable[str] | None) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names) for names in wishes if names or isinstance(names, frozenset))


def _tag_ids(names: Iterable[str]) -> dict[str, int]:
    """Ids of the tags that have these folded names."""
    return tagging.ids_by_key(frozenset(name for name in names if len(name) <= MAX_KEY_LENGTH))


def _known_models(names: Collection[str]) -> frozenset[str]:
    """Models of the library with one of these folded names, or else with it as a part."""
    if not names:
        return frozenset()
    known = {model: fold(model) for model, _ in statistics.model_counts()}
    found: set[str] = set()
    for name in names:
        exact = {model for model, folded in known.items() if folded == name}
        found |= exact or {model for model, folded in known.items() if name in folded}
    return frozenset(found)


def _latest(moment: datetime | None, day: date | None) -> datetime | None:
    moments = [moment, start_of(day) if day else None]
    return max((each for each in moments if each), default=None)


def _earliest(moment: datetime | None, day: date | None) -> datetime | None:
    moments = [moment, start_of(day) if day else None]
    return min((each for each in moments if each), default=None)
