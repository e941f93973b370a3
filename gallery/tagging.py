"""Adding, removing, renaming and merging tags: atomic, in a constant number of queries."""

import re
from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .changes import ChangeReport, changing, chunks
from .models import Image, Tag
from .text import fold

MAX_TAG_LENGTH = 64
MAX_TAGS = 100
"""Tags that one picture may have, and that one request may name."""

SEPARATORS = re.compile(r"[,，、;；\n]+")


class TagNotFound(LookupError):
    """No tag has this id."""


def split_names(text: str) -> list[str]:
    """Names from one line of input; comma, Chinese comma, 、, semicolon and newline separate."""
    return [name for part in SEPARATORS.split(text) if (name := part.strip())]


def clean_names(names: Iterable[str]) -> list[str]:
    """Names with blanks collapsed and doubles (by `fold`) left out; the first spelling stays.

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
        if not name.isprintable() and any(ord(character) < 32 for character in name):
            raise ValidationError(_("A tag cannot hold control characters."), code="invalid")
        if SEPARATORS.search(name):
            raise ValidationError(_("A tag cannot hold a comma or semicolon."), code="invalid")
        cleaned.setdefault(fold(name), name)
    if len(cleaned) > MAX_TAGS:
        raise ValidationError(
            _("At most %(limit)d tags."), code="max_tags", params={"limit": MAX_TAGS}
        )
    return list(cleaned.values())


def attach(*, image_ids: Collection[int], names: Iterable[str]) -> None:
    """Give these pictures these tags. To be called inside `changing(image_ids)`."""
    if tags := _get_or_create(names):
        _link(image_ids, [tag.pk for tag in tags])


def change_tags(
    *, image_ids: Collection[int], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> ChangeReport:
    """Add and remove tags on many pictures."""
    names, gone = clean_names(add), {fold(name) for name in remove}
    report = ChangeReport()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            if gone:
                Image.tags.through.objects.filter(
                    image_id__in=list(before), tag__key__in=gone
                ).delete()
            attach(image_ids=list(before), names=names)
            Image.objects.filter(pk__in=list(before)).update(updated_at=timezone.now())
        report.add(asked=ids, found=before)
    return report


def replace_tags(*, image_id: int, names: Iterable[str]) -> bool:
    """Let the picture have exactly these tags; False when there is no such picture."""
    names = clean_names(names)
    with changing([image_id]) as before:
        if not before:
            return False
        tags = _get_or_create(names)
        links = Image.tags.through.objects.filter(image_id=image_id)
        links.exclude(tag__in=tags).delete()
        _link([image_id], [tag.pk for tag in tags])
        Image.objects.filter(pk=image_id).update(updated_at=timezone.now())
    return True


def rename_tag(*, tag_id: int, name: str) -> Tag:
    """Rename a tag; onto the name of another tag it merges into that one, which is returned.

    Raises:
        ValidationError: the name is not valid.
        TagNotFound
    """
    (name,) = clean_names([name])
    try:
        tag = Tag.objects.get(pk=tag_id)
    except Tag.DoesNotExist:
        raise TagNotFound(tag_id) from None
    other = Tag.objects.filter(key=fold(name)).exclude(pk=tag_id).first()
    if other is None:
        tag.name, tag.key = name, fold(name)
        tag.save(update_fields=["name", "key"])
        return tag
    for ids in chunks(_image_ids(tag_id)):
        with changing(ids):
            _link(ids, [other.pk])
    delete_tag(tag_id=tag_id)
    return other


def delete_tag(*, tag_id: int) -> int:
    """Take a tag off all its pictures and delete it; returns how many pictures had it.

    Raises:
        TagNotFound
    """
    if not Tag.objects.filter(pk=tag_id).exists():
        raise TagNotFound(tag_id)
    count = 0
    while True:
        image_ids = _image_ids(tag_id)
        for ids in chunks(image_ids):
            with changing(ids):
                Image.tags.through.objects.filter(image_id__in=ids, tag_id=tag_id).delete()
        count += len(image_ids)
        with transaction.atomic():
            tag = Tag.objects.select_for_update().filter(pk=tag_id)
            # A picture may have been given the tag meanwhile; under the lock none can be.
            if not tag.first() or not _image_ids(tag_id):
                tag.delete()
                return count


def _image_ids(tag_id: int) -> list[int]:
    links = Image.tags.through.objects.filter(tag_id=tag_id)
    return list(links.values_list("image_id", flat=True))


def _get_or_create(names: Iterable[str]) -> list[Tag]:
    wanted = {fold(name): name for name in names}
    if not wanted:
        return []
    # Locked, so that nobody deletes a tag between here and the links that will point to it;
    # in the order of their keys, so that two writers never wait for each other in a ring.
    rows = Tag.objects.filter(key__in=wanted).order_by("key").select_for_update()
    tags = list(rows)
    missing = wanted.keys() - {tag.key for tag in tags}
    if missing:
        # Someone else may insert the same tag at this moment: the key's uniqueness decides,
        # and whoever comes second takes the first one's row.
        Tag.objects.bulk_create(
            [Tag(key=key, name=wanted[key]) for key in sorted(missing)], ignore_conflicts=True
        )
        tags = list(rows.all())
    return tags


def _link(image_ids: Collection[int], tag_ids: Collection[int]) -> None:
    through = Image.tags.through
    through.objects.bulk_create(
        [through(image_id=image, tag_id=tag) for image in image_ids for tag in sorted(tag_ids)],
        ignore_conflicts=True,
    )
