"""A backup of the library, or any export, back into a library."""

import hashlib
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection

from . import pictures, tagging
from .changes import changing, repeated
from .export import MANIFEST
from .found_files import UNREADABLE_MEMBER
from .models import Image
from .records import EDITABLE, BadRecord, from_record

BATCH = 100
"""Pictures that a restore commits at once: so much is done again after a crash."""

EDITED = (*EDITABLE, "prompt_folded", "trashed_at", "updated_at")


class UnreadableBackup(ValueError):
    """The file is no archive of a library, or is cut short."""


class Outcome(StrEnum):
    ADDED = "added"
    UPDATED = "updated"  # the backup's edit was newer
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a record."""

    name: str
    outcome: Outcome
    reason: str = ""


def restore_backup(path: Path) -> Iterator[Restored]:
    """Take a backup into the library, whatever is there already; outcomes in its order.

    A picture is the same as one that is there when both have the same path, or when it was
    uploaded or imported and its very bytes are there. Of two states of a picture the one
    changed last stays (`updated_at`); at the same moment, the library's. Rows keep their ids
    where these are free. A file that the library has lost is given back. Run again after a
    break, it goes on where it stopped.

    Raises:
        UnreadableBackup
        OSError: the storage is full or cannot be written; what came before is in.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            paths, highest = _survey(archive)
            _reserve_ids(highest)
            records = _records(archive)
            while batch := list(islice(records, BATCH)):
                yield from _restore(archive, paths, batch)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise UnreadableBackup(f"{path} is no backup, or is damaged: {error}") from error


def _restore(
    archive: zipfile.ZipFile, paths: set[str], records: list[dict[str, Any]]
) -> list[Restored]:
    for _ in range(2):
        try:
            return _Batch(archive, paths).restore(records)
        except IntegrityError:
            # Someone else took an id or a file in meanwhile: look again at what there is.
            continue
    return _Batch(archive, paths).restore(records)


def _records(archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    with archive.open(MANIFEST) as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            yield record if isinstance(record, dict) else {"file": f"{MANIFEST}, line {number}"}


def _survey(archive: zipfile.ZipFile) -> tuple[set[str], int]:
    """The paths of all pictures in the archive, and their highest id."""
    paths: set[str] = set()
    highest = 0
    for record in _records(archive):
        paths.add(str(record.get("path")))
        highest = max(highest, _id(record))
    return paths, highest


def _id(record: dict[str, Any]) -> int:
    value = record.get("id")
    return value if isinstance(value, int) and 0 < value < 2**62 else 0


def _reserve_ids(highest: int) -> None:
    """Let new rows of others have ids beyond those that will come back.

    SQLite and MySQL count on from the highest id by themselves.
    """
    if connection.vendor != "postgresql" or not highest:
        return
    with connection.cursor() as cursor:
        table = Image._meta.db_table
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        (sequence,) = cursor.fetchone()
        cursor.execute(
            "SELECT setval(%s, greatest(%s, nextval(%s)))", [sequence, highest, sequence]
        )


@dataclass(slots=True)
class _New:
    """A picture on its way in: its row is ready, its files may be written already."""

    image: Image
    tags: list[str]
    wanted_id: int
    saved: list[str] = field(default_factory=list)


class _Batch:
    """Some records of an archive on their way into the library, in one transaction."""

    def __init__(self, archive: zipfile.ZipFile, paths: set[str]) -> None:
        self.archive = archive
        self.paths = paths

    def restore(self, records: list[dict[str, Any]]) -> list[Restored]:
        outcomes: list[Restored] = []
        new: list[_New] = []
        newer: list[tuple[Image, Image, list[str]]] = []
        known = _Known(records, self.paths)
        try:
            for record in records:
                name = str(record.get("file", "?"))
                try:
                    image, tags = self._checked(record)
                    there = known.same_as(image)
                    if there is None:
                        new.append(self._written(record, image, tags))
                        outcomes.append(Restored(name, Outcome.ADDED))
                        continue
                    self._give_back(record, there)
                except (BadRecord, pictures.UnreadablePicture) as error:
                    outcomes.append(Restored(name, Outcome.FAILED, str(error)))
                    continue
                if image.updated_at > there.updated_at:
                    newer.append((there, image, tags))
                    outcomes.append(Restored(name, Outcome.UPDATED))
                else:
                    outcomes.append(Restored(name, Outcome.UNCHANGED))
            _write_rows(new, newer, known)
        except BaseException:
            for each in new:
                for name in each.saved:
                    default_storage.delete(name)
            raise
        return outcomes

    def _checked(self, record: dict[str, Any]) -> tuple[Image, list[str]]:
        status = str(record.get("status", ""))
        if status.startswith("failed"):
            raise BadRecord(f"not in the backup, {status}")
        return from_record(record)

    def _written(self, record: dict[str, Any], image: Image, tags: list[str]) -> _New:
        new = _New(image, tags, _id(record))
        data = self._member(record)
        # An export may have texts written into its files: what is stored is what came.
        image.file_size, image.content_hash = len(data), hashlib.sha256(data).hexdigest()
        try:
            self._save(new, image.file.name or "", data)
            self._save(new, image.thumbnail.name or "", self._thumbnail(image, data))
        except BaseException:
            for name in new.saved:
                default_storage.delete(name)
            raise
        return new

    def _save(self, new: _New, name: str, data: bytes) -> None:
        # No row has this name, so what lies there is left from a restore that was broken off.
        default_storage.delete(name)
        new.saved.append(default_storage.save(name, ContentFile(data)))

    def _member(self, record: dict[str, Any]) -> bytes:
        """The picture's bytes, verified by their checksum."""
        try:
            info = self.archive.getinfo(record["file"])
            if info.file_size > pictures.MAX_BYTES:
                raise BadRecord("larger than any picture of a library")
            data = self.archive.read(info)
        except KeyError:
            raise BadRecord("the archive has no such member") from None
        except UNREADABLE_MEMBER as error:
            raise BadRecord(f"damaged in the archive: {error}") from None
        if hashlib.sha256(data).hexdigest() != record.get("sha256"):
            raise BadRecord("damaged in the archive: its checksum differs")
        return data

    def _thumbnail(self, image: Image, data: bytes) -> bytes:
        try:
            info = self.archive.getinfo(image.thumbnail.name or "")
            if info.file_size <= pictures.MAX_BYTES:
                return self.archive.read(info)
        except (KeyError, *UNREADABLE_MEMBER):
            pass  # an export has none; one that is damaged is made again too
        return pictures.read_picture(data).thumbnail

    def _give_back(self, record: dict[str, Any], there: Image) -> None:
        name = there.file.name or ""
        if default_storage.exists(name):
            return
        data = self._member(record)
        if hashlib.sha256(data).hexdigest() == there.content_hash:
            default_storage.save(name, ContentFile(data))


class _Known:
    """What the library has of some records' pictures already."""

    def __init__(self, records: list[dict[str, Any]], paths: set[str]) -> None:
        names = [str(record.get("path")) for record in records]
        hashes = [str(record.get("content_hash")) for record in records]
        ids = [pk for record in records if (pk := _id(record))]
        images = Image.objects.with_tags()
        self.by_path = {image.file.name: image for image in images.filter(file__in=names)}
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


@repeated
def _write_rows(
    new: list[_New], newer: list[tuple[Image, Image, list[str]]], known: _Known
) -> None:
    image_ids = [there.pk for there, _, _ in newer]
    tagged: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    with changing(image_ids) as before:
        for each in new:
            image = each.image
            if each.wanted_id not in known.ids:
                image.pk = each.wanted_id or None
                known.ids.add(each.wanted_id)
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
            # Asked again under the lock: an edit made at this moment is the newest of all.
            row = Image.objects.filter(pk=there.pk, updated_at__lt=image.updated_at)
            values = {
                name: getattr(image, name) for name in (*EDITABLE, "prompt_folded", "trashed_at")
            }
            if there.pk in before and row.update(**values, updated_at=image.updated_at):
                Image.tags.through.objects.filter(image_id=there.pk).delete()
                tagged[tuple(tags)].append(there.pk)
        for names, ids in tagged.items():
            tagging.attach(image_ids=ids, names=names)
