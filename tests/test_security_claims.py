"""SECURITY.md says nothing that no test does: each of its paragraphs of claims names them."""

import ast
import re
from functools import cache

import pytest

from tests.server import ROOT

pytestmark = pytest.mark.once

TEXT = (ROOT / "SECURITY.md").read_text()
CLAIMS = TEXT[TEXT.index("## Who attacks") : TEXT.index("## What the program relies on")]
PARAGRAPHS = [
    text for each in CLAIMS.split("\n\n") if (text := each.strip()) and not text.startswith("#")
]
TESTS = re.compile(r"<!-- tests: ([\w ,\n]+?)\s*-->\Z")


@cache
def names() -> frozenset[str]:
    """Every test function of the project."""
    found: set[str] = set()
    for folder in ("tests", "gallery", "imagine", "grok2api"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.add(node.name)
    return frozenset(found)


@pytest.mark.parametrize("paragraph", PARAGRAPHS, ids=lambda text: text[:40])
def test_every_claim_names_tests_that_exist(paragraph):
    found = TESTS.search(paragraph)
    assert found, "the paragraph names no tests"
    named = {name.strip() for name in found[1].split(",")}
    assert sorted(named - names()) == []
