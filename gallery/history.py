"""Changes of pictures by a person or a key, recorded so that they can be taken back.

A change over many pictures is done and recorded in parts, one for each transaction. The row of
the first part stands for the whole, and an undo is a change like any other: taken back itself,
it is a redo. Rows are kept for 30 days, and of pictures that are deleted nothing is kept.
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
"""So long after it began, a change may go on in further requests."""

noted: ContextVar[list[int] | None] = ContextVar("noted", default=None)
"""Takes the ids of the changes that are recorded while it is set, for whoever answers."""

PURGE_EVERY = 500
"""What is too old goes when the rows' ids pass a multiple of this, and at the start."""

BATCH = 100
"""Rows whose bitmaps are in memory at once."""

MOST_RUNS = 20
"""Ranges of ids that one query asks for; databases bound how many conditions it may have."""

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
    TAKEN_IN = "taken_in", _("Taken in again")
    BROUGHT_BACK = "brought_back", _("Brought back from an archive")
    TAG_RENAMED = "tag_renamed", _("Tag renamed")
    TAG_MERGED = "tag_merged", _("Tags merged")
    TAG_DELETED = "tag_deleted", _("Tag deleted")
    UNDONE = "undone", _("Change undone")

    @property
    def permission(self) -> str:
        """What somebody needs to do it, and to take it back."""
        return {
            Action.TRASHED: DELETE,
            Action.TAG_RENAMED: "gallery.change_tag",
            Action.TAG_MERGED: "gallery.change_tag",
            Action.TAG_DELETED: "gallery.delete_tag",
        }.get(self, CHANGE)


class ChangeQuerySet(models.QuerySet["RecordedChange"]):
    """Reads over recorded changes."""

    def kept(self) -> Self:
        return self.filter(at__gt=timezone.now() - KEPT)

    def whole(self) -> Self:
        """One row for each change, the newest first."""
        return self.filter(whole=None).order_by("-pk")

    def by(self, author: str) -> Self:
        return self.filter(author=author)

    def parts_of(self, change_id: int) -> Self:
        return self.filter(models.Q(pk=change_id) | models.Q(whole=change_id)).order_by("pk")

    def left_of(
        self, change_id: int, *, limit: int | None = None, go_on_with: int | None = None
    ) -> "list[RecordedChange]":
        """Those of its parts that are not undone; with `limit` enough of them for so many
        pictures, and one more where there is one. Those at which the undo `go_on_with` has
        looked are left out, also where it could not take anything back. `was_undone`: their
        change was undone once, and may be redone since."""
        undos = models.Exists(RecordedChange.objects.filter(undoes=change_id))
        parts = self.parts_of(change_id).filter(undone=False).annotate(was_undone=undos)
        if go_on_with is not None:
            looked_at = RecordedChange.objects.parts_of(go_on_with).order_by()
            last = looked_at.aggregate(last=models.Max("undoes_part"))["last"]
            parts = parts.filter(pk__gt=last or 0)
        return list(parts if limit is None else parts[: limit + 1])

    def touching(self, ids: BitMap64) -> Self:
        """Parts whose first and last picture have some of these between them, or nearly so: not
        all of them have one."""
        near = models.Q()
        for first, last in _runs(ids):
            near |= models.Q(first_image__lte=last, last_image__gte=first)
        return self.filter(near)

    def visible_to(self, user: Any) -> Self:
        """What this user, whose request it is, has done; of a superuser all that was done."""
        rows = self.kept()
        return rows if getattr(user, "is_superuser", False) else rows.by(audit.author.get()())

    def with_outcome(self) -> Self:
        """`further`: pictures in the parts after the first; `is_left`: one of these is not undone;
        `undone_by`: the newest undo that holds, in one of its parts at least."""
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
    """What one transaction changed: a whole change, or a part of one. See above."""

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
        """What an account needs to undo it, as it did to do it."""
        return Action(self.detail.get("of", self.action)).permission

    def may_be_undone_by(self, user: Any) -> bool:
        """Whether somebody who sees it may; whoever holds a key may what an editor may."""
        has_permission = getattr(user, "has_perm", None)
        return has_permission is None or bool(has_permission(self.permission))

    def forget(self, gone: BitMap64) -> bool:
        """Drop what is said of these pictures; whether there was anything."""
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
    """There is no change of this id that this one could go on with."""


class Recording:
    """The record of one change, part by part. `change` is its id once something was changed."""

    def __init__(
        self,
        action: Action,
        *,
        go_on_with: int | None = None,
        undoes: int | None = None,
        **detail: Any,
    ) -> None:
        """Begin a record, or go on with one that this author has begun in an earlier request.

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
        # Of pictures that are deleted by now there is nothing to be undone.
        holding = [row.detail for row in begun if not (row.undone and row.differences)]
        return holding == [self.detail]

    def stop_at(self, part: int) -> None:
        """Remember the last part that this undo has looked at, for the request that goes on.

        The row is undone from the start: there is nothing in it to be done again.
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
        """Record what has become of these pictures, inside the transaction that changes them."""
        found = differences.between(before, after)
        if found:
            self._insert(found, undoes_part)

    def write_without_pictures(self, *, undoes_part: int | None = None) -> None:
        """Record what no picture shows, such as the new name of a tag."""
        self._insert([], undoes_part)

    def commit(self) -> None:
        """The transaction is through: what comes next is another part."""
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
    """Purge the before-facts of pictures that are being deleted, inside that transaction."""
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
    """First and last ids of at most `MOST_RUNS` ranges that hold all of these.

    What lies between two ranges are the widest gaps.
    """
    ordered = list(ids)
    gaps = sorted(range(1, len(ordered)), key=lambda place: ordered[place - 1] - ordered[place])
    starts = [0, *sorted(gaps[: MOST_RUNS - 1]), len(ordered)]
    for start, end in pairwise(starts):
        yield ordered[start], ordered[end - 1]


def purge() -> None:
    """Delete what is older than `KEPT`."""
    RecordedChange.objects.filter(at__lte=timezone.now() - KEPT).delete()


# Where it fails, the next one does it.
purging = Background(purge, failure="Old recorded changes could not be purged")
