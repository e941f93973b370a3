"""An archive of a library as whoever restores it reads it: nothing in it is believed unseen."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile, ZipInfo

from . import pictures, zip_members
from .backup_parts import BadRecord, parts
from .library_archives import MANIFEST, OWN, manifests
from .records import id_of, stem_of
from .zip_members import UnreadableArchive, UnreadableMember

MAX_LINE = 2 * pictures.MAX_BYTES
"""Bytes of a record: the texts of the largest file that a library takes, and room."""

MAX_VALUES = 200_000
"""Numbers, texts, lists and objects of a record: one takes dozens of times its length to read."""

STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A text of JSON. One that nobody ends goes on to the end, so that none is looked at twice."""

LONGEST_NAME = 4096
"""Characters of a member's name or a path; systems take none that is longer."""

MOST_LACKING = 10_000
"""Records without a picture in an archive that somebody has sent."""

MAX_PACKED, PACKED_WELL = 200, 1024 * 1024
"""Bytes of the manifest for one of the archive, and how many more may be: records do not pack so
well, and bombs do."""


class UnreadableBackup(ValueError):
    """The file is no archive of a library, or is cut short."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the manifest: a record, or why there is none."""

    number: int
    record: dict[str, Any] | None
    flaw: str = ""
    size: int = 0  # bytes

    def text(self, name: str) -> str:
        """A name or path of the record; empty where it has none that could be one."""
        value = (self.record or {}).get(name)
        return value if isinstance(value, str) and len(value) <= LONGEST_NAME else ""

    @property
    def name(self) -> str:
        """The record's member, as the report names it."""
        name = self.record.get("file") if self.record else None
        return name[:LONGEST_NAME] if isinstance(name, str) else f"{MANIFEST}, line {self.number}"


@dataclass(slots=True)
class Survey:
    """What must be known of all records before the first is restored."""

    first: dict[str, int] = field(default_factory=dict)  # line by name without suffix
    paths: set[str] = field(default_factory=set)
    members: set[str] = field(  # what it says that they are
        default_factory=lambda: {*OWN, *(part.member for part in parts.values())}
    )
    highest_id: int = 0


class BackupFile:
    """An open archive. To be had from `open_backup`."""

    def __init__(self, archive: ZipFile, manifest: ZipInfo) -> None:
        self._archive = archive
        self._manifest = manifest

    def has(self, member: str) -> bool:
        """Whether there is a member of this name."""
        return member in self._archive.namelist()

    def lines(self, member: str = "") -> Iterator[Line]:
        """The manifest's, or those of another member, in their order.

        Raises:
            UnreadableMember: the manifest is damaged; what came before is sound.
        """
        info = self._archive.getinfo(member) if member else self._manifest
        with zip_members.member(self._archive, info) as file:
            number = 0
            while text := file.readline(MAX_LINE):
                number += 1
                if text.endswith(b"\n") or len(text) < MAX_LINE:
                    yield replace(_read(number, text), size=len(text))
                    continue
                _pass_over_line(file)
                yield Line(number, None, "longer than any record of a library")

    def survey(self, *, most_lacking: int | None = None) -> Survey:
        """Look at every record once.

        Args:
            most_lacking: records that may have no picture of their own in the archive.

        Raises:
            UnreadableArchive: more of them have none.
            UnreadableMember: as `lines`.
        """
        survey = Survey()
        lacking = 0
        for line in self.lines():
            file, thumbnail, path = (line.text(name) for name in ("file", "thumbnail_path", "path"))
            if file in survey.members or file not in self._archive.NameToInfo:
                lacking += 1
                if most_lacking is not None and lacking > most_lacking:
                    raise UnreadableArchive(f"{lacking} of its records have no picture in it")
            survey.members |= {file, thumbnail} & self._archive.NameToInfo.keys()
            if path:
                survey.paths.add(path)
                survey.first.setdefault(stem_of(path), line.number)
            survey.highest_id = max(survey.highest_id, id_of(line.record or {}) or 0)
        return survey

    def picture(self, record: dict[str, Any]) -> bytes:
        """A picture's bytes, verified by their checksum.

        Raises:
            BadRecord
        """
        try:
            data = self._bytes(record.get("file"))
        except KeyError:
            raise BadRecord("the archive has no such member") from None
        except UnreadableMember as error:
            raise BadRecord(f"damaged in the archive: {error}") from None
        if hashlib.sha256(data).hexdigest() != record.get("sha256"):
            raise BadRecord("damaged in the archive: its checksum differs")
        return data

    def thumbnail(self, name: object) -> bytes | None:
        """A thumbnail that is one; None where it is missing or damaged, for it can be made."""
        try:
            data = self._bytes(name)
        except (KeyError, UnreadableMember):
            return None
        return data if pictures.is_thumbnail(data) else None

    def _bytes(self, name: object) -> bytes:
        if not isinstance(name, str):
            raise KeyError(name)
        info = self._archive.getinfo(name)
        return zip_members.read_member(self._archive, info, limit=pictures.MAX_BYTES)


@contextmanager
def open_backup(path: Path | IO[bytes], name: str = "") -> Iterator[BackupFile]:
    """Open an archive of a library.

    Raises:
        UnreadableBackup
    """
    try:
        with zip_members.opened(path) as archive:
            found = manifests(archive)
            if len(found) != 1:
                raise UnreadableArchive(f"it has {len(found)} members called {MANIFEST}")
            (manifest,) = found
            if manifest.file_size > PACKED_WELL + MAX_PACKED * manifest.compress_size:
                raise UnreadableArchive(f"{MANIFEST} is packed as no record can be")
            yield BackupFile(archive, manifest)
    except (UnreadableArchive, UnreadableMember) as error:
        raise UnreadableBackup(f"{name or path} is no backup, or is damaged: {error}") from error


def _read(number: int, text: bytes) -> Line:
    if len(text) > MAX_VALUES and _count_values(text) > MAX_VALUES:
        return Line(number, None, "more values than any record has")
    try:
        record = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        return Line(number, None, "nested too deeply")
    except ValueError as error:
        return Line(number, None, f"no JSON: {error}")
    if not isinstance(record, dict):
        return Line(number, None, "no record")
    return Line(number, record)


def _count_values(text: bytes) -> int:
    """Those of a line of JSON, whatever its texts hold."""
    rest = STRING.sub(b"", text)
    return sum(map(rest.count, (b",", b"[", b"{")))


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _pass_over_line(file: IO[bytes]) -> None:
    while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass
