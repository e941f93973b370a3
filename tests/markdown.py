"""Parses a Markdown document into headings, tables, links and examples."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARK = re.compile(r"<!--\s*(.+?)\s*-->")
PUNCTUATION = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `mark` is the HTML comment right before it, or empty."""

    line: int
    language: str
    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as Markdown source, row by row."""

    header: list[str]
    rows: list[list[str]]

    def column(self, number: int) -> list[str]:
        return [row[number] for row in self.rows]


class Document:
    """One file, read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        parser = MarkdownIt("commonmark").enable("table")
        self.tokens = parser.parse(path.read_text(encoding="utf-8"))

    @cached_property
    def blocks(self) -> list[Block]:
        found = []
        before: Token | None = None
        for token in self.tokens:
            if token.type == "fence":
                mark = MARK.search(before.content) if before and _is_comment(before) else None
                line = token.map[0] + 1 if token.map else 0
                text = mark[1] if mark else ""
                found.append(Block(line, token.info.strip(), token.content, text))
            before = token
        return found

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """(level, text) of every heading."""
        return [
            (int(token.tag[1:]), self.tokens[place + 1].content)
            for place, token in enumerate(self.tokens)
            if token.type == "heading_open"
        ]

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors for `#…`, as GitHub derives them from headings."""
        return {
            PUNCTUATION.sub("", text.replace("`", "").lower()).strip().replace(" ", "-")
            for _, text in self.headings
        }

    @cached_property
    def tables(self) -> list[Table]:
        found: list[Table] = []
        row: list[str] = []
        for place, token in enumerate(self.tokens):
            if token.type in ("th_open", "td_open"):
                row.append(self.tokens[place + 1].content)
            elif token.type == "tr_close":
                if found and token.level > 1 and found[-1].header:
                    found[-1].rows.append(row)
                else:
                    found[-1].header.extend(row)
                row = []
            elif token.type == "table_open":
                found.append(Table([], []))
        return found

    @cached_property
    def codes(self) -> list[str]:
        """Every piece of `inline code`."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and pictures, those inside of HTML too."""
        found = [
            str(value)
            for token in self._inline()
            for name in ("href", "src")
            if (value := token.attrs.get(name))
        ]
        for token in [*self.tokens, *self._inline()]:
            if token.type in ("html_block", "html_inline"):
                found += re.findall(r'(?:href|src|srcset)="([^"]+)"', token.content)
        return found

    def _inline(self) -> list[Token]:
        return [child for token in self.tokens for child in token.children or []]


def _is_comment(token: Token) -> bool:
    return token.type == "html_block" and token.content.startswith("<!--")
