"""The only door for a new file."""

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from grok2api.sql.statements import Insert

from . import file_names, pictures, tagging, thumbnails, wording
from . import metadata as embedded
from .changes import Facts, change, change_images
from .facts import ImageFacts
from .history import Action, Recording
from .models import Image

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Clocks that were never set say 1970 or 1980; no picture file is older than its formats."""

_new_row = Insert(Image)


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that was taken in, or the one that had these bytes already."""

    image: Image
    is_new: bool


def add_image(
    *,
    data: bytes,
    source: Image.Source,
    prompt: str = "",
    model: str = "",
    aspect_ratio: str = "",
    tags: Iterable[str] = (),
    created_at: datetime | None = None,
    file_name: str = "",
    metadata: dict[str, Any] | None = None,
    favorite: bool = False,
    nsfw: bool = False,
    thumbnail_later: bool = False,
    with_row: Callable[[Image], object] | None = None,
) -> Image:
    """Put a picture into the library: file and thumbnail first, then row, tags, index, counters.

    A row never points to a file that is not whole. When the row cannot be written, the files
    go again; a crash in between leaves stray files, which `cleanup_orphans` finds.

    Args:
        aspect_ratio: as asked of the model; empty for the offered ratio nearest to the pixels.
        tags: names; doubles are left out.
        file_name: what its owner calls the file, or its path there.
        thumbnail_later: somebody waits for this picture; make its thumbnail afterwards.
        with_row: called with the new row inside of its transaction, to write what belongs to it.

    Raises:
        ValidationError: a tag's name is not valid.
        pictures.UnreadablePicture: the bytes are not a whole picture of a known format.
        OSError: the storage refused them (disk full, read-only).
    """
    return _add(
        pictures.read_picture(data, thumbnail_later=thumbnail_later),
        data,
        tags,
        created_at or timezone.now(),
        source=source,
        prompt=prompt,
        prompt_source=_source_of(prompt, source),
        model=model,
        aspect_ratio=aspect_ratio,
        file_name=file_name,
        metadata=metadata or {},
        favorite=favorite,
        nsfw=nsfw,
        with_row=with_row,
    )


def take_in(
    *,
    data: bytes,
    source: Image.Source,
    prompt: str = "",
    model: str = "",
    tags: Iterable[str] = (),
    created_at: datetime | None = None,
    modified_at: datetime | None = None,
    sidecar: str = "",
    patient: bool = True,
    **facts: Any,
) -> Taken:
    """Put a file from outside into the library, unless its very bytes are there already.

    The picture that has them then gets the tags, comes back from the trash, and gets its file
    back if that was lost; nothing else of it changes. Where no prompt is given, prompt, model
    and parameters are read from the file itself.

    Args:
        created_at: when it was made, where that is known; else the file says so itself, or
            `modified_at` does.
        modified_at: the file's own time.
        sidecar: the text of a file beside the picture, which counts where the picture's own
            file says nothing.
        patient: wait for memory as long as it takes (`decoding`).
        facts: further arguments of `add_image`.

    Raises: as `add_image`, and
        decoding.Busy: it did not wait.
    """
    names = tagging.clean_names(tags)
    digest = hashlib.sha256(data).hexdigest()
    if known := _known(digest, data, names):
        return Taken(known, is_new=False)
    picture = pictures.read_whole_picture(data, patient=patient)
    facts["metadata"] = facts.get("metadata") or {}
    found = embedded.read(data, hidden=picture.hidden_text or sidecar)
    if found.raw:
        facts["metadata"] = {**facts["metadata"], "embedded": found.as_dict()}
    own_prompt, own_model = wording.told_by(found)
    try:
        image = _add(
            picture,
            data,
            names,
            first_plausible(created_at, found.taken_at, modified_at),
            source=source,
            prompt=prompt or own_prompt,
            prompt_source=(_source_of(prompt, source) or (own_prompt and Image.PromptSource.FILE)),
            model=model or own_model,
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
    """The first of these moments that a picture can be from: not the future, nor before 1990.

    Without any it is now. A moment without a zone is a local one.
    """
    now = timezone.now()
    for moment in moments:
        if moment is None:
            continue
        aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        if EARLIEST <= aware <= now:
            return aware.astimezone(UTC)
    return now


def _source_of(prompt: str, source: str) -> str:
    """Where a prompt that came with the picture is from."""
    if not prompt:
        return ""
    is_generated = source == Image.Source.GENERATED
    return Image.PromptSource.REQUEST if is_generated else Image.PromptSource.GIVEN


def _add(
    picture: pictures.Picture,
    data: bytes,
    tags: Iterable[str],
    created_at: datetime,
    *,
    aspect_ratio: str = "",
    file_name: str = "",
    with_row: Callable[[Image], object] | None = None,
    **facts: Any,
) -> Image:
    names = tagging.clean_names(tags)
    file = f"images/{created_at:%Y/%m/%d}/{uuid.uuid4().hex}.{picture.suffix}"
    thumbnail = pictures.thumbnail_name(file)
    saved: list[str] = []
    try:
        for name, content in ((file, data), (thumbnail, picture.thumbnail)):
            if content:
                saved.append(default_storage.save(name, ContentFile(content)))
        return _insert(
            names,
            with_row,
            thumbnail_later=not picture.thumbnail,
            file=file,
            thumbnail=thumbnail,
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
            file_size=picture.size,
            content_hash=picture.content_hash,
            color=picture.color,
            file_name=file_names.clean(file_name),
            aspect_ratio=aspect_ratio
            or pictures.nearest_aspect_ratio(picture.width, picture.height),
            created_at=created_at,
            updated_at=created_at,
            **facts,
        )
    except BaseException:
        for name in saved:
            default_storage.delete(name)
        raise


def _insert(
    names: list[str],
    with_row: Callable[[Image], object] | None,
    *,
    thumbnail_later: bool,
    **columns: Any,
) -> Image:
    image = Image(**columns)
    image.derive()

    def add(facts: Facts) -> Collection[int]:
        _new_row.instance(image)
        tag_ids = tagging.attach(image_ids=[image.pk], names=names)
        facts[image.pk] = ImageFacts.of(image, tag_ids)
        if with_row is not None:
            with_row(image)
        if thumbnail_later:
            # Robust: what fails here may not look like a row that was not written.
            transaction.on_commit(lambda: thumbnails.make_soon(image), robust=True)
        return [image.pk]

    change([], add)
    return image


def _known(digest: str, data: bytes, names: list[str]) -> Image | None:
    """The oldest picture with these bytes, made good."""
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
