"""Marks that a person gives to pictures: favourite, sensitive; and a picture edited as a whole."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from django.utils import timezone

from . import tagging
from .changes import ChangeReport, Facts, change_images
from .models import Image


def mark_images(
    *, image_ids: Collection[int], favorite: bool | None = None, nsfw: bool | None = None
) -> ChangeReport:
    """Set the marks that are not None on these pictures."""
    return change_images(image_ids, lambda facts: _mark(facts, favorite=favorite, nsfw=nsfw))


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
    names = None if tags is None else tagging.clean_names(tags)

    def edit(facts: Facts) -> Collection[int]:
        if names is not None:
            for pk, picture in facts.items():
                facts[pk] = tagging.set_tags(picture, names)
        return _mark(facts, favorite=favorite, nsfw=nsfw)

    return bool(change_images([image_id], edit).done)


def _mark(facts: Facts, **marks: bool | None) -> Collection[int]:
    values = {name: value for name, value in marks.items() if value is not None}
    Image.objects.filter(pk__in=list(facts)).update(updated_at=timezone.now(), **values)
    if "favorite" in values:
        for pk, picture in facts.items():
            facts[pk] = replace(picture, favorite=values["favorite"])
    return list(facts)
