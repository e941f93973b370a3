"""Keeps what was paid for and could not be stored: links, and bytes that nobody can read.

A link is written down before it is fetched, and struck out in the transaction that writes its
picture's row, so that it can be collected later (`recovery`) whatever happens in between. Bytes lie
in a folder of the library's storage that scan and clean-up know, under names that reveal nothing.
"""

import hashlib
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from gallery.files.storage import QUARANTINE
from gallery.soundness import MAX_MODEL_LENGTH

from .formats import TEXT, media_type, suffix
from .models import LONGEST_SAID, Generation, Quarantined
from .providers.base import BrokenImage, FoundLink, GeneratedImage
from .threads import in_storing_thread, in_thread

YOUNG = timedelta(minutes=10)
"""A file younger than this may belong to a row that is being written."""

MOST = 2000
MOST_BYTES = 2 * 1024**3
"""The most bytes that are kept; the oldest are dropped, and the log says so."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Owed:
    """The pictures that a running generation was paid for and has not got: links by picture index.

    Writing them down is tried: if the database fails, the picture may still come.
    """

    links: dict[int, int] = field(default_factory=dict)  # ids of their rows

    async def expect(self, generation: Generation, link: FoundLink) -> None:
        """Write down a link that is being fetched."""
        try:
            self.links[link.index] = await in_thread(keep_link, generation, link)
        except DatabaseError:
            logger.exception("A link of generation %s was not written down", generation.pk)

    async def broken(self, generation: Generation, image: BrokenImage) -> None:
        """Keep the link of a picture that did not come, or what came for it."""
        try:
            if (pk := self.links.get(image.index)) is not None:
                await in_thread(explain, pk, str(image.error))
            elif image.data:
                await in_storing_thread(
                    keep_bytes,
                    generation,
                    index=image.index,
                    data=image.data,
                    reason=str(image.error),
                )
        except (OSError, DatabaseError):
            logger.exception("What came for generation %s was not kept", generation.pk)

    async def unreadable(self, generation: Generation, image: GeneratedImage, reason: str) -> bool:
        """Keep bytes of no known format; return whether they are kept."""
        try:
            await in_storing_thread(
                keep_bytes,
                generation,
                index=image.index,
                data=image.data,
                reason=reason,
                instead_of=self.links.get(image.index),
                model=image.model[:MAX_MODEL_LENGTH],
                revised_prompt=image.revised_prompt,
            )
        except (OSError, DatabaseError):
            logger.exception("What came for generation %s was not kept", generation.pk)
            return False
        return True


def keep_link(generation: Generation, link: FoundLink) -> int:
    """Write down a link that is about to be fetched; return the row's id."""
    row = Quarantined.objects.create(
        generation=generation,
        index=link.index,
        link=_without_keys(link.url, generation.provider),
        model=link.model[:MAX_MODEL_LENGTH],
        revised_prompt=link.revised_prompt,
        reason="It is being fetched.",
    )
    _make_room()
    return row.pk


def keep_bytes(
    generation: Generation,
    *,
    index: int,
    data: bytes,
    reason: str,
    instead_of: int | None = None,
    **facts: Any,
) -> None:
    """Keep bytes that came instead of a picture.

    Args:
        instead_of: the row of their link, which they are put into.
        facts: further columns, such as `model`.

    Raises:
        OSError: the storage refuses them, too.
    """
    facts |= {"size": len(data), "content_type": media_type(data), "reason": reason[:LONGEST_SAID]}
    name = f"{QUARANTINE}/{uuid.uuid4().hex}.{suffix(media_type(data))}"
    stored = default_storage.save(name, ContentFile(data))
    try:
        known = Quarantined.objects.filter(pk=instead_of or 0)
        if not known.update(file=stored, **facts):
            Quarantined.objects.create(generation=generation, index=index, file=stored, **facts)
    except BaseException:
        default_storage.delete(stored)
        raise
    _make_room()


def explain(pk: int, reason: str) -> None:
    """Write down why a link gave nothing."""
    Quarantined.objects.filter(pk=pk).update(reason=reason[:LONGEST_SAID])


def strike_out(pk: int) -> bool:
    """Delete the row of a picture that is in the library, in the transaction that writes its row.

    Return False if somebody else has deleted it.
    """
    return discard(Quarantined.objects.filter(pk=pk)) > 0


def discard(rows: "QuerySet[Quarantined]") -> int:
    """Delete rows, and their files after the commit; return how many."""
    with transaction.atomic():
        found = list(rows.values_list("pk", "file"))
        count, _ = Quarantined.objects.filter(pk__in=[pk for pk, _ in found]).delete()
        # Robust: a file that stays is found later, and the rows are gone.
        transaction.on_commit(lambda: _delete_files(file for _, file in found if file), robust=True)
    return count


def shown(generation: Generation) -> "QuerySet[Quarantined]":
    """Return what came for a generation and may be a picture to its client, if to nobody here."""
    rows = Quarantined.objects.filter(generation=generation).exclude(file="")
    return rows.exclude(content_type=TEXT).order_by("index")


def read(row: Quarantined) -> bytes:
    """Return the bytes of a row that has some.

    Raises:
        OSError
    """
    with default_storage.open(row.file) as file:
        data: bytes = file.read()
    return data


def link_of(row: Quarantined) -> str:
    """Return the link as the upstream gave it."""
    link = row.link
    for secret in _keys(row.generation.provider):
        link = link.replace(_stand_in(secret), secret)
    return link


def tidy() -> int:
    """Delete files without a row, which a crash leaves behind; return how many."""
    try:
        _, names = default_storage.listdir(QUARANTINE)
    except FileNotFoundError:
        return 0
    known = set(Quarantined.objects.exclude(file="").values_list("file", flat=True))
    old = timezone.now() - YOUNG
    stray = [name for base in names if (name := f"{QUARANTINE}/{base}") not in known]
    leaving = [name for name in stray if default_storage.get_modified_time(name) < old]
    _delete_files(leaving)
    return len(leaving)


def _make_room() -> None:
    """Delete the oldest while there is more than may be kept."""
    kept = Quarantined.objects.aggregate(size=Sum("size"))["size"] or 0
    too_many = Quarantined.objects.count() - MOST
    leaving: list[Quarantined] = []
    for row in Quarantined.objects.order_by("pk").iterator():
        if too_many <= 0 and kept <= MOST_BYTES:
            break
        leaving.append(row)
        too_many, kept = too_many - 1, kept - row.size
    for row in leaving:
        logger.error(
            "The quarantine is full: what came for generation %s is given up (%s)",
            row.generation_id,
            row.reason,
        )
    if leaving:
        discard(Quarantined.objects.filter(pk__in=[row.pk for row in leaving]))


def _delete_files(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _without_keys(link: str, provider: str) -> str:
    """Return a link without the keys of ours in it, which it gets back when it is fetched.

    No link can ask for a key that was not in it: its own braces are escaped.
    """
    link = link.replace("{", "%7B").replace("}", "%7D")
    for secret in _keys(provider):
        link = link.replace(secret, _stand_in(secret))
    return link


def _stand_in(secret: str) -> str:
    """Return a placeholder for a key, which does not match a later key in its place."""
    return f"{{upstream-key-{hashlib.sha256(secret.encode()).hexdigest()[:16]}}}"


def _keys(provider: str) -> Sequence[str]:
    """Return the provider's own keys, and no others."""
    found = settings.XAI_API_KEY if provider == "xai" else settings.IMAGINE_UPSTREAM_KEY
    return [key.strip() for key in found.split(",") if key.strip()]
