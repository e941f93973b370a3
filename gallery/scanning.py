"""Files that lie in the media folder without a row: dropped there, or left by a crash."""

from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.utils import timezone

from .changes import CHUNK
from .cleanup import ROOT, YOUNG
from .found_files import is_picture
from .imports import Imported, Item, Outcome, run, take_in
from .models import Image
from .pictures import MAX_BYTES
from .storage import PART_SUFFIX

DERIVED = (PART_SUFFIX, ".thumb.webp")


def scan_storage(*, workers: int | None = 1) -> Iterator[Imported]:
    """Take in pictures that lie in the storage without a row; their outcomes, by folder.

    A picture moves to the library's own place and name once its row is there. One whose bytes
    the library has already goes; whatever cannot be read stays where it is and is named.
    Files that are minutes old in the library's own folder may belong to rows that are being
    written, and are left to the next scan.
    """
    return run(_adopt, _strays(""), workers)


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
        if not name.startswith("."):
            yield from _strays(f"{folder}/{name}" if folder else name)


def _read(place: str) -> Item | Imported | None:
    if place.rpartition("/")[2].startswith("."):
        return None
    ours = place.startswith(f"{ROOT}/")
    if ours and place.endswith(DERIVED):
        return None
    try:
        modified = default_storage.get_modified_time(place)
        if ours and modified > timezone.now() - YOUNG:
            return None
        with default_storage.open(place) as file:
            data = file.read(16)
            if not is_picture(data):
                return Imported(place, Outcome.IGNORED)
            data += file.read(MAX_BYTES)
    except FileNotFoundError:  # gone meanwhile, with its row
        return None
    except OSError as error:
        return Imported(place, Outcome.FAILED, reason=error.strerror or str(error))
    return Item(place, data, {"created_at": min(modified, timezone.now())})


def _adopt(item: Item) -> Imported:
    imported = take_in(item)
    if imported.image_id is not None:
        # The row's own file is whole on the disk by now, under a name of its own.
        default_storage.delete(item.name)
    return imported
