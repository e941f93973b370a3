"""Bundles the stylesheets and ES modules that a page's entry imports into one file.

Pages work without it, since browsers follow imports themselves; it saves them round trips.
`read(name)` gives the text of a static file.
"""

import posixpath
import re
from collections.abc import Callable

Read = Callable[[str], str]

CSS_IMPORT = re.compile(r'^@import url\("(?P<target>[^":]+)"\);\n?', re.MULTILINE)
JS_IMPORT = re.compile(
    r'^import (?:\{(?P<names>[^}]*)\} from )?"(?P<target>\./[^"]+|\.\./[^"]+)";\n?', re.MULTILINE
)
JS_EXPORT = re.compile(
    r"^export (?P<kind>(?:async )?function\*?|class|const) (?P<name>\w+)", re.MULTILINE
)
COMMENT = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE)
"""A comment on lines of its own. No string of ours begins a line with its signs."""

LEFT_OVER = re.compile(r"^(?:import\b|export\b).*", re.MULTILINE)


class CannotBundle(ValueError):
    """A module imports itself indirectly, or imports or exports in an unsupported way."""


def bundle(name: str, read: Read) -> str:
    """Return the entry `name` (.css or .js) with every import replaced by its content.

    Comments are left behind: browsers have no use for them.
    """
    whole = _stylesheet(name, read) if name.endswith(".css") else _script(name, read)
    return COMMENT.sub("", whole)


def _stylesheet(name: str, read: Read) -> str:
    def inline(found: re.Match[str]) -> str:
        return _stylesheet(_relative(name, found["target"]), read)

    return CSS_IMPORT.sub(inline, read(name))


def _script(entry: str, read: Read) -> str:
    """Turn every module into a function that runs once, after the modules that it imports."""
    modules: dict[str, str] = {}
    _add_module(entry, read, modules, ())
    parts = [
        f"const {_variable(index)} = (() => {{\n{body}}})();\n"
        for index, body in enumerate(modules.values())
    ]
    return "".join(parts)


def _add_module(name: str, read: Read, modules: dict[str, str], path: tuple[str, ...]) -> None:
    if name in path:
        raise CannotBundle(f"{' imports '.join([*path, name])}")
    if name in modules:
        return
    source = read(name)
    for found in JS_IMPORT.finditer(source):
        _add_module(_relative(name, found["target"]), read, modules, (*path, name))

    def bind(found: re.Match[str]) -> str:
        names = ", ".join(part.strip().replace(" as ", ": ") for part in _names(found["names"]))
        place = list(modules).index(_relative(name, found["target"]))
        return f"const {{ {names} }} = {_variable(place)};\n" if names else ""

    exported = [found["name"] for found in JS_EXPORT.finditer(source)]
    body = JS_EXPORT.sub(r"\g<kind> \g<name>", JS_IMPORT.sub(bind, source))
    if left := LEFT_OVER.search(body):
        raise CannotBundle(f"{name}: {left[0]}")
    modules[name] = f"{body}return {{ {', '.join(exported)} }};\n" if exported else body


def _names(names: str | None) -> list[str]:
    return [part for part in (names or "").split(",") if part.strip()]


def _relative(name: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))


def _variable(index: int) -> str:
    return f"module{index}"
