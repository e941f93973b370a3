"""Reads an archive of a library without trusting anything in it."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile, ZipInfo

from ..files import pictures
from . import zip_members
from .backup_parts import BadRecord, parts
from .library_archives import MANIFEST, OWN, manifests
from .picture_records import id_of, stem_of
from .zip_members import UnreadableArchive, UnreadableMember

MAX_LINE = 2 * pictures.MAX_BYTES
"""The most bytes of a record: the texts of the largest file that a library takes, and room."""

MAX_VALUES = 200_000
"""The most numbers, texts, lists and objects of a record: parsing takes dozens of times its
size."""

STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A string of JSON. An unterminated one extends to the end, so that no text is scanned twice."""

LONGEST_NAME = 4096
"""The most characters of a member's name or a path; no system takes longer ones."""

MOST_LACKING = 10_000
"""The most records without a picture in an uploaded archive."""

MAX_PACKED, PACKED_WELL = 200, 1024 * 1024
"""The largest ratio of manifest to archive, and bytes allowed beyond it: records do not pack so
well, and bombs do."""


class UnreadableBackup(ValueError):
    """The file is not an archive of a library, or is truncated."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the manifest: a record, or the reason why there is none."""

    number: int
    record: dict[str, Any] | None
    flaw: str = ""
    size: int = 0  # bytes

    def text(self, name: str) -> str:
        """Return a name or path from the record; empty if it has no plausible one."""
        value = (self.record or {}).get(name)
        return value if isinstance(value, str) and len(value) <= LONGEST_NAME else ""

    @property
    def name(self) -> str:
        """The name of the record's member, for the report."""
        name = self.record.get("file") if self.record else None
        return name[:LONGEST_NAME] if isinstance(name, str) else f"{MANIFEST}, line {self.number}"


@dataclass(slots=True)
class Survey:
    """The facts about all records that are needed before the first one is restored."""

    first: dict[str, int] = field(default_factory=dict)  # line by name without suffix
    paths: set[str] = field(default_factory=set)
    members: set[str] = field(  # what it says that they are
        default_factory=lambda: {*OWN, *(part.member for part in parts.values())}
    )
    highest_id: int = 0


class BackupFile:
    """An open archive; `open_backup` makes one."""

    def __init__(self, archive: ZipFile, manifest: ZipInfo) -> None:
        self._archive = archive
        self._manifest = manifest

    def has(self, member: str) -> bool:
        """Return whether there is a member of this name."""
        return member in self._archive.namelist()

    def lines(self, member: str = "") -> Iterator[Line]:
        """Yield the lines of the manifest, or of another member, in order.

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
        """Read every record once.

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
        """Return a picture's bytes, verified by their checksum.

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
        """Return a valid thumbnail; None if it is missing or damaged, since it can be made
        again."""
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
    """Count the values in a line of JSON, ignoring brackets inside its strings."""
    rest = STRING.sub(b"", text)
    return sum(map(rest.count, (b",", b"[", b"{")))


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _pass_over_line(file: IO[bytes]) -> None:
    while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass
