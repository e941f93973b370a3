"""Adding, removing, renaming and merging tags: atomic, in a constant number of queries."""

import re
import unicodedata
from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .changes import ChangeReport, change_images, repeated
from .facts import ImageFacts
from .models import Image, Tag
from .snapshot import remembered_each
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
    """Ids of the tags that have these folded names."""
    if not keys:
        return {}
    return dict(Tag.objects.filter(key__in=keys).order_by().values_list("key", "pk"))


def attach(*, image_ids: Collection[int], names: Iterable[str]) -> None:
    """Give these pictures these tags. To be called inside `changing(image_ids)`."""
    if tags := _get_or_create(names):
        _link(image_ids, [tag.pk for tag in tags])


def change_tags(
    *, image_ids: Collection[int], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> ChangeReport:
    """Add and remove tags on many pictures."""
    names = clean_names(add)
    gone = {fold(name) for name in remove if "\0" not in name}  # PostgreSQL refuses the question

    def change(before: Collection[int]) -> Collection[int]:
        ids = list(before)
        if gone:
            Image.tags.through.objects.filter(image_id__in=ids, tag__key__in=gone).delete()
        attach(image_ids=ids, names=names)
        Image.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        return before

    return change_images(image_ids, change)


@repeated
def replace_tags(*, image_id: int, names: Iterable[str]) -> bool:
    """Let the picture have exactly these tags; False when there is no such picture."""
    names = clean_names(names)

    def replace(before: dict[int, ImageFacts]) -> Collection[int]:
        for facts in before.values():
            set_tags(facts, names)
        Image.objects.filter(pk__in=list(before)).update(updated_at=timezone.now())
        return before

    return bool(change_images([image_id], replace).done)


def set_tags(facts: ImageFacts, names: Iterable[str]) -> None:
    """Give the picture exactly these tags. To be called inside `changing` with what it had."""
    wanted = {tag.pk for tag in _get_or_create(names)}
    if gone := facts.tag_ids - wanted:
        links = Image.tags.through.objects.filter(image_id=facts.id)
        links.filter(tag_id__in=sorted(gone)).delete()
    if new := wanted - facts.tag_ids:
        _link([facts.id], new)


def rename_tag(*, tag_id: int, name: str) -> Tag:
    """Rename a tag; onto the name of another tag it merges into that one, which is returned.

    Raises:
        ValidationError: the name is not valid.
        TagNotFound: also where somebody deletes the tag, or the other one, at this moment.
    """
    (name,) = clean_names([name])
    try:
        if tag := _rename(tag_id, name):
            return tag
    except IntegrityError:
        pass  # somebody gave another tag this name at this moment: merge into that one
    _take_off(tag_id, instead=[name])
    other = Tag.objects.filter(key=fold(name)).first()
    if other is None:
        raise TagNotFound(tag_id)
    return other


@repeated
def _rename(tag_id: int, name: str) -> Tag | None:
    """The renamed tag; None where another one has the name."""
    with transaction.atomic():
        tag = Tag.objects.select_for_update().filter(pk=tag_id).first()
        if tag is None:
            raise TagNotFound(tag_id)
        if Tag.objects.filter(key=fold(name)).exclude(pk=tag_id).exists():
            return None
        tag.name, tag.key = name, fold(name)
        tag.save(update_fields=["name", "key"])
        return tag


def delete_tag(*, tag_id: int) -> int:
    """Take a tag off all its pictures and delete it; returns how many pictures had it.

    Raises:
        TagNotFound
    """
    if not Tag.objects.filter(pk=tag_id).exists():
        raise TagNotFound(tag_id)
    return _take_off(tag_id)


def _take_off(tag_id: int, *, instead: Iterable[str] = ()) -> int:
    """Delete a tag; the pictures that had it get others in its place. Returns their number."""
    names = list(instead)
    links = Image.tags.through.objects.filter(tag_id=tag_id)
    count = 0

    def take_off(before: Collection[int]) -> Collection[int]:
        having = links.filter(image_id__in=list(before))
        ids = list(having.values_list("image_id", flat=True))
        having.delete()
        if ids:
            attach(image_ids=ids, names=names)
            Image.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        return ids

    while not _delete_unused(tag_id):
        count += change_images(list(links.values_list("image_id", flat=True)), take_off).done
    return count


@repeated
def _delete_unused(tag_id: int) -> bool:
    """Delete a tag that no picture has; False where one has it. Under the lock none can get it."""
    with transaction.atomic():
        tag = Tag.objects.select_for_update().filter(pk=tag_id)
        if tag.first() and Image.tags.through.objects.filter(tag_id=tag_id).exists():
            return False
        tag.delete()
        return True


def _get_or_create(names: Iterable[str]) -> list[Tag]:
    wanted = {fold(name): name for name in names}
    if not wanted:
        return []
    # Locked, so that nobody deletes a tag between here and the links that will point to it;
    # in the order of their keys, so that two writers never wait for each other in a ring.
    rows = Tag.objects.filter(key__in=wanted).order_by("key").select_for_update()
    while True:
        tags = list(rows.all())
        missing = wanted.keys() - {tag.key for tag in tags}
        if not missing:
            return tags
        # Someone else may insert or delete the same tag at this moment: the key's uniqueness
        # decides, and whoever comes second takes the first one's row.
        Tag.objects.bulk_create(
            [Tag(key=key, name=wanted[key]) for key in sorted(missing)], ignore_conflicts=True
        )


def _link(image_ids: Collection[int], tag_ids: Collection[int]) -> None:
    through = Image.tags.through
    through.objects.bulk_create(
        [through(image_id=image, tag_id=tag) for image in image_ids for tag in sorted(tag_ids)],
        ignore_conflicts=True,
    )
