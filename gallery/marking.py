"""Marks that a person gives to pictures: favourite, sensitive."""

from collections.abc import Collection

from django.utils import timezone

from .changes import ChangeReport, change_images
from .models import Image


def mark_images(
    *, image_ids: Collection[int], favorite: bool | None = None, nsfw: bool | None = None
) -> ChangeReport:
    """Set the marks that are not None on these pictures."""
    marks = {"favorite": favorite, "nsfw": nsfw}
    values = {name: value for name, value in marks.items() if value is not None}

    def mark(before: Collection[int]) -> Collection[int]:
        Image.objects.filter(pk__in=list(before)).update(updated_at=timezone.now(), **values)
        return before

    return change_images(image_ids, mark)
