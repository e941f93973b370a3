"""Jobs that add, remove, rename and merge tags: atomic, with a constant number of queries."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grok2api.runtime.snapshot import remembered_each
from grok2api.sql.statements import planned_once

from ..facts import ImageFacts
from ..history import Action, Recording
from ..models import Image, Tag
from ..text import fold
from .changes import ChangeReport, Facts, change_images, repeated

MAX_TAG_LENGTH = 64
MAX_TAGS = 100
"""Tags that one picture may have, and that one request may name."""

ATTEMPTS = 5
"""Attempts at renaming, while others create and delete the same tags."""

SEPARATORS = re.compile(r"[,，、;；\n]+")


class TagNotFound(LookupError):
    """No tag has this id."""


def split_names(text: str) -> list[str]:
    """Split a line into names at commas, Chinese commas, 、, semicolons and newlines."""
    return [name for part in SEPARATORS.split(text) if (name := part.strip())]


def clean_names(names: Iterable[str]) -> list[str]:
    """Collapse blanks and drop duplicates (by `fold`), keeping the first spelling.

    Raises:
        ValidationError: a name is empty, too long or holds a control character; too many names.
    """
    cleaned: dict[str, str] = {}
    for raw in names:
        name = " ".join(raw.split())
        if not name:
            raise ValidationError(_("A tag cannot be empty."), code="empty")
        if len(name) > MAX_TAG_LENGTH or len(fold(name)) > 2 * MAX_TAG_LENGTH:
            raise ValidationError(
                _("A tag has at most %(limit)d characters."),
                code="max_length",
                params={"limit": MAX_TAG_LENGTH},
            )
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
            raise ValidationError(_("A tag cannot hold control characters."), code="invalid")
        if SEPARATORS.search(name):
            raise ValidationError(_("A tag cannot hold a comma or semicolon."), code="invalid")
        cleaned.setdefault(fold(name), name)
    if len(cleaned) > MAX_TAGS:
        raise ValidationError(
            _("At most %(limit)d tags."), code="max_tags", params={"limit": MAX_TAGS}
        )
    return list(cleaned.values())


@remembered_each
def ids_by_key(keys: frozenset[str]) -> dict[str, int]:
    """Return the ids of the tags with these folded names."""
    if not keys:
        return {}
    key = connection.ops.quote_name("key")
    places = f"({', '.join(['%s'] * len(keys))})"
    # Every search runs it, and Django takes longer to compile it.
    named = " ".join(["SELECT", key, ", id FROM gallery_tag WHERE", key, "IN", places])
    with planned_once() as cursor:
        cursor.execute(named, tuple(keys))
        return dict(cursor.fetchall())


def attach(*, image_ids: Collection[int], names: Iterable[str]) -> frozenset[int]:
    """Add these tags to these pictures, inside `changing(image_ids)`; return the tags' ids."""
    tag_ids = _lock_or_make(names)
    _link((image_id, tag_id) for image_id in image_ids for tag_id in sorted(tag_ids))
    return tag_ids


def change_tags(
    *,
    image_ids: Collection[int],
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    go_on_with: int | None = None,
) -> ChangeReport:
    """Add and remove tags on many pictures.

    Raises:
        ValidationError: a name is not valid, of a tag that is to go, too.
        history.CannotContinue
    """
    names, remove = clean_names(add), clean_names(remove)
    recording = Recording(Action.TAGGED, go_on_with=go_on_with, add=names, remove=remove)
    gone_keys = frozenset(fold(name) for name in remove)

    def change(facts: Facts) -> Collection[int]:
        ids = list(facts)
        gone = frozenset(ids_by_key(gone_keys).values())
        if gone:
            _links().filter(image_id__in=ids, tag_id__in=sorted(gone)).delete()
        new = attach(image_ids=ids, names=names)
        Image.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        for pk, picture in facts.items():
            facts[pk] = replace(picture, tag_ids=picture.tag_ids - gone | new)
        return ids

    return change_images(image_ids, change, recording)


def replace_tags(*, image_id: int, names: Iterable[str]) -> bool:
    """Replace the picture's tags; return False if there is no such picture."""
    names = clean_names(names)

    def change(facts: Facts) -> Collection[int]:
        ids = list(facts)
        for pk, picture in facts.items():
            facts[pk] = set_tags(picture, names)
        Image.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        return ids

    return bool(change_images([image_id], change, Recording(Action.TAGGED, tags=names)).done)


def set_tags(picture: ImageFacts, names: Iterable[str]) -> ImageFacts:
    """Replace a picture's tags inside a job, and return its new facts.

    It costs three queries at most, and one more on MySQL.
    """
    wanted = _lock_or_make(names)
    if gone := picture.tag_ids - wanted:
        _links().filter(image_id=picture.id, tag_id__in=sorted(gone)).delete()
    _link((picture.id, tag_id) for tag_id in sorted(wanted - picture.tag_ids))
    return replace(picture, tag_ids=wanted)


def rename_tag(*, tag_id: int, name: str) -> Tag:
    """Rename a tag and return it; if another tag has that name, merge into it and return that one.

    Raises:
        ValidationError: the name is not valid.
        TagNotFound
    """
    (name,) = clean_names([name])
    for _attempt in range(ATTEMPTS - 1):
        try:
            return _rename_or_merge(tag_id, name)
        except IntegrityError:
            continue  # somebody made or deleted a tag with this name at this moment: look again
    return _rename_or_merge(tag_id, name)


def _rename_or_merge(tag_id: int, name: str) -> Tag:
    key = fold(name)
    another = Tag.objects.filter(key=key).exclude(pk=tag_id)
    pictures = _links().filter(Exists(another), tag_id=tag_id)
    found, image_ids = _tags_and_pictures(Q(pk=tag_id) | Q(key=key), pictures)
    tag = found.pop(tag_id, None)
    if tag is None:
        raise TagNotFound(tag_id)
    for other in found.values():
        recording = Recording(Action.TAG_MERGED, tags=_named([tag]), into=other.name)
        _take_off([tag_id], image_ids, recording, instead=other.pk)
        return other
    recording = Recording(Action.TAG_RENAMED, tag=tag_id, was=tag.name, now=name)
    _rename(tag, recording, name)
    recording.commit()
    tag.name, tag.key = name, key
    return tag


def _tags_and_pictures(condition: Q, links: Any) -> tuple[dict[int, Tag], list[int]]:
    """Return tags by id, and the pictures of these links. One query."""
    no_text = Value("", CharField())
    rows = (
        Tag.objects.filter(condition)
        .order_by()
        .values_list("key", "name", "pk")
        .union(links.values_list(no_text, no_text, "image_id"), all=True)
    )
    tags, image_ids = {}, []
    for key, name, pk in rows:
        if key:
            tags[pk] = Tag(pk=pk, key=key, name=name)
        else:
            image_ids.append(pk)
    return tags, image_ids


@repeated
def _rename(tag: Tag, recording: Recording, name: str) -> None:
    with transaction.atomic():
        if not Tag.objects.filter(pk=tag.pk).update(name=name, key=fold(name)):
            raise TagNotFound(tag.pk)
        recording.write_without_pictures()


def _named(tags: Iterable[Tag]) -> list[list[Any]]:
    """Return ids and names of tags that are about to be deleted, as JSON."""
    return [[tag.pk, tag.name] for tag in tags]


@repeated
def make_again(*, tag_id: int, name: str) -> Tag:
    """Return the tag of this name; a missing one is created, with this id if that is free."""
    try:
        with transaction.atomic():
            tag, _ = Tag.objects.get_or_create(
                key=fold(name), defaults={"pk": tag_id, "name": name}
            )
    except IntegrityError:
        tag, _ = Tag.objects.get_or_create(key=fold(name), defaults={"name": name})
    return tag


def delete_tag(*, tag_id: int) -> int:
    """Remove a tag from all its pictures and delete it; return how many pictures had it.

    Raises:
        TagNotFound: also where somebody else deletes it at this moment.
    """
    pictures, tags = delete_tags(tag_ids=[tag_id])
    if not tags:
        raise TagNotFound(tag_id)
    return pictures


def delete_tags(*, tag_ids: Collection[int]) -> tuple[int, int]:
    """Remove tags from all their pictures and delete them; return how many pictures and tags."""
    found, image_ids = _tags_and_pictures(Q(pk__in=tag_ids), _links().filter(tag_id__in=tag_ids))
    recording = Recording(Action.TAG_DELETED, tags=_named(found.values()))
    return _take_off(tag_ids, image_ids, recording)


def _having(tag_ids: Collection[int]) -> list[int]:
    return list(_links().filter(tag_id__in=tag_ids).values_list("image_id", flat=True))


def _take_off(
    tag_ids: Collection[int],
    image_ids: list[int],
    recording: Recording,
    *,
    instead: int | None = None,
) -> tuple[int, int]:
    """Delete tags, or replace them by `instead`; return how many pictures and tags that
    concerned."""
    old = frozenset(tag_ids)
    new = frozenset(() if instead is None else (instead,))
    pictures = tags = 0

    def take_off(facts: Facts) -> Collection[int]:
        having = [pk for pk, picture in facts.items() if picture.tag_ids & old]
        if not having:
            return having
        _links().filter(tag_id__in=old, image_id__in=having).delete()
        # Conflicts are not ignored: if the other tag is gone, this has to fail.
        lacking = [(pk, tag) for pk in having for tag in new - facts[pk].tag_ids]
        _links().bulk_create(_links().model(image_id=pk, tag_id=tag) for pk, tag in lacking)
        Image.objects.filter(pk__in=having).update(updated_at=timezone.now())
        for pk in having:
            facts[pk] = replace(facts[pk], tag_ids=facts[pk].tag_ids - old | new)
        return having

    while True:
        pictures += change_images(image_ids, take_off, recording).done
        tags += _delete_unused(tag_ids, recording)
        if tags == len(old) or not Tag.objects.filter(pk__in=tag_ids).exists():
            recording.commit()
            return pictures, tags
        image_ids = _having(tag_ids)  # somebody gave one of them to a picture meanwhile


@repeated
def _delete_unused(tag_ids: Collection[int], recording: Recording) -> int:
    """Delete the tags that no picture has; return how many."""
    used = Exists(_links().filter(tag_id=OuterRef("pk")))
    try:
        with transaction.atomic():
            # A single statement, since no links are left to delete with them.
            deleted = Tag.objects.filter(~used, pk__in=tag_ids)._raw_delete(DEFAULT_DB_ALIAS)
            if deleted and recording.change is None:  # no picture had one
                recording.write_without_pictures()
            return deleted
    except IntegrityError:
        return 0  # one is being given to a picture: the links' foreign key has seen it


def _lock_or_make(names: Iterable[str]) -> frozenset[int]:
    """Lock the tags with these names, creating the missing ones; return their ids.

    The lock keeps anybody from deleting one before the links that will point to it are written. The
    order of the keys keeps two writers from waiting for each other.
    """
    wanted = {fold(name): name for name in names}
    if not wanted:
        return frozenset()
    by_name = connection.features.supports_update_conflicts_with_target
    # Of two that make the same tag at this moment, the second finds the first one's row.
    tags = Tag.objects.bulk_create(
        [Tag(key=key, name=wanted[key]) for key in sorted(wanted)],
        update_conflicts=True,
        update_fields=["key"],  # what it is already: nothing changes but that the row is locked
        unique_fields=["key"] if by_name else None,  # MySQL asks every unique index
    )
    if all(tag.pk for tag in tags):
        return frozenset(tag.pk for tag in tags)
    found = Tag.objects.filter(key__in=wanted)  # MySQL does not tell the ids
    return frozenset(found.order_by().values_list("pk", flat=True))


def _links() -> Any:
    return Image.tags.through.objects.order_by()


def _link(pairs: Iterable[tuple[int, int]]) -> None:
    """Link pictures to tags, given as (image id, tag id); some links may exist already."""
    through = Image.tags.through
    through.objects.bulk_create(
        [through(image_id=image_id, tag_id=tag_id) for image_id, tag_id in pairs],
        ignore_conflicts=True,
    )
