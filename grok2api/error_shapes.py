"""Writes the two shapes in which programs are told errors: OpenAI's below `/v1`, and that of Django
REST framework elsewhere."""

from typing import Any


def openai_error(
    status: int, message: str, *, kind: str = "", param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return `{"error": {"message", "type", "param", "code"}}`.

    Args:
        kind: the `type`; by default the status says whose mistake it is.
        param: the field that is wrong.
        code: a name that programs may compare.
    """
    kind = kind or ("invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def rest_error(message: str) -> dict[str, Any]:
    """Return `{"detail": …}`."""
    return {"detail": message}
