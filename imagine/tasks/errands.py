"""Keeps what a waiting task needs to be begun and answered later: its row's `errand`, and files.

Pictures to be edited that the library does not have lie in the storage until the task's turn has
come, in a folder that scans skip.
"""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from gallery.models import Image
from imagine.dialects import Answer
from imagine.models import Generation
from imagine.providers.base import ImageRequest, SourceImage

FOLDER = ".tasks"

OLD = timedelta(days=2)
"""No task waits as long; nobody will ask for what is left of one then."""

_IN_COLUMNS = {"prompt", "model", "n", "aspect_ratio", "sources", "mask", "markup"}
_FIELDS = [field.name for field in fields(ImageRequest) if field.name not in _IN_COLUMNS]


class SourceLost(LookupError):
    """A picture to be edited no longer exists."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A request, how it is to be answered, and the base of links in the answer."""

    request: ImageRequest
    answer: Answer
    base: str  # scheme and host


def keep(errand: Errand) -> dict[str, Any]:
    """Return the errand as JSON for its row; write the pictures that the library does not have.

    Raises:
        OSError: the storage refuses them.
    """
    request, folder = errand.request, f"{FOLDER}/{uuid.uuid4().hex}"
    kept: list[str] = []

    def keep_source(source: SourceImage) -> dict[str, Any]:
        facts = {"type": source.content_type, "suffix": source.suffix,
                 "size": [source.width, source.height]}  # fmt: skip
        if source.image_id is not None:
            return facts | {"image": source.image_id}
        name = f"{folder}/{len(kept)}.{source.suffix}"
        kept.append(default_storage.save(name, ContentFile(source.data)))
        return facts | {"file": kept[-1]}

    try:
        sources = [keep_source(source) for source in request.sources]
        mask = keep_source(request.mask) if request.mask else None
        markup = keep_source(request.markup) if request.markup else None
    except OSError:
        _delete(kept)
        raise
    return {
        "request": {name: getattr(request, name) for name in _FIELDS},
        "sources": sources,
        "mask": mask,
        "markup": markup,
        "answer": asdict(errand.answer),
        "base": errand.base,
    }


def without_pictures(generation: Generation) -> Errand:
    """Return a task's errand without the bytes of what is to be edited."""
    kept: dict[str, Any] = generation.errand or {}
    asked = {name: value for name, value in kept.get("request", {}).items() if name in _FIELDS}
    if asked.get("size"):
        asked["size"] = tuple(asked["size"])
    known = {field.name for field in fields(Answer)}
    answer = {name: value for name, value in kept.get("answer", {}).items() if name in known}
    request = ImageRequest(
        prompt=generation.prompt,
        model=generation.model,
        n=generation.n,
        aspect_ratio=generation.aspect_ratio,
        **asked,
    )
    return Errand(request, Answer(**answer), kept.get("base", ""))


def read(generation: Generation) -> ImageRequest:
    """Return the whole request of a task.

    Raises:
        SourceLost
        OSError: the storage does not answer.
    """
    kept: dict[str, Any] = generation.errand or {}
    return replace(
        without_pictures(generation).request,
        sources=tuple(_read_source(source) for source in kept.get("sources", ())),
        mask=_read_source(kept["mask"]) if kept.get("mask") else None,
        markup=_read_source(kept["markup"]) if kept.get("markup") else None,
    )


def forget(errand: dict[str, Any] | None) -> None:
    """Delete the files of an errand that will not be read again."""
    kept = errand or {}
    sources = [*kept.get("sources", ()), kept.get("mask") or {}, kept.get("markup") or {}]
    _delete(source["file"] for source in sources if "file" in source)


def sweep() -> None:
    """Delete files of tasks long past, whose process was killed before it could."""
    with suppress(FileNotFoundError):
        folders, _ = default_storage.listdir(FOLDER)
        for folder in folders:
            _, names = default_storage.listdir(f"{FOLDER}/{folder}")
            files = [f"{FOLDER}/{folder}/{name}" for name in names]
            limit = timezone.now() - OLD
            if all(default_storage.get_modified_time(name) < limit for name in files):
                _delete([*files, f"{FOLDER}/{folder}"])


def _read_source(kept: dict[str, Any]) -> SourceImage:
    image_id = kept.get("image")
    name = kept.get("file") or ""
    if image_id is not None:
        name = Image.objects.filter(pk=image_id).values_list("file", flat=True).first() or ""
    try:
        if not name:
            raise FileNotFoundError
        with default_storage.open(name) as file:
            data = file.read()
    except FileNotFoundError:
        raise SourceLost("A picture to be edited is no longer there.") from None
    width, height = kept["size"]
    return SourceImage(data, kept["type"], kept["suffix"], width, height, image_id)


def _delete(names: Iterable[str]) -> None:
    folders = set()
    for name in names:
        default_storage.delete(name)
        folders.add(name.rpartition("/")[0])
    for folder in folders - {FOLDER}:
        with suppress(OSError):  # a store without folders, or one that is not empty
            default_storage.delete(folder)
