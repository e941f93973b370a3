"""Every regular expression of the project is linear, whatever text it is given.

Expressions have names, so that none is overlooked; each meets every hostile text at two sizes.
"""

import ast
import importlib
import pkgutil
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from gallery import text
from imagine.masking import Masker
from imagine.providers import verdicts
from tests.campaign.attacks.texts import PUMPS
from tests.growth import LINEAR, growth

pytestmark = pytest.mark.once

PACKAGES = ("grok2api", "gallery", "imagine")
SIZE = 1_000  # characters of the smaller text

MAXREPEAT = _constants.MAXREPEAT
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
ONE_CHARACTER = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY)

NEVER_SEARCHED = {
    "grok2api.door.protocol.HOST_OF_TARGET",  # tried at the beginning of a request's target
    "gallery.files.metadata.a1111.NAME",  # tried behind each comma
    "gallery.files.metadata.a1111.QUOTED",  # tried once for each quotation
    "gallery.transfer.picture_records.PATH",
    "gallery.transfer.picture_records.THUMBNAIL",
    "imagine.dialects.others.REFUSED",
    "gallery.files.metadata.comfyui.texts.NUMBERED",  # on the names of inputs, as those below
    "gallery.files.metadata.comfyui.texts.LITERAL",
    "gallery.files.metadata.comfyui.texts.PIPES",
    "gallery.files.metadata.comfyui.PIPES",
    "gallery.files.metadata.comfyui.TO_LORAS",
    "gallery.files.metadata.comfyui.TO_MODEL",
    "gallery.files.metadata.comfyui.TO_SETTINGS",
    "gallery.files.metadata.comfyui.TO_SIZE",
}
"""Expressions that are tried at places of the text, or on the whole, and never searched for."""


def modules() -> Iterator[str]:
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if not {"tests", "migrations"} & set(module.name.split(".")):
                yield module.name


def expressions() -> dict[str, re.Pattern]:
    found = {
        f"{module}.{name}": value
        for module in modules()
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, re.Pattern)
    }
    for number, rule in enumerate(verdicts.RULES):
        patterns = {f"{number}.codes": rule.codes, f"{number}.text": rule.text}
        found |= {f"verdicts.RULES.{name}": each for name, each in patterns.items() if each}
    return {
        **found,
        "gallery.text._long_run": text._long_run(),
        "imagine.masking.Masker.short": Masker(["a", "x:", "sk-"]).short,
    }


def uses(node: ast.AST) -> Iterator[str]:
    """Functions of `re` that are called inside of functions."""
    for function in ast.walk(node):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for call in ast.walk(function):
                match call:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if (
                        name != "escape"
                    ):
                        yield name


def test_every_expression_is_compiled_under_a_name():
    found = {}
    for module in modules():
        file = Path(importlib.import_module(module).__file__)
        if names := sorted(set(uses(ast.parse(file.read_text())))):
            found[module] = names
    assert found == {  # whose expressions are among those below
        "gallery.transfer.picture_records": ["fullmatch"],  # on 200 characters at most
        "gallery.text": ["compile"],
        "imagine.masking": ["compile"],
        "imagine.providers.verdicts": ["compile"],
    }


def remembered(items: Any) -> Iterator[str]:
    """Groups of an expression of which each repetition is remembered, to be taken back."""
    for kind, given in items:
        if kind in REPEATS:
            _, most, inner = given
            is_group = len(inner) > 1 or inner[0][0] not in ONE_CHARACTER
            if kind is not _constants.POSSESSIVE_REPEAT and most == MAXREPEAT and is_group:
                yield str(inner)
            yield from remembered(inner)
        elif kind is _constants.SUBPATTERN:
            yield from remembered(given[3])
        elif kind is _constants.BRANCH:
            for branch in given[1]:
                yield from remembered(branch)
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from remembered(given[1])
        elif kind is _constants.ATOMIC_GROUP:
            yield from remembered(given)


def test_no_expression_remembers_each_repetition_of_a_group():
    """That takes a hundred bytes or more for each; of a picture in base64, gigabytes."""
    found = {
        name
        for name, pattern in expressions().items()
        if any(remembered(_parser.parse(pattern.pattern, pattern.flags)))
    }
    assert found == {
        "gallery.transfer.picture_records.PATH",  # on 200 characters at most
        "gallery.transfer.picture_records.THUMBNAIL",
        "grok2api.bundling.COMMENT",  # on our own scripts
    }


@pytest.mark.parametrize("name", expressions())
def test_expression_is_linear_in_hostile_texts(name):
    pattern = expressions()[name]

    def work(given: str | bytes) -> None:
        pattern.match(given)
        pattern.fullmatch(given)
        if name not in NEVER_SEARCHED:
            deque(pattern.finditer(given), maxlen=0)

    slow = {}
    for pump in PUMPS:
        for end in ("", "!", "\0"):

            def make(size: int, pump: str = pump, end: str = end) -> str | bytes:
                hostile = pump * (size // len(pump)) + end
                return hostile if isinstance(pattern.pattern, str) else hostile.encode("latin-1")

            if isinstance(pattern.pattern, bytes) and max(pump) > "\xff":
                continue
            if (more := growth(work, make, SIZE)) > LINEAR:
                slow[pump, end] = round(more)
    assert slow == {}
