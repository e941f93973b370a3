"""Keeps pictures on the disk until they are stored, so that a killed process loses none.

Nothing is synced: the system keeps what a process has written, even if the process is killed. Each
process has its own folder in DATA_DIR, and holds its lock as long as it lives; the pictures in a
folder whose lock is free belong to whoever takes them. A living process moves what it could not
store to a folder that belongs to nobody. A file holds a picture until that is safe, and is then
overwritten by the next one: new files and new pages cost the system twenty times as much. One call
writes it, since a caller of the system may wait for the interpreter afterwards.
"""

import atexit
import errno
import json
import logging
import os
import struct
import threading
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from .providers.base import GeneratedImage, Usage

try:
    import fcntl
except ImportError:  # Windows, where nobody could tell a process that lives from one that is gone
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"

LEFT = "left"
"""The folder of what living processes could not store."""

_USAGE = [each.name for each in fields(Usage)]

logger = logging.getLogger(__name__)

MOST_EMPTY = 16
"""Empty files that a process keeps."""
LARGEST = 2**40
"""Bytes that no picture has."""
LARGEST_EMPTY = 4 * 1024**2
"""The most bytes of an empty file."""

HEAD = struct.Struct(">16sQQ")
"""A mark that no other picture has, and the lengths of the facts and of the data that follow. The
mark is repeated at the end, where a file that was only half overwritten lacks it."""
EMPTY = bytes(HEAD.size)
"""The head of an empty file."""


@dataclass(slots=True)
class _Own:
    """A process's folder, its lock, and its empty files."""

    folder: Path
    lock: IO[bytes]
    empty: list[IO[bytes]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def file(self) -> IO[bytes]:
        with suppress(IndexError):  # threads take them at once
            return self.empty.pop()
        return (self.folder / str(next(self.numbers))).open("xb", buffering=0)

    def mark(self) -> bytes:
        """Return bytes that occur nowhere else in the folder."""
        return bytes.fromhex(self.folder.name)[:8] + next(self.numbers).to_bytes(8)


_making = threading.Lock()
_held: dict[int, _Own] = {}
"""This process's folder by its number: a fork has its own."""


@dataclass(frozen=True, slots=True)
class Received:
    """A picture that a process has left behind, and what its upstream said of the cost."""

    generation_id: int
    image: GeneratedImage
    usage: Usage
    path: Path
    was_given_up: bool = False  # by a process that may live, and work on the generation

    def let_go(self) -> None:
        """Delete the file: the picture is safe elsewhere."""
        self.path.unlink(missing_ok=True)


class Kept:
    """A picture that is on the disk until it is safe, if the disk allows it."""

    def __init__(self, generation_id: int, image: GeneratedImage, usage: Usage) -> None:
        self.name = f"{generation_id}-{image.index}"
        self._content = (json.dumps(_facts(generation_id, image, usage)).encode(), image.data)
        file = _try_to_write(*self._content)
        self._files = [] if file is None else [file]  # a list, so that one thread alone takes it
        self._is_safe = False

    def let_go(self) -> None:
        """Free the file, on any thread: the picture has its row in the library or in quarantine."""
        self._is_safe = True
        with suppress(IndexError):
            _take_back(self._files.pop(), sum(map(len, self._content)))

    def end(self) -> None:
        """Leave the picture to whoever comes next, unless it was let go."""
        if self._is_safe:
            return
        file: IO[bytes] | None = None
        with suppress(IndexError):  # it is being let go, or was never written
            file = self._files.pop()
        if file is None and not self._is_safe:
            file = _try_to_write(*self._content)
        if file is not None:
            _give_up(file, self.name)
        elif not self._is_safe:
            logger.error("A picture of generation %s is in memory alone", self.name)


@contextmanager
def kept(generation_id: int, image: GeneratedImage, usage: Usage) -> Iterator[Kept]:
    """Keep the picture on the disk until it is let go, if the disk allows it."""
    picture = Kept(generation_id, image, usage)
    try:
        yield picture
    finally:
        picture.end()


def _try_to_write(facts: bytes, data: bytes) -> IO[bytes] | None:
    """Write the picture; return None if the disk refuses it."""
    file: IO[bytes] | None = None
    if os.name == "nt":  # nobody could take it up
        return None
    try:
        own = _own()
        file, mark = own.file(), own.mark()
        _write(file, HEAD.pack(mark, len(facts), len(data)), facts, data, mark)
    except OSError as error:
        logger.warning("A picture that has come is not on the disk: %s", error)
        if file is not None:
            _remove(file)  # less than the whole
        return None
    return file


def _write(file: IO[bytes], *parts: bytes) -> None:
    content = b"".join(parts)
    if os.pwrite(file.fileno(), content, 0) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _take_back(file: IO[bytes], size: int) -> None:
    """Empty the file; delete it if it is large, or if there are enough."""
    own = _held.get(os.getpid())
    with suppress(OSError):
        if own is not None and len(own.empty) < MOST_EMPTY and size <= LARGEST_EMPTY:
            _write(file, EMPTY)
            own.empty.append(file)
            return
    _remove(file)


def _remove(file: IO[bytes]) -> None:
    with suppress(OSError):
        Path(file.name).unlink(missing_ok=True)
    with suppress(OSError):  # what it could not write
        file.close()


def _give_up(file: IO[bytes], name: str) -> None:
    path = Path(file.name)
    left = path.parent.with_name(LEFT)
    file.close()
    try:
        left.mkdir(mode=0o700, exist_ok=True)
        path.replace(left / name)
    except OSError:  # it stays, and is taken up after this process
        logger.exception("%s stays where it is", path)


def _facts(generation_id: int, image: GeneratedImage, usage: Usage) -> dict[str, Any]:
    cost = None if usage.cost_usd is None else str(usage.cost_usd)
    return {
        "generation": generation_id,
        "image": {
            "index": image.index,
            "model": image.model,
            "revised_prompt": image.revised_prompt,
        },
        "usage": {**{name: getattr(usage, name) for name in _USAGE}, "cost_usd": cost},
    }


def left_behind() -> Generator[Received, None, None]:
    """Yield what dead processes have left, or living ones could not store, one at a time.

    What is not let go meanwhile is there the next time.
    """
    root = settings.DATA_DIR / "received"
    if fcntl is None or not root.is_dir():
        return
    mine = {own.folder for own in _held.values()}
    for folder in sorted(root.iterdir()):
        lock = None if folder in mine else _lock(folder)
        if lock is None:
            continue
        with lock:
            yield from _files(folder)
            _remove_empty(folder)


def _files(folder: Path) -> Iterator[Received]:
    for path in sorted(folder.iterdir()):
        if path.name == LOCK:
            continue
        try:
            received = _read(path)
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError):
            logger.exception("%s cannot be read, and stays", path)
            continue
        if received is None:
            path.unlink(missing_ok=True)
        else:
            yield received


def _remove_empty(folder: Path) -> None:
    if folder.name == LEFT:  # others may be moving something here
        return
    with suppress(OSError):
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


def _own() -> _Own:
    number = os.getpid()
    with _making:
        while number not in _held:
            folder = settings.DATA_DIR / "received" / uuid.uuid4().hex
            folder.mkdir(mode=0o700, parents=True)
            if lock := _lock(folder):  # else somebody took it for one that was left
                _held[number] = _Own(folder, lock)
        return _held[number]


@atexit.register
def close() -> None:
    """Delete this process's folder; a picture in it stays."""
    while _held:
        _, own = _held.popitem()
        for file in own.empty:
            _remove(file)
        _remove_empty(own.folder)
        own.lock.close()


def _lock(folder: Path) -> IO[bytes] | None:
    """Return the folder's lock; None if its process lives."""
    try:
        lock = (folder / LOCK).open("wb")
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _read(path: Path) -> Received | None:
    """Return the picture in a file; None if it is empty.

    Raises:
        OSError
        ValueError, KeyError, TypeError, ArithmeticError: it is no such file.
    """
    with path.open("rb") as file:
        head = file.read(HEAD.size)
        if head == EMPTY[: len(head)]:
            return None
        try:
            mark, length, size = HEAD.unpack(head)
        except struct.error as error:
            raise ValueError(str(error)) from None
        if length + size > LARGEST:
            raise ValueError("It does not begin as files of the spool do")
        content, data, end = file.read(length), file.read(size), file.read(len(mark))
    if end != mark:
        return None
    facts: dict[str, Any] = json.loads(content)
    usage = facts["usage"]
    if usage["cost_usd"] is not None:
        usage["cost_usd"] = Decimal(usage["cost_usd"])
    return Received(
        facts["generation"],
        GeneratedImage(data=data, **facts["image"]),
        Usage(**usage),
        path,
        was_given_up=path.parent.name == LEFT,
    )
