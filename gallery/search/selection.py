"""Reads which pictures a bulk action is for: ids, a filter's matches, or a frozen set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap64, FrozenBitMap64

from grok2api.integers import read_id

from .. import picture_sets
from ..index.criteria import Criteria
from ..jobs.changes import CHUNK
from ..models import Image
from ..picture_sets import PictureSet, Section
from . import listing
from .filters import NOT_FILTERS, ImageFilter, TextsFilter


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids as they were when the action began, in the requested order; some may have no row."""

    ids: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def images(self) -> Iterator[Image]:
        """Yield the existing pictures with their tags, in order, read in chunks."""
        for start in range(0, len(self.ids), CHUNK):
            yield from Image.objects.in_order_of(self.ids[start : start + CHUNK])


class NumberChanged(ValueError):
    """The set no longer has as many pictures as somebody was told; it has `count`."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


def read_selection(data: Mapping[str, Any]) -> Selection:
    """Read the selection of a bulk action.

    It is `{"image_ids": [1, 2]}`, `{"filter": {"search": "cat", "model": ["a", "b"]}}` or
    `{"selection": token}`. A filter has the query names of the picture list; an empty one is the
    whole library. An unknown name is an error, since ignoring it would select more than was meant.
    A set yields those of its pictures that still exist. If their number is not `count` (by default
    the number when the set was made), nothing is done, since nobody was told that number.

    Raises:
        ValidationError: with messages by field, `image_ids`, `filter`, `selection` or `count`.
        NumberChanged
    """
    given = [name for name in ("image_ids", "filter", "selection") if name in data]
    if len(given) != 1:
        raise ValidationError({"image_ids": _("Give one of image_ids, filter and selection.")})
    if given == ["image_ids"]:
        return Selection(_read_ids(data["image_ids"]))
    if given == ["selection"]:
        chosen = _find(data["selection"])
        ids = listing.present(chosen.ids, trashed=chosen.is_of_trash)
        if len(ids) != data.get("count", chosen.count):
            raise NumberChanged(len(ids))
        return Selection(list(ids))
    criteria = _read_filter(data["filter"]).criteria
    return Selection(list(Image.objects.matching(criteria).values_list("pk", flat=True)))


@dataclass(frozen=True, slots=True)
class Kept:
    """A set, with the number and the bytes of its pictures that still exist."""

    chosen: PictureSet
    ids: BitMap64
    size: int

    @property
    def count(self) -> int:
        return len(self.ids)


def look_at(token: Any) -> Kept:
    """Return what is left of a set.

    Raises:
        ValidationError: there is no set under this token for whoever asks.
    """
    return _kept(_find(token))


def put_together(data: Mapping[str, Any]) -> Kept:
    """Freeze a set of pictures.

    They come from another set (`selection`), from single ids (`image_ids`) and from a `filter`, at
    least one of the three, minus those in `without`. `section` chooses the gallery or the trash;
    pictures that are not there are left out.

    Raises:
        ValidationError: with messages by field.
    """
    if not {"selection", "image_ids", "filter"} & data.keys():
        raise ValidationError({"image_ids": _("Give image_ids, filter or selection.")})
    base = _find(data["selection"]) if "selection" in data else None
    criteria = _read_filter(data["filter"]).criteria if "filter" in data else None
    section = _section(data.get("section"), base, criteria)
    ids = BitMap64(base.ids if base else ())
    ids.update(_read_ids(data["image_ids"], none=True) if "image_ids" in data else ())
    ids.difference_update(BitMap64(_read_ids(data.get("without", []), none=True)))
    trashed = section == Section.TRASH
    there = listing.present(FrozenBitMap64(ids), trashed=trashed)
    if criteria is not None:
        matching = listing.id_set(replace(criteria, trashed=trashed))
        there |= matching - BitMap64(_read_ids(data.get("without", []), none=True))
    chosen = picture_sets.keep(there, section=section)
    return Kept(chosen, there, _size(chosen, there))


def _section(value: Any, base: PictureSet | None, criteria: Criteria | None) -> Section:
    """Return the requested section, or else that of the set or of the filter.

    Raises:
        ValidationError: these are not the same.
    """
    known = {Section(base.section)} if base else set()
    if criteria is not None and (criteria.trashed or (value is None and not base)):
        known.add(Section.TRASH if criteria.trashed else Section.GALLERY)
    if value is not None:
        if value not in Section.values:
            raise ValidationError({"section": _("Give gallery or trash.")})
        known.add(Section(value))
    if len(known) > 1:
        raise ValidationError(
            {"section": _("A selection belongs to either the gallery or the trash.")}
        )
    return next(iter(known), Section.GALLERY)


def _kept(chosen: PictureSet) -> Kept:
    ids = listing.present(chosen.ids, trashed=chosen.is_of_trash)
    return Kept(chosen, ids, _size(chosen, ids))


def _size(chosen: PictureSet, ids: BitMap64) -> int:
    return listing.total_size(ids) if chosen.is_of_trash else listing.size_of_many(ids)


def _find(token: Any) -> PictureSet:
    try:
        return picture_sets.find(token)
    except picture_sets.NoSuchSet:
        raise ValidationError(
            {"selection": _("This selection does not exist or has expired.")}
        ) from None


def _read_ids(value: Any, *, none: bool = False) -> list[int]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not (value or none):
        raise ValidationError({"image_ids": _("Give a list of at least one id.")})
    return list(dict.fromkeys(_read_id(item) for item in value))


def _read_id(value: Any) -> int:
    if (found := read_id(value)) is None:
        raise ValidationError(
            {
                "image_ids": ValidationError(
                    _("“%(value)s” is not the id of a picture."),
                    code="invalid",
                    params={"value": str(value)[:40]},
                )
            }
        )
    return found


def _read_filter(value: Any) -> ImageFilter:
    if not isinstance(value, Mapping):
        raise ValidationError({"filter": _("Give an object of query names and values.")})
    query = QueryDict(mutable=True)
    for name, wanted in value.items():
        if name not in ImageFilter.base_filters:
            if name in NOT_FILTERS:
                continue
            raise ValidationError(
                {"filter": ValidationError(_("“%(name)s” is not a filter."), params={"name": name})}
            )
        values = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
        if not all(isinstance(each, str | int | float) for each in values):
            raise ValidationError(
                {"filter": ValidationError(_("%(name)s: not text."), params={"name": name})}
            )
        if len(values) > 1 and not isinstance(ImageFilter.base_filters[name], TextsFilter):
            # Using just one of them would select more than was meant.
            raise ValidationError(
                {"filter": ValidationError(_("%(name)s: give one value."), params={"name": name})}
            )
        query.setlist(name, [str(each) for each in values])
    filters = ImageFilter(query, Image.objects.all())
    if not filters.is_valid():
        raise ValidationError(
            {
                "filter": [
                    f"{name}: {message}"
                    for name, messages in filters.form.errors.items()
                    for message in messages
                ]
            }
        )
    return filters
