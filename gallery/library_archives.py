"""What tells an archive that a library has written from any other, and what its parts are called.

An export and a backup of the first format have the records of their pictures in `manifest.jsonl`.
A backup of the second has them in `library.jsonl`, where programs that know only the first do not
look, and says in `backup.json` which format it is. Pure.
"""

import json
import zipfile

from . import zip_members

MANIFEST, TABLE, CHECKSUMS = "manifest.jsonl", "manifest.csv", "SHA256SUMS"
LIBRARY, HEAD = "library.jsonl", "backup.json"
FORMAT = 2
"""Of the backups that are written, and the newest that is read."""

MAX_HEAD = 64 * 1024  # bytes
RECORD = {"file", "path", "content_hash"}
"""Fields that a record has, whatever else a file of this name may hold elsewhere."""

OWN = {MANIFEST, TABLE, CHECKSUMS, LIBRARY, HEAD}


class NewerFormat(zip_members.UnreadableArchive):
    """A later version of the program has written the archive."""

    def __init__(self, format_: object) -> None:
        super().__init__(
            f"it has format {format_}, and this version reads formats up to {FORMAT}: "
            "take a newer one"
        )


def manifests(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that may hold the records; of an archive of a library it is one.

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
    """Whether the archive is an export or a backup, be it of a newer format or damaged."""
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
