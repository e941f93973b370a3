"""Reads a generation's results from the library for callers that come later."""

from django.core.files.storage import default_storage
from django.utils import timezone

from gallery.models import Image

from . import quarantine
from .interruptions import interrupted
from .models import Generation, Quarantined
from .providers.base import ProviderError
from .records import StoredImage

STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "image_generation_user_error": 400,
    "rate_limit_error": 429,
}
"""The HTTP status for a stored error's type; others are the upstream's, 502."""


def read_outcome(generation: Generation, *, with_data: bool = True) -> list[StoredImage] | None:
    """Return the stored pictures of a generation that has ended; None while it waits or runs.

    Args:
        with_data: whether the bytes are read of those, too, that have links.

    Raises:
        ProviderError: it ended without a picture.
    """
    generation.refresh_from_db()
    if generation.is_unfinished(timezone.now()):
        return None
    links = Generation.images.through.objects.filter(generation_id=generation.pk)
    images = [link.image for link in links.order_by("pk").select_related("image")]
    came = [_read_quarantined(row) for row in quarantine.shown(generation)]
    if images or came:
        stored = [_read_stored(index, image, with_data) for index, image in enumerate(images)]
        return [*stored, *came]
    if generation.status == Generation.Status.PENDING:
        raise interrupted()
    if not generation.error_type:
        raise ProviderError(
            "The pictures of this request have been deleted since.",
            status=410,
            type="invalid_request_error",
            code="pictures_deleted",
        )
    raise ProviderError(
        generation.error_message,
        status=generation.error_status or STATUS_OF_TYPE.get(generation.error_type, 502),
        type=generation.error_type,
        code=generation.error_code,
        param=generation.error_param or None,
        upstream_status=generation.upstream_status,
    )


def _read_quarantined(row: Quarantined) -> StoredImage:
    """Return it always with its bytes: there is no link that an answer could give instead."""
    return StoredImage(
        index=row.index,
        data=quarantine.read(row),
        content_type=row.content_type,
        width=0,
        height=0,
        model=row.model,
        revised_prompt=row.revised_prompt,
    )


def _read_stored(index: int, image: Image, with_data: bool) -> StoredImage:
    data = b""
    if with_data:
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
