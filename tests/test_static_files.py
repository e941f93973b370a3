"""Static files: what scripts may import, what templates may hold, and that all of it is used."""

import re
from pathlib import Path

from grok2api.bundling import COMMENT

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
APPS = ("gallery", "imagine", "grok2api")
OTHERS = {"admin.css", "api.css", "docs.css"}
"""Styles of pages that others have written."""
MADE = ("chart__part--", "pager--", "theme-", "errorlist", "htmx-request")
"""Beginnings of classes whose names templates put together, and those that libraries give."""
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


def users() -> str:
    """Return all that may name an icon or a class."""
    modules = [path for app in APPS for path in ROOT.glob(f"{app}/**/*.py")]
    paths = [*ROOT.glob("templates/**/*.html"), *STATIC.glob("js/**/*.js"), *modules]
    return "\n".join(path.read_text() for path in paths if "tests" not in path.parts)


def test_every_icon_is_shown_somewhere():
    names = re.findall('<symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text())
    text = users()
    assert [name for name in names if not re.search(f"""["']{name}["']""", text)] == []


def test_every_class_that_is_styled_is_somewhere():
    text = users()
    unused = set()
    for path in STATIC.glob("css/*.css"):
        if path.name in OTHERS:
            continue
        style = re.sub(r'/\*.*?\*/|"[^"]*"|url\([^)]*\)', "", path.read_text(), flags=re.DOTALL)
        for name in set(re.findall(r"\.([a-zA-Z][\w-]*)", style)):
            if not name.startswith(MADE) and not re.search(rf"(?<![\w-]){name}(?![\w-])", text):
                unused.add((path.name, name))
    assert unused == set()
