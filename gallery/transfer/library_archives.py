"""Recognises archives that a library has written, and names their parts.

An export and a backup of the first format have the records of their pictures in `manifest.jsonl`. A
backup of the second has them in `library.jsonl`, where programs that know only the first format do
not look, and names its format in `backup.json`.
"""

import json
import zipfile

from . import zip_members

MANIFEST, TABLE, CHECKSUMS = "manifest.jsonl", "manifest.csv", "SHA256SUMS"
LIBRARY, HEAD = "library.jsonl", "backup.json"
FORMAT = 2
"""The format of the backups that are written, and the newest that can be read."""

MAX_HEAD = 64 * 1024  # bytes
RECORD = {"file", "path", "content_hash"}
"""Fields that every record has, which tells it from other files of this name."""

OWN = {MANIFEST, TABLE, CHECKSUMS, LIBRARY, HEAD}


class NewerFormat(zip_members.UnreadableArchive):
    """A later version of the program wrote the archive."""

    def __init__(self, format_: object) -> None:
        super().__init__(
            f"it has format {format_}, and this version reads formats up to {FORMAT}: "
            "take a newer one"
        )


def manifests(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that may hold the records; an archive of a library has exactly one.

    Raises:
        NewerFormat
        zip_members.UnreadableMember
    """
    heads = [info for info in archive.infolist() if info.filename == HEAD]
    if heads:
        said = _json(zip_members.read_member(archive, heads[0], limit=MAX_HEAD))
        if said.get("format") not in range(1, FORMAT + 1):
            raise NewerFormat(said.get("format"))
    name = LIBRARY if heads else MANIFEST
    return [info for info in archive.infolist() if info.filename == name]


def is_of_a_library(archive: zipfile.ZipFile) -> bool:
    """Return whether the archive is an export or a backup, even of a newer format or damaged."""
    names = {info.filename for info in archive.infolist()}
    if {HEAD, LIBRARY} <= names:
        return True
    if MANIFEST not in names:
        return False
    if {TABLE, CHECKSUMS} <= names:
        return True
    try:
        with zip_members.member(archive, archive.getinfo(MANIFEST)) as file:
            first = file.readline(MAX_HEAD * 16)
    except zip_members.UnreadableMember:
        return False
    return _json(first).keys() >= RECORD


def _json(data: bytes) -> dict[str, object]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
