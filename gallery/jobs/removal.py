"""Jobs that trash, restore and delete pictures: first the rows, then the files."""

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.db.models.deletion import Collector
from django.utils import timezone

from .. import audit, history
from ..files import pictures
from ..history import Action, Recording
from ..models import Image
from .changes import CHUNK, ChangeReport, Facts, change_images

logger = logging.getLogger(__name__)


def delete_images(*, image_ids: Collection[int]) -> ChangeReport:
    """Delete pictures permanently. Their files are deleted after the commit."""
    return _delete(image_ids)


def trash_images(*, image_ids: Collection[int], go_on_with: int | None = None) -> ChangeReport:
    """Move pictures to the trash; one that is there already keeps its date.

    It also deletes what has been in the trash for too long, so that nobody has to run
    `empty_trash`.

    Raises:
        history.CannotContinue
    """
    recording = Recording(Action.TRASHED, go_on_with=go_on_with)
    empty_trash(limit=CHUNK)
    now = timezone.now()

    def trash(facts: Facts) -> Collection[int]:
        rows = Image.objects.filter(pk__in=list(facts), trashed_at=None)
        rows.update(trashed_at=now, updated_at=now)
        for pk, picture in facts.items():
            facts[pk] = replace(picture, trashed=True, trashed_at=picture.trashed_at or now)
        return list(facts)

    return change_images(image_ids, trash, recording)


def empty_trash(*, limit: int | None = None) -> int:
    """Delete for good what has been in the trash for longer than `GALLERY_TRASH_DAYS`.

    Args:
        limit: at most so many pictures, the longest trashed first; all where it is None.

    Returns: how many were deleted.
    """
    expired = Q(trashed_at__lt=timezone.now() - timedelta(days=settings.GALLERY_TRASH_DAYS))
    ids = Image.objects.filter(expired).order_by("trashed_at").values_list("pk", flat=True)
    # Check again under the lock: a picture that is being restored must survive.
    return _delete(list(ids[:limit]), expired).done


def restore_images(*, image_ids: Collection[int], go_on_with: int | None = None) -> ChangeReport:
    """Restore pictures from the trash, with the tags and the favourite mark that they had.

    Raises:
        history.CannotContinue
    """
    recording = Recording(Action.RESTORED, go_on_with=go_on_with)

    def restore(facts: Facts) -> Collection[int]:
        rows = Image.objects.filter(pk__in=list(facts))
        rows.update(trashed_at=None, updated_at=timezone.now())
        for pk, picture in facts.items():
            facts[pk] = replace(picture, trashed=False, trashed_at=None)
        return list(facts)

    return change_images(image_ids, restore, recording)


def _delete(image_ids: Collection[int], condition: Q | None = None) -> ChangeReport:
    def delete(facts: Facts) -> Collection[int]:
        ids = list(facts)
        if condition is not None:
            rows = Image.objects.filter(condition, pk__in=ids)
            ids = list(rows.order_by("pk").values_list("pk", flat=True))
        # Like a queryset's delete(), which would read the rows once more.
        collector = Collector(using=DEFAULT_DB_ALIAS)
        collector.collect([Image(pk=pk) for pk in ids])
        collector.delete()
        history.forget_images(ids)
        audit.record(audit.AuditEntry.Action.DELETED, count=len(ids), ids=ids)
        kept = [facts.pop(pk).files for pk in ids]
        names = [
            name
            for file, thumbnail in kept
            for name in (file, thumbnail, pictures.large_thumbnail_name(file))
        ]
        transaction.on_commit(partial(_delete_files, names))
        return ids

    return change_images(image_ids, delete)


def _delete_files(names: Collection[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            # The row is gone, which is what was asked; a stray file is harmless and
            # `cleanup_orphans` takes it away.
            logger.exception("Could not delete the file %s", name)
