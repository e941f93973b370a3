"""Many files to one: the result does what the files do."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from grok2api.bundling import CannotBundle, bundle


def reader(**files: str) -> Callable[[str], str]:
    texts = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
    return texts.__getitem__


def test_stylesheets_stand_where_they_were_imported():
    read = reader(
        css__app_css='/* All. */\n@import url("a.css");\n@import url("b.css");\n',
        css__a_css="a { color: red }\n",
        css__b_css='@import url("a.css");\nb {}\n',
    )
    assert bundle("css/app.css", read) == "a { color: red }\na { color: red }\nb {}\n"


def test_comments_with_lines_of_their_own_are_left_behind():
    script = (
        "/** What it\n * does. */\n  // why\n"
        'const a = "//"; // stays\n/* a */ const b = 1 /* c */;\nconst c = `/* d */`;\n'
    )
    kept = script.partition("// why\n")[2]
    assert kept in bundle("js/app.js", reader(js__app_js=script))
    assert bundle("css/a.css", reader(css__a_css="  /* a\n * b */\na {} /* c */\n")) == (
        "a {} /* c */\n"
    )


def test_foreign_imports_of_a_stylesheet_stay():
    read = reader(css__app_css='@import url("https://example.com/x.css");\n')
    assert bundle("css/app.css", read) == '@import url("https://example.com/x.css");\n'


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_modules_run_once_in_order_and_share_what_they_export():
    read = reader(
        js__app_js='import "./one.js";\nimport { say, twice as double } from "./lib/two.js";\n'
        "say(double(21));\n",
        js__one_js='import { say } from "./lib/two.js";\nconst SIGN = "one";\nsay(SIGN);\n',
        js__lib__two_js='const SIGN = "two";\nconsole.log(SIGN);\n'
        "export function say(text) {\n  console.log(text);\n}\n"
        "export const twice = (number) => 2 * number;\n",
    )
    script = bundle("js/app.js", read)
    run = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["two", "one", "42"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('import "./app.js";\n', "js/app.js imports js/app.js"),
        ('import x from "./app.js";\n', 'js/app.js: import x from "./app.js";'),
        ("export default 1;\n", "js/app.js: export default 1;"),
        ('import "./app.js"\n', 'js/app.js: import "./app.js"'),
    ],
)
def test_what_it_does_not_know_is_an_error(source, message):
    with pytest.raises(CannotBundle, match="^" + message.replace(".", r"\.") + "$"):
        bundle("js/app.js", reader(js__app_js=source))
