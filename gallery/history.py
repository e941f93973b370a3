"""Records the changes that a person or a key makes to pictures, so that they can be undone.

A change of many pictures runs and is recorded in parts, one for each transaction. The row of the
first part stands for the whole. An undo is a change like any other, and undoing it is a redo. Rows
are kept for 30 days; nothing is kept of deleted pictures.
"""

from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap64

from grok2api.runtime.background import Background
from grok2api.sql.statements import Insert

from . import audit, differences
from .differences import Difference
from .facts import ImageFacts

KEPT = timedelta(days=30)

CONTINUED_WITHIN = timedelta(hours=1)
"""The time after its beginning within which a change may be continued."""

noted: ContextVar[list[int] | None] = ContextVar("noted", default=None)
"""Collects the ids of the changes that are recorded while it is set, for the answer."""

PURGE_EVERY = 500
"""Old changes are deleted when the rows' ids pass a multiple of this, and at the start."""

BATCH = 100
"""Rows whose bitmaps are in memory at once."""

MOST_RUNS = 20
"""Ranges of ids in one query; databases limit the number of conditions."""

CHANGE, DELETE = "gallery.change_image", "gallery.delete_image"


class Action(models.TextChoices):
    FAVORITE = "favorite", _("Added to favourites")
    NOT_FAVORITE = "not_favorite", _("Removed from favourites")
    SENSITIVE = "sensitive", _("Marked as sensitive")
    NOT_SENSITIVE = "not_sensitive", _("Sensitive mark removed")
    EDITED = "edited", _("Edited")
    PROMPT = "prompt", _("Prompt edited")
    REREAD = "reread", _("Read again from the files")
    TAGGED = "tagged", _("Tags changed")
    TRASHED = "trashed", _("Moved to the trash")
    RESTORED = "restored", _("Restored from the trash")
    TAKEN_IN = "taken_in", _("Imported again")
    BROUGHT_BACK = "brought_back", _("Restored from an archive")
    TAG_RENAMED = "tag_renamed", _("Tag renamed")
    TAG_MERGED = "tag_merged", _("Tags merged")
    TAG_DELETED = "tag_deleted", _("Tag deleted")
    UNDONE = "undone", _("Change undone")

    @property
    def permission(self) -> str:
        """The permission that is needed to do it, and to undo it."""
        return {
            Action.TRASHED: DELETE,
            Action.TAG_RENAMED: "gallery.change_tag",
            Action.TAG_MERGED: "gallery.change_tag",
            Action.TAG_DELETED: "gallery.delete_tag",
        }.get(self, CHANGE)


class ChangeQuerySet(models.QuerySet["RecordedChange"]):
    """Queries on recorded changes."""

    def kept(self) -> Self:
        return self.filter(at__gt=timezone.now() - KEPT)

    def whole(self) -> Self:
        """Keep one row for each change, newest first."""
        return self.filter(whole=None).order_by("-pk")

    def by(self, author: str) -> Self:
        return self.filter(author=author)

    def parts_of(self, change_id: int) -> Self:
        return self.filter(models.Q(pk=change_id) | models.Q(whole=change_id)).order_by("pk")

    def left_of(
        self, change_id: int, *, limit: int | None = None, go_on_with: int | None = None
    ) -> "list[RecordedChange]":
        """Return the parts of a change that are not undone.

        Parts that the undo `go_on_with` has already visited are left out, even if it could not take
        anything back. With `limit`, return enough parts for that many pictures, and one more if
        there is one. `was_undone` of a part: the change has been undone before, and may have been
        redone.
        """
        undos = models.Exists(RecordedChange.objects.filter(undoes=change_id))
        parts = self.parts_of(change_id).filter(undone=False).annotate(was_undone=undos)
        if go_on_with is not None:
            looked_at = RecordedChange.objects.parts_of(go_on_with).order_by()
            last = looked_at.aggregate(last=models.Max("undoes_part"))["last"]
            parts = parts.filter(pk__gt=last or 0)
        return list(parts if limit is None else parts[: limit + 1])

    def touching(self, ids: BitMap64) -> Self:
        """Keep parts whose range of ids overlaps these; some contain none of the pictures."""
        near = models.Q()
        for first, last in _runs(ids):
            near |= models.Q(first_image__lte=last, last_image__gte=first)
        return self.filter(near)

    def visible_to(self, user: Any) -> Self:
        """Keep the changes made by this user, whose request it is; a superuser sees all."""
        rows = self.kept()
        return rows if getattr(user, "is_superuser", False) else rows.by(audit.author.get()())

    def with_outcome(self) -> Self:
        """Annotate each change with its outcome.

        `further` counts the pictures in the parts after the first, `is_left` says that one of these
        is not undone, and `undone_by` is the newest undo that is in force in at least one part.
        """
        undo = RecordedChange.objects.filter(undoes=models.OuterRef("pk"), undone=False)
        change_id = Coalesce("whole", "pk", output_field=models.BigIntegerField())
        newest = undo.order_by("-pk").annotate(change_id=change_id)
        parts = RecordedChange.objects.filter(whole=models.OuterRef("pk")).order_by()
        count = parts.values("whole").annotate(sum=models.Sum("count")).values("sum")
        return self.annotate(
            further=Coalesce(models.Subquery(count), 0),
            is_left=models.Exists(parts.filter(undone=False)),
            undone_by=models.Subquery(newest.values("change_id")[:1]),
        )


class RecordedChange(models.Model):
    """A change, or the part of one that a single transaction made. See the module."""

    whole = models.BigIntegerField(null=True, db_index=True)  # id of the first part; null of that
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    author = models.CharField(max_length=40)  # see `audit.author`
    actor = models.CharField(_("by"), max_length=200)
    action = models.CharField(_("action"), max_length=32, choices=Action.choices)
    detail = models.JSONField(_("details"), default=dict)
    count = models.PositiveIntegerField(_("number"))  # pictures that are different since
    first_image = models.BigIntegerField(null=True)  # ids
    last_image = models.BigIntegerField(null=True)
    facts = models.BinaryField()  # see `differences`
    undone = models.BooleanField(default=False)
    undoes_part = models.BigIntegerField(null=True)  # ids of rows of this table
    undoes = models.BigIntegerField(null=True, db_index=True)

    objects: ClassVar[ChangeQuerySet] = ChangeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        app_label = "gallery"
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["last_image", "first_image"], name="gallery_recorded_images"),
            models.Index(fields=["author", "whole"], name="gallery_recorded_author"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.get_action_display()} ({self.count})"

    @property
    def change(self) -> int:
        """The id of the whole change."""
        return self.whole or self.pk

    @property
    def differences(self) -> list[Difference]:
        return differences.unpack(bytes(self.facts))

    @property
    def permission(self) -> str:
        """The permission that an account needs to undo it: the one that was needed to do it."""
        return Action(self.detail.get("of", self.action)).permission

    def may_be_undone_by(self, user: Any) -> bool:
        """Return whether a user who sees it may undo it; a key's holder may what an editor may."""
        has_permission = getattr(user, "has_perm", None)
        return has_permission is None or bool(has_permission(self.permission))

    def forget(self, gone: BitMap64) -> bool:
        """Drop these pictures from the record; return whether it had any of them."""
        had = self.differences
        left = [each for each in (one.without(gone) for one in had) if each.ids]
        if differences.ids_of(left) == differences.ids_of(had):
            return False
        self.facts = differences.pack(left)
        # Deleted tags can come back without their pictures.
        tags_went = self.action in (Action.TAG_DELETED, Action.TAG_MERGED)
        self.undone = self.undone or not (left or tags_went)
        return True


_new_row = Insert(RecordedChange)


class CannotContinue(ValueError):
    """No change with this id can be continued by this one."""


class Recording:
    """The record of one change, part by part. `change` is its id, set once something has
    changed."""

    def __init__(
        self,
        action: Action,
        *,
        go_on_with: int | None = None,
        undoes: int | None = None,
        **detail: Any,
    ) -> None:
        """Begin a record, or continue one that this author began in an earlier request.

        Raises:
            CannotContinue: it is of something else, of somebody else, too old, or undone.
        """
        self.action = action
        self.detail = detail
        self.change = go_on_with
        self.undoes = undoes
        self._written: int | None = None
        if go_on_with is not None and not self._continues(go_on_with):
            raise CannotContinue(go_on_with)

    def _continues(self, change_id: int) -> bool:
        begun = RecordedChange.objects.whole().by(audit.author.get()()).filter(
            pk=change_id, action=self.action, undoes=self.undoes,
            at__gt=timezone.now() - CONTINUED_WITHIN,
        )  # fmt: skip
        # There is nothing to undo for pictures that have been deleted.
        holding = [row.detail for row in begun if not (row.undone and row.differences)]
        return holding == [self.detail]

    def stop_at(self, part: int) -> None:
        """Store the last part that this undo has visited, for the request that continues it.

        The row counts as undone from the start, as there is nothing in it to redo.
        """
        self._insert([], part, undone=True)
        self.commit()

    def write(
        self,
        before: Mapping[int, ImageFacts],
        after: Mapping[int, ImageFacts],
        *,
        undoes_part: int | None = None,
    ) -> None:
        """Record what happened to these pictures, inside the transaction that changes them."""
        found = differences.between(before, after)
        if found:
            self._insert(found, undoes_part)

    def write_without_pictures(self, *, undoes_part: int | None = None) -> None:
        """Record a change that shows in no picture, such as a tag's new name."""
        self._insert([], undoes_part)

    def commit(self) -> None:
        """Close the part after its transaction has committed; what follows is another part."""
        if self.change is None:
            self.change = self._written
        told = noted.get()
        if told is not None and self.change is not None and self.change not in told:
            told.append(self.change)

    def _insert(
        self, found: list[Difference], undoes_part: int | None, *, undone: bool = False
    ) -> None:
        ids = differences.ids_of(found)
        row = RecordedChange(
            whole=self.change,
            author=audit.author.get()(),
            actor=audit.actor.get()()[:200],
            action=self.action,
            detail=self.detail,
            count=len(ids),
            first_image=ids.min() if ids else None,
            last_image=ids.max() if ids else None,
            facts=differences.pack(found),
            undoes=self.undoes,
            undoes_part=undoes_part,
            undone=undone,
        )
        _new_row.instance(row)
        self._written = row.pk
        if row.pk % PURGE_EVERY == 0:
            transaction.on_commit(purging.start)


def forget_images(image_ids: Collection[int]) -> None:
    """Delete the recorded facts of pictures that are being deleted, in the same transaction."""
    gone = BitMap64(image_ids)
    if not gone:
        return
    near = RecordedChange.objects.touching(gone).only("action", "facts", "undone").order_by("pk")
    last = 0
    while rows := list(near.select_for_update().filter(pk__gt=last)[:BATCH]):
        if touched := [row for row in rows if row.forget(gone)]:
            RecordedChange.objects.bulk_update(touched, ["facts", "undone"])
        if len(rows) < BATCH:
            break
        last = rows[-1].pk


def _runs(ids: BitMap64) -> Iterator[tuple[int, int]]:
    """Yield first and last id of up to `MOST_RUNS` ranges that cover these, split at widest gaps.

    What lies between two ranges are the widest gaps.
    """
    ordered = list(ids)
    gaps = sorted(range(1, len(ordered)), key=lambda place: ordered[place - 1] - ordered[place])
    starts = [0, *sorted(gaps[: MOST_RUNS - 1]), len(ordered)]
    for start, end in pairwise(starts):
        yield ordered[start], ordered[end - 1]


def purge() -> None:
    """Delete changes older than `KEPT`."""
    RecordedChange.objects.filter(at__lte=timezone.now() - KEPT).delete()


# If it fails, the next run does it.
purging = Background(purge, failure="Old recorded changes could not be purged")
