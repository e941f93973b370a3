"""An upstream's refusal in our own words. Pure.

Error bodies come in three shapes: OpenAI's `{"error": {message, type, param, code}}`, and xAI's
`{"code": …, "error": "…"}` and `{"error": "…"}`.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from .base import ProviderError

CLIENT_MISTAKES = (400, 404, 413, 415, 422)
MODERATION_CODES = ("moderation_blocked", "content_policy_violation")
LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error body says."""

    message: str = ""
    type: str = ""
    param: str | None = None
    code: str = ""


def failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for an upstream's answer that is not a 2xx.

    The client's own key was accepted by us: a refused upstream key is our fault, never a 401.
    """
    said = read_complaint(body)
    if status == 429:
        return ProviderError(
            said.message or "The upstream asks for fewer requests.",
            status=429,
            type="rate_limit_error",
            code=said.code or "rate_limit_exceeded",
            retry_after=retry_after(headers),
            upstream_status=status,
        )
    if status in (401, 403):
        return ProviderError(
            "The upstream refused the key that this server uses. Its administrator must check it.",
            code="upstream_key_refused",
            upstream_status=status,
        )
    if status in CLIENT_MISTAKES and said.message:
        blocked = said.code in MODERATION_CODES
        return ProviderError(
            said.message,
            status=400 if status == 422 else status,
            type="image_generation_user_error" if blocked else "invalid_request_error",
            code=said.code or "upstream_refused",
            param=said.param,
            upstream_status=status,
        )
    detail = f" It says: {said.message}" if said.message else ""
    return ProviderError(
        f"The upstream failed with HTTP status {status}.{detail}",
        retry_after=retry_after(headers) if status == 503 else None,
        upstream_status=status,
    )


def blocked(message: str = "") -> ProviderError:
    """The upstream made a picture and withholds it."""
    return ProviderError(
        message or "The picture was blocked by the upstream's moderation.",
        status=400,
        type="image_generation_user_error",
        code="moderation_blocked",
        upstream_status=200,
    )


def read_complaint(body: bytes) -> Complaint:
    """The error that a body describes, in any of the three shapes; empty where it is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return Complaint()
    return complaint_of(content)


def complaint_of(content: Any) -> Complaint:
    """As `read_complaint`, for JSON already read."""
    if not isinstance(content, dict):
        return Complaint()
    error = content.get("error")
    if isinstance(error, dict):
        content, message = error, error.get("message")
    else:
        message = error or content.get("message") or content.get("detail")
    return Complaint(
        message=_text(message)[:LONGEST_MESSAGE],
        type=_text(content.get("type")),
        param=_text(content.get("param")) or None,
        code=_text(content.get("code")),
    )


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(86_400, max(0, math.ceil(seconds))) if math.isfinite(seconds) else None


def _text(value: Any) -> str:
    return str(value).replace("\x00", "") if isinstance(value, str | int) else ""
