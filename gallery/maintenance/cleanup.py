"""Compares storage and rows, and repairs what does not match."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from grok2api.runtime.exclusive import LOOSE_FILES, exclusive

from .. import audit, history
from ..files import pictures
from ..files.storage import PART_SUFFIX, QUARANTINE
from ..jobs import loose_files, tagging, thumbnails
from ..jobs.changes import ChangeReport, changing, chunks
from ..models import Image, RemovedRow
from ..transfer.backup_parts import BadRecord
from ..transfer.picture_records import as_record, from_record

ROOT = "images"
"""The folder of the storage that holds pictures and thumbnails."""

YOUNG = timedelta(minutes=10)
"""A file younger than this may belong to a row that is being written."""

LARGEST_SHARE = 0.2
"""When more of the library looks orphaned, the storage is more likely gone than the files."""


class TooManyOrphans(RuntimeError):
    """More than a fifth of the library has no file, as if a disk were not mounted."""


@dataclass(slots=True)
class CleanupReport:
    """The findings. Files are storage names; `removed` and `repaired` count what was done."""

    checked: int = 0
    orphans: list[int] = field(default_factory=list)  # ids of rows whose file is gone
    without_thumbnail: list[int] = field(default_factory=list)
    stray_files: list[str] = field(default_factory=list)  # pictures without a row: kept
    leftovers: list[str] = field(default_factory=list)  # interrupted writes, stray thumbnails
    removed: int = 0
    repaired: int = 0
    unrepaired: list[int] = field(default_factory=list)  # no thumbnail could be made

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def clean_up(*, dry_run: bool = False, force: bool = False) -> CleanupReport:
    """Remove rows whose file is gone and leftovers of interrupted writes; remake thumbnails.

    A copy of every removed row is kept as a `RemovedRow`. A picture without a row is reported
    and kept: it may have been paid for, and a scan takes it in.

    Raises:
        TooManyOrphans: unless `force`; nothing was changed.
        exclusive.Busy: a restore, scan or clean-up is under way.
    """
    if dry_run:
        return survey()
    with exclusive(LOOSE_FILES):
        return _clean_up(force=force)


def _clean_up(*, force: bool) -> CleanupReport:
    report = survey()
    if not force and len(report.orphans) > report.checked * LARGEST_SHARE:
        raise TooManyOrphans(
            f"{len(report.orphans)} of {report.checked} pictures have no file. "
            "Is the media folder mounted? Nothing was changed; --force removes them all the same."
        )
    for ids in chunks(report.orphans):
        report.removed += _remove_rows(ids)
    lacking = Image.objects.without_metadata().filter(pk__in=report.without_thumbnail)
    for image in lacking.iterator():
        try:
            thumbnails.make(image)
            report.repaired += 1
        except pictures.UnreadablePicture:
            report.unrepaired.append(image.pk)
    loose_files.delete(report.leftovers)  # except those that have got a row meanwhile
    return report


def survey() -> CleanupReport:
    """Compare storage and rows without changing anything."""
    report = CleanupReport()
    # List files first: a picture that is added meanwhile then has its row, and is not a stray.
    files = {folder: names for folder, names in _walk(ROOT) if names}
    known: defaultdict[str, set[str]] = defaultdict(set)
    rows = Image.objects.order_by("pk").values_list("pk", "file", "thumbnail")
    for pk, file, thumbnail in rows.iterator(chunk_size=2000):
        report.checked += 1
        for name in (file, thumbnail):
            folder, _, base = name.rpartition("/")
            known[folder].add(base)
            # A file that was added after the walk is checked by its name.
            if base in files.get(folder, ()) or default_storage.exists(name):
                continue
            (report.orphans if name == file else report.without_thumbnail).append(pk)
            if name == file:
                break
        folder, _, base = pictures.large_thumbnail_name(file).rpartition("/")
        known[folder].add(base)  # it need not be there
    old = timezone.now() - YOUNG
    for folder, names in sorted(files.items()):
        for base in sorted(names - known[folder]):
            name = f"{folder}/{base}"
            try:
                young = default_storage.get_modified_time(name) > old
            except FileNotFoundError:  # gone meanwhile: deleted with its row
                continue
            if young or Image.objects.filter(file=name).exists():
                continue
            is_leftover = base.endswith(PART_SUFFIX) or pictures.is_derived(base)
            (report.leftovers if is_leftover else report.stray_files).append(name)
    report.leftovers += _broken_off(QUARANTINE, old)
    return report


def bring_back(*, rows: Iterable[RemovedRow]) -> ChangeReport:
    """Put removed rows back into the library, with their tags, if their files have reappeared.

    They get new ids, and their copies are deleted.

    Raises:
        exclusive.Busy: a restore, scan or clean-up is under way.
    """
    with exclusive(LOOSE_FILES):
        return _bring_back(rows)


def _bring_back(rows: Iterable[RemovedRow]) -> ChangeReport:
    report = ChangeReport()
    for row in rows:
        try:
            image, names = from_record(row.facts)
        except BadRecord as error:
            report.failed.append((row.image_id, str(error)))
            continue
        if not default_storage.exists(row.file):
            report.failed.append((row.image_id, "the file is still missing"))
            continue
        if Image.objects.filter(file=row.file).exists():
            report.failed.append((row.image_id, "its file has a row again"))
            continue
        new_ids: list[int] = []
        with changing(new_ids):
            image.save()
            new_ids.append(image.pk)
            tagging.attach(image_ids=new_ids, names=names)
            row.delete()
        if not default_storage.exists(image.thumbnail.name or ""):
            thumbnails.make(image)
        report.done += 1
    return report


def _broken_off(folder: str, old: datetime) -> Iterator[str]:
    """Find interrupted writes in a folder outside of the library's own."""
    for _, names in _walk(folder):
        for name in (f"{folder}/{base}" for base in sorted(names) if base.endswith(PART_SUFFIX)):
            with suppress(FileNotFoundError):
                if default_storage.get_modified_time(name) <= old:
                    yield name


def _walk(folder: str) -> Iterator[tuple[str, set[str]]]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield folder, set(files)
    for name in folders:
        yield from _walk(f"{folder}/{name}")


def _remove_rows(image_ids: list[int]) -> int:
    with changing(image_ids):
        rows = [
            image
            for image in Image.objects.filter(pk__in=image_ids).prefetch_related("tags")
            # It may have reappeared, or never have been missing: check again under the lock.
            if not default_storage.exists(image.file.name or "")
        ]
        RemovedRow.objects.bulk_create(
            RemovedRow(image_id=image.pk, file=image.file.name or "", facts=as_record(image))
            for image in rows
        )
        gone = [image.pk for image in rows]
        Image.objects.filter(pk__in=gone).delete()
        history.forget_images(gone)
        audit.record(audit.AuditEntry.Action.CLEANED, count=len(gone), ids=gone)
    return len(rows)
