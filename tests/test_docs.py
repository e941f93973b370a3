"""The documents say what the program does: names, addresses and examples, all of them."""

import ast
import json
import re
import subprocess
import sys
from argparse import SUPPRESS
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from django.contrib import admin
from django.core.management import BaseCommand, get_commands, load_command_class
from drf_spectacular.generators import SchemaGenerator

from imagine.tests.test_recorded_clients import RECORDED
from tests.markdown import Block, Document
from tests.server import Server
from tests.test_access import routes

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
DOCUMENTS = {str(path.relative_to(ROOT)): Document(path) for path in PATHS}
NAMES = sorted(DOCUMENTS)
EVERY_DOCUMENT = pytest.mark.parametrize("name", NAMES)

TRANSLATIONS = {"README.md": "README.zh-CN.md", "docs/usage.md": "docs/usage.zh-CN.md"}

INTERPRETERS = {
    "bash": ["bash", "-euo", "pipefail"],
    "python": [sys.executable],
    "js": ["node"],
}
"""Languages of examples; each is run, or says before it why it is not."""
SUFFIXES = {"bash": ".sh", "python": ".py", "js": ".mjs"}
PLAIN = {"text", "json", "nginx", "ini", "yaml", "sql"}

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
NAME = re.compile(r"`(?:[A-Z][A-Z0-9_]+|[a-z_]+(?: [\[A-Z].*)?|\w+/\S*)`")
"""A cell that is a variable, a command or a path, and so the same in every language."""

APPS = {"grok2api", "gallery", "imagine"}

PATH = re.compile(r"(?![A-Z])\w[\w./-]*(?:\.(?:py|html|csv)|/)|[a-z]\w*(?:/[\w.-]+)+")
"""A code that is a file or a folder: `listing.py`, `imagine/dialects/`, `grok2api/door`."""


def settings_variables() -> dict[str, str | None]:
    """Every variable that settings.py reads, with its default where that is written there."""
    found: dict[str, str | None] = {}
    for call in ast.walk(ast.parse((ROOT / "grok2api/settings.py").read_text())):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).startswith("env."):
            continue
        names = [
            node.value
            for node in ast.walk(call.args[0])
            if isinstance(node, ast.Constant) and VARIABLE.fullmatch(str(node.value))
        ]
        default = call.args[1] if len(call.args) > 1 else None
        literal = str(default.value) if isinstance(default, ast.Constant) else None
        literal = literal.lower() if literal in ("True", "False") else literal
        found |= {name: found.get(name) or literal for name in names}
    return found


def documented_variables() -> dict[str, str]:
    """Variable and default of every row of docs/configuration.md that begins with a variable."""
    return {
        row[0].strip("`"): row[1].strip("`")
        for table in DOCUMENTS["docs/configuration.md"].tables
        for row in table.rows
        if VARIABLE.fullmatch(row[0].strip("`"))
    }


def test_every_variable_is_in_the_configuration_document():
    assert sorted(documented_variables()) == sorted(settings_variables())


def test_documented_defaults_are_the_real_ones():
    documented = documented_variables()
    real = {name: default for name, default in settings_variables().items() if default is not None}
    assert {name: documented[name] for name in real} == real


def commands() -> dict[str, set[str]]:
    """Our management commands, each with its options."""
    return {
        name: options(load_command_class(str(app), name)) - options(BaseCommand())
        for name, app in get_commands().items()
        if app in APPS
    }


def options(command: BaseCommand) -> set[str]:
    parser = command.create_parser("manage.py", "")
    return {
        option
        for action in parser._actions
        if action.help != SUPPRESS
        for option in action.option_strings
    }


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_management_command_is_in_the_readme(name):
    documented = {
        words[0]: set(re.findall(r"--[a-z-]+", cell))
        for table in DOCUMENTS[name].tables
        for cell in table.column(0)
        if (words := re.findall(r"[a-z]+(?:_[a-z]+)*", cell)) and table.header[0].startswith("`")
    }
    assert documented == commands()


def test_every_address_is_documented():
    """All but those of Django's admin site, which Django documents."""
    ours = set(routes()) - set(routes(admin.site.get_urls(), "admin/")) - {"v1/"}
    addresses = {
        "/"
        + re.sub(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)", r"{\1\2}", route)
        .replace("{pk}", "{id}")
        .replace("\\Z", "")
        .rstrip("$")
        for route in ours
    }
    documented = {
        match[1].partition("?")[0]
        for document in DOCUMENTS.values()
        for code in document.codes
        if (match := re.fullmatch(r"(?:(?:GET|POST|PUT|PATCH|DELETE) )+(/\S*)", code))
    }
    assert sorted(documented) == sorted(addresses)


def test_every_operation_is_in_the_api_document():
    """As the OpenAPI description has them: method and address."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operations = {
        f"{method.upper()} {path}" for path, item in schema["paths"].items() for method in item
    }
    documented = {
        f"{method} {match[2]}"
        for code in DOCUMENTS["docs/api.md"].codes
        if (match := re.fullmatch(r"((?:[A-Z]+ )+)(/(?:v1|api)/\S*)", code))
        for method in match[1].split()
    }
    about = {"GET /api/docs/", "GET /api/schema/"}
    assert sorted(documented - about) == sorted(operations)


def test_what_works_is_shown_by_a_test():
    """Each program of the table names tests that there are, and each recorded one is in it."""
    tables = DOCUMENTS["docs/api.md"].tables
    (table,) = (table for table in tables if table.header[0] == "Program")
    named = {row[0]: re.findall(r"([\w/]+\.py)::(\w+)", row[-1]) for row in table.rows}
    assert [program for program, tests in named.items() if not tests] == []
    missing = [
        test for tests in named.values() for test in tests if test[1] not in names_in(test[0])
    ]
    assert missing == []
    by_requests = {
        program for program, tests in named.items() if "test_recorded_clients" in tests[0][0]
    }
    assert {row.program for row in RECORDED} == by_requests


def names_in(path: str) -> set[str]:
    """Names of the functions of a module of tests."""
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


@pytest.mark.parametrize("app", sorted(APPS))
def test_every_room_is_in_the_architecture(app):
    """A table names the modules and packages of each app."""
    rooms = {
        path.name
        for path in (ROOT / app).iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and path.name not in ("__init__.py", "migrations", "tests")
    }
    architecture = DOCUMENTS["docs/architecture.md"]
    introductions = [code for code in architecture.codes if code in {f"{a}/" for a in APPS}]
    tables = [table for table in architecture.tables if table.header[0] == "Room"]
    table = tables[introductions.index(f"{app}/")]
    assert sorted(re.findall(r"`([^`]+)`", " ".join(table.column(0)))) == sorted(rooms)


def test_every_path_in_the_architecture_exists():
    """Paths are those of the repository, or of the app or its wing that a sentence is about."""
    codes = {code for code in DOCUMENTS["docs/architecture.md"].codes if PATH.fullmatch(code)}
    assert len(codes) > 20
    apps = [ROOT / app for app in APPS]
    roots = [ROOT, *apps, *(wing for app in apps for wing in app.glob("*/"))]
    assert [code for code in codes if not any((root / code).exists() for root in roots)] == []


def test_every_file_in_the_picture_of_the_architecture_exists():
    picture = ElementTree.parse(ROOT / "docs/images/architecture.svg")
    files = [text.text or "" for text in picture.iterfind(".//{*}text[@class='file']")]
    assert len(files) > 30
    assert [file for file in files if not (ROOT / file).exists()] == []


@EVERY_DOCUMENT
def test_links_lead_somewhere(name):
    document = DOCUMENTS[name]
    broken = []
    for link in document.links:
        path, _, anchor = unquote(link).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (document.path.parent / path).resolve() if path else document.path
        if not target.exists() or (anchor and anchor not in Document(target).anchors):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize(("english", "chinese"), TRANSLATIONS.items())
def test_translation_says_the_same(english, chinese):
    assert skeleton(chinese) == skeleton(english)


def test_the_chinese_readme_marks_documents_that_are_english_only():
    text = (ROOT / "README.zh-CN.md").read_text()
    listed = re.findall(r"^- \[.+?\]\((\S+\.md)\)(.*)$", text, re.MULTILINE)
    unmarked = {link for link, meaning in listed if not meaning.endswith("（英文）")}
    assert unmarked == {"docs/usage.zh-CN.md"}


def skeleton(name: str) -> dict[str, Any]:
    """What a document and its translation have in common."""
    document = DOCUMENTS[name]
    names = [
        [cell for cell in table.column(0) if NAME.fullmatch(cell)] for table in document.tables
    ]
    return {
        "headings": [level for level, _ in document.headings],
        "names": names,
        "rows": [len(table.rows) for table in document.tables],
        "pictures": [re.sub("-zh-", "-en-", link) for link in document.links if ".webp" in link],
        "examples": [(block.language, block.mark, code_of(block)) for block in document.blocks],
    }


def code_of(block: Block) -> str:
    """The example without its comments, which are in the document's language."""
    if block.language != "bash":
        return block.text if block.language in INTERPRETERS else ""
    return re.sub(r"(?:^|\s+)#.*$", "", block.text, flags=re.MULTILINE)


@EVERY_DOCUMENT
def test_every_example_is_run_or_says_why_not(name):
    strange = [
        (block.line, block.language, block.mark)
        for block in DOCUMENTS[name].blocks
        if not (
            block.language in PLAIN
            or (block.language in INTERPRETERS and re.match(r"run|not run: ", block.mark))
        )
    ]
    assert strange == []


def test_readmes_show_the_box_that_a_first_start_prints(tmp_path):
    shown = {
        name: next(block.text for block in DOCUMENTS[name].blocks if block.mark == "printed")
        for name in ("README.md", "README.zh-CN.md")
    }
    with Server(tmp_path, ADMIN_PASSWORD="", API_KEY="", SERVER_HOST="0.0.0.0") as server:
        box = "".join(line + "\n" for line in server.output.splitlines() if line[0] in "╔║╚")
        box = re.sub(rf"{server.port}", "8000", box)
    assert {name: without_secrets(text) for name, text in shown.items()} == dict.fromkeys(
        shown, without_secrets(box)
    )


def without_secrets(box: str) -> list[str]:
    """The box's lines without frame, password and key."""
    return [
        re.sub(r"(Password|API key) +\S+", r"\1", line.strip("║╔╗╚╝═ ")) for line in box.split("\n")
    ]


WITH_EXAMPLES = [
    name
    for name in NAMES
    if any(block.mark.startswith("run") for block in DOCUMENTS[name].blocks)
    and name not in TRANSLATIONS.values()  # which have the same examples
]


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as running:
        yield running


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_do_what_the_document_says(name, server, tmp_path):
    """Each `run` block succeeds, each `run fails` one does not; an `answer` has the same fields."""
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (tmp_path / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
    printed = ""
    for block in DOCUMENTS[name].blocks:
        place = f"{name}:{block.line}"
        if block.mark.startswith("run"):
            done = run(block, server, tmp_path)
            printed = done.stdout
            assert (done.returncode == 0) == (block.mark == "run"), f"{place}\n{done}"
        elif block.mark == "answer":
            assert shape(json.loads(printed)) == shape(json.loads(block.text)), place


def run(block: Block, server: Server, folder: Path) -> subprocess.CompletedProcess[str]:
    text = block.text.replace("http://localhost:8000", server.url)
    script = folder / f"example{SUFFIXES[block.language]}"
    script.write_text(text.replace("YOUR_API_KEY", server.api_key))
    return subprocess.run(
        [*INTERPRETERS[block.language], str(script)],
        cwd=folder,
        env={**server.environment, "HOME": str(folder), "PYTHONWARNINGS": "error"},
        capture_output=True,
        timeout=120,
        text=True,
    )


def shape(value: Any) -> Any:
    """The names of a JSON value's fields, whatever they hold; of a list, those of its first."""
    if isinstance(value, dict):
        return {name: shape(field) for name, field in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None
