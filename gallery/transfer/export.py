"""Exports pictures as a stream of ZIP bytes, with manifests and checksums."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.files.storage import default_storage
from django.utils import timezone

from .. import audit
from ..files import file_names, metadata
from ..jobs.changes import CHUNK
from ..models import Image
from .library_archives import CHECKSUMS, FORMAT, HEAD, LIBRARY, MANIFEST, TABLE
from .name_templates import NameTemplate
from .picture_records import as_record
from .zipping import ZipWriter, end_size, member_size

COLUMNS = (
    "file", "status", "prompt", "model", "aspect_ratio", "width", "height", "file_size", "tags",
    "favorite", "nsfw", "source", "created_at", "content_type", "content_hash", "id",
    "file_name", "added_at", "prompt_source",
)  # fmt: skip
MAX_SLUG = 80  # bytes of UTF-8, so that the whole name stays far below every system's limit
CHUNK_BYTES = 256 * 1024
MAX_THUMBNAIL = 1024 * 1024  # bytes
OUTCOME_ROOM = 160  # bytes: how much longer an outcome makes a line of each manifest


class Embedding(StrEnum):
    """Treatment of the texts inside the exported files."""

    KEEP = "keep"  # every file byte for byte as the library has it
    EMBED = "embed"  # prompt and parameters are added
    STRIP = "strip"  # everything but the pixels is taken out


def export_images(
    *,
    image_ids: Sequence[int],
    embedding: Embedding = Embedding.KEEP,
    template: NameTemplate | None = None,
) -> "Archive":
    """Archive these pictures in this order; ids without a row are left out.

    All that the database knows is read now, so the archive shows one state of the library
    however long its download takes. See `Archive`.
    """
    now = timezone.localtime()
    archive = Archive(f"grok2api-{now:%Y%m%d-%H%M%S}.zip", now, embedding)
    used: set[str] = set()
    for start in range(0, len(image_ids), CHUNK):
        for image in Image.objects.in_order_of(list(image_ids[start : start + CHUNK])):
            archive.plan(exported_name(image, used, template), as_record(image))
    audit.record(audit.AuditEntry.Action.EXPORTED, count=archive.count, archive=archive.name)
    return archive


class Archive:
    """An iterable of the bytes of a ZIP file whose `size` is known before they are read.

    Memory stays the same for any number of pictures: one picture at a time is held, and the
    records wait in a temporary file. A picture that cannot be read is no member of the
    archive; the manifests name it as failed and `failed` counts it. One whose bytes are not
    those that were stored is exported and named as damaged. To be read once.

    Args:
        complete: it is a backup: thumbnails are in it too, and a picture that is deleted for
            good before its turn is not in it at all. (An export says that it failed.) What it
            says of its format keeps programs that know only older ones from reading it.
    """

    def __init__(
        self,
        name: str,
        moment: datetime,
        embedding: Embedding = Embedding.KEEP,
        *,
        complete: bool = False,
    ) -> None:
        self.name = name
        self.size = end_size()  # bytes
        self.count = 0
        self.embedding = embedding
        self.complete = complete
        self.failures: dict[int, str] = {}  # reasons by the place in the order
        self.damaged: set[int] = set()  # places of files that are not as they were stored
        self.gone: set[int] = set()  # places of pictures that were deleted meanwhile
        self._moment = moment
        self._digests: dict[int, bytes] = {}
        self._plan = SpooledTemporaryFile(max_size=1024 * 1024)  # noqa: SIM115
        self._zip = ZipWriter()
        self._parts: list[tuple[str, IO[bytes]]] = []
        for member, head in ((self._manifest_name, b""), (TABLE, _table_head()), (CHECKSUMS, b"")):
            self.size += member_size(member, len(head))
        if complete:
            self.size += member_size(HEAD, len(_head(moment)))

    @property
    def _manifest_name(self) -> str:
        return LIBRARY if self.complete else MANIFEST

    def add_part(self, member: str, records: Iterable[dict[str, Any]]) -> int:
        """Announce a member of `count` records of another kind; they are read now."""
        file: IO[bytes] = SpooledTemporaryFile(max_size=1024 * 1024)  # noqa: SIM115
        count = 0
        for record in records:
            file.write(_json(record))
            count += 1
        self.size += member_size(member, file.tell())
        self._parts.append((member, file))
        return count

    @property
    def failed(self) -> int:
        return len(self.failures)

    def plan(self, name: str, record: dict[str, Any]) -> None:
        """Announce a picture: its name in the archive and its record."""
        record = {"file": name, **record}
        try:
            room = self._stored_size(record) + self._growth(record)
        except OSError as error:
            self._pass_over(self.count, record, error)
        else:
            record["room"] = room
            self.size += member_size(name, room)
            if self.complete and (size := self._thumbnail_size(record["thumbnail_path"])):
                record["thumbnail_room"] = size
                self.size += member_size(record["thumbnail_path"], size)
        line = _json(record)
        self._plan.write(line)
        self.count += 1
        self.size += len(line) + len(_row(record, "")) + 2 * OUTCOME_ROOM
        self.size += len(f"{'':64}  {name}\n".encode())

    def __iter__(self) -> Iterator[bytes]:
        for index, record in enumerate(self._records()):
            if index not in self.failures and index not in self.gone:
                yield from self._picture(index, record)
        members: list[tuple[str, Callable[[], Iterable[bytes]]]] = [
            *((member, partial(_chunks_of, file)) for member, file in self._parts),
            (self._manifest_name, self._manifest),
            (TABLE, self._table),
            (CHECKSUMS, self._checksums),
        ]
        for member, read in members:
            yield from self._zip.long_member(member, read, self._moment)
        if self.complete:
            yield from self._zip.member(HEAD, _head(self._moment), self._moment)
        yield from self._zip.finish(self.size)

    def close(self) -> None:
        for each in (self._plan, *(file for _member, file in self._parts)):
            each.close()
        self._zip.close()

    def _picture(self, index: int, record: dict[str, Any]) -> Iterator[bytes]:
        # The file is read whole before its header is sent: what cannot be read is then simply
        # not there, and no half of a picture ever is.
        try:
            with default_storage.open(record["path"]) as file:
                data = file.read()
        except OSError as error:
            self._pass_over(index, record, error)
            return
        if hashlib.sha256(data).hexdigest() != record["content_hash"]:
            self.damaged.add(index)
        if self.embedding != Embedding.KEEP:
            data = self._rewritten(record, data)
        if len(data) > record["room"]:
            self.failures[index] = "the file has grown"
            return
        if self.embedding != Embedding.KEEP or index in self.damaged:
            self._digests[index] = hashlib.sha256(data).digest()
        moment = timezone.localtime(datetime.fromisoformat(record["created_at"]))
        yield from self._zip.member(record["file"], data, moment)
        if room := record.get("thumbnail_room"):
            yield from self._thumbnail(record["thumbnail_path"], room, moment)

    def _pass_over(self, index: int, record: dict[str, Any], error: OSError) -> None:
        if self.complete and not Image.objects.filter(pk=record["id"]).exists():
            self.gone.add(index)
        else:
            self.failures[index] = _reason(error)

    def _thumbnail(self, path: str, room: int, moment: datetime) -> Iterator[bytes]:
        # A missing thumbnail is no loss, since it can be made again. Nor is one that
        # appeared or grew after the archive's size was announced.
        try:
            with default_storage.open(path) as file:
                data = file.read(room + 1)
        except OSError:
            return
        if len(data) <= room:
            yield from self._zip.member(path, data, moment)

    def _stored_size(self, record: dict[str, Any]) -> int:
        """Return the bytes to reserve for a picture's file: its size now, or its size when it was
        stored.

        A file that turns out larger does not fit, and is reported as failed.

        Raises:
            OSError
        """
        if getattr(default_storage, "size_takes_a_request", False):
            return int(record["file_size"])
        return default_storage.size(record["path"])

    def _thumbnail_size(self, path: str) -> int:
        try:
            return min(default_storage.size(path), MAX_THUMBNAIL)
        except OSError:
            return 0

    def _rewritten(self, record: dict[str, Any], data: bytes) -> bytes:
        if self.embedding == Embedding.STRIP:
            return metadata.strip(data)
        description = describe(record)
        if description is None:
            return data
        written = metadata.embed(data, description)
        return written if len(written) <= record["room"] else data

    def _growth(self, record: dict[str, Any]) -> int:
        """Return by how many bytes a file may grow when texts are written into it."""
        if self.embedding == Embedding.KEEP:
            return 0
        description = describe(record) if self.embedding == Embedding.EMBED else None
        if description is None:
            return 256  # what keeps a picture the right way up
        text = description.as_parameters()
        return 1024 + 2 * len(text.encode("utf-16-le")) + len(description.as_xmp())

    def _records(self) -> Iterator[dict[str, Any]]:
        self._plan.seek(0)
        for line in self._plan:
            place = self._plan.tell()
            yield json.loads(line)
            self._plan.seek(place)

    def _outcomes(self) -> Iterator[tuple[dict[str, Any], str, str]]:
        """Yield each record, its status, and the SHA-256 of its member."""
        for index, record in enumerate(self._records()):
            if index in self.gone:
                continue
            record.pop("room", None)
            record.pop("thumbnail_room", None)
            if index in self.failures:
                yield record, f"failed: {self.failures[index]}", ""
                continue
            status = "damaged: not the file that was stored" if index in self.damaged else "ok"
            digest = self._digests.get(index)
            yield record, status, digest.hex() if digest else record["content_hash"]

    def _manifest(self) -> Iterator[bytes]:
        for record, status, digest in self._outcomes():
            yield _json({**record, "status": status, "sha256": digest})

    def _table(self) -> Iterator[bytes]:
        yield _table_head()
        for record, status, _ in self._outcomes():
            yield _row(record, status)

    def _checksums(self) -> Iterator[bytes]:
        """Yield lines for `sha256sum --check`."""
        for record, _, digest in self._outcomes():
            if digest:
                yield f"{digest}  {record['file']}\n".encode()


def describe(record: dict[str, Any]) -> metadata.Description | None:
    """Return what to write into the picture's file; None if the library knows nothing about it."""
    if not record["prompt"] and not record["model"]:
        return None
    source_type = None
    if record["model"].startswith("sample"):
        source_type = metadata.SourceType.ALGORITHMIC
    elif record["source"] == Image.Source.GENERATED or record["model"]:
        source_type = metadata.SourceType.TRAINED
    return metadata.Description(
        prompt=record["prompt"],
        model=record["model"],
        width=record["width"],
        height=record["height"],
        aspect_ratio=record["aspect_ratio"],
        created_at=datetime.fromisoformat(record["created_at"]),
        source_type=source_type,
    )


def exported_name(image: Image, used: set[str], template: NameTemplate | None) -> str:
    """Return the picture's name in an archive: by the template, or else a readable one.

    It is valid on Windows, macOS and Linux, unlike every name in `used`, and added to that.
    """
    moment = timezone.localtime(image.created_at)
    if template is not None:
        return template.name(image, moment, used)
    return readable_name(image, moment, used)


def readable_name(image: Image, day: date, used: set[str]) -> str:
    """Return the name of the picture's own file; without one, day, prompt and the start of its name
    in the library: `20260207-日落海景-1a2b3c.jpg`.

    It is valid on Windows, macOS and Linux, unlike every name in `used`, and added to that.
    """
    stem, _, suffix = image.filename.rpartition(".")
    marks = [stem[:6], stem]
    if image.file_name:
        return file_names.numbered(image.download_name, marks, used)
    words = file_names.safe_part(image.prompt[: 2 * MAX_SLUG], MAX_SLUG)
    for mark in marks:
        name = "-".join(filter(None, [f"{day:%Y%m%d}", words, mark])) + f".{suffix}"
        if name.casefold() not in used:
            break
    used.add(name.casefold())
    return name


def _head(moment: datetime) -> bytes:
    return _json({"format": FORMAT, "made_at": moment.isoformat()})


def _chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(partial(file.read, CHUNK_BYTES), b"")


def _json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _table_head() -> bytes:
    # The byte order mark tells spreadsheets that this is UTF-8.
    return b"\xef\xbb\xbf" + _line(COLUMNS)


def _row(record: dict[str, Any], status: str) -> bytes:
    values = {**record, "status": status, "tags": ", ".join(record["tags"])}
    return _line([_cell(values[name]) for name in COLUMNS])


def _line(cells: Iterable[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    # A text that begins like this is a formula to a spreadsheet; `manifest.jsonl` has it plain.
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


def _reason(error: OSError) -> str:
    """Cut a reason to 80 bytes, the room that the archive reserves for it."""
    return (error.strerror or type(error).__name__).encode()[:80].decode(errors="ignore")
