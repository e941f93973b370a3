"""Writes the gateway's records. It is synchronous: `generate` runs it on the gateway's threads."""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from gallery.files import pictures
from gallery.files.pictures import Picture
from gallery.jobs import ingest
from gallery.jobs.changes import repeated
from gallery.models import Image
from grok2api.sql.statements import Insert, Update

from . import callers, idempotency, limits
from .callers import Caller
from .formats import convert
from .models import LONGEST_SAID, Generation, Webhook
from .prices import costs
from .prices.costs import Cost
from .providers.base import GeneratedImage, ImageRequest, ProviderError, Usage

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES = (0.2, 1.0)
"""Seconds before another attempt to store a picture that was paid for."""

OUTCOME_FIELDS = (
    "status", "finished_at", "upstream_ms", "storing_ms", "cost_usd", "cost_basis", "usage",
    "idempotency_key", "upstream_status", "error_status", "error_type", "error_code",
    "error_param", "error_message", "upstream_said",
)  # fmt: skip

_unwritten: dict[int, Callable[[], object]] = {}
"""Outcomes of this process's generations that are still to be written, by id."""

_new_row = Insert(Generation)
_write = Update(Generation, *OUTCOME_FIELDS)
_link = Insert(Generation.images.through, "generation_id", "image_id")

generation_begun = Signal()
"""Sent in the transaction that writes a generation's row."""

generation_ended = Signal()
"""Sent with the `generation` in the transaction that writes its outcome."""


class ModelNotAllowed(LookupError):
    """The key has no such model."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model


class BadPicture(ValueError):
    """The upstream sent bytes that are not a complete picture."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request apart from its pictures, and the caller."""

    by: Caller | str  # a Bearer token is looked up on the thread that writes the row
    client: str = ""  # address and program
    idempotency_key: str = ""
    repetition: int | None = None  # how often the client has sent it before, where it says so
    errand: dict[str, Any] | None = None  # of a task that waits for its turn
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture of this generation. Without `image_id` it could not be stored: this is all.

    A picture of an unknown format, such as SVG, has no width and height.
    """

    index: int
    data: bytes
    content_type: str
    width: int  # pixels
    height: int
    model: str
    revised_prompt: str = ""
    image_id: int | None = None


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """The end of a generation."""

    status: Generation.Status
    errors: Sequence[ProviderError]
    usage: Usage
    cost: Cost
    upstream_ms: int
    storing_ms: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A row that was just written, or that of the same request sent before."""

    generation: Generation
    is_new: bool


def expect_room(request: ImageRequest, asked: Asked) -> None:
    """Refuse what `open_generation` would refuse, before the request's pictures are read.

    Pictures take memory, and their links are fetched. A possible repetition is let through, since
    only its pictures tell.

    Raises: as `open_generation`.
    """
    caller = callers.identify(asked.by)
    _expect_model(request, caller)
    mark = idempotency.mark(caller, asked.idempotency_key)
    if mark and idempotency.is_known(mark):
        return
    if asked.repetition and idempotency.has_unanswered(caller):
        return
    at_most = costs.most(request, timezone.now())
    limits.ask(caller.key, caller.user, request.model, at_most)


def open_generation(request: ImageRequest, asked: Asked, *, provider: str) -> Opened:
    """Write the row which says that the upstream is about to be called, now or in its turn.

    Raises:
        callers.InvalidToken: nobody knows who asks.
        ModelNotAllowed: not for the caller's key.
        limits.PriceUnknown: of this model, and the caller has a budget.
        limits.LimitReached: the caller may not do this now; nothing was written.
        idempotency.KeyReused: the idempotency key belongs to another request.
    """
    caller = callers.identify(asked.by)
    _expect_model(request, caller)
    mark, fingerprint = None, ""
    if asked.idempotency_key or asked.repetition is not None:
        mark = idempotency.mark(caller, asked.idempotency_key)
        fingerprint = idempotency.fingerprint(request)
    if mark and (earlier := idempotency.earlier(mark, fingerprint)):
        return Opened(earlier, is_new=False)
    if asked.repetition and (earlier := idempotency.unanswered(caller, fingerprint)):
        return Opened(earlier, is_new=False)
    try:
        generation = _begin(
            request,
            asked,
            provider=provider,
            key=caller.key,
            user=caller.user,
            idempotency_key=mark,
            fingerprint=fingerprint,
            reserved_usd=costs.most(request, timezone.now()),
        )
    except (IntegrityError, limits.LimitReached):
        # The same request came twice at this moment, and the other one was first: it may have
        # taken the last that the limits had.
        if mark and (earlier := idempotency.earlier(mark, fingerprint)):
            return Opened(earlier, is_new=False)
        raise
    return Opened(generation, is_new=True)


def _expect_model(request: ImageRequest, caller: Caller) -> None:
    if not caller.may_ask(request.model, request.asked_model):
        raise ModelNotAllowed(request.asked_model or request.model)


def _begin(request: ImageRequest, asked: Asked, **columns: Any) -> Generation:
    """Write the row, and what belongs to it."""
    if asked.errand is not None:
        columns |= {"errand": asked.errand, "status": Generation.Status.QUEUED}
    operation = Generation.Operation.EDIT if request.sources else Generation.Operation.GENERATE
    while True:
        generation = Generation(
            operation=operation,
            task_id=secrets.token_hex(16),
            served_by=served_by(),
            model=request.model,
            prompt=request.prompt,
            n=request.n,
            aspect_ratio=request.aspect_ratio,
            parameters=request.parameters(),
            client=asked.client[:200],
            **columns,
        )
        try:
            with limits.beginning(generation):
                _new_row.instance(generation)
                generation_begun.send(Generation)
                if parents := _parents(request):
                    generation.parents.set(parents)
                if asked.webhook:
                    Webhook.objects.create(generation=generation, url=asked.webhook)
        except limits.NotCounted:
            continue
        return generation


def read(data: bytes, request: ImageRequest) -> tuple[bytes, Picture]:
    """Return the picture in the requested format, and what is known of it.

    Raises:
        BadPicture
    """
    if request.output_format:
        data = convert(data, request.output_format, request.output_compression)
    try:
        return data, pictures.read_picture(data, thumbnail_later=True)
    except pictures.UnreadablePicture as error:
        raise BadPicture(f"The upstream sent a picture that cannot be read: {error}") from error


@contextmanager
def storing(
    generation: Generation,
    request: ImageRequest,
    image: GeneratedImage,
    data: bytes,
    picture: Picture,
    *,
    parents: Sequence[int] = (),
) -> Iterator[int]:
    """Put a picture into the library, with its generation; the block gets its id.

    The block writes in the picture's own transaction, which saves a wait for the disk per picture.

    Args:
        data, picture: as `read` returns them.
        parents: pictures that were edited, if the request no longer has them.

    Raises:
        OSError, DatabaseError: see `insistently`.
    """
    metadata: dict[str, Any] = {"generation": generation.pk, "provider": generation.provider}
    if parents := parents or _parents(request):
        metadata["parents"] = list(parents)
    if image.revised_prompt:
        metadata["revised_prompt"] = image.revised_prompt
    with ingest.adding(
        picture,
        data,
        source=Image.Source.GENERATED,
        prompt=request.prompt,
        model=image.model,
        aspect_ratio=request.aspect_ratio,
        metadata=metadata,
    ) as row:
        _link.rows([(generation.pk, row.pk)])
        yield row.pk


def close_generation(generation: Generation, outcome: GenerationResult) -> None:
    """Write the outcome of a generation that did not end with its picture.

    If the database fails, it is remembered and written as soon as possible: nobody else knows its
    cost.
    """
    _write_or_remember(generation, lambda: write_outcome(generation, outcome))


def _write_or_remember(generation: Generation, write: Callable[[], object]) -> None:
    try:
        insistently(write)()
    except (OSError, DatabaseError):
        logger.exception("The outcome of generation %s is written later", generation.pk)
        _unwritten[generation.pk] = write


def write_remembered() -> int:
    """Write outcomes that the database has not accepted yet; return how many."""
    count = 0
    for pk, write in list(_unwritten.items()):
        try:
            write()
        except (OSError, DatabaseError) as error:
            logger.warning("The outcome of generation %s cannot be written yet: %s", pk, error)
            continue
        del _unwritten[pk]
        count += 1
    return count


def write_outcome(generation: Generation, outcome: GenerationResult) -> None:
    """Write how a generation ended; of several errors the first one, with all messages."""
    generation.status = outcome.status
    generation.finished_at = timezone.now()
    generation.upstream_ms, generation.storing_ms = outcome.upstream_ms, outcome.storing_ms
    generation.cost_usd, generation.cost_basis = outcome.cost.usd, outcome.cost.basis
    generation.usage = dict(outcome.usage.tokens)
    if outcome.status == Generation.Status.FAILED:
        generation.idempotency_key = None  # the same request may be tried again
    if outcome.errors:
        for name, value in error_columns(outcome.errors[0]).items():
            setattr(generation, name, value)
        generation.error_message = "\n".join(dict.fromkeys(map(str, outcome.errors)))
        said = (error.said for error in outcome.errors if error.said)
        generation.upstream_said = "\n".join(dict.fromkeys(said))[:LONGEST_SAID]
    _write.row(generation.pk, [getattr(generation, name) for name in OUTCOME_FIELDS])
    generation_ended.send(Generation, generation=generation)
    # Robust: what fails here may not look like a row that was not written.
    transaction.on_commit(lambda: limits.end([generation]), robust=True)


def error_columns(error: ProviderError) -> dict[str, Any]:
    """Return an error in the columns of a generation's row."""
    return {
        "upstream_status": error.upstream_status,
        "error_status": error.status,
        "error_type": error.type[:64],
        "error_code": error.code[:64],
        "error_param": (error.param or "")[:64],
        "error_message": str(error),
    }


def correct_cost(generation: Generation, usage: Usage, cost: Cost) -> None:
    """Write the cost that the upstream reported after the row was closed."""
    values = {"usage": dict(usage.tokens), "cost_usd": cost.usd, "cost_basis": cost.basis}
    row = Generation.objects.filter(pk=generation.pk)
    _write_or_remember(generation, lambda: row.update(**values))


def _parents(request: ImageRequest) -> list[int]:
    """Return the edited pictures that are in the library, each once, in order."""
    return list(dict.fromkeys(one.image_id for one in request.sources if one.image_id))


def served_by() -> str:
    """Return host, port and number of this process."""
    return f"{address()}#{os.getpid()}"


def address() -> str:
    """Return host and port of this program, which its processes share."""
    return f"{socket.gethostname()[:80]}:{settings.SERVER_PORT}"


def insistently(write: Callable[P, T]) -> Callable[P, T]:
    """Try again if the storage or the database fails; raise the last failure.

    A transaction that the database rolled back is repeated at once (`changes.repeated`).
    """
    attempt = repeated(write)

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in PAUSES:
            try:
                return attempt(*args, **kwargs)
            except (OSError, DatabaseError) as error:
                logger.warning("Writing failed, trying again in %s s: %s", pause, error)
                time.sleep(pause)
                connection.close_if_unusable_or_obsolete()
        return attempt(*args, **kwargs)

    return run
