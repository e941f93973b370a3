"""Pictures to be edited: files of a form, data: links, links of our own and of others."""

import hashlib
from collections.abc import Sequence
from contextlib import aclosing

from django.core.files.storage import default_storage

from gallery import pictures
from gallery.models import Image

from .dialects import InvalidRequest, SourceReference
from .links import InvalidLink, read_filename
from .providers.base import ProviderError, SourceImage
from .providers.client import Client
from .providers.fetching import Fetcher
from .providers.results import decode
from .threads import in_storing_thread, in_thread

MAX_BYTES = 50 * 1024 * 1024
"""Of one picture. OpenAI's limit."""

FILES_PATH = "/v1/files/image/"


async def read_sources(references: Sequence[SourceReference]) -> tuple[SourceImage, ...]:
    """The pictures in their order, each whole and of a format that we know.

    Raises:
        InvalidRequest: one is not; `param` names its field.
    """
    async with aclosing(Client(connecting=30, silence=30)) as http:
        fetcher = Fetcher(http)
        return tuple([await _read(reference, fetcher) for reference in references])


async def _read(reference: SourceReference, fetcher: Fetcher) -> SourceImage:
    try:
        data, image_id = await _bytes(reference, fetcher)
        if len(data) > MAX_BYTES:
            raise InvalidRequest("The picture is larger than 50 MB.", param=reference.param)
        return await in_storing_thread(_checked, data, image_id)
    except ProviderError as error:
        raise InvalidRequest(str(error), param=reference.param, code="invalid_image") from None
    except pictures.UnreadablePicture as error:
        raise InvalidRequest(str(error), param=reference.param, code="invalid_image") from None


async def _bytes(reference: SourceReference, fetcher: Fetcher) -> tuple[bytes, int | None]:
    """Bytes, and the id in the library where the reference is a link of our own."""
    if isinstance(reference.content, bytes):
        return reference.content, None
    link = reference.content
    if link.startswith("data:"):
        try:
            return decode(link), None
        except ProviderError:
            raise ProviderError("The data: URL is not valid base64.") from None
    _, ours, filename = link.partition(FILES_PATH)
    if ours:
        try:
            return await in_thread(_of_library, read_filename(filename.partition("?")[0]))
        except InvalidLink:
            pass  # another server's link may have the same path
    return await fetcher.fetch(link, MAX_BYTES), None


def _of_library(image_id: int) -> tuple[bytes, int]:
    image = Image.objects.in_library().filter(pk=image_id).first()
    if image is None:
        raise ProviderError("The picture is no longer in the library.")
    with default_storage.open(image.file.name or "") as file:
        return file.read(), image_id


def _checked(data: bytes, image_id: int | None) -> SourceImage:
    picture = pictures.read_picture(data)
    if image_id is None:
        # The bytes of a picture in the library, however they came, make it the parent.
        digest = hashlib.sha256(data).hexdigest()
        known = Image.objects.in_library().filter(content_hash=digest)
        image_id = known.values_list("pk", flat=True).order_by("pk").first()
    return SourceImage(
        data, picture.content_type, picture.suffix, picture.width, picture.height, image_id
    )
