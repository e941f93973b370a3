"""One rule for when two texts count as the same."""

import unicodedata


def fold(text: str) -> str:
    """Width- and case-insensitive form: NFKC, then lower case (`Ａ` and `A` give `a`).

    Lower-casing can undo a normal form (`İ` becomes `i` and a combining dot), hence the
    second pass: `fold(fold(x)) == fold(x)`.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
