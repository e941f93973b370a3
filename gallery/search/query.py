"""The language of the search box: words, "a phrase", -word, and qualifiers such as `tag:cat`.

A term that is no valid qualifier is searched as text, so that nothing typed is an error.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..facts import Text
from ..text import fold

TERM = re.compile(r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?:"(?P<phrase>[^"]+)"|(?P<bare>\S+))(?!\S)')
SIZE = re.compile(r"(?P<sign>[<>]=?)(?P<number>\d{1,9}(?:\.\d{1,3})?)(?P<unit>b|kb|mb|gb)?")
DAY = re.compile(r"(?P<sign>[<>]=?)?(?P<day>\d{4}-\d\d(?:-\d\d)?)")
SEED = re.compile(r"-?\d{1,39}", re.ASCII)
TEXTS = {
    "name": Text.FILE_NAME, "negative": Text.NEGATIVE, "sampler": Text.SAMPLER, "seed": Text.SEED,
}  # fmt: skip
UNITS = {None: 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}


@dataclass(slots=True)
class Query:
    """What was typed, taken apart. Names and texts are folded; dates are local."""

    words: list[str] = field(default_factory=list)
    without_words: list[str] = field(default_factory=list)
    texts: list[tuple[Text, str]] = field(default_factory=list)
    without_texts: list[tuple[Text, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    without_tags: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    without_models: list[str] = field(default_factory=list)
    ratios: list[str] = field(default_factory=list)
    without_ratios: list[str] = field(default_factory=list)
    favorite: bool | None = None
    untagged: bool | None = None
    start: date | None = None  # inclusive
    end: date | None = None  # exclusive
    added_start: date | None = None  # inclusive
    added_end: date | None = None  # exclusive
    min_size: int | None = None  # bytes, inclusive
    max_size: int | None = None  # bytes, inclusive


def parse(text: str) -> Query:
    """Take a search text apart; never fails."""
    query = Query()
    for term in TERM.finditer(fold(text)):
        name, minus = term["name"], bool(term["minus"])
        if name:
            value = (term["phrase"] or term["bare"]).strip()
            if not value or not _add_qualifier(query, name, value, without=minus):
                _add_text(query, term[0])
        elif term["phrase"]:
            (query.without_words if minus else query.words).append(term["phrase"])
        else:
            _add_text(query, term[0])
    return query


def _add_text(query: Query, text: str) -> None:
    """A word; with a minus before it and something after, a word to leave out."""
    if text.startswith("-") and len(text) > 1:
        query.without_words.append(text[1:])
    else:
        query.words.append(text)


def _add_qualifier(query: Query, name: str, value: str, *, without: bool) -> bool:
    """Whether the term is a qualifier with a value that means something."""
    lists = {
        "tag": (query.tags, query.without_tags),
        "model": (query.models, query.without_models),
        "ratio": (query.ratios, query.without_ratios),
    }
    if name in lists:
        lists[name][without].append(value)
        return True
    if name in TEXTS and (name != "seed" or SEED.fullmatch(value)):
        (query.without_texts if without else query.texts).append((TEXTS[name], value))
        return True
    if name == "is" and value in ("favorite", "favourite"):
        query.favorite = not without
        return True
    if name == "is" and value == "untagged":
        query.untagged = not without
        return True
    if without:
        return False
    if name in ("before", "after"):
        return _add_date(query, name, value)
    if name == "added":
        return _add_added(query, value)
    if name == "size":
        return _add_size(query, value)
    return False


def _add_date(query: Query, name: str, value: str) -> bool:
    """`after:` begins with its day, `before:` ends before it, as in Gmail."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return False
    if not 1000 <= day.year <= 9998:  # what every database can take
        return False
    if name == "after":
        query.start = max(query.start or day, day)
    else:
        query.end = min(query.end or day, day)
    return True


def _add_added(query: Query, value: str) -> bool:
    """`added:2026-11-25` or `added:2026-11`; with a sign, later or earlier than that."""
    match = DAY.fullmatch(value)
    if match is None:
        return False
    is_month = len(match["day"]) == len("2026-11")
    try:
        first = date.fromisoformat(match["day"] + "-01" * is_month)
    except ValueError:
        return False
    if not 1000 <= first.year <= 9998:
        return False
    following = (first + timedelta(days=31)).replace(day=1) if is_month else first + timedelta(1)
    sign = match["sign"]
    start = {">": following, ">=": first, None: first}.get(sign)
    end = {"<": first, "<=": following, None: following}.get(sign)
    if start:
        query.added_start = max(query.added_start or start, start)
    if end:
        query.added_end = min(query.added_end or end, end)
    return True


def _add_size(query: Query, value: str) -> bool:
    match = SIZE.fullmatch(value)
    if match is None:
        return False
    size = float(match["number"]) * UNITS[match["unit"]]
    if match["sign"].startswith(">"):
        at_least = -int(-size // 1) if match["sign"] == ">=" else int(size // 1) + 1
        query.min_size = max(query.min_size or 0, at_least)
    else:
        at_most = int(size // 1) if match["sign"] == "<=" else -int(-size // 1) - 1
        query.max_size = at_most if query.max_size is None else min(query.max_size, at_most)
    return True
