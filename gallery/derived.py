"""What searches look into beside a picture's own columns: folded texts, and facts of its file."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .text import fold

MAX_SEED = 40
"""Digits of a seed that is one; longer numbers are none that any tool takes."""
SEED = re.compile(r"-?[0-9]{1,39}")
BETWEEN_WORDS = re.compile(r"[ _-]")

SEEDS = ("seed", "noiseseed")
SAMPLERS = ("sampler", "samplername")
"""What tools call them, in lower case, without what stands between words."""

DERIVED = ("prompt_folded", "file_name_folded", "negative_folded", "sampler_folded", "seed")


def derived(prompt: str, file_name: str, metadata: Any) -> dict[str, str]:
    """The values of the columns that searches look into, by their names."""
    negative, sampler, seed = embedded_facts(metadata)
    return {
        "prompt_folded": fold(prompt),
        "file_name_folded": fold(file_name),
        "negative_folded": fold(negative),
        "sampler_folded": fold(sampler),
        "seed": seed,
    }


def embedded_facts(metadata: Any) -> tuple[str, str, str]:
    """Negative prompt, sampler and seed that a picture's file has named; empty where it has not."""
    found = metadata.get("embedded") if isinstance(metadata, Mapping) else None
    if not isinstance(found, Mapping):
        return "", "", ""
    parameters = found.get("parameters")
    named = parameters if isinstance(parameters, Mapping) else {}
    seed = _first(named, SEEDS)
    return (
        _text(found.get("negative_prompt")),
        _first(named, SAMPLERS),
        seed if SEED.fullmatch(seed) else "",
    )


def _first(parameters: Mapping[str, Any], names: Iterable[str]) -> str:
    plain = {BETWEEN_WORDS.sub("", str(key)).lower(): value for key, value in parameters.items()}
    return next((text for name in names if (text := _text(plain.get(name)))), "")


def _text(value: Any) -> str:
    """A text, or a whole number as one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) and value is not True else ""
