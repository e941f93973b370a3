"""Undoes recorded changes: every picture gets its former values back, unless it was changed
since."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap64

from ..differences import FIELDS, MARKS, TAG, TEXTS, Difference, Key, ids_of
from ..facts import ImageFacts
from ..history import BATCH, Action, RecordedChange, Recording
from ..models import Image, Tag
from ..text import fold
from . import tagging, wording
from .changes import Facts, change, repeated

CHANGED_SINCE, NOT_FOUND = "changed since", "not found"

OF_TAGS = (Action.TAG_RENAMED, Action.TAG_MERGED, Action.TAG_DELETED)

MOST_PAIRS = 200
"""Conditions of one DELETE: databases limit how deeply they may be nested."""


class NothingToUndo(ValueError):
    """It has been undone already, or is an undo that has been redone."""


@dataclass(slots=True)
class UndoReport:
    """The outcome of an undo for the pictures of a change."""

    done: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)  # id, reason
    change: int | None = None  # id of the record of this undo: to undo it is to redo
    finished: bool = True
    tags: bool = False  # a name of a tag, or a tag that no picture has, is back


def undo_change(
    *,
    parts: Sequence[RecordedChange],
    limit: int | None = None,
    go_on_with: int | None = None,
) -> UndoReport:
    """Give the pictures of a change back the values that they had before it.

    A value that is no longer what the change made of it stays, and so does one that another change
    has touched since: such a picture is reported as failed. Deleted tags are created again.

    Args:
        parts: of one change, those that are not undone; see `ChangeQuerySet.left_of`.
        limit: stop after the part that completes so many pictures; `finished` is then False,
            and another call continues, with the `change` of the one before.

    Raises:
        NothingToUndo
        history.CannotContinue
        ValidationError: the renamed tag has yet another name by now, or is gone.
    """
    asked = _asked(parts)
    if not asked:
        raise NothingToUndo
    first = asked[0].part
    recording = Recording(
        Action.UNDONE, go_on_with=go_on_with, undoes=first.change, of=_kind(first),
        **_redoable(first),
    )  # fmt: skip
    report = UndoReport()
    tag_ids = _tags_again(first)
    for place, each in enumerate(asked, start=1):
        if each.part.differences:
            _undo_part(each, recording, tag_ids, report)
        else:  # it has none, or all are deleted
            _undo_without_pictures(each, recording)
            report.tags = _kind(first) in OF_TAGS
        if limit is not None and max(place, report.done + len(report.failed)) >= limit:
            report.finished = each is asked[-1]
            if not report.finished:
                recording.stop_at(each.by)
            break
    report.change = recording.change
    report.failed.sort()
    return report


@dataclass(frozen=True, slots=True)
class _Asked:
    """A part to be undone.

    `by` is the part that the caller named: for a redo, the redo's own. `also` are the parts of
    redos that put this one into force, and are undone with it.
    """

    part: RecordedChange
    by: int
    also: list[int]

    def mark(self) -> None:
        """Mark this part as undone; if it belongs to an undo, what it undid is in force again."""
        RecordedChange.objects.filter(pk__in=[self.part.pk, *self.also]).update(undone=True)
        if self.part.undoes_part is not None:
            RecordedChange.objects.filter(pk=self.part.undoes_part).update(undone=False)


def _asked(parts: Sequence[RecordedChange]) -> list[_Asked]:
    """Return the parts themselves, or for a redo the parts that it has redone."""
    if not parts:
        return []
    undone = _undone_by(part.undoes_part for part in parts)
    if not undone:
        redos = _redos(parts) if getattr(parts[0], "was_undone", True) else {}
        return [_Asked(part, part.pk, redos.get(part.pk, [])) for part in parts]
    by = {undone[part.undoes_part]: part.pk for part in parts if part.undoes_part in undone}
    again = RecordedChange.objects.filter(pk__in=list(by), undone=False).order_by("pk")
    return [_Asked(part, by[part.pk], [by[part.pk]]) for part in again]


def _undone_by(parts: Iterable[int | None]) -> dict[int | None, int]:
    """Map those parts that belong to an undo to the parts that they have undone."""
    ids = [pk for pk in parts if pk is not None]
    if not ids:
        return {}
    undos = RecordedChange.objects.filter(pk__in=ids).exclude(undoes_part=None)
    return {pk: part for pk, part in undos.values_list("pk", "undoes_part") if part is not None}


def _redos(parts: Sequence[RecordedChange]) -> Mapping[int, list[int]]:
    """Map parts of a change to the parts of redos that put them into force."""
    redos: defaultdict[int, list[int]] = defaultdict(list)
    undos = RecordedChange.objects.filter(undoes=parts[0].change, undone=True)
    undone = {pk: (part, whole or pk) for pk, part, whole in undos.values_list(
        "pk", "undoes_part", "whole"
    )}  # fmt: skip
    if undone:
        wholes = {whole for _part, whole in undone.values()}
        rows = RecordedChange.objects.filter(undoes__in=wholes, undone=False)
        for pk, undo in rows.values_list("pk", "undoes_part"):
            if undo in undone:
                redos[undone[undo][0] or 0].append(pk)
    return redos


def _kind(part: RecordedChange) -> str:
    """Return the action, or for an undo the action that it undoes."""
    return str(part.detail.get("of", part.action))


def _redoable(first: RecordedChange) -> dict[str, Any]:
    """Return what a redo needs to know of a tag's names."""
    detail = first.detail
    if _kind(first) == Action.TAG_RENAMED:
        return {"tag": detail["tag"], "was": detail["now"], "now": detail["was"]}
    return {}


def _undo_part(
    asked: _Asked, recording: Recording, tag_ids: Mapping[int, int], report: UndoReport
) -> None:
    part = asked.part
    had = part.differences
    left: dict[int, str] = {}

    def take_back(facts: Facts) -> Collection[int]:
        left.clear()
        before, now = dict(facts), timezone.now()
        since = _changed_since(part, had)
        there = _existing_tags(had, tag_ids)
        for each in had:
            one = _with_tag(each, tag_ids)
            for pk in each.ids:
                picture = facts.get(pk)
                if picture is None:
                    left[pk] = NOT_FOUND
                elif not one.holds(picture) or pk in since[each.key] or one.key not in there:
                    left[pk] = CHANGED_SINCE
                else:
                    facts[pk] = one.taken_back(picture, now)
        _write(before, facts)
        done = [pk for pk in facts if facts[pk] is not before[pk]]
        if done:
            asked.mark()
        return done

    texts = any(each.field in TEXTS for each in had)
    done = change(sorted(ids_of(had)), take_back, recording, undoes_part=part.pk, texts=texts)
    report.done += len(done)
    report.failed += left.items()


def _changed_since(part: RecordedChange, had: list[Difference]) -> Mapping[Key, BitMap64]:
    """Return for each field the pictures that a later change, still in force, has touched."""
    since: defaultdict[Key, BitMap64] = defaultdict(BitMap64)
    later = RecordedChange.objects.kept().touching(ids_of(had)).filter(
        pk__gt=part.pk, undone=False, undoes=None
    )  # fmt: skip
    for other in later.iterator(BATCH):
        if other.change == part.change:
            continue
        for each in other.differences:
            since[each.key] |= each.ids
    return since


def _existing_tags(had: list[Difference], tag_ids: Mapping[int, int]) -> Collection[Key]:
    """Return the keys of the fields that can be written: a deleted tag's cannot."""
    keys: set[Key] = {(name, 0) for name in FIELDS}
    named = {tag_ids.get(each.key[1], each.key[1]) for each in had if each.field == TAG}
    if named:
        tags = Tag.objects.filter(pk__in=named).select_for_update().order_by("key")
        keys |= {(TAG, pk) for pk in tags.values_list("pk", flat=True)}
    return keys


def _with_tag(each: Difference, tag_ids: Mapping[int, int]) -> Difference:
    """Return the difference with the tag that replaced a deleted one."""
    if each.field != TAG or each.key[1] not in tag_ids:
        return each
    tag_id = tag_ids[each.key[1]]
    was, now = (None, tag_id) if each.was is None else (tag_id, None)
    return Difference(TAG, was, now, each.ids)


def _write(before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> None:
    """Write the new facts of pictures to rows and tags.

    It costs one update, one insert and one deletion for every `MOST_PAIRS` removed tags, and the
    queries of `wording.write` if texts differ.
    """
    new = [pk for pk, picture in after.items() if picture is not before[pk]]
    if not new:
        return
    values: dict[str, Any] = {"updated_at": timezone.now()}
    for name in MARKS:
        groups = defaultdict(list)
        for pk in new:
            if getattr(after[pk], name) != getattr(before[pk], name):
                groups[getattr(after[pk], name)].append(pk)
        if groups:
            field: Any = Image._meta.get_field(name)
            whens = [When(pk__in=ids, then=Value(value, field)) for value, ids in groups.items()]
            values[name] = Case(*whens, default=F(name), output_field=field)
    Image.objects.filter(pk__in=new).update(**values)
    wording.write(before, after)
    links = Image.tags.through.objects.order_by()
    gone = defaultdict(list)
    for pk in new:
        for tag_id in before[pk].tag_ids - after[pk].tag_ids:
            gone[tag_id].append(pk)
    for some in _batches(gone.items()):
        pairs = Q()
        for tag_id, ids in some:
            pairs |= Q(tag_id=tag_id, image_id__in=ids)
        links.filter(pairs).delete()
    links.bulk_create(
        links.model(image_id=pk, tag_id=tag_id)
        for pk in new
        for tag_id in sorted(after[pk].tag_ids - before[pk].tag_ids)
    )


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(items)
    for start in range(0, len(every), MOST_PAIRS):
        yield every[start : start + MOST_PAIRS]


def _tags_again(first: RecordedChange) -> dict[int, int]:
    """Create the change's deleted tags again; map those whose name is taken to their
    replacement."""
    if first.action not in (Action.TAG_DELETED, Action.TAG_MERGED):
        return {}
    instead = {}
    for pk, name in first.detail["tags"]:
        tag = tagging.make_again(tag_id=pk, name=name)
        if tag.pk != pk:
            instead[pk] = tag.pk
    return instead


@repeated
def _undo_without_pictures(asked: _Asked, recording: Recording) -> None:
    """Undo the renaming of a tag, or the deletion of a tag without pictures.

    Raises:
        ValidationError: the tag has another name by now, is gone, or its old name is another's.
    """
    with transaction.atomic():
        if _kind(asked.part) == Action.TAG_RENAMED:
            _name_back(asked.part.detail)
        asked.mark()
        recording.write_without_pictures(undoes_part=asked.part.pk)
    recording.commit()


def _name_back(detail: Mapping[str, Any]) -> None:
    was, now = detail["was"], detail["now"]
    try:
        with transaction.atomic():
            tags = Tag.objects.filter(pk=detail["tag"], name=now)
            if tags.update(name=was, key=fold(was)):
                return
    except IntegrityError:
        pass  # another tag has the name by now
    raise ValidationError(_("This tag has been changed since."), code="changed")
