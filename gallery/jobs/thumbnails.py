"""Makes thumbnails that are missing: in the background, or when somebody asks for them."""

import logging
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS

from grok2api.runtime import idle_process
from grok2api.runtime.exclusive import Busy, exclusive
from grok2api.runtime.pools import Pool
from grok2api.sql.statements import Update

from ..files import decoding, pictures
from ..files.pictures import current_version
from ..models import Image

logger = logging.getLogger(__name__)

RENEWAL, AT_ONCE = "thumbnails", 100
"""The name of the renewal's lock, and for how many pictures the database is asked at once."""
FILES = ("file", "thumbnail", "thumbnail_version")
RESTS = 0.05
"""Seconds between two renewals."""

PAUSE = 0.03
"""Seconds after the newest picture before a thumbnail is begun: first the answers that wait."""
PATIENCE = 1
"""Seconds after its own picture when it is begun though others have come meanwhile."""

_queue = Pool("thumbnails")
_newest = 0.0
"""When the last picture came, by the monotonic clock."""

_made = Update(Image, "thumbnail", "color", "thumbnail_version")


def make(image: Image, *, idly: bool = False) -> str:
    """Write a picture's thumbnail, and its mean colour into its row; return the thumbnail's name.

    Args:
        idly: in the process that works when the processor has nothing better to do.

    Raises:
        pictures.UnreadablePicture
        OSError: the picture's file cannot be read, or the thumbnail not be written.
    """
    file = image.file.name or ""
    with default_storage.open(file) as stored:
        data = stored.read()
    picture = _read_idly(data, file) if idly else pictures.read_picture(data)
    name = default_storage.save(pictures.thumbnail_name(file), ContentFile(picture.thumbnail))
    # Write the file first: no version's address may show an older version's thumbnail.
    if not _made.change(image.pk, [name, picture.color, current_version()]):
        default_storage.delete(name)  # the picture was deleted meanwhile
    image.thumbnail.name, image.color = name, picture.color
    image.thumbnail_version = current_version()
    return name


def make_large(image: Image) -> str:
    """Write a picture's large thumbnail and return its name.

    It is made when somebody first asks for it: most displays never do.

    Raises: as `make`.
    """
    file = image.file.name or ""
    with default_storage.open(file) as stored:
        data = pictures.large_thumbnail(stored.read())
    name = pictures.large_thumbnail_name(file)
    default_storage.save(name, ContentFile(data))
    if not Image.objects.filter(pk=image.pk, file=file).exists():
        default_storage.delete(name)  # the picture was deleted meanwhile
    return name


def renew(*, pause: float = RESTS) -> int:
    """Make the thumbnails again that an older version of the program has made; return how many.

    It runs one after the other while the processor is idle, in one of the processes that share the
    library. If interrupted, the next start continues. A picture whose file is lost or damaged keeps
    its thumbnail.

    Raises:
        OSError: the storage fails.
    """
    count, queue = 0, _queue
    with suppress(Busy), exclusive(RENEWAL):
        while some := list(Image.objects.with_older_thumbnail().only(*FILES)[:AT_ONCE]):
            for image in some:
                try:
                    _renew(image)
                except idle_process.Closed:
                    return count
                if queue is not _queue:
                    return count  # it was closed
                count += 1
                time.sleep(pause)
    return count


def _renew(image: Image) -> None:
    try:
        make(image, idly=True)
    except (FileNotFoundError, pictures.UnreadablePicture, BrokenProcessPool):
        # Clean-up reports it, and opening it does; another attempt would fail again.
        Image.objects.filter(pk=image.pk).update(thumbnail_version=current_version())
    else:
        # It is made again on demand.
        default_storage.delete(pictures.large_thumbnail_name(image.file.name or ""))


def make_soon(image: Image) -> None:
    """Make a picture's thumbnail in the background while the processor is idle.

    Whoever asks for it earlier gets it at once, and so does whoever asks after a crash.
    """
    global _newest
    _newest = time.monotonic()
    facts = [image.pk, image.file.name, image.thumbnail.name]
    named = Image.from_db(DEFAULT_DB_ALIAS, ["id", "file", "thumbnail"], facts)  # and no others
    _queue.submit(_make_quietly, _queue, named, _newest)


def settle() -> None:
    """Wait until all are made, and close the background's database connection."""
    _queue.close_connections()


def close() -> None:
    """Stop, and leave the missing ones to whoever asks for them."""
    global _queue
    queue, _queue = _queue, Pool("thumbnails")
    idle_process.close()
    queue.close()


def _read_idly(data: bytes, name: str) -> pictures.Picture:
    given: bytes | str = data
    with suppress(NotImplementedError):  # it is on no disk
        given = default_storage.path(name)  # a tenth of the work of giving the bytes
    with decoding.budget.room(pictures.memory_for(data), patient=True):
        return idle_process.run(pictures.read_elsewhere, given, decoding.max_pixels())


def _make_quietly(queue: Pool, image: Image, came: float) -> None:
    while (pause := min(_newest + PAUSE, came + PATIENCE) - time.monotonic()) > 0:
        time.sleep(pause)
    if queue is not _queue:
        return  # it was closed
    try:
        if not default_storage.exists(image.thumbnail.name or ""):
            _make_unless_gone(image)
    except idle_process.Closed:
        return
    except Exception:  # nobody waits for this thread, and nothing is lost: whoever asks tries again
        logger.exception("No thumbnail could be made of picture %s", image.pk)


def _make_unless_gone(image: Image) -> None:
    try:
        make(image, idly=True)
    except FileNotFoundError:
        if Image.objects.filter(pk=image.pk).exists():
            raise
