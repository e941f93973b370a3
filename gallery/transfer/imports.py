"""Imports files from elsewhere: in parallel, resumable, with an outcome for each file."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError

from grok2api.runtime.pools import Pool

from ..files import decoding
from ..files.pictures import UnreadablePicture, read_head
from ..jobs import ingest, tagging
from ..models import Image
from .found_files import FoundFile, find_files, find_in_archive

MAX_WORKERS = 8

OTHER = "other"
"""The type of an ignored file of no known format."""

ARCHIVE_PIXELS = 20
"""The pixels of an uploaded archive, in pictures of the greatest size."""


class ImportOutcome(StrEnum):
    ADDED = "added"
    KNOWN = "known"  # the library has the very same bytes
    FAILED = "failed"
    IGNORED = "ignored"  # no picture, and not called one


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of one file."""

    name: str
    outcome: ImportOutcome
    image_id: int | None = None
    reason: str = ""
    kind: str = ""  # of a file that was ignored: its format, where that is known


@dataclass(frozen=True, slots=True)
class Item:
    """A file to import, with what else is known of it: arguments of `ingest.take_in`."""

    name: str
    data: bytes
    facts: dict[str, Any] = field(default_factory=dict)


def import_paths(
    *, paths: Iterable[Path], tags: Iterable[str] = (), workers: int | None = None
) -> Iterator[Imported]:
    """Import every picture in these files, folders and ZIP archives.

    Prompts and parameters come from the files themselves or from texts beside them. A picture that
    names no date gets its file's time. An import that runs again after an interruption skips bytes
    that the library has, so nothing is doubled. Outcomes come in the order of the files.

    Raises:
        ValidationError: a tag's name is not valid.
        OSError: the storage is full or cannot be written; what came before is in.
    """
    names = tagging.clean_names(tags)
    found = (file for path in paths for file in find_files(path))
    return run(take_in, (_item(file, names) for file in found), workers)


def import_archive(
    *,
    name: str,
    file: IO[bytes],
    tags: Iterable[str] = (),
    without: Collection[str] = (),
    workers: int | None = 1,
) -> Iterator[Imported]:
    """Import every picture in an uploaded ZIP archive. See `import_paths`.

    Args:
        without: names of members to skip.
    """
    names = tagging.clean_names(tags)
    found = find_in_archive(name, file, without=without)
    return run(take_in, _up_to_a_limit(_item(each, names) for each in found), workers)


def _up_to_a_limit(items: Iterable[Item | Imported]) -> Iterator[Item | Imported]:
    """Yield the files of an upload until their pictures have the most pixels that one may have.

    A small archive may hold thousands of pictures that take a second each.
    """
    limit = PixelLimit()
    for item in items:
        if isinstance(item, Item) and (reason := limit.reached_by(item.data)):
            yield Imported(item.name, ImportOutcome.FAILED, reason=reason)
        else:
            yield item


class PixelLimit:
    """The most pixels that the pictures of one uploaded archive may have together."""

    def __init__(self) -> None:
        self.left = self.most = ARCHIVE_PIXELS * decoding.max_pixels()

    def reached_by(self, data: bytes) -> str:
        """Return why this picture is refused; empty if it is not."""
        try:
            _, width, height = read_head(data)
        except UnreadablePicture:
            return ""  # it costs no more than this
        self.left -= width * height
        if self.left >= 0:
            return ""
        return f"the archive has more than {self.most // 1_000_000} million pixels in all"


def take_in(item: Item) -> Imported:
    """Import one file."""
    try:
        taken = ingest.take_in(data=item.data, **{"source": Image.Source.IMPORTED, **item.facts})
    except UnreadablePicture as error:
        return Imported(item.name, ImportOutcome.FAILED, reason=str(error))
    except ValidationError as error:
        return Imported(item.name, ImportOutcome.FAILED, reason="; ".join(error.messages))
    outcome = ImportOutcome.ADDED if taken.is_new else ImportOutcome.KNOWN
    return Imported(item.name, outcome, taken.image.pk)


def run(
    job: Callable[[Item], Imported],
    items: Iterable[Item | Imported],
    workers: int | None = None,
) -> Iterator[Imported]:
    """Run a job on items and yield outcomes in order; an outcome among the items is passed through.

    Decoding uses all cores, since Pillow releases the interpreter. Only a few items are in memory
    at a time. With one worker, everything runs on the caller's thread and connection.
    """
    count = min(os.cpu_count() or 1, MAX_WORKERS) if workers is None else workers
    if count == 1:
        for item in items:
            yield item if isinstance(item, Imported) else job(item)
        return
    waiting: deque[Future[Imported] | Imported] = deque()
    with Pool("import", count) as pool:
        try:
            for item in items:
                waiting.append(item if isinstance(item, Imported) else pool.submit(job, item))
                if len(waiting) > 2 * count:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                if isinstance(future, Future):
                    future.cancel()


def _result(each: "Future[Imported] | Imported") -> Imported:
    return each if isinstance(each, Imported) else each.result()


def _item(file: FoundFile, tags: list[str]) -> Item | Imported:
    if file.ignored:
        return Imported(file.name, ImportOutcome.IGNORED, kind=file.kind)
    if file.failure:
        return Imported(file.name, ImportOutcome.FAILED, reason=file.failure)
    facts = {"tags": tags, "modified_at": file.modified, "sidecar": file.sidecar}
    return Item(file.name, file.data, {**facts, "file_name": file.name})
