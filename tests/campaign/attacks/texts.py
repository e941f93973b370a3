"""Texts and pictures that no honest client sends: cheap to make, expensive to read."""

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from gallery.files.metadata import png

PUMPS = (
    "**", "…", "..", "<a", "<a>", "[a", "[a]", "account ", "prompt ", "image ", "violates ",
    "rejected by ", "pipe", "model", "lora_", "{a", "__a", "{0", "[", "]", "k: [", 'k: {"',
    " ", "\t", "a", "A", "0", ":", ",", '"', "'", "\\", '\\"', "/", "-", ".", ";", "&", "=", "<",
    "\x00", "\u00ff", "\n", " \n", "a ", "a,", "a:", "a.", "a/", "a-", "0:", "0x", "00.", "::",
    "x://", "x://:", "sk-", "xai-", "Bearer ", " Bearer", "/v1/files/image/", "Job ID:",
    " Job ID: ", "Job ID: 0", " --a", " --a ", "--a -", " -s", " -s0", ' "', '"a" ', 'k: "\\", ',
    'k: "a", "', 'a: "', 'a="', "a='", ',"', ", ,", ":  ", "Steps: ", "\nSeed: 1",
    "DigitalSourceType", 'DigitalSourceType="http://', "/digitalsourcetype/", "&#", "&#1", "&amp",
    "images/", "images/a.", "name:", 'tag:"', "-tag:", '-"', "<1", "bytes=0-", "; charset",
    ";charset*", "Z ", " 00:0", "a/a.b.", "access denied", "access denied for user '", 'role "',
    'database "', "import {", '@import url("', "\u0301", "\u0323\u0301", "a\u0301", "\u4e00",
    "\u4e00a", "\uff1a", "\u00d7", "1\u00d7",
)  # fmt: skip
"""What is repeated to make a hostile text for a regular expression."""

JSON_PUMPS = ("prompt", "\\", '"', "{", "\u0301", "uc", "model", "Negative prompt:", "\n")
"""Names in JSON, and what their texts are made of."""

GIF_BLOCKS = (
    b"\0!\xfe\0",
    b"!\xfe\0",
    b"\0",
    b"!\xff\x0bXMP DataXMP\0",
    b"!\xfe\1a\0",
    b"\xff" * 7,
)


def graph_of(shape: str, nodes: int) -> str:
    """Build a graph of ComfyUI whose nodes all lead to one another, as JSON."""

    def links(number: int) -> dict[str, Any]:
        following = [str((number + 1) % nodes), 0]
        match shape:
            case "chain":
                return {"positive": [str(number + 1), 0], "model": [str(number + 1), 0]}
            case "circle":
                return {"positive": following, "negative": following, "model": following}
            case "star":
                return {
                    f"model{each}": [str(each), 0] for each in range(nodes if not number else 0)
                }
        return {f"conditioning_{each}": [str(number + each), 0] for each in (1, 2)} | {
            f"model_{each}": [str(number + each), 0] for each in (1, 2)
        }

    kinds = ("SaveImage", "KSampler", "CLIPTextEncode")
    return json.dumps(
        {
            str(number): {
                "class_type": kinds[min(number, 2)],
                "inputs": {**links(number), "width": number, "steps": number},
            }
            for number in range(nodes)
        }
    )


def marks(
    size: int, kinds: Sequence[str] = ("\u0301\u0323", "\u0345\u0301", "\uff9e\u0334")
) -> str:
    """Build combining characters in the wrong order: sorting them takes a swap for each pair."""
    return "".join(kind * (size // 2) for kind in kinds)


def mistyped(words: int) -> str:
    """Build a search of words that are each one letter from five of `LIBRARY_WORDS`."""
    return " ".join(f"{'abcdefghij'[number % 10] * 7}z" for number in range(words))


LIBRARY_WORDS = [f"{letter * 7}{end}" for letter in "abcdefghij" for end in "abcde"]


def admin_lookups(fields: Iterable[str]) -> dict[str, str]:
    """Build lookups that no admin list offers, with the most expensive values."""
    dear = {
        "regex": "(a+)+$", "iregex": "(.*)*x", "contains": "a", "istartswith": "a", "range": "1,2",
        "in": "1," * 2000, "isnull__exact": "1", "length__gt": "1",
    }  # fmt: skip
    return {f"{field}__{lookup}": value for field in fields for lookup, value in dear.items()} | {
        "images__prompt__regex": "(a+)+$", "nothing": "1", "pk__regex": "(a+)+$",
    }  # fmt: skip


def wrong_lists(size: int) -> dict[str, bytes]:
    """Build bodies of bulk actions with nothing valid in them, so many times."""
    return {
        "ids that are words": _json({"image_ids": ["x"] * size}),
        "ids that are lists": _json({"image_ids": [[]] * size}),
        "ids that are nothing": _json({"image_ids": [None] * size}),
        "tags that are numbers": _json({"image_ids": [1], "add": [[1]] * size}),
        "tags that are empty": _json({"image_ids": [1], "add": [""] * size}),
        "broken names": _json({f"\ud800{number}": "\ud800" for number in range(size)}),
        "unknown filters": _json({"filter": {f"x{number}": 1 for number in range(size)}}),
        "values of a filter": _json({"filter": {"model": ["x" * 101] * size}}),
        "values that are lists": _json({"filter": {"model": [[]] * size}}),
        "only lists": b"[" + b"[]," * size + b"[]]",
    }


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def bombs() -> dict[str, bytes]:
    """Build files of a few bytes that announce more pixels than allowed."""
    wide = (16_383).to_bytes(3, "little")
    extended = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + wide + wide
    lossless = b"VP8L" + (6).to_bytes(4, "little") + b"\x2f" + (0x0FFFFFFF).to_bytes(4, "little")
    header = (40_000).to_bytes(4, "big") * 2 + bytes((8, 6, 0, 0, 0))
    screen = b"\xff\xff" * 2 + bytes(3)
    picture = b"," + bytes(4) + b"\xff\xff" * 2 + b"\0\2\2L\1\0;"
    return {
        "webp, extended": _riff(extended + lossless + b"\0"),
        "webp, lossless": _riff(lossless + b"\0"),
        "png": png.join([(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]),
        "gif": b"GIF89a" + screen + picture,
    }


def _riff(chunks: bytes) -> bytes:
    return b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WEBP" + chunks


def text_bomb(megabytes: int) -> bytes:
    """Build a PNG of a thousandth of these megabytes, which its texts have when inflated."""
    header = (1).to_bytes(4, "big") * 2 + bytes((8, 0, 0, 0, 0))
    text = zlib.compress(b"x" * 1_000_000, 9)
    texts = [(b"zTXt", b"key%d\0\0" % number + text) for number in range(megabytes)]
    pixels = (b"IDAT", zlib.compress(b"\0\0"))
    return png.join([(b"IHDR", header), *texts, pixels, (b"IEND", b"")])
