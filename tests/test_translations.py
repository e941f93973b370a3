"""Every text that a page can show is there in Simplified Chinese."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
KEYWORDS = {
    name + lazy: spec
    for name, spec in {
        "_": None,
        "gettext": None,
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
    for lazy in ("", "_lazy")
} | {"UnreadablePicture": (2,)}

OF_AXES = {f"access {name}" for one in ("attempt", "failure", "log") for name in (one, f"{one}s")}
"""Names of django-axes' models, which has no Chinese ones."""


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("gallery", "imagine", "grok2api"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts and "migrations" not in path.parts:
                yield path, path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        code = templatize(path.read_text(), origin=str(path))
        yield path, "\n".join(map(str.lstrip, code.split("\n")))  # Python would heed the indents


def texts() -> Iterator[tuple[str, str | None, str]]:
    """(file, context, msgid) of every marked text."""
    for path, code in sources():
        for found in extract("python", io.BytesIO(code.encode()), KEYWORDS, (), {}):
            _, message, _, context = found
            msgid = message[0] if isinstance(message, tuple) else message
            if msgid:
                yield str(path.relative_to(ROOT)), context, msgid


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans", abort_invalid=True)


def test_every_text_is_translated(catalog):
    missing = set()
    for path, context, msgid in texts():
        message = catalog.get(msgid, context)
        if message is None or message.fuzzy or not all(_strings(message.string)):
            missing.add((path, context, msgid))
    assert sorted(missing, key=str) == []


def test_every_translation_is_of_a_text_that_is_there(catalog):
    modules = (ast.walk(ast.parse(code)) for path, code in sources() if path.suffix == ".py")
    said = {node.value for nodes in modules for node in nodes if isinstance(node, ast.Constant)}
    said |= {msgid for _, _, msgid in texts()}
    ids = (each.id if isinstance(each.id, str) else each.id[0] for each in catalog if each.id)
    assert {each for each in ids if each not in said} == OF_AXES


def test_placeholders_are_the_same_in_both_languages(catalog):
    wrong = {message.id: list(map(str, message.check())) for message in catalog if message.id}
    assert {text: errors for text, errors in wrong.items() if errors} == {}


def _strings(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)
