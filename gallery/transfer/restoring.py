"""Restores a backup of the library, or any export, into a library."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection
from django.db.models import Model
from django.utils import timezone

from grok2api.runtime.exclusive import LOOSE_FILES, exclusive

from ..facts import DERIVED
from ..files import pictures
from ..files.metadata.formats import FORMATS
from ..history import Action, Recording
from ..jobs import loose_files, tagging
from ..jobs.changes import changing, read_facts, repeated
from ..models import Image
from ..text import fold
from .backup_parts import BadRecord, Part, Restored, RestoreOutcome, parts
from .backup_reading import (
    LONGEST_NAME,
    MOST_LACKING,
    BackupFile,
    Line,
    Survey,
    UnreadableBackup,
    open_backup,
)
from .imports import Imported, PixelLimit, import_archive
from .picture_records import EDITABLE, from_record, id_of, stem_of

__all__ = [
    "RestoreOutcome",
    "Restored",
    "Terms",
    "UnreadableBackup",
    "bring_back",
    "restore_backup",
]

BATCH = 100
"""Pictures that a restore commits at once, and may have to repeat after a crash."""

BATCH_BYTES = 16 * 1024 * 1024
"""Bytes of records from which on fewer are read at once."""

FOLLOWING = [name for name in DERIVED if name != "file_name_folded"]
"""Columns that are derived from editable ones."""

ATTEMPTS = 3
"""Attempts at a batch, while others take in the same pictures."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which an uploaded archive is accepted."""

    may_change: bool  # pictures that are there
    tags: list[str] = field(default_factory=list)  # that all of its pictures get
    limit: PixelLimit = field(default_factory=PixelLimit)
    recording: Recording = field(default_factory=lambda: Recording(Action.BROUGHT_BACK))


MAY_NOT = "it is in the library, and your account may not change it"
STATE = ("prompt", "model", "aspect_ratio", "created_at", "favorite", "nsfw")
"""What an uploaded archive may change in an existing picture, beside its tags."""


def restore_backup(path: Path) -> Iterator[Restored]:
    """Restore a backup into the library, whatever that holds; yield outcomes in the backup's order.

    A picture is the same as an existing one if both have the same path, or if it was uploaded or
    imported and its very bytes are there. Of two states, the one changed last wins (`updated_at`);
    a tie goes to the library. Rows keep their ids if these are free. A file that the library has
    lost is put back. A restore that runs again after an interruption continues where it stopped.

    No file that a row names is overwritten or deleted, whatever the archive says: a new picture's
    file is written only where no row's file is, and nobody else gives rows to files meanwhile.

    Raises:
        UnreadableBackup
        exclusive.Busy: a restore, scan or clean-up is under way.
        OSError: the storage is full or cannot be written; what came before is in.
    """
    with exclusive(LOOSE_FILES), open_backup(path) as backup:
        yield from _restore_all(backup, backup.survey(), None)
        for part in parts.values():
            if backup.has(part.member):
                yield from _restore_part(backup, part)


def bring_back(
    *, name: str, file: IO[bytes], may_change: bool, tags: Iterable[str] = ()
) -> Iterator[Restored | Imported]:
    """Restore an uploaded export or backup, and import the other pictures in it.

    Unlike `restore_backup`, the archive wins over a picture that is there, whenever either was
    changed; this is recorded and can be undone. Such a picture leaves the trash unless it is in the
    archive's trash, and never enters it. Pictures without a record are imported like those of any
    archive.

    Args:
        may_change: whether existing pictures may change; else those that differ are reported.
        tags: added to all its pictures.

    Raises:
        ValidationError: a tag's name is not valid.
        UnreadableBackup
        exclusive.Busy
        OSError
    """
    terms = Terms(may_change, tagging.clean_names(tags))
    with exclusive(LOOSE_FILES), open_backup(file, name) as backup:
        survey = backup.survey(most_lacking=MOST_LACKING)
        yield from _restore_all(backup, survey, terms)
    yield from import_archive(name=name, file=file, tags=tags, without=survey.members)


def _restore_part(backup: BackupFile, part: Part) -> Iterator[Restored]:
    """Restore records line by line, each in a transaction of its own, and name those that fail."""
    part.reserve_ids(
        max((id_of(line.record or {}) or 0 for line in backup.lines(part.member)), default=0)
    )
    for line in backup.lines(part.member):
        name = f"{part.member}, line {line.number}"
        try:
            if line.record is None:
                raise BadRecord(line.flaw)
            yield Restored(name, part.restore(line.record))
        except BadRecord as error:
            yield Restored(name, RestoreOutcome.FAILED, str(error))
        except (DataError, IntegrityError, ValueError, OverflowError) as error:
            yield Restored(name, RestoreOutcome.FAILED, f"the database refused it: {error}")


def _restore_all(backup: BackupFile, survey: Survey, terms: Terms | None) -> Iterator[Restored]:
    reserve_ids(Image, survey.highest_id)
    for batch in _batches(backup.lines()):
        yield from _restore(backup, survey, batch, terms)


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Group lines to be restored together, limited in number and length by memory."""
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH or sum(each.size for each in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _restore(
    backup: BackupFile, survey: Survey, lines: Sequence[Line], terms: Terms | None
) -> list[Restored]:
    """Return the outcomes of a batch; if it fails, its lines are restored one by one."""
    flaw: Exception
    for _ in range(ATTEMPTS):
        try:
            return _Batch(backup, survey, terms).restore(lines)
        except IntegrityError as error:
            # Someone else took an id or a file in meanwhile: look again at what there is.
            flaw = error
        except (DataError, ValueError, OverflowError, RecursionError) as error:
            # A value that this database does not take, though every check let it pass.
            flaw = error
            break
    if len(lines) == 1:
        return [Restored(lines[0].name, RestoreOutcome.FAILED, f"the database refused it: {flaw}")]
    return [outcome for line in lines for outcome in _restore(backup, survey, [line], terms)]


def reserve_ids(model: type[Model], highest: int) -> None:
    """Give new rows of others ids beyond those that are being restored.

    SQLite and MySQL continue from the highest id by themselves.
    """
    if connection.vendor != "postgresql" or not highest:
        return
    with connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        (sequence,) = cursor.fetchone()
        cursor.execute(
            "SELECT setval(%s, greatest(%s, nextval(%s)))", [sequence, highest, sequence]
        )


@dataclass(slots=True)
class _New:
    """A new picture whose row is ready and whose files are written."""

    image: Image
    tags: list[str]
    record: dict[str, Any]


@dataclass(slots=True)
class _Batch:
    """Some lines of an archive that are restored in one transaction."""

    backup: BackupFile
    survey: Survey
    terms: Terms | None
    new: list[_New] = field(default_factory=list)
    newer: list[tuple[Image, Image, list[str]]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def restore(self, lines: Sequence[Line]) -> list[Restored]:
        known = _Known([line.record for line in lines if line.record], self.survey.paths)
        try:
            outcomes = [self._one(line, known) for line in lines]
            _write_rows(self.new, self.newer, known, self.terms)
        except BaseException:
            loose_files.delete(self.written)
            raise
        self._see_that_files_are_there()
        added = (each.image.pk for each in self.new)
        return [
            replace(each, image_id=next(added)) if each.outcome == RestoreOutcome.ADDED else each
            for each in outcomes
        ]

    def _one(self, line: Line, known: "_Known") -> Restored:
        try:
            return Restored(line.name, self._take(line, known))
        except (BadRecord, pictures.UnreadablePicture, loose_files.FileTaken) as error:
            return Restored(line.name, RestoreOutcome.FAILED, str(error))
        except ValidationError as error:  # of the tags, with those that all pictures get
            return Restored(line.name, RestoreOutcome.FAILED, "; ".join(error.messages))

    def _take(self, line: Line, known: "_Known") -> RestoreOutcome:
        if line.record is None:
            raise BadRecord(line.flaw)
        status = line.record.get("status")
        if isinstance(status, str) and status.startswith("failed"):
            raise BadRecord(f"not in the backup, {status[:200]}")
        image, tags = from_record(line.record)
        if self.terms is not None:
            tags = tagging.clean_names([*tags, *self.terms.tags])
        stem = stem_of(image.file.name or "")
        if self.survey.first.get(stem) != line.number:
            raise BadRecord("an earlier record of the archive has this path")
        there = known.same_as(image)
        if there is None:
            if stem in known.stems:  # its thumbnail would have one path with the other's
                raise BadRecord("another picture of the library has this name")
            self.new.append(self._added(line.record, image, tags))
            return RestoreOutcome.ADDED
        self._give_back(line.record, there)
        if self.terms is None:
            counts = image.updated_at > there.updated_at
        else:
            counts = differ(image, tags, there)
        if not counts:
            return RestoreOutcome.UNCHANGED
        if self.terms is not None and not self.terms.may_change:
            raise BadRecord(MAY_NOT)
        self.newer.append((there, image, tags))
        return RestoreOutcome.UPDATED

    def _added(self, record: dict[str, Any], image: Image, tags: list[str]) -> _New:
        data = self.backup.picture(record)
        if self.terms is not None and (reason := self.terms.limit.reached_by(data)):
            raise BadRecord(reason)
        content_type, width, height = pictures.read_head(data)
        if content_type != image.content_type:
            raise BadRecord(f"content_type: the file is {content_type}")
        # An export may have texts written into its files: what is stored is what came.
        image.file_size, image.content_hash = len(data), hashlib.sha256(data).hexdigest()
        if {image.width, image.height} != {width, height}:  # else it may be turned
            image.width, image.height = width, height
        new = _New(image, tags, record)
        self._write_files(new, data)
        return new

    def _write_files(self, new: _New, data: bytes) -> None:
        thumbnail = self.backup.thumbnail(new.record["thumbnail_path"])
        if thumbnail is None:
            thumbnail = pictures.read_picture(data).thumbnail
            new.image.thumbnail_version = pictures.current_version()
        large = pictures.large_thumbnail_name(new.image.file.name or "")
        if loose_files.is_there(large):  # of another picture, whose file was lost
            loose_files.delete([large])
        for file, content in ((new.image.file, data), (new.image.thumbnail, thumbnail)):
            name = file.name or ""
            if loose_files.place(name, content):
                self.written.append(name)

    def _see_that_files_are_there(self) -> None:
        """Write files again that are lost because somebody just deleted the same picture."""
        for each in self.new:
            if not loose_files.is_there(each.image.file.name or ""):
                self._write_files(each, self.backup.picture(each.record))

    def _give_back(self, record: dict[str, Any], there: Image) -> None:
        name = there.file.name or ""
        if loose_files.is_there(name):
            return
        data = self.backup.picture(record)
        if hashlib.sha256(data).hexdigest() == there.content_hash:
            loose_files.place(name, data)


class _Known:
    """The pictures of some records that the library has already."""

    def __init__(self, records: list[dict[str, Any]], paths: set[str]) -> None:
        hashes = _texts(records, "content_hash")
        ids = [pk for record in records if (pk := id_of(record))]
        images = Image.objects.with_tags()
        stems = {stem_of(path) for path in _texts(records, "path")}
        alike = [f"{stem}.{each.suffix}" for stem in stems for each in FORMATS]
        self.by_path = {image.file.name: image for image in images.filter(file__in=alike)}
        self.stems = {stem_of(path or "").lower() for path in self.by_path}
        self.by_hash: dict[str, Image] = {}
        for image in images.filter(content_hash__in=hashes).order_by("-pk"):
            # Two rows of the backup itself stay two, even with the same bytes.
            if image.file.name not in paths:
                self.by_hash[image.content_hash] = image
        self.ids = set(Image.objects.filter(pk__in=ids).values_list("pk", flat=True))
        taken_in = Image.objects.filter(upload_hash__in=hashes)
        self.upload_hashes = set(taken_in.values_list("upload_hash", flat=True))

    def same_as(self, image: Image) -> Image | None:
        there = self.by_path.get(image.file.name)
        if there is None and image.source != Image.Source.GENERATED:
            there = self.by_hash.get(image.content_hash)
        return there


def _texts(records: Sequence[dict[str, Any]], name: str) -> list[str]:
    values = (record.get(name) for record in records)
    return [value for value in values if isinstance(value, str) and len(value) <= LONGEST_NAME]


def differ(image: Image, tags: Sequence[str], there: Image) -> bool:
    """Return whether an existing picture differs from what the archive says."""
    return (
        any(getattr(image, name) != getattr(there, name) for name in STATE)
        or {fold(name) for name in tags} != {tag.key for tag in there.tags.all()}
        or (there.is_trashed and not image.is_trashed)
    )


def _write_rows(
    new: list[_New],
    newer: list[tuple[Image, Image, list[str]]],
    known: _Known,
    terms: Terms | None,
) -> None:
    _write_in_one(new, newer, known, terms)
    if terms is not None:
        terms.recording.commit()


def _values(image: Image, terms: Terms | None) -> dict[str, Any]:
    """Return the new values of an existing picture's row."""
    if terms is None:
        names = (*EDITABLE, *FOLLOWING, "trashed_at", "updated_at")
        return {name: getattr(image, name) for name in names}
    values = {name: getattr(image, name) for name in (*STATE, "prompt_folded", "prompt_source")}
    out_of_trash = {} if image.is_trashed else {"trashed_at": None}
    return {**values, **out_of_trash, "updated_at": timezone.now()}


@repeated
def _write_in_one(
    new: list[_New],
    newer: list[tuple[Image, Image, list[str]]],
    known: _Known,
    terms: Terms | None,
) -> None:
    image_ids = [there.pk for there, _, _ in newer]
    tagged: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    with changing(image_ids, texts=terms is not None) as before:
        for each in new:
            image = each.image
            wanted_id = each.record["id"]
            if wanted_id not in known.ids:
                image.pk = wanted_id
                known.ids.add(wanted_id)
            if (
                image.source != Image.Source.GENERATED
                and image.content_hash not in known.upload_hashes
            ):
                image.upload_hash = image.content_hash
                known.upload_hashes.add(image.content_hash)
            image.save(force_insert=True)
            image_ids.append(image.pk)
            tagged[tuple(each.tags)].append(image.pk)
        for there, image, tags in newer:
            # Check again under the lock: an edit made meanwhile is the newest of all.
            row = Image.objects.filter(pk=there.pk)
            if terms is None:
                row = row.filter(updated_at__lt=image.updated_at)
            if there.pk in before and row.update(**_values(image, terms)):
                Image.tags.through.objects.filter(image_id=there.pk).delete()
                tagged[tuple(tags)].append(there.pk)
        for names, ids in tagged.items():
            tagging.attach(image_ids=ids, names=names)
        if terms is not None and newer:
            terms.recording.write(before, read_facts(list(before), texts=True))
