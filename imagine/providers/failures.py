"""Turns an upstream's refusal into an error in our own words."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

from grok2api.runtime.json_bounds import holds_too_many
from imagine.masking import masked

from .base import ProviderError, Usage
from .complaints import (
    LONGEST_MESSAGE,
    Complaint,
    clean,
    complaint_of,
    read_complaint,
)
from .reported import usage_told
from .verdicts import Verdict, judge

ADMINISTRATORS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.NO_CREDIT: (
        "upstream_no_credit",
        "The upstream has no credit left for this server. Its administrator must see to it.",
    ),
    Verdict.REFUSED_KEY: (
        "upstream_key_refused",
        "The upstream refused the key that this server uses. Its administrator must check it.",
    ),
    Verdict.REFUSED_FOR_MODEL: (
        "upstream_key_refused",
        "The upstream refused this model to this server's key. Its administrator must check it.",
    ),
    Verdict.FORBIDDEN: (
        "upstream_key_refused",
        "The upstream refused the request of this server. Its administrator must look into it.",
    ),
}
"""Code and message of failures that the client cannot mend: we have accepted its own key."""


REFUSALS = {413: "The request is too large for the upstream."}
"""The meaning of a refusal without words, by status."""


def failure(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """Return the error for an upstream's answer that is not a 2xx."""
    if 300 <= status < 400:
        return ProviderError(
            "The upstream redirects to another address. This server's administrator must set it.",
            upstream_status=status,
            said=f"Location: {masked(clean(headers.get('location', '')))}"[:LONGEST_MESSAGE],
        )
    said = read_complaint(body, headers.get("content-type", ""))
    return _error(status, said, retry_after(headers), charged(body))


def failure_within(content: Any) -> ProviderError:
    """Return the error inside an answer or event whose status is 200."""
    return _error(200, complaint_of(content), None, usage_told(content))


def blocked(message: str = "", status: int = 200) -> ProviderError:
    """Return the error for a refused prompt, or for a picture that was made and withheld."""
    return ProviderError(
        message or "The picture was blocked by the upstream's moderation.",
        status=400,
        type="image_generation_user_error",
        code="moderation_blocked",
        upstream_status=status,
        verdict=Verdict.MODERATED,
        said=message,
    )


def charged(body: bytes) -> Usage | None:
    """Return what a refusal cost: xAI charges for pictures that it makes and withholds."""
    if b'"usage"' not in body or holds_too_many(body):
        return None
    try:
        content = json.loads(body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return None
    return usage_told(content)


def _error(status: int, said: Complaint, wait: int | None, usage: Usage | None) -> ProviderError:
    error = _by_verdict(judge(status, said, passing=wait is not None), status, said, wait)
    if usage is not None:  # what a refusal has cost is told to its end
        error.usage = replace(usage, is_whole=usage.cost_usd is not None)
    return error


def _by_verdict(verdict: Verdict, status: int, said: Complaint, wait: int | None) -> ProviderError:
    told: dict[str, Any] = {
        "upstream_status": status, "verdict": verdict, "said": said.message,
    }  # fmt: skip
    if verdict in ADMINISTRATORS:
        code, message = ADMINISTRATORS[verdict]
        return ProviderError(message, code=code, **told)
    if verdict is Verdict.MODERATED:
        return blocked(said.message, status)
    if verdict is Verdict.LIMITED:
        return ProviderError(
            said.message or "The upstream asks for fewer requests.",
            status=429,
            type="rate_limit_error",
            code=said.code or "rate_limit_exceeded",
            retry_after=wait,
            **told,
        )
    if verdict is Verdict.BAD_REQUEST:
        return ProviderError(
            said.message or REFUSALS.get(status, "The upstream refused the request."),
            status=status if status in (404, 413, 415) else 400,
            type="invalid_request_error",
            code=said.code or "upstream_refused",
            param=said.param,
            **told,
        )
    detail = f" It says: {said.message}" if said.message else ""
    how = "failed" if status < 300 else f"failed with HTTP status {status}"
    return ProviderError(
        f"The upstream {how}.{detail}", retry_after=wait if status == 503 else None, **told
    )


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Return the seconds that an upstream asks to wait, given as number, date or milliseconds."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(headers.get("retry-after-ms", "").strip()) / 1000
    except ValueError:
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
            except ValueError:
                return None
    return min(86_400, max(0, math.ceil(seconds))) if math.isfinite(seconds) else None
