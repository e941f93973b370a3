"""Marks that a person gives to pictures: favourite, sensitive; and a picture edited as a whole."""

from collections.abc import Collection, Iterable

from django.utils import timezone

from . import tagging
from .changes import ChangeReport, change_images
from .facts import ImageFacts
from .models import Image


def mark_images(
    *, image_ids: Collection[int], favorite: bool | None = None, nsfw: bool | None = None
) -> ChangeReport:
    """Set the marks that are not None on these pictures."""
    values = _given(favorite=favorite, nsfw=nsfw)

    def mark(before: Collection[int]) -> Collection[int]:
        Image.objects.filter(pk__in=list(before)).update(updated_at=timezone.now(), **values)
        return before

    return change_images(image_ids, mark)


def edit_image(
    *,
    image_id: int,
    favorite: bool | None = None,
    nsfw: bool | None = None,
    tags: Iterable[str] | None = None,
) -> bool:
    """Set what is not None, all of it or nothing; False when there is no such picture.

    Raises:
        ValidationError: a tag's name is not valid.
    """
    values = _given(favorite=favorite, nsfw=nsfw)
    names = None if tags is None else tagging.clean_names(tags)

    def edit(before: dict[int, ImageFacts]) -> Collection[int]:
        for facts in before.values() if names is not None else ():
            tagging.set_tags(facts, names or ())
        Image.objects.filter(pk__in=list(before)).update(updated_at=timezone.now(), **values)
        return before

    return bool(change_images([image_id], edit).done)


def _given(**marks: bool | None) -> dict[str, bool]:
    return {name: value for name, value in marks.items() if value is not None}
