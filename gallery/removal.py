"""Trash, restore and deletion: rows and files together, rows first."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from .changes import changing, chunks
from .models import Image

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RemovalReport:
    """What became of the pictures that a job was asked to change."""

    done: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)  # id, reason

    def not_found(self, image_ids: Collection[int]) -> None:
        self.failed += [(image_id, "not found") for image_id in sorted(image_ids)]


def delete_images(*, image_ids: Collection[int]) -> RemovalReport:
    """Delete pictures for good. Files go once the rows' deletion is committed."""
    report = RemovalReport()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            rows = Image.objects.filter(pk__in=list(before))
            names = [name for pair in rows.values_list("file", "thumbnail") for name in pair]
            rows.delete()
            transaction.on_commit(partial(_delete_files, names))
        report.done += len(before)
        report.not_found(set(ids) - before.keys())
    return report


def trash_images(*, image_ids: Collection[int]) -> RemovalReport:
    """Move pictures to the trash; one that is there already keeps its date."""
    report = RemovalReport()
    now = timezone.now()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            Image.objects.filter(pk__in=list(before), trashed_at=None).update(
                trashed_at=now, updated_at=now
            )
        report.done += len(before)
        report.not_found(set(ids) - before.keys())
    return report


def restore_images(*, image_ids: Collection[int]) -> RemovalReport:
    """Take pictures out of the trash, with the tags and the favourite mark that they had."""
    report = RemovalReport()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            Image.objects.filter(pk__in=list(before)).update(
                trashed_at=None, updated_at=timezone.now()
            )
        report.done += len(before)
        report.not_found(set(ids) - before.keys())
    return report


def _delete_files(names: Collection[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            # The row is gone, which is what was asked; a stray file is harmless and
            # `cleanup_orphans` takes it away.
            logger.exception("Could not delete the file %s", name)
