"""Thumbnails that are not there yet, or no longer: made when there is time, or when asked for."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import close_old_connections, connections

from . import idle_process, pictures
from .models import Image

logger = logging.getLogger(__name__)

PAUSE = 0.03
"""Seconds after a picture before its thumbnail is begun: first the answer that waits for it."""


def _new_queue() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="thumbnails")


_queue = _new_queue()


def make(image: Image, read: Callable[[bytes], pictures.Picture] = pictures.read_picture) -> None:
    """Write the thumbnail of a picture, and its mean colour into its row.

    Raises:
        pictures.UnreadablePicture
        OSError: the picture's file cannot be read, or the thumbnail not be written.
    """
    file = image.file.name or ""
    with default_storage.open(file) as stored:
        picture = read(stored.read())
    name = default_storage.save(pictures.thumbnail_name(file), ContentFile(picture.thumbnail))
    if not Image.objects.filter(pk=image.pk).update(thumbnail=name, color=picture.color):
        default_storage.delete(name)  # the picture was deleted meanwhile
    image.thumbnail.name, image.color = name, picture.color


def make_soon(image_id: int) -> None:
    """Make a picture's thumbnail in the background, when the processor has nothing better to do.

    Whoever asks for it earlier gets it at once, and so does whoever asks after a crash.
    """
    _queue.submit(_make_quietly, _queue, image_id, time.monotonic() + PAUSE)


def settle() -> None:
    """Wait until all are made, and close the connection that the background has to the database."""
    _queue.submit(connections.close_all).result()


def close() -> None:
    """Leave what is not made yet to whoever asks for it."""
    global _queue
    queue, _queue = _queue, _new_queue()
    queue.submit(connections.close_all).result()
    queue.shutdown()
    idle_process.close()


def _make_quietly(queue: ThreadPoolExecutor, image_id: int, due: float) -> None:
    time.sleep(max(0, due - time.monotonic()))
    if queue is not _queue:
        return  # it was closed
    close_old_connections()
    try:
        image = Image.objects.only("file", "thumbnail").filter(pk=image_id).first()
        if image is not None and not default_storage.exists(image.thumbnail.name or ""):
            make(image, lambda data: idle_process.run(pictures.read_picture, data))
    except Exception:  # nobody waits for this thread, and nothing is lost: whoever asks tries again
        logger.exception("No thumbnail could be made of picture %s", image_id)
    finally:
        close_old_connections()
