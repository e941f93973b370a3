"""Static files: every import of ours ends in a semicolon, or its name would not be hashed."""

import re
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
IMPORT = re.compile(
    r"^\s*(?:import\b(?!\()|export\b[^;\"']*\bfrom\b)[^;\"']*[\"'].*$", re.MULTILINE
)


def test_import_lines_end_in_a_semicolon():
    lines = [
        (path.name, line)
        for path in STATIC.rglob("*.js")
        for line in IMPORT.findall(path.read_text())
    ]
    assert [line for line in lines if not line[1].rstrip().endswith(";")] == []


def test_no_script_or_style_is_inline():
    templates = STATIC.parent / "templates"
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=[\"']|<script(?![^>]*\bsrc=)", re.IGNORECASE)
    found = [
        (path.name, match)
        for path in templates.rglob("*.html")
        for match in inline.findall(path.read_text())
    ]
    assert found == []
