"""Takes in files that lie in the media folder without a row: dropped there, or left by a crash."""

import re
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.utils import timezone

from grok2api.runtime.exclusive import LOOSE_FILES, exclusive

from ..files.metadata.formats import HEAD, other_format
from ..files.pictures import MAX_BYTES, is_derived
from ..files.storage import PART_SUFFIX, QUARANTINE
from ..jobs import loose_files
from ..jobs.changes import CHUNK
from ..models import Image
from ..transfer.found_files import is_picture
from ..transfer.imports import Imported, ImportOutcome, Item, run, take_in
from .cleanup import ROOT, YOUNG

OWN_NAME = re.compile(r"/[0-9a-f]{32}\.[a-z]+$")
"""A name that the library has given; the owner's name for the file is lost."""


def scan_storage(*, workers: int | None = 1) -> Iterator[Imported]:
    """Take in pictures that lie in the storage without a row; yield outcomes, folder by folder.

    A picture moves to the library's own place and name once it has its row. A file whose bytes the
    library has is deleted; an unreadable one stays where it is and is reported. Files in the
    library's own folder that are only minutes old may belong to rows being written, and wait for
    the next scan. The quarantine is skipped.

    Raises:
        exclusive.Busy: a restore, scan or clean-up is under way.
    """
    with exclusive(LOOSE_FILES):
        yield from run(_adopt, _strays(""), workers)


def _strays(folder: str) -> Iterator[Item | Imported]:
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    places = [f"{folder}/{name}" if folder else name for name in sorted(names)]
    for start in range(0, len(places), CHUNK):
        chunk = places[start : start + CHUNK]
        known = {
            name
            for pair in Image.objects.filter(file__in=chunk).values_list("file", "thumbnail")
            for name in pair
        }
        for place in chunk:
            if place not in known and (stray := _read(place)):
                yield stray
    for name in sorted(folders):
        if not name.startswith(".") and (folder, name) != ("", QUARANTINE):
            yield from _strays(f"{folder}/{name}" if folder else name)


def _read(place: str) -> Item | Imported | None:
    if place.rpartition("/")[2].startswith("."):
        return None
    ours = place.startswith(f"{ROOT}/")
    if ours and (place.endswith(PART_SUFFIX) or is_derived(place)):
        return None
    try:
        modified = default_storage.get_modified_time(place)
        if ours and modified > timezone.now() - YOUNG:
            return None
        with default_storage.open(place) as file:
            data = file.read(HEAD)
            if not is_picture(data):
                return Imported(place, ImportOutcome.IGNORED, kind=other_format(data))
            data += file.read(MAX_BYTES)
    except FileNotFoundError:  # gone meanwhile, with its row
        return None
    except OSError as error:
        return Imported(place, ImportOutcome.FAILED, reason=error.strerror or str(error))
    name = "" if ours and OWN_NAME.search(place) else place
    return Item(place, data, {"modified_at": modified, "file_name": name})


def _adopt(item: Item) -> Imported:
    imported = take_in(item)
    if imported.image_id is not None:
        # The row's own file is whole on the disk by now, under a name of its own.
        loose_files.delete([item.name])
    return imported
