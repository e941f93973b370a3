"""Computes the columns that searches read beside a picture's own: folded texts and file facts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .text import fold

MAX_SEED = 40
"""The most digits of a seed; no tool takes longer numbers."""
SEED = re.compile(r"-?[0-9]{1,39}")
BETWEEN_WORDS = re.compile(r"[ _-]")

SEEDS = ("seed", "noiseseed")
SAMPLERS = ("sampler", "samplername")
"""The names that tools give to samplers, in lower case and without separators."""

DERIVED = ("prompt_folded", "file_name_folded", "negative_folded", "sampler_folded", "seed")


def derived(prompt: str, file_name: str, metadata: Any) -> dict[str, str]:
    """Return the values of the derived columns by name."""
    negative, sampler, seed = embedded_facts(metadata)
    return {
        "prompt_folded": fold(prompt),
        "file_name_folded": fold(file_name),
        "negative_folded": fold(negative),
        "sampler_folded": fold(sampler),
        "seed": seed,
    }


def embedded_facts(metadata: Any) -> tuple[str, str, str]:
    """Return negative prompt, sampler and seed from the picture's file; empty if it names none."""
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
    """Return a text, or a whole number as text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) and value is not True else ""
