"""Pictures of the library as a stream of ZIP bytes, with manifests and checksums."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from . import audit, metadata
from .changes import CHUNK
from .models import Image
from .records import as_record
from .zipping import ZipWriter, end_size, member_size

MANIFEST, TABLE, CHECKSUMS = "manifest.jsonl", "manifest.csv", "SHA256SUMS"
COLUMNS = (
    "file", "status", "prompt", "model", "aspect_ratio", "width", "height", "file_size", "tags",
    "favorite", "nsfw", "source", "created_at", "content_type", "content_hash", "id",
)  # fmt: skip
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\s]+')
"""What Windows, macOS or Linux do not take in a name, and blanks."""
MAX_SLUG = 80  # bytes of UTF-8, so that the whole name stays far below every system's limit
MAX_THUMBNAIL = 1024 * 1024  # bytes
OUTCOME_ROOM = 160  # bytes: how much longer an outcome makes a line of each manifest


class Embedding(StrEnum):
    """What becomes of the texts inside the exported files."""

    KEEP = "keep"  # every file byte for byte as the library has it
    EMBED = "embed"  # prompt and parameters are added
    STRIP = "strip"  # everything but the pixels is taken out


def export_images(*, image_ids: Sequence[int], embedding: Embedding = Embedding.KEEP) -> "Archive":
    """A ZIP of these pictures, in this order; ids without a row are left out.

    All that the database knows is read now, so the archive shows one state of the library
    however long its download takes. See `Archive`.
    """
    now = timezone.localtime()
    archive = Archive(f"grok2api-{now:%Y%m%d-%H%M%S}.zip", now, embedding)
    used: set[str] = set()
    for start in range(0, len(image_ids), CHUNK):
        for image in Image.objects.in_order_of(list(image_ids[start : start + CHUNK])):
            day = image.created_at.astimezone(now.tzinfo)
            archive.plan(readable_name(image, day, used), as_record(image))
    audit.record(audit.AuditEntry.Action.EXPORTED, count=archive.count, archive=archive.name)
    return archive


class Archive:
    """An iterable of the bytes of a ZIP file whose `size` is known before they are read.

    Memory stays the same for any number of pictures: one picture at a time is held, and the
    records wait in a temporary file. A picture that cannot be read is no member of the
    archive; the manifests name it as failed and `failed` counts it. One whose bytes are not
    those that were stored is exported and named as damaged. To be read once.
    """

    def __init__(
        self,
        name: str,
        moment: datetime,
        embedding: Embedding = Embedding.KEEP,
        *,
        thumbnails: bool = False,
    ) -> None:
        self.name = name
        self.size = end_size()  # bytes
        self.count = 0
        self.embedding = embedding
        self.thumbnails = thumbnails
        self.failures: dict[int, str] = {}  # reasons by the place in the order
        self.damaged: set[int] = set()  # places of files that are not as they were stored
        self._moment = moment
        self._digests: dict[int, bytes] = {}
        self._plan = SpooledTemporaryFile(max_size=1024 * 1024)  # noqa: SIM115
        self._zip = ZipWriter()
        for member, head in ((MANIFEST, b""), (TABLE, _table_head()), (CHECKSUMS, b"")):
            self.size += member_size(member, len(head))

    @property
    def failed(self) -> int:
        return len(self.failures)

    def plan(self, name: str, record: dict[str, Any]) -> None:
        """Announce a picture: its name in the archive and its record."""
        record = {"file": name, **record}
        try:
            room = self._stored_size(record) + self._growth(record)
        except OSError as error:
            self.failures[self.count] = _reason(error)
        else:
            record["room"] = room
            self.size += member_size(name, room)
            if self.thumbnails:
                self.size += self._thumbnail_size(record["thumbnail_path"])
        line = _json(record)
        self._plan.write(line)
        self.count += 1
        self.size += len(line) + len(_row(record, "")) + 2 * OUTCOME_ROOM
        self.size += len(f"{'':64}  {name}\n".encode())

    def __iter__(self) -> Iterator[bytes]:
        for index, record in enumerate(self._records()):
            if index not in self.failures:
                yield from self._picture(index, record)
        for member, read in (
            (MANIFEST, self._manifest), (TABLE, self._table), (CHECKSUMS, self._checksums)
        ):  # fmt: skip
            yield from self._zip.long_member(member, read, self._moment)
        yield from self._zip.finish(self.size)

    def close(self) -> None:
        self._plan.close()
        self._zip.close()

    def _picture(self, index: int, record: dict[str, Any]) -> Iterator[bytes]:
        # The file is read whole before its header is sent: what cannot be read is then simply
        # not there, and no half of a picture ever is.
        try:
            with default_storage.open(record["path"]) as file:
                data = file.read()
        except OSError as error:
            self.failures[index] = _reason(error)
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
        if self.thumbnails:
            yield from self._thumbnail(record["thumbnail_path"], moment)

    def _thumbnail(self, path: str, moment: datetime) -> Iterator[bytes]:
        # One that is missing is no loss: it can be made again from its picture.
        try:
            with default_storage.open(path) as file:
                data = file.read(MAX_THUMBNAIL)
        except OSError:
            return
        yield from self._zip.member(path, data, moment)

    def _stored_size(self, record: dict[str, Any]) -> int:
        """Bytes to keep free for a picture's file: those it has, or those it was stored with.

        A file that turns out larger has no place in the archive and is named as failed.

        Raises:
            OSError
        """
        if getattr(default_storage, "size_takes_a_request", False):
            return int(record["file_size"])
        return default_storage.size(record["path"])

    def _thumbnail_size(self, path: str) -> int:
        try:
            return member_size(path, min(default_storage.size(path), MAX_THUMBNAIL))
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
        """Bytes by which a file may grow when texts are written into it."""
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
        """Each record, its status, and the SHA-256 of its member."""
        for index, record in enumerate(self._records()):
            record.pop("room", None)
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
        """As `sha256sum --check` reads them."""
        for record, _, digest in self._outcomes():
            if digest:
                yield f"{digest}  {record['file']}\n".encode()


def describe(record: dict[str, Any]) -> metadata.Description | None:
    """What is to be written into the picture's file; None where the library knows nothing."""
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


def readable_name(image: Image, day: date, used: set[str]) -> str:
    """`20260207-日落海景-1a2b3c.jpg`: day, prompt, and the start of the file's own name.

    Safe on Windows, macOS and Linux; unlike every name in `used`, which it joins.
    """
    stem, _, suffix = image.filename.rpartition(".")
    prompt = FORBIDDEN.sub("-", unicodedata.normalize("NFC", image.prompt[: 2 * MAX_SLUG]))
    shown = "".join(each for each in prompt if unicodedata.category(each)[0] != "C")
    words = shown.encode()[:MAX_SLUG].decode("utf-8", "ignore")
    parts = [f"{day:%Y%m%d}", words.strip("-. ")]
    for length in (6, len(stem)):
        name = "-".join(filter(None, [*parts, stem[:length]])) + f".{suffix}"
        if name.casefold() not in used:
            break
    used.add(name.casefold())
    return name


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
    return (error.strerror or type(error).__name__)[:80]
