"""Takes in pictures that a process had received and not stored."""

import hashlib
import logging
from contextlib import closing

from django.utils import timezone

from gallery.files.pictures import Picture
from gallery.soundness import MAX_MODEL_LENGTH
from imagine import quarantine, records, recovery, spool
from imagine.models import Generation
from imagine.prices import costs
from imagine.providers.base import GeneratedImage, ImageRequest, Usage
from imagine.records import GenerationResult
from imagine.spool import Received

logger = logging.getLogger(__name__)


def take_in() -> int:
    """Store what was left behind, with its generation; return how many pictures.

    What cannot be stored now stays, and is tried again next time. It runs before generations of
    programs that are gone are marked as interrupted, and now and then afterwards.
    """
    count = 0
    with closing(spool.left_behind()) as left:
        for received in left:
            try:
                count += _take_in(received)
            except Exception:  # one that cannot be taken in must not stand before the others
                logger.exception("%s is not taken in, and stays", received.path)
    return count


def _take_in(received: Received) -> bool:
    """Take in one picture; return whether the library has gained it."""
    generation = Generation.objects.filter(pk=received.generation_id).first()
    if generation is None:
        logger.error("%s goes: its generation was deleted", received.path)
        received.let_go()
        return False
    if received.was_given_up and generation.is_unfinished(timezone.now()):
        return False  # its process ends it first
    request = _request(generation)
    came = received.image.data
    index = received.image.index
    links = generation.quarantined.filter(index=index, file="")
    try:
        data, picture = records.read(came, request)
        if _is_known(generation, came, data):
            quarantine.discard(links)
            received.let_go()
            return False
        outcome = _outcome(generation, request, received.usage)
        _store(generation, request, received.image, data, picture, outcome)
    except records.BadPicture as error:
        logger.warning("What came for generation %s is no picture: %s", generation.pk, error)
        if not _is_in_quarantine(generation, index, came):
            quarantine.keep_bytes(
                generation,
                index=index,
                data=came,
                reason=str(error),
                instead_of=links.values_list("pk", flat=True).first(),
                model=received.image.model[:MAX_MODEL_LENGTH],
                revised_prompt=received.image.revised_prompt,
            )
        received.let_go()
        return False
    logger.info("A picture of generation %s was stored after all", generation.pk)
    received.let_go()
    return True


def _request(generation: Generation) -> ImageRequest:
    asked = generation.parameters
    return ImageRequest(
        prompt=generation.prompt,
        model=generation.model,
        n=generation.n,
        aspect_ratio=generation.aspect_ratio,
        quality=asked.get("quality", ""),
        resolution=asked.get("resolution", ""),
        output_format=asked.get("output_format", ""),
        output_compression=asked.get("output_compression"),
    )


def _is_known(generation: Generation, *data: bytes) -> bool:
    """Return whether the library has the picture: it was stored just before the end, or fetched."""
    hashes = {hashlib.sha256(one).hexdigest() for one in data}
    return generation.images.filter(content_hash__in=hashes).exists()


def _is_in_quarantine(generation: Generation, index: int, data: bytes) -> bool:
    rows = generation.quarantined.filter(index=index, size=len(data)).exclude(file="")
    return any(quarantine.read(row) == data for row in rows)


def _outcome(
    generation: Generation, request: ImageRequest, usage: Usage
) -> GenerationResult | None:
    """That of a generation which ends with this picture."""
    if generation.n > 1 or generation.status != Generation.Status.PENDING:
        return None
    return GenerationResult(
        status=Generation.Status.SUCCEEDED,
        errors=[],
        usage=usage,
        cost=costs.settled(request, usage, [], generation.created_at),
        upstream_ms=0,
        storing_ms=0,
    )


@records.insistently
def _store(
    generation: Generation,
    request: ImageRequest,
    image: GeneratedImage,
    data: bytes,
    picture: Picture,
    outcome: GenerationResult | None,
) -> None:
    parents = list(generation.parents.order_by("pk").values_list("pk", flat=True))
    with records.storing(generation, request, image, data, picture, parents=parents):
        quarantine.discard(generation.quarantined.filter(index=image.index, file=""))
        recovery.update_status(generation)
        if outcome is not None:
            records.write_outcome(generation, outcome)
