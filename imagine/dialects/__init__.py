"""Reads OpenAI's and xAI's request fields into one `ImageRequest`.

A wrong value of a known field is refused by name. An unknown field may mean something to an OpenAI-
compatible upstream, and is passed on there (`others`).
"""

import json
import re
from codecs import BOM_UTF8, iterdecode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from gallery.files.pictures import ASPECT_RATIOS, nearest_aspect_ratio
from gallery.soundness import MAX_MODEL_LENGTH, MAX_PROMPT_LENGTH

from ..providers.base import DEFAULT_MODEL, ImageRequest
from .others import read_others
from .references import (
    MAX_SOURCES,
    References,
    SourceReference,
    is_edit,
    names_picture,
    read_references,
)
from .values import InvalidRequest, boolean, choice, integer, text

__all__ = [
    "MAX_N", "MAX_SOURCES", "OUTPUT_FORMATS", "QUALITIES", "RESPONSE_FORMATS",
    "Answer", "InvalidRequest", "References", "SourceReference", "is_edit", "names_picture",
    "read_json", "read_references", "read_request",
]  # fmt: skip

LARGE = 1024 * 1024
"""Bytes beyond which JSON is parsed with less memory."""

MAX_VALUES = 200_000
"""Values in a JSON body, counted by commas and brackets: each takes 20 times its size to parse. A
prompt may consist of them; base64 has none."""

MAX_N = 10
MAX_USER_LENGTH = 512
MAX_URL_LENGTH = 2000
MAX_SEED = 2**32 - 1
"""The seed is in neither dialect, but on many servers; a provider without seeds ignores it."""

SIDE_OF_1K = 1024
"""Pixels: a longer side asks for xAI's `2k`."""

QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")
RESOLUTIONS = ("1k", "1.5k", "2k")
RESPONSE_FORMATS = ("url", "b64_json")
OUTPUT_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp"}
VECTORS = ("svg",)
"""Formats that the library does not keep, refused before anything is spent."""

BYTES_ALONE = ("gpt-image-", "chatgpt-image-")
"""Prefixes of OpenAI's models that never answer with a link: their clients expect none."""

SIZE = re.compile(r"(\d{1,5})\s*[xX×*]\s*(\d{1,5})")
RESOLUTION = re.compile(r"\d(?:\.\d)?[kK]")
RATIO = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*[xX×/::]\s*(\d{1,5}(?:\.\d{1,3})?)")

KNOWN = frozenset((
    "prompt", "model", "n", "aspect_ratio", "size", "resolution", "quality", "background",
    "output_format", "output_compression", "moderation", "style", "user", "seed",
    "input_fidelity", "partial_images", "response_format", "stream", "async", "webhook_url",
    "tasks", "image", "images", "mask", "markup",
))  # fmt: skip
"""Every field that is read here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The form of the answer that the client wants."""

    response_format: str = ""  # "url", "b64_json", or empty for both
    stream: bool = False
    later: bool = False  # the client comes back for it
    webhook: str = ""  # whom to tell that it is there
    tasks: int = 1  # so many alike
    as_task: bool = False  # the fields of sub2api's tasks beside the answer's own


def read_json(body: bytes) -> Mapping[str, Any]:
    """Return the object in the body.

    A large body is not decoded to text on the way: one character beyond Latin-1 would make it two
    or four times as long. What only Python's reader accepts (NaN, lone surrogates) is not JSON
    there.

    Raises:
        InvalidRequest: it is not JSON, or not an object, or has more values than any request.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise InvalidRequest("The request holds too many values.", code="too_many_values")
    try:
        value = (_read_large if len(body) > LARGE else _read_small)(body)
    except UnicodeDecodeError:
        raise InvalidRequest("The request body is not UTF-8.", code="invalid_json") from None
    except (ValueError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON.", code="invalid_json") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    return value


def _read_small(body: bytes) -> Any:
    return json.loads(body.decode("utf-8-sig"))


def _read_large(body: bytes) -> Any:
    text = memoryview(body)
    try:
        return orjson.loads(text[len(BOM_UTF8) :] if body.startswith(BOM_UTF8) else text)
    except orjson.JSONDecodeError:
        pieces = (text[start : start + LARGE] for start in range(0, len(body), LARGE))
        for _ in iterdecode(pieces, "utf-8"):  # type: ignore[arg-type]  # raises where it is none
            pass
        raise


def read_request(
    fields: Mapping[str, Any], *, default_model: str = DEFAULT_MODEL, lenient: bool = False
) -> tuple[ImageRequest, Answer]:
    """Check every field that we know.

    Args:
        fields: JSON values, or the strings of a form; null and the empty string count as absent,
            except for the prompt.
        lenient: whether the upstream may know values that we do not.

    Raises:
        InvalidRequest: the first field that is wrong.
    """
    size, ratio_of_size, named_size = _size(fields, lenient=lenient)
    model = text(fields, "model", MAX_MODEL_LENGTH).strip() or default_model
    resolution = choice(fields, "resolution", RESOLUTIONS, any_other=lenient)
    request = ImageRequest(
        prompt=_prompt(fields),
        model=model,
        n=integer(fields, "n", 1, MAX_N) or 1,
        aspect_ratio=_aspect_ratio(fields) or ratio_of_size,
        size=size,
        named_size=named_size,
        resolution=resolution or _resolution(size, named_size),
        quality=choice(fields, "quality", QUALITIES, any_other=lenient),
        background=choice(
            fields, "background", ("auto", "transparent", "opaque"), any_other=lenient
        ),
        output_format=_output_format(fields, lenient=lenient),
        output_compression=integer(fields, "output_compression", 0, 100),
        moderation=choice(fields, "moderation", ("auto", "low"), any_other=lenient),
        style=choice(fields, "style", ("vivid", "natural"), any_other=lenient),
        user=text(fields, "user", MAX_USER_LENGTH),
        seed=_seed(fields),
        input_fidelity=choice(fields, "input_fidelity", ("high", "low"), any_other=lenient),
        partial_images=integer(fields, "partial_images", 0, 3) or 0,
        others=read_others(
            {name: value for name, value in fields.items() if not names_picture(name)}, KNOWN
        ),
    )
    answer_format = choice(fields, "response_format", RESPONSE_FORMATS)
    answer = Answer(
        response_format=answer_format or ("b64_json" if model.startswith(BYTES_ALONE) else ""),
        stream=boolean(fields, "stream"),
        later=boolean(fields, "async"),
        webhook=_webhook(fields),
        tasks=integer(fields, "tasks", 1, MAX_N) or 1,
    )
    return request, answer


def _webhook(fields: Mapping[str, Any]) -> str:
    url = text(fields, "webhook_url", MAX_URL_LENGTH).strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidRequest(
            "'webhook_url' must be an http or https address.",
            param="webhook_url",
            code="invalid_value",
        )
    return url


def _prompt(fields: Mapping[str, Any]) -> str:
    if fields.get("prompt") is None:
        raise InvalidRequest(
            "Missing required parameter: 'prompt'.",
            param="prompt",
            code="missing_required_parameter",
        )
    prompt = text(fields, "prompt", MAX_PROMPT_LENGTH)
    if not prompt.strip():
        raise InvalidRequest("The prompt is empty.", param="prompt", code="invalid_value")
    return prompt


def _seed(fields: Mapping[str, Any]) -> int | None:
    """Read the seed; many programs send -1 for any."""
    seed = integer(fields, "seed", -1, MAX_SEED)
    return None if seed == -1 else seed


def _output_format(fields: Mapping[str, Any], *, lenient: bool) -> str:
    value = choice(fields, "output_format", OUTPUT_FORMATS, any_other=lenient)
    if value.lower() in VECTORS:
        raise InvalidRequest(
            f"The library does not keep {value.upper()}: use png, jpeg or webp.",
            param="output_format",
            code="invalid_value",
        )
    return OUTPUT_FORMATS.get(value, value)


def _size(fields: Mapping[str, Any], *, lenient: bool) -> tuple[tuple[int, int] | None, str, str]:
    """Read pixels, ratio and name from `size`, which some clients use for a ratio or resolution."""
    value = text(fields, "size", 32).strip()
    if not value or value.lower() == "auto":
        return None, "", ""
    if match := SIZE.fullmatch(value):
        width, height = int(match[1]), int(match[2])
        if width and height:
            return (width, height), nearest_aspect_ratio(width, height), ""
    elif ratio := _ratio(value):
        return None, ratio, ""
    elif lenient or value.lower() in RESOLUTIONS:
        return None, "", value
    raise InvalidRequest(
        "'size' must be auto, a width and a height such as 1024x1024, a ratio such as 16:9,"
        " or a resolution such as 2k.",
        param="size",
        code="invalid_value",
    )


def _aspect_ratio(fields: Mapping[str, Any]) -> str:
    value = text(fields, "aspect_ratio", 32).strip()
    if not value or value.lower() == "auto":
        return ""
    if ratio := _ratio(value):
        return ratio
    raise InvalidRequest(
        f"'aspect_ratio' must be auto or a ratio such as {', '.join(ASPECT_RATIOS)}.",
        param="aspect_ratio",
        code="invalid_value",
    )


def _ratio(value: str) -> str:
    """Return the offered ratio nearest to one written as `a:b`; empty if it is not one."""
    match = RATIO.fullmatch(value)
    if match is None or not (float(match[1]) and float(match[2])):
        return ""
    return nearest_aspect_ratio(float(match[1]), float(match[2]))


def _resolution(size: tuple[int, int] | None, named_size: str) -> str:
    if RESOLUTION.fullmatch(named_size):
        return named_size.lower()
    return "2k" if size and max(size) > SIDE_OF_1K else ""
