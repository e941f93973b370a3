"""Fetches the pictures to be edited: files of a form, `data:` URLs, our own links and others'."""

import hashlib
import re
from collections.abc import Sequence
from contextlib import aclosing

from django.conf import settings
from django.core.files.storage import default_storage

from gallery.files import pictures
from gallery.models import Image
from grok2api.integers import read_id

from .dialects import InvalidRequest, SourceReference
from .dialects.references import Made
from .links import InvalidLink, read_filename
from .models import GenerationQuerySet
from .providers.base import ProviderError, SourceImage
from .providers.client import Client
from .providers.fetching import Fetcher
from .providers.items import decode, is_encoded
from .threads import in_storing_thread, in_thread

MAX_BYTES = 50 * 1024 * 1024
"""Bytes of one picture; OpenAI's limit."""

FILES_PATH = "/v1/files/image/"
LIBRARY_PATH = re.compile(
    r"/api/v1/admin/gallery/images/([0-9]{1,19})/(?:file/|thumbnail/)?(?:\?.*)?"
)
"""A picture's address in the REST API."""


async def read_sources(
    references: Sequence[SourceReference], mine: GenerationQuerySet, base: str = ""
) -> tuple[SourceImage, ...]:
    """Return the pictures in order, each complete and in a known format.

    Args:
        mine: what the caller has asked for: only pictures of these are found by an answer's id.
        base: scheme and host of our own addresses, as the client calls them.

    Raises:
        InvalidRequest: one is not; `param` names its field.
    """
    left, sources = settings.MAX_BODY_SIZE, list[SourceImage]()
    async with aclosing(Client(connecting=30, silence=30)) as http:
        fetcher = Fetcher(http)
        for reference in references:
            sources.append(await _read(reference, fetcher, mine, base))
            left -= len(sources[-1].data)
            if left < 0:  # a link or an id is short, whatever stands behind it
                raise InvalidRequest(
                    "The pictures are together larger than "
                    f"{settings.MAX_BODY_SIZE // 1024 // 1024} MB.",
                    param=reference.param,
                )
    return tuple(sources)


async def _read(
    reference: SourceReference, fetcher: Fetcher, mine: GenerationQuerySet, base: str
) -> SourceImage:
    try:
        data, image_id = await _bytes(reference, fetcher, mine, base)
        if len(data) > MAX_BYTES:
            raise InvalidRequest("The picture is larger than 50 MB.", param=reference.param)
        return await in_storing_thread(_checked, data, image_id)
    except ProviderError as error:
        raise InvalidRequest(str(error), param=reference.param, code="invalid_image") from None
    except pictures.UnreadablePicture as error:
        raise InvalidRequest(str(error), param=reference.param, code="invalid_image") from None


async def _bytes(
    reference: SourceReference, fetcher: Fetcher, mine: GenerationQuerySet, base: str
) -> tuple[bytes, int | None]:
    """Return the bytes, and the id in the library if the reference is a link of our own."""
    if isinstance(reference.content, bytes):
        return reference.content, None
    if isinstance(reference.content, int):
        return await in_thread(_of_library, reference.content)
    if isinstance(reference.content, Made):
        return await in_thread(_of_answer, reference.content, mine)
    link = reference.content
    found = LIBRARY_PATH.fullmatch(link.removeprefix(base))
    if found and (image_id := read_id(found[1])):
        return await in_thread(_of_library, image_id)
    if is_encoded(link):
        try:
            return decode(link), None
        except ProviderError:
            raise ProviderError("The picture is not valid base64.") from None
    _, ours, filename = link.partition(FILES_PATH)
    if ours:
        try:
            return await in_thread(_of_library, read_filename(filename.partition("?")[0]).image_id)
        except InvalidLink:
            pass  # another server's link may have the same path
    return await fetcher.fetch(link, MAX_BYTES), None


def _of_answer(made: Made, mine: GenerationQuerySet) -> tuple[bytes, int]:
    given = mine.filter(task_id=made.task_id, n=1)
    images = Image.objects.in_library().filter(generations__in=given)
    if (image_id := images.values_list("pk", flat=True).first()) is None:
        raise ProviderError(
            f"'{made.id}' is not the id of one picture of yours in the library. Send the picture."
        )
    return _of_library(image_id)


def _of_library(image_id: int) -> tuple[bytes, int]:
    image = Image.objects.in_library().only("file").filter(pk=image_id).first()
    if image is None:
        raise ProviderError("The picture is no longer in the library.")
    with default_storage.open(image.file.name or "") as file:
        return file.read(), image_id


def _checked(data: bytes, image_id: int | None) -> SourceImage:
    picture = pictures.read_picture(data, patient=False)
    if image_id is None:
        # A picture in the library is the parent, however its bytes were sent.
        digest = hashlib.sha256(data).hexdigest()
        known = Image.objects.in_library().filter(content_hash=digest)
        image_id = known.values_list("pk", flat=True).order_by("pk").first()
    return SourceImage(
        data, picture.content_type, picture.suffix, picture.width, picture.height, image_id
    )
