"""OpenAI's and xAI's request fields, read together into one `ImageRequest`. Pure.

A field that is not known is ignored: clients send what their server of choice understands.
A known field with a wrong value is refused by name, whether or not the provider can serve it.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gallery.pictures import ASPECT_RATIOS, nearest_aspect_ratio

from .providers.base import DEFAULT_MODEL, ImageRequest

MAX_PROMPT_LENGTH = 32_000
"""Characters. OpenAI's limit for its image models."""

MAX_N = 10
MAX_SOURCES = 16
MAX_MODEL_LENGTH = 100
MAX_USER_LENGTH = 512
MAX_SEED = 2**32 - 1
"""No field of either dialect, but of many servers; a provider that knows no seeds leaves it out."""

SIDE_OF_1K = 1024
"""Pixels: a longer side asks for xAI's `2k`."""

QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")
RESPONSE_FORMATS = ("url", "b64_json")
OUTPUT_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp"}

SIZE = re.compile(r"(\d{1,5})\s*[xX×*]\s*(\d{1,5})")
RATIO = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*[::]\s*(\d{1,5}(?:\.\d{1,3})?)")


class InvalidRequest(ValueError):
    """The client's mistake: `param` names the field, `status` is the HTTP status to answer."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class SourceReference:
    """A picture to edit: its bytes or a link to it, and the field that gave it."""

    content: bytes | str
    param: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How the client wants to be answered."""

    response_format: str = ""  # "url", "b64_json", or empty for both
    stream: bool = False


def read_json(body: bytes) -> Mapping[str, Any]:
    """The object that the body holds.

    Raises:
        InvalidRequest: it is not JSON, or not an object.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON.", code="invalid_json") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    return value


def read_request(fields: Mapping[str, Any]) -> tuple[ImageRequest, Answer]:
    """Check every field that we know.

    Args:
        fields: JSON values, or the strings of a form; null and the empty string count as absent,
            except for the prompt.

    Raises:
        InvalidRequest: the first field that is wrong.
    """
    size, ratio_of_size = _size(fields)
    request = ImageRequest(
        prompt=_prompt(fields),
        model=_text(fields, "model", MAX_MODEL_LENGTH) or DEFAULT_MODEL,
        n=_integer(fields, "n", 1, MAX_N) or 1,
        aspect_ratio=_aspect_ratio(fields) or ratio_of_size,
        size=size,
        resolution=_choice(fields, "resolution", ("1k", "2k")) or _resolution(size),
        quality=_choice(fields, "quality", QUALITIES),
        background=_choice(fields, "background", ("auto", "transparent", "opaque")),
        output_format=OUTPUT_FORMATS.get(_choice(fields, "output_format", OUTPUT_FORMATS), ""),
        output_compression=_integer(fields, "output_compression", 0, 100),
        moderation=_choice(fields, "moderation", ("auto", "low")),
        style=_choice(fields, "style", ("vivid", "natural")),
        user=_text(fields, "user", MAX_USER_LENGTH),
        seed=_integer(fields, "seed", 0, MAX_SEED),
        input_fidelity=_choice(fields, "input_fidelity", ("high", "low")),
        partial_images=_integer(fields, "partial_images", 0, 3) or 0,
    )
    answer = Answer(
        response_format=_choice(fields, "response_format", RESPONSE_FORMATS),
        stream=_boolean(fields, "stream"),
    )
    return request, answer


def read_source_references(
    fields: Mapping[str, Any], files: Mapping[str, Sequence[bytes]]
) -> tuple[list[SourceReference], SourceReference | None]:
    """The pictures to edit, and the mask.

    A form has files `image` or `image[]` and `mask`. JSON has xAI's `image` and `images`, each
    `{"url": …}`, or OpenAI's `images` of `{"image_url": …}`; a bare string is a link too.

    Raises:
        InvalidRequest: there is none, there are too many, or one is no link.
    """
    references = [
        SourceReference(content, "image")
        for name in ("image", "image[]")
        for content in files.get(name, ())
    ]
    for name in ("image", "images"):
        value = fields.get(name)
        items = value if isinstance(value, list) else [value] if value else []
        references += [SourceReference(_link(item, name), name) for item in items]
    if not references:
        raise InvalidRequest(
            "Missing required parameter: 'image'.",
            param="image",
            code="missing_required_parameter",
        )
    if len(references) > MAX_SOURCES:
        raise InvalidRequest(
            f"At most {MAX_SOURCES} pictures can be edited at once.",
            param="image",
            code="invalid_value",
        )
    mask: SourceReference | None = None
    if masks := files.get("mask", ()):
        mask = SourceReference(masks[0], "mask")
    elif fields.get("mask"):
        mask = SourceReference(_link(fields["mask"], "mask"), "mask")
    return references, mask


def _link(item: Any, name: str) -> str:
    if isinstance(item, dict):
        item = item.get("image_url") or item.get("url") or item
        if isinstance(item, dict) and isinstance(item.get("url"), str):
            item = item["url"]
    if not isinstance(item, str) or not item:
        raise InvalidRequest(
            f"'{name}' must be a data: URL or a link to a picture.",
            param=name,
            code="invalid_type",
        )
    return item


def _prompt(fields: Mapping[str, Any]) -> str:
    if fields.get("prompt") is None:
        raise InvalidRequest(
            "Missing required parameter: 'prompt'.",
            param="prompt",
            code="missing_required_parameter",
        )
    prompt = _text(fields, "prompt", MAX_PROMPT_LENGTH)
    if not prompt.strip():
        raise InvalidRequest("The prompt is empty.", param="prompt", code="invalid_value")
    return prompt


def _text(fields: Mapping[str, Any], name: str, limit: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"'{name}' must be a string.", param=name, code="invalid_type")
    if len(value) > limit:
        raise InvalidRequest(
            f"'{name}' is too long: {len(value)} characters, and at most {limit} are allowed.",
            param=name,
            code="string_above_max_length",
        )
    # Databases and files can hold neither of them.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequest(
            f"'{name}' holds a character that is not text.", param=name, code="invalid_value"
        )
    return value


def _choice(fields: Mapping[str, Any], name: str, options: Collection[str]) -> str:
    value = _text(fields, name, 100).strip().lower()
    if value and value not in options:
        raise InvalidRequest(
            f"'{name}' must be one of {', '.join(options)}.", param=name, code="invalid_value"
        )
    return value


def _integer(fields: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,9}", value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(f"'{name}' must be a whole number.", param=name, code="invalid_type")
    if not lowest <= value <= highest:
        raise InvalidRequest(
            f"'{name}' must be from {lowest} to {highest}.", param=name, code="invalid_value"
        )
    return value


def _boolean(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False, "": False}.get(value.lower())
    elif value is None:
        value = False
    if not isinstance(value, bool):
        raise InvalidRequest(f"'{name}' must be true or false.", param=name, code="invalid_type")
    return value


def _size(fields: Mapping[str, Any]) -> tuple[tuple[int, int] | None, str]:
    """Pixels and ratio of `size`, which some clients use for a ratio alone."""
    value = _text(fields, "size", 32).strip()
    if not value or value.lower() == "auto":
        return None, ""
    if match := SIZE.fullmatch(value):
        width, height = int(match[1]), int(match[2])
        if width and height:
            return (width, height), nearest_aspect_ratio(width, height)
    elif ratio := _ratio(value):
        return None, ratio
    raise InvalidRequest(
        "'size' must be auto, a width and a height such as 1024x1024, or a ratio such as 16:9.",
        param="size",
        code="invalid_value",
    )


def _aspect_ratio(fields: Mapping[str, Any]) -> str:
    value = _text(fields, "aspect_ratio", 32).strip()
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
    """The offered ratio nearest to one written as `a:b`; empty where it is none."""
    match = RATIO.fullmatch(value)
    if match is None or not (float(match[1]) and float(match[2])):
        return ""
    return nearest_aspect_ratio(float(match[1]), float(match[2]))


def _resolution(size: tuple[int, int] | None) -> str:
    return "2k" if size and max(size) > SIDE_OF_1K else ""
