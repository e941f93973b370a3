"""Jobs that mark pictures as favourite or sensitive, and edit one picture as a whole."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.utils import timezone

from ..history import Action, Recording
from ..models import Image
from . import tagging, wording
from .changes import ChangeReport, Facts, change_images


def mark_images(
    *,
    image_ids: Collection[int],
    favorite: bool | None = None,
    nsfw: bool | None = None,
    go_on_with: int | None = None,
) -> ChangeReport:
    """Set the marks that are not None on these pictures.

    Raises:
        history.CannotContinue
    """
    recording = Recording(_action(favorite, nsfw), go_on_with=go_on_with)
    return change_images(
        image_ids, lambda facts: _mark(facts, favorite=favorite, nsfw=nsfw), recording
    )


def edit_image(
    *,
    image_id: int,
    favorite: bool | None = None,
    nsfw: bool | None = None,
    tags: Iterable[str] | None = None,
    prompt: str | None = None,
) -> bool:
    """Set whatever is not None, all of it or nothing; return False if there is no such picture.

    Raises:
        ValidationError: a tag's name is not valid.
    """
    names = None if tags is None else tagging.clean_names(tags)

    def edit(facts: Facts) -> Collection[int]:
        if prompt is not None:
            before = dict(facts)
            for pk, picture in before.items():
                facts[pk] = wording.with_prompt(picture, prompt)
            wording.write(before, facts)
        if names is not None:
            for pk, picture in facts.items():
                facts[pk] = tagging.set_tags(picture, names)
        return _mark(facts, favorite=favorite, nsfw=nsfw)

    action = _action(favorite, nsfw) if names is None else Action.EDITED
    if prompt is not None:
        alone = (favorite, nsfw, names) == (None, None, None)
        action = Action.PROMPT if alone else Action.EDITED
    texts = prompt is not None
    return bool(change_images([image_id], edit, Recording(action), texts=texts).done)


def _action(favorite: bool | None, nsfw: bool | None) -> Action:
    if nsfw is None and favorite is not None:
        return Action.FAVORITE if favorite else Action.NOT_FAVORITE
    if favorite is None and nsfw is not None:
        return Action.SENSITIVE if nsfw else Action.NOT_SENSITIVE
    return Action.EDITED


def _mark(facts: Facts, **marks: bool | None) -> Collection[int]:
    values: dict[str, Any] = {name: value for name, value in marks.items() if value is not None}
    Image.objects.filter(pk__in=list(facts)).update(updated_at=timezone.now(), **values)
    if values:
        for pk, picture in facts.items():
            facts[pk] = replace(picture, **values)
    return list(facts)
