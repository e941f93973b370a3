"""One rule for when two texts count as the same, and one for how a text from outside is shown."""

import re
import unicodedata
from functools import cache

MARKS_IN_A_ROW = 30
"""Combining characters behind one another that no language exceeds (UAX 15, Stream-Safe)."""

JOINER = "\u034f"
"""Combining grapheme joiner: seen by nobody, and nothing is sorted across it."""

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, moves a terminal's cursor, turns the direction of writing, or is half of a
character."""


def escaped_in_json(text: str) -> str:
    """JSON whose texts hold nothing that would not be seen: it says the same."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """The text for a line of a log or a terminal: whatever would not be seen is an escape."""
    return UNSEEN.sub(
        lambda found: found[0].encode("unicode_escape", "backslashreplace").decode(), text
    )


def fold(text: str) -> str:
    """Width- and case-insensitive form: NFKC, then lower case (`Ａ` and `A` give `a`).

    Lower-casing can undo a normal form (`İ` becomes `i` and a combining dot), hence the
    second pass: `fold(fold(x)) == fold(x)`.
    """
    if text.isascii():
        return text.lower()
    return _normalized(_normalized(text).lower())


def _normalized(text: str) -> str:
    """NFKC, in time that grows with the text: a run of marks is sorted by as many swaps as pairs.

    Longer ones get joiners, as UAX 15 (D4) says.
    """
    # So long a run has a mark in one of these places.
    if not _marks().isdisjoint(text[MARKS_IN_A_ROW - 1 :: MARKS_IN_A_ROW]):
        text = _long_run().sub(rf"\g<0>{JOINER}", text)
    return unicodedata.normalize("NFKC", text)


@cache
def _long_run() -> re.Pattern[str]:
    """As many marks as may stand in a row, before one more."""
    marks = "".join(sorted(_marks()))
    return re.compile(f"[{marks}]{{{MARKS_IN_A_ROW}}}(?=[{marks}])")


@cache
def _marks() -> frozenset[str]:
    """Characters that decompose into nothing but combining ones. The last is U+1E94A."""
    return frozenset(
        character
        for character in map(chr, range(0x300, 0x1F000))
        if all(map(unicodedata.combining, unicodedata.normalize("NFKD", character)))
    )
