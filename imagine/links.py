"""Signs links to pictures: they work without a login."""

import re
import time
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlsafe_base64_encode

from gallery.models import Image

from .formats import suffix

FILENAME = re.compile(r"([0-9]{1,19})-([0-9]{1,12})-([A-Za-z0-9_-]{22})\.[a-z]{3,4}")


class InvalidLink(Exception):
    """We did not sign the name, or it has expired."""


@dataclass(frozen=True, slots=True)
class Links:
    """Builds absolute links for the answers to one request."""

    base: str  # scheme and host

    @classmethod
    def of(cls, request: HttpRequest) -> "Links":
        return cls(settings.APP_URL or f"{request.scheme}://{request.get_host()}")

    def to(self, image_id: int, content_type: str) -> str:
        return self.base + _path(image_id, content_type)


def file_path(image: Image) -> str:
    """Return the path of a signed link to a picture."""
    return _path(image.pk, image.content_type)


def _path(image_id: int, content_type: str) -> str:
    return _folder() + signed_filename(image_id, suffix(content_type))


@cache
def _folder() -> str:
    return reverse("imagine_api:file", args=["-"]).removesuffix("-")


def signed_filename(image_id: int, suffix: str) -> str:
    """Return `{id}-{expiry}-{signature}.{suffix}`; expiry in Unix seconds, 0 for never."""
    expiry = int(time.time()) + settings.IMAGINE_URL_TTL if settings.IMAGINE_URL_TTL else 0
    return f"{image_id}-{expiry}-{_signature(image_id, expiry)}.{suffix}"


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a signed filename."""

    image_id: int
    left: int | None  # seconds to its end; None where it has none


def read_filename(filename: str) -> Signed:
    """Return the picture that a signed filename names, and its expiry.

    Raises:
        InvalidLink
    """
    match = FILENAME.fullmatch(filename)
    if match is None:
        raise InvalidLink
    image_id, expiry = int(match[1]), int(match[2])
    if not constant_time_compare(match[3], _signature(image_id, expiry)):
        raise InvalidLink
    left = int(expiry - time.time())
    if expiry and left < 0:
        raise InvalidLink
    return Signed(image_id, left if expiry else None)


def _signature(image_id: int, expiry: int) -> str:
    """Return 128 bits of HMAC-SHA-256."""
    digest = salted_hmac("imagine.links", f"{image_id}:{expiry}", algorithm="sha256").digest()
    return urlsafe_base64_encode(digest[:16])
