"""Trash, restore and deletion: rows and files together, rows first."""

import logging
from collections.abc import Collection
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from .changes import ChangeReport, changing, chunks
from .models import Image

logger = logging.getLogger(__name__)


def delete_images(*, image_ids: Collection[int]) -> ChangeReport:
    """Delete pictures for good. Files go once the rows' deletion is committed."""
    report = ChangeReport()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            rows = Image.objects.filter(pk__in=list(before))
            names = [name for pair in rows.values_list("file", "thumbnail") for name in pair]
            rows.delete()
            transaction.on_commit(partial(_delete_files, names))
        report.add(asked=ids, found=before)
    return report


def trash_images(*, image_ids: Collection[int]) -> ChangeReport:
    """Move pictures to the trash; one that is there already keeps its date."""
    report = ChangeReport()
    now = timezone.now()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            Image.objects.filter(pk__in=list(before), trashed_at=None).update(
                trashed_at=now, updated_at=now
            )
        report.add(asked=ids, found=before)
    return report


def restore_images(*, image_ids: Collection[int]) -> ChangeReport:
    """Take pictures out of the trash, with the tags and the favourite mark that they had."""
    report = ChangeReport()
    for ids in chunks(image_ids):
        with changing(ids) as before:
            Image.objects.filter(pk__in=list(before)).update(
                trashed_at=None, updated_at=timezone.now()
            )
        report.add(asked=ids, found=before)
    return report


def _delete_files(names: Collection[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            # The row is gone, which is what was asked; a stray file is harmless and
            # `cleanup_orphans` takes it away.
            logger.exception("Could not delete the file %s", name)
