"""Which pictures a bulk action is for: "these ids", or "all that match this filter"."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from .changes import CHUNK
from .filters import ImageFilter, TextsFilter
from .models import Image

MAX_ID = 2**63 - 1
NOT_FILTERS = {"view", "page", "page_size", "image"}
"""Names of the gallery's address that ask for no other pictures."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids as they were when the action began, in the order asked for; some may have no row."""

    ids: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    def images(self) -> Iterator[Image]:
        """The pictures that exist with their tags, in order, read in chunks."""
        for start in range(0, len(self.ids), CHUNK):
            yield from Image.objects.in_order_of(self.ids[start : start + CHUNK])


def read_selection(data: Mapping[str, Any]) -> Selection:
    """Read `{"image_ids": [1, 2]}` or `{"filter": {"search": "cat", "model": ["a", "b"]}}`.

    The filter has the query names of the picture list; an empty one is the whole library. A
    name that is no filter is an error, since it would select more than was meant.

    Raises:
        ValidationError: with messages by field, `image_ids` or `filter`.
    """
    given = [name for name in ("image_ids", "filter") if name in data]
    if len(given) != 1:
        raise ValidationError({"image_ids": _("Give either image_ids or filter.")})
    if given == ["image_ids"]:
        return Selection(_read_ids(data["image_ids"]))
    criteria = _read_filter(data["filter"]).criteria
    return Selection(list(Image.objects.matching(criteria).values_list("pk", flat=True)))


def _read_ids(value: Any) -> list[int]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ValidationError({"image_ids": _("Give a list of at least one id.")})
    return list(dict.fromkeys(_read_id(item) for item in value))


def _read_id(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value, is_number = int(value), True
    if not is_number or not 1 <= value <= MAX_ID:
        raise ValidationError(
            {
                "image_ids": ValidationError(
                    _("“%(value)s” is not the id of a picture."),
                    code="invalid",
                    params={"value": str(value)[:40]},
                )
            }
        )
    return int(value)


def _read_filter(value: Any) -> ImageFilter:
    if not isinstance(value, Mapping):
        raise ValidationError({"filter": _("Give an object of query names and values.")})
    query = QueryDict(mutable=True)
    for name, wanted in value.items():
        if name in NOT_FILTERS:
            continue
        if name not in ImageFilter.base_filters:
            raise ValidationError(
                {"filter": ValidationError(_("“%(name)s” is no filter."), params={"name": name})}
            )
        values = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
        if not all(isinstance(each, str | int | float) for each in values):
            raise ValidationError(
                {"filter": ValidationError(_("%(name)s: not a text."), params={"name": name})}
            )
        if len(values) > 1 and not isinstance(ImageFilter.base_filters[name], TextsFilter):
            # Taking one of them would select more than was meant.
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
