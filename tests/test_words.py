"""Docstrings begin with a sentence: a verb says what a function does, a noun what a thing is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
APPS = ("gallery", "grok2api", "imagine")

SEARCH = {
    "gallery/index", "gallery/search/facets.py", "gallery/search/filter_fields.py",
    "gallery/search/filters.py", "gallery/search/listing.py", "gallery/search/query.py",
    "gallery/search/strata.py", "gallery/search/suggestions.py", "gallery/search/walking.py",
}  # fmt: skip
"""Modules whose words are not chosen yet."""

FRAGMENTS = {"About", "As", "How", "Left", "Of", "That", "Those", "What", "Which", "Whose"}
"""First words of what is no sentence, such as "Of a tag, its id" and "Those that are left"."""

NOUNS = {"A", "An", "Each", "Every", "The", "This", "Whether"}
"""First words that suit a class or a property. A function begins with a verb instead."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(node: ast.AST) -> Iterator[Definition]:
    for child in ast.walk(node):
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield child


def is_value(definition: Definition) -> bool:
    names = {ast.unparse(decorator) for decorator in definition.decorator_list}
    return isinstance(definition, ast.ClassDef) or bool(names & {"property", "cached_property"})


def modules() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            is_ours = not {"tests", "migrations"} & set(path.parts)
            if is_ours and not any(name.startswith(search) for search in SEARCH):
                yield name, ast.parse(path.read_text())


def test_docstrings_begin_with_a_sentence():
    wrong, seen = [], 0
    for name, module in modules():
        for node in [module, *definitions(module)]:
            first = (ast.get_docstring(node) or "").split(maxsplit=1)[:1]
            seen += bool(first)
            is_module = isinstance(node, ast.Module)
            words = FRAGMENTS if is_module or is_value(node) else FRAGMENTS | NOUNS
            if first and first[0] in words:
                wrong.append(f"{name}: {'' if is_module else node.name}: {ast.get_docstring(node)}")
    assert seen > 1000
    assert wrong == []
