"""Adds new pictures to the library; nothing else does."""

import hashlib
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from grok2api.sql.statements import Insert

from ..facts import ImageFacts
from ..files import file_names, pictures
from ..files import metadata as embedded
from ..files.pictures import Picture
from ..history import Action, Recording
from ..models import Image
from . import tagging, thumbnails, wording
from .changes import Facts, change_images, changing_facts, repeated

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Clocks that were never set say 1970 or 1980; no picture file is older than its format."""

_new_row = Insert(Image)


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that was added, or the one that had these bytes already."""

    image: Image
    is_new: bool


@contextmanager
def adding(
    picture: Picture,
    data: bytes,
    *,
    source: Image.Source,
    prompt: str = "",
    prompt_source: str = "",
    content_hash: str = "",
    aspect_ratio: str = "",
    tags: Collection[str] = (),
    created_at: datetime | None = None,
    **columns: Any,
) -> Iterator[Image]:
    """Add a picture to the library; the block gets its row, and writes what belongs to it.

    File and thumbnail are written first, then, in one transaction, row, tags, index, counters and
    whatever the block writes. A row never points to an incomplete file. If the transaction fails,
    the files are deleted; a crash in between leaves stray files, which `cleanup_orphans` finds. The
    caller repeats what the database rolls back (`changes.repeated`).

    Args:
        picture: what `pictures.read_picture` says of the data. Without a thumbnail, one is made
            afterwards.
        prompt_source: where the prompt is from, if neither a request nor its owner gave it.
        content_hash: SHA-256 of the data, if it is known already.
        aspect_ratio: as requested; empty for the offered ratio nearest to the pixels.
        tags: names as `tagging.clean_names` returns them.
        columns: further ones of `Image`.

    Raises:
        OSError: the storage refused the files (disk full, read-only).
        DatabaseError: IntegrityError if `upload_hash` is another picture's.
    """
    moment = created_at or timezone.now()
    told_by = prompt_source or _source_of(prompt, source)
    file = f"images/{moment:%Y/%m/%d}/{uuid.uuid4().hex}.{picture.suffix}"
    thumbnail = pictures.thumbnail_name(file)
    ratio = aspect_ratio or pictures.nearest_aspect_ratio(picture.width, picture.height)
    image = Image(
        file=file,
        thumbnail=thumbnail,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        file_size=picture.size,
        content_hash=content_hash or hashlib.sha256(data).hexdigest(),
        color=picture.color,
        source=source,
        prompt=prompt,
        prompt_source=told_by,
        aspect_ratio=ratio,
        created_at=moment,
        updated_at=moment,
        **columns,
    )
    image.derive()
    saved: list[str] = []
    try:
        for name, content in ((file, data), (thumbnail, picture.thumbnail)):
            if content:
                saved.append(default_storage.save(name, ContentFile(content)))
        with changing_facts([]) as facts:
            transaction.on_commit(saved.clear)  # first: what fails after it takes no file away
            _new_row.instance(image)
            tag_ids = tagging.attach(image_ids=[image.pk], names=tags) if tags else frozenset()
            facts[image.pk] = ImageFacts.of(image, tag_ids)
            if not picture.thumbnail:
                # Robust: what fails here may not look like a row that was not written.
                transaction.on_commit(lambda: thumbnails.make_soon(image), robust=True)
            yield image
    except BaseException:
        for name in saved:
            default_storage.delete(name)
        raise


def take_in(
    *,
    data: bytes,
    source: Image.Source,
    prompt: str = "",
    model: str = "",
    tags: Iterable[str] = (),
    created_at: datetime | None = None,
    modified_at: datetime | None = None,
    file_name: str = "",
    sidecar: str = "",
    patient: bool = True,
    **facts: Any,
) -> Taken:
    """Add a file from outside to the library, unless its exact bytes are there already.

    The picture that has them then gets the tags, is restored from the trash, and gets its file back
    if that was lost; nothing else of it changes. Without a prompt, prompt, model and parameters are
    read from the file itself.

    Args:
        created_at: when it was made, if known; else the file says so itself, or `modified_at`.
        modified_at: the file's own time.
        file_name: its owner's name for the file, or its path there.
        sidecar: the text of a file beside the picture, which counts if the picture's own file
            says nothing.
        patient: wait for memory as long as it takes (`decoding`).
        facts: further arguments of `adding`.

    Raises: as `adding`, and
        ValidationError: a tag's name is not valid.
        pictures.UnreadablePicture: the bytes are not a whole picture of a known format.
        decoding.Busy: it did not wait.
    """
    names = tagging.clean_names(tags)
    digest = hashlib.sha256(data).hexdigest()
    if known := _known(digest, data, names):
        return Taken(known, is_new=False)
    picture = pictures.read_whole_picture(data, patient=patient)
    found = embedded.read(data, hidden=picture.hidden_text or sidecar)
    if found.raw:
        facts["metadata"] = {**facts.get("metadata", {}), "embedded": found.as_dict()}
    own_prompt, own_model = wording.told_by(found)
    try:
        image = _add(
            picture,
            data,
            source=source,
            prompt=prompt or own_prompt,
            prompt_source=Image.PromptSource.FILE if own_prompt and not prompt else "",
            model=model or own_model,
            tags=names,
            file_name=file_names.clean(file_name),
            created_at=first_plausible(created_at, found.taken_at, modified_at),
            content_hash=digest,
            upload_hash=digest,
            **facts,
        )
    except IntegrityError:
        # Someone else took the same file in at this very moment, and came first.
        known = _known(digest, data, names)
        if known is None:
            raise
        return Taken(known, is_new=False)
    return Taken(image, is_new=True)


def first_plausible(*moments: datetime | None) -> datetime:
    """Return the first of these moments that is neither in the future nor before 1990.

    Without any, return now. A moment without a time zone is local.
    """
    now = timezone.now()
    for moment in moments:
        if moment is None:
            continue
        aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        if EARLIEST <= aware <= now:
            return aware.astimezone(UTC)
    return now


@repeated
def _add(picture: Picture, data: bytes, **facts: Any) -> Image:
    with adding(picture, data, **facts) as image:
        return image


def _source_of(prompt: str, source: str) -> str:
    """Return where a prompt that came with the picture is from."""
    if not prompt:
        return ""
    is_generated = source == Image.Source.GENERATED
    return Image.PromptSource.REQUEST if is_generated else Image.PromptSource.GIVEN


def _known(digest: str, data: bytes, names: list[str]) -> Image | None:
    """Return the oldest picture with these bytes, restored."""
    same = Image.objects.without_metadata().filter(content_hash=digest)
    image = same.order_by("pk").first()
    if image is None:
        return None
    name = image.file.name or ""
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(data))
    if names or image.is_trashed:
        _bring_back(image, names)
    return image


def _bring_back(image: Image, names: list[str]) -> None:
    def restore(facts: Facts) -> Collection[int]:
        ids = list(facts)
        Image.objects.filter(pk__in=ids).update(trashed_at=None, updated_at=timezone.now())
        new = tagging.attach(image_ids=ids, names=names)
        for pk, picture in facts.items():
            facts[pk] = replace(
                picture, trashed=False, trashed_at=None, tag_ids=picture.tag_ids | new
            )
        return ids

    change_images([image.pk], restore, Recording(Action.TAKEN_IN))
    image.trashed_at = None
