"""Decides when two texts are the same, and how a text from outside is displayed."""

import re
import unicodedata
from functools import cache

MARKS_IN_A_ROW = 30
"""More successive combining marks than any language uses (UAX 15, Stream-Safe)."""

JOINER = "\u034f"
"""The combining grapheme joiner: invisible, and nothing is reordered across it."""

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that end a line, move a terminal's cursor or change the direction of writing, and lone
surrogates."""


def escaped_in_json(text: str) -> str:
    """Escape invisible characters inside JSON strings; the JSON says the same."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return the text for one line of a log or a terminal, with invisible characters escaped."""
    return UNSEEN.sub(
        lambda found: found[0].encode("unicode_escape", "backslashreplace").decode(), text
    )


def fold(text: str) -> str:
    """Return the width- and case-insensitive form: NFKC, then lower case (`Ａ` and `A` give `a`).

    Lower-casing can undo a normal form (`İ` becomes `i` and a combining dot), hence the second
    pass: `fold(fold(x)) == fold(x)`.
    """
    if text.isascii():
        return text.lower()
    return _normalized(_normalized(text).lower())


def _normalized(text: str) -> str:
    """Return NFKC in linear time: sorting a run of n combining marks would take n² steps.

    Longer runs are broken up by joiners, as UAX 15 (D4) says.
    """
    # A run of that length has a mark at one of these positions.
    if not _marks().isdisjoint(text[MARKS_IN_A_ROW - 1 :: MARKS_IN_A_ROW]):
        text = _long_run().sub(rf"\g<0>{JOINER}", text)
    return unicodedata.normalize("NFKC", text)


@cache
def _long_run() -> re.Pattern[str]:
    """Build the pattern of as many marks as may stand in a row, before one more."""
    marks = "".join(sorted(_marks()))
    return re.compile(f"[{marks}]{{{MARKS_IN_A_ROW}}}(?=[{marks}])")


@cache
def _marks() -> frozenset[str]:
    """Return the characters that decompose into nothing but combining marks. The last is
    U+1E94A."""
    return frozenset(
        character
        for character in map(chr, range(0x300, 0x1F000))
        if all(map(unicodedata.combining, unicodedata.normalize("NFKD", character)))
    )
