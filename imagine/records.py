"""What the gateway writes down. Synchronous: `generate` runs it on the gateway's threads."""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from gallery import ingest, pictures
from gallery.models import Image

from .callers import Caller
from .models import Generation
from .providers.base import GeneratedImage, ImageRequest, ProviderError, Usage

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES = (0.2, 1.0)
"""Seconds before another attempt to store a picture that was paid for."""

ABANDONED_AFTER = timedelta(seconds=2 * settings.IMAGINE_TIMEOUT, minutes=5)
"""No generation runs so long; whoever ran it is gone."""


class BadPicture(ValueError):
    """The upstream sent bytes that are no whole picture."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture of this generation. Without `image_id` it could not be stored: this is all."""

    index: int
    data: bytes
    content_type: str
    width: int  # pixels
    height: int
    model: str
    revised_prompt: str = ""
    image_id: int | None = None


def open_generation(
    request: ImageRequest, *, provider: str, caller: Caller, client: str
) -> Generation:
    """The row that says that the upstream is about to be asked."""
    generation = Generation.objects.create(
        operation=Generation.Operation.EDIT if request.sources else Generation.Operation.GENERATE,
        served_by=served_by(),
        key=caller.key,
        user=caller.user,
        client=client[:200],
        provider=provider,
        model=request.model,
        prompt=request.prompt,
        n=request.n,
        aspect_ratio=request.aspect_ratio,
        parameters=request.parameters(),
    )
    if parents := _parents(request):
        generation.parents.set(parents)
    return generation


def store_image(
    generation: Generation, request: ImageRequest, image: GeneratedImage, data: bytes
) -> StoredImage:
    """Put a picture into the library, with its generation.

    A storage or database that fails is asked again; then the picture comes back without
    an id, so that at least the client has it.

    Raises:
        BadPicture
    """
    metadata: dict[str, Any] = {"generation": generation.pk, "provider": generation.provider}
    if parents := _parents(request):
        metadata["parents"] = parents
    if image.revised_prompt:
        metadata["revised_prompt"] = image.revised_prompt
    try:
        row = _insistently(
            ingest.add_image,
            data=data,
            source=Image.Source.GENERATED,
            prompt=request.prompt,
            model=image.model,
            aspect_ratio=request.aspect_ratio,
            metadata=metadata,
        )
        _insistently(generation.images.add, row)
        facts: Image | pictures.Picture = row
        image_id = row.pk
    except pictures.UnreadablePicture as error:
        raise BadPicture(f"The upstream sent a picture that cannot be read: {error}") from error
    except (OSError, DatabaseError):
        logger.exception("A picture of generation %s was not stored", generation.pk)
        facts, image_id = pictures.read_picture(data), None
    return StoredImage(
        index=image.index,
        data=data,
        content_type=facts.content_type,
        width=facts.width,
        height=facts.height,
        model=image.model,
        revised_prompt=image.revised_prompt,
        image_id=image_id,
    )


def close_generation(
    generation: Generation,
    *,
    status: Generation.Status,
    errors: Sequence[ProviderError],
    usage: Usage,
    upstream_ms: int,
    storing_ms: int,
) -> None:
    """Write the outcome; of several errors the first, with all their messages."""
    generation.status = status
    generation.finished_at = timezone.now()
    generation.upstream_ms, generation.storing_ms = upstream_ms, storing_ms
    generation.cost_usd = usage.cost_usd
    if errors:
        first = errors[0]
        generation.upstream_status = first.upstream_status
        generation.error_type, generation.error_code = first.type[:64], first.code[:64]
        generation.error_message = "\n".join(dict.fromkeys(map(str, errors)))
    _insistently(generation.save)


def mark_interrupted() -> int:
    """Say of generations whose program is gone that they were interrupted; returns how many.

    To be called before this program serves: an address can be served by one program at a
    time, so whatever still runs at ours was begun by one that is gone.
    """
    gone = Q(served_by=served_by()) | Q(created_at__lt=timezone.now() - ABANDONED_AFTER)
    return Generation.objects.filter(gone, status=Generation.Status.PENDING).update(
        status=Generation.Status.INTERRUPTED,
        finished_at=timezone.now(),
        error_type="server_error",
        error_code="interrupted",
        error_message="The server was stopped before the pictures came.",
    )


def _parents(request: ImageRequest) -> list[int]:
    """Pictures of the library that are edited, each once, in their order."""
    return list(dict.fromkeys(one.image_id for one in request.sources if one.image_id))


def served_by() -> str:
    """Host and port of this program."""
    return f"{socket.gethostname()}:{settings.SERVER_PORT}"[:100]


def _insistently(write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Try again where the storage or the database fails; the last failure is raised."""
    for pause in PAUSES:
        try:
            return write(*args, **kwargs)
        except (OSError, DatabaseError) as error:
            logger.warning("Writing failed, trying again in %s s: %s", pause, error)
            time.sleep(pause)
            connection.close_if_unusable_or_obsolete()
    return write(*args, **kwargs)
