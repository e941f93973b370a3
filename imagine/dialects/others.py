"""Reads fields that neither dialect has, since an upstream may know them.

Fields that say how a picture is made are passed on. Those that say who pays, whom to ask or how,
are refused by name: a proxy such as LiteLLM obeys them.
"""

import re
from collections.abc import Container, Mapping
from math import isfinite
from typing import Any

from .values import InvalidRequest

MAX_FIELDS = 50
MAX_DEPTH = 10
MAX_SIZE = 100_000  # characters of their names and values together

REFUSED = re.compile(
    r"api_(?:base|key|type|version)|(?:.*_)?(?:base_url|api_base|api_key)|base|organization|project"
    r"|(?:extra_)?headers?|extra_(?:body|query|headers)|(?:.*_)?(?:token|secret|password|credentials?)"
    r"|mock_.*|litellm.*|custom_llm.*|(?:.*_)?budget.*|timeout|(?:num|max)_retries|fallbacks"
    r"|context_window_fallback.*|aws_.*|azure_.*|vertex_.*|model_(?:list|info|group.*)|deployment.*"
    r"|router_.*|proxy.*|cache|caching|no-log|rpm|tpm|input_cost.*|output_cost.*|drop_params"
    r"|allowed_openai_params|webhook|callbacks?|(?:success|failure)_callback|guardrails"
    r"|collection|storage_options",
    re.IGNORECASE,
)
"""Names that concern credentials, the address, the bill or the record, or are reserved for ours."""

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values that count as absent."""

SILENT = frozenset((
    "metadata", "tags", "store", "client", "session_id", "request_id", "trace_id",
    "stream_options",
))  # fmt: skip
"""Names that do not affect a picture, and that a proxy may bill by: they are left out."""


def read_others(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the fields with unknown names that have a value.

    Raises:
        InvalidRequest: one may not be passed on, or they are too many or too long.
    """
    others = {
        name: value
        for name, value in fields.items()
        if name not in known and name not in SILENT and value not in EMPTY
    }
    for name in others:
        if REFUSED.fullmatch(name):
            raise InvalidRequest(
                f"'{name[:100]}' cannot be set by a client.",
                param=name[:100],
                code="unsupported_parameter",
            )
    for name, value in others.items():
        if not is_plain(name) or not is_plain(value):
            raise InvalidRequest(
                f"{name[:100]!a} holds a value that cannot be passed on.",
                param=name[:100].encode("ascii", "replace").decode(),
                code="invalid_value",
            )
    if len(others) > MAX_FIELDS or len(repr(others)) > MAX_SIZE:
        raise InvalidRequest(
            f"At most {MAX_FIELDS} further fields of together {MAX_SIZE} characters are passed on.",
            code="invalid_value",
        )
    return others


def others_of(body: Mapping[str, Any], known: Container[str]) -> tuple[str, ...]:
    """Return the names of further fields that have a value, in order."""
    given = (name for name, value in body.items() if value not in EMPTY)
    return tuple(sorted(name for name in given if name not in known))


def is_plain(value: Any, depth: int = 0) -> bool:
    """Return whether every database and every server accepts the value as JSON."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all(
            is_plain(key) and is_plain(item, depth + 1) for key, item in value.items()
        )
    if isinstance(value, list):
        return depth < MAX_DEPTH and all(is_plain(item, depth + 1) for item in value)
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or abs(value) < 2**63
