"""Writes the whole library into one archive; `restoring` brings it back.

The archive has the format of an export: its records are the library's rows, and its members,
thumbnails included, lie under the paths that they have in the library. `library_archives` describes
the format.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils import timezone

from .. import audit
from ..jobs.changes import CHUNK
from ..models import Image
from .backup_parts import parts
from .export import Archive
from .picture_records import as_record


def backup_archive(*, also: Iterable[str] = ()) -> Archive:
    """Build an archive of every picture, the trash included, oldest row first. See
    `export.Archive`.

    Args:
        also: names of `backup_parts` that are to be in it too.
    """
    archive = Archive("backup.zip", timezone.localtime(), complete=True)
    for name in also:
        part = parts[name]
        archive.add_part(part.member, part.records())
    last = 0
    while True:
        rows = Image.objects.with_tags().filter(pk__gt=last).order_by("pk")[:CHUNK]
        for image in rows:
            archive.plan(image.file.name or "", as_record(image))
            last = image.pk
        if len(rows) < CHUNK:
            audit.record(audit.AuditEntry.Action.EXPORTED, count=archive.count, archive="backup")
            return archive


def write_backup(archive: Archive, path: Path) -> Iterator[int]:
    """Write the archive to a file, yielding the number of bytes written so far.

    The file has another name until it is complete and synced. So an interrupted backup is never
    taken for a whole one, and an older backup of the same name survives until then. Only its owner
    can read it.
    """
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    part, written = Path(name), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in archive:
                file.write(chunk)
                written += len(chunk)
                yield written
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
