"""What the gateway writes down. Synchronous: `generate` runs it on the gateway's threads."""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection
from django.dispatch import Signal
from django.utils import timezone

from gallery import ingest, pictures
from gallery.models import Image
from gallery.statements import Insert, Update

from . import idempotency, limits
from .callers import Caller
from .models import Generation
from .providers.base import GeneratedImage, ImageRequest, ProviderError, Usage

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES = (0.2, 1.0)
"""Seconds before another attempt to store a picture that was paid for."""

STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "image_generation_user_error": 400,
    "rate_limit_error": 429,
}
"""HTTP status of an error that a row tells of; others are the upstream's, 502."""


OUTCOME_FIELDS = (
    "status", "finished_at", "upstream_ms", "storing_ms", "cost_usd", "usage", "idempotency_key",
    "upstream_status", "error_type", "error_code", "error_message",
)  # fmt: skip

_begin = Insert(Generation)
_write = Update(Generation, *OUTCOME_FIELDS)
_link = Insert(Generation.images.through, "generation_id", "image_id")

generation_begun = Signal()
"""Sent in the transaction in which a generation's row is written."""

generation_ended = Signal()
"""Sent with the `generation` in the transaction in which its outcome is written."""


class ModelNotAllowed(LookupError):
    """For this key there is no such model."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended."""

    status: Generation.Status
    errors: Sequence[ProviderError]
    usage: Usage
    upstream_ms: int
    storing_ms: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A row that was written now, or the one of the same request sent before."""

    generation: Generation
    is_new: bool


def open_generation(
    request: ImageRequest,
    *,
    provider: str,
    identify: Callable[[], Caller],
    client: str,
    idempotency_key: str = "",
) -> Opened:
    """Write the row that says that the upstream is about to be asked.

    Raises:
        callers.InvalidToken: nobody knows who asks.
        ModelNotAllowed: not for the caller's key.
        limits.LimitReached: the caller's key may not do this now; nothing was written.
        idempotency.KeyReused: the idempotency key belongs to another request.
    """
    caller = identify()
    if caller.key is not None and not caller.key.allows(request.model):
        raise ModelNotAllowed(request.model)
    mark = idempotency.mark(caller, idempotency_key)
    fingerprint = idempotency.fingerprint(request) if mark else ""
    if mark and (earlier := idempotency.earlier(mark, fingerprint)):
        return Opened(earlier, is_new=False)
    try:
        generation = limits.begin(
            caller.key,
            lambda: _create(
                request,
                provider=provider,
                client=client[:200],
                key=caller.key,
                user=caller.user,
                idempotency_key=mark,
                fingerprint=fingerprint,
            ),
        )
    except IntegrityError:
        # The same request came twice at this moment, and the other one was first.
        if mark and (earlier := idempotency.earlier(mark, fingerprint)):
            return Opened(earlier, is_new=False)
        raise
    return Opened(generation, is_new=True)


def _create(request: ImageRequest, **more: Any) -> Generation:
    operation = Generation.Operation.EDIT if request.sources else Generation.Operation.GENERATE
    generation = Generation(
        operation=operation,
        served_by=served_by(),
        model=request.model,
        prompt=request.prompt,
        n=request.n,
        aspect_ratio=request.aspect_ratio,
        parameters=request.parameters(),
        **more,
    )
    _begin.instance(generation)
    generation_begun.send(Generation)
    if parents := _parents(request):
        generation.parents.set(parents)
    return generation


def read_outcome(generation: Generation) -> list[StoredImage] | None:
    """The stored pictures of a generation that has ended; None while it runs.

    Raises:
        ProviderError: it ended without a picture.
    """
    generation.refresh_from_db()
    if Generation.objects.running(timezone.now()).filter(pk=generation.pk).exists():
        return None
    links = Generation.images.through.objects.filter(generation_id=generation.pk)
    images = [link.image for link in links.order_by("pk").select_related("image")]
    if images:
        return [_read_stored(index, image) for index, image in enumerate(images)]
    if not generation.error_type:
        raise ProviderError(
            "The pictures of this request have been deleted since.",
            status=410,
            type="invalid_request_error",
            code="pictures_deleted",
        )
    raise ProviderError(
        generation.error_message,
        status=STATUS_OF_TYPE.get(generation.error_type, 502),
        type=generation.error_type,
        code=generation.error_code,
    )


def _read_stored(index: int, image: Image) -> StoredImage:
    with default_storage.open(image.file.name or "") as file:
        data = file.read()
    return StoredImage(
        index=index,
        data=data,
        content_type=image.content_type,
        width=image.width,
        height=image.height,
        model=image.model,
        revised_prompt=image.metadata.get("revised_prompt", ""),
        image_id=image.pk,
    )


def store_image(
    generation: Generation,
    request: ImageRequest,
    image: GeneratedImage,
    data: bytes,
    outcome: Callable[[], Outcome] | None = None,
) -> StoredImage:
    """Put a picture into the library, with its generation.

    A storage or database that fails is asked again; then the picture comes back without
    an id, so that at least the client has it.

    Args:
        outcome: of the generation that ends with this picture, asked when all else is written.

    Raises:
        BadPicture
    """
    metadata: dict[str, Any] = {"generation": generation.pk, "provider": generation.provider}
    if parents := _parents(request):
        metadata["parents"] = parents
    if image.revised_prompt:
        metadata["revised_prompt"] = image.revised_prompt

    def with_row(row: Image) -> None:
        # In the picture's own transaction: one wait for the disk less for every picture.
        _link.rows([(generation.pk, row.pk)])
        if outcome is not None:
            _write_outcome(generation, outcome())

    try:
        row = _insistently(
            ingest.add_image,
            data=data,
            source=Image.Source.GENERATED,
            prompt=request.prompt,
            model=image.model,
            aspect_ratio=request.aspect_ratio,
            metadata=metadata,
            thumbnail_later=True,
            with_row=with_row,
        )
        facts: Image | pictures.Picture = row
        image_id = row.pk
    except pictures.UnreadablePicture as error:
        raise BadPicture(f"The upstream sent a picture that cannot be read: {error}") from error
    except (OSError, DatabaseError):
        logger.exception("A picture of generation %s was not stored", generation.pk)
        facts, image_id = pictures.read_picture(data, thumbnail_later=True), None
    if outcome is not None and image_id is not None:
        limits.end([generation])
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


def close_generation(generation: Generation, outcome: Outcome) -> None:
    """Write the outcome of a generation that did not end with its picture."""
    _insistently(_write_outcome, generation, outcome)
    limits.end([generation])


def _write_outcome(generation: Generation, outcome: Outcome) -> None:
    """Of several errors the first, with all their messages."""
    generation.status = outcome.status
    generation.finished_at = timezone.now()
    generation.upstream_ms, generation.storing_ms = outcome.upstream_ms, outcome.storing_ms
    generation.cost_usd, generation.usage = outcome.usage.cost_usd, dict(outcome.usage.tokens)
    if outcome.status in (Generation.Status.FAILED, Generation.Status.INTERRUPTED):
        generation.idempotency_key = None  # the same request may be tried again
    if outcome.errors:
        first = outcome.errors[0]
        generation.upstream_status = first.upstream_status
        generation.error_type, generation.error_code = first.type[:64], first.code[:64]
        generation.error_message = "\n".join(dict.fromkeys(map(str, outcome.errors)))
    _write.row(generation.pk, [getattr(generation, name) for name in OUTCOME_FIELDS])
    generation_ended.send(Generation, generation=generation)


def mark_interrupted() -> int:
    """Say of generations whose program is gone that they were interrupted; returns how many.

    Called before this program serves: whatever runs at its address was begun by one that is gone.
    """
    ours = Generation.objects.filter(status=Generation.Status.PENDING, served_by=served_by())
    gone = ours | Generation.objects.abandoned(timezone.now())
    ended = list(gone.only("key"))
    count = gone.update(
        status=Generation.Status.INTERRUPTED,
        idempotency_key=None,
        finished_at=timezone.now(),
        error_type="server_error",
        error_code="interrupted",
        error_message="The server was stopped before the pictures came.",
    )
    limits.end(ended)
    return count


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
