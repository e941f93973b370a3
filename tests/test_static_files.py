"""Static files: what scripts may import, and what templates may hold."""

import re
from pathlib import Path

from grok2api.bundling import COMMENT

STATIC = Path(__file__).resolve().parent.parent / "static"
IMPORT = re.compile(
    r"^\s*(?:import\b(?!\()|export\b[^;\"']*\bfrom\b)[^;\"']*[\"'].*$", re.MULTILINE
)


def test_import_lines_end_in_a_semicolon():
    """Else its name would not be hashed."""
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


FOLDERS = ("lib", "page", "server", "pictures", "components")
"""Of scripts: each imports only from itself and from those before it."""

IMPURE = re.compile(
    r"^(?:let |const \w+ = new (?:Map|Set)).*"
    r"|(?<![\w.#\"])(?:document|window|location|history|navigator|localStorage|sessionStorage"
    r"|fetch|EventSource|HTMLElement|DOMParser)(?=[.(;\s]).*",
    re.MULTILINE,
)


def test_scripts_import_only_from_the_folders_before_theirs():
    upwards = [
        (path.name, folder)
        for path in STATIC.glob("js/*/*.js")
        for folder in re.findall(r"from \"\.\./(\w+)/", path.read_text())
        if FOLDERS.index(folder) > FOLDERS.index(path.parent.name)
    ]
    assert upwards == []


def test_lib_is_pure():
    impure = [
        (path.name, line)
        for path in STATIC.glob("js/lib/*.js")
        for line in IMPURE.findall(COMMENT.sub("", path.read_text()))
    ]
    assert impure == []
