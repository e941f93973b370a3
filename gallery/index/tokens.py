"""What the index knows of a picture: grams of its folded prompt, and its facets.

A run of wide characters (Chinese, Japanese, Korean) gives every character and every pair, a run
of other letters and digits every pair and every triple, anything else that is no blank itself.
The grams of other texts than the prompt begin with a sign that no gram of the prompt begins with.
A search needs only its longest grams. All of them are necessary; a word that is one gram is
decided by it, any other is looked for again in the prompt itself. But a longer run of letters and
digits is a token too, and so are, where they are common, three and four wide characters together:
a picture that has the whole word need not be looked at.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from django.utils import timezone

from ..facts import ImageFacts, Text

VERSION = 4
"""Of this scheme; an index that was built by another one counts as missing."""

WIDE = (
    "\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"(?P<wide>[{WIDE}]+)|(?P<narrow>[^\W_{WIDE}]+)|\S")
_WIDE_ALONE = re.compile(f"[{WIDE}]")

MAX_GRAMS = 8
"""Of one word that are looked up; more say little and cost a read each."""

LONG = 4
"""Letters from which on a whole run is a token of its own; shorter ones are grams."""

WIDEST = 4
"""Wide characters that may be one token."""

SIGNS = {
    Text.PROMPT: "", Text.FILE_NAME: "\1", Text.NEGATIVE: "\2", Text.SAMPLER: "\3", Text.SEED: "\4",
}  # fmt: skip
"""What the tokens of each text begin with. In a prompt such a character is a gram by itself."""

CREATED, ADDED = "d", "a"
"""What the tokens of days and months begin with, by the moment that they are of."""

EVERY = "\0*"
FAVORITE = "\0f"
UNTAGGED = "\0u"


@dataclass(frozen=True, slots=True)
class WordGrams:
    """Tokens that every picture with the word has; `decides`: and no other picture.

    `whole` is a token that only pictures with the word have, though not all of them.
    """

    grams: tuple[str, ...]
    decides: bool
    whole: str | None = None


def tokens(facts: ImageFacts) -> set[str]:
    """All tokens of a picture."""
    found = text_grams(facts.prompt)
    for field in (Text.FILE_NAME, Text.NEGATIVE, Text.SAMPLER):
        if text := getattr(facts, field):
            found.update(SIGNS[field] + gram for gram in text_grams(text))
    if facts.seed:
        found.add(SIGNS[Text.SEED] + facts.seed)
    found.update(facets(facts))
    return found


def is_wide(character: str) -> bool:
    return _WIDE_ALONE.fullmatch(character) is not None


def text_grams(text: str) -> set[str]:
    """Grams of a folded text."""
    grams: set[str] = set()
    for match in _RUNS.finditer(text):
        run = match[0]
        if match.lastgroup == "narrow":
            grams.update(map("".join, pairwise(run)))
            grams.update(map("".join, zip(run, run[1:], run[2:], strict=False)))
            if len(run) >= LONG:
                grams.add(run)
            if not run.isascii():
                grams.update(character for character in run if not character.isascii())
        else:
            grams.update(run)
            if len(run) > 1:
                grams.update(map("".join, pairwise(run)))
    return grams


def wide_words(text: str, common: Container[str]) -> set[str]:
    """Three and four wide characters in a row of a folded text, where each pair is a common one.

    Wide scripts do not say where their words end. Any other three would be many, and each rare.
    """
    words: set[str] = set()
    for match in _RUNS.finditer(text):
        run = match[0]
        if match.lastgroup == "wide" and len(run) > 2:
            joined = 0  # pairs in a row, up to this one
            for end in range(2, len(run) + 1):
                joined = joined + 1 if run[end - 2 : end] in common else 0
                if joined > 1:
                    words.add(run[end - 3 : end])
                    if joined > 2:
                        words.add(run[end - WIDEST : end])
    return words


def word_grams(word: str, field: Text = Text.PROMPT) -> WordGrams:
    """What a picture must have if its prompt, or this other text of it, holds this folded text."""
    sign = SIGNS[field]
    if field is Text.SEED:
        return WordGrams((sign + word,), decides=True)
    grams: dict[str, None] = {}
    whole = None
    for match in _RUNS.finditer(word):
        run = match[0]
        if run == word and _may_be_a_token(run, is_wide=match.lastgroup == "wide"):
            whole = run
        size = min(len(run), 3 if match.lastgroup == "narrow" else 2)
        if size == 1 and match.lastgroup == "narrow" and run.isascii():
            continue  # may be the end of a longer run
        grams.update(dict.fromkeys(run[i : i + size] for i in range(len(run) - size + 1)))
    chosen = list(grams)
    if len(chosen) > MAX_GRAMS:
        chosen = [chosen[i * (len(chosen) - 1) // (MAX_GRAMS - 1)] for i in range(MAX_GRAMS)]
    return WordGrams(
        tuple(sign + gram for gram in chosen),
        decides=chosen == [word],
        whole=whole and sign + whole,
    )


def _may_be_a_token(run: str, *, is_wide: bool) -> bool:
    return 2 < len(run) <= WIDEST if is_wide else len(run) >= LONG


def facets(facts: ImageFacts) -> Iterator[str]:
    """Tokens of everything but the prompt; none equals a gram."""
    yield EVERY
    yield model(facts.model)
    yield aspect_ratio(facts.aspect_ratio)
    yield day(timezone.localtime(facts.created_at))
    yield month(timezone.localtime(facts.created_at))
    yield day(timezone.localtime(facts.added_at), ADDED)
    yield month(timezone.localtime(facts.added_at), ADDED)
    yield size_class(facts.file_size, COARSE)
    yield size_class(facts.file_size, FINE)
    if facts.favorite:
        yield FAVORITE
    if not facts.tag_ids:
        yield UNTAGGED
    for tag_id in facts.tag_ids:
        yield tag(tag_id)


def model(name: str) -> str:
    return f"\0m{name}"


def aspect_ratio(name: str) -> str:
    return f"\0r{name}"


def tag(tag_id: int) -> str:
    return f"\0t{tag_id}"


def day(local: date | datetime, kind: str = CREATED) -> str:
    return f"\0{kind}{local:%Y-%m-%d}"


def month(local: date | datetime, kind: str = CREATED) -> str:
    return f"\0{kind}{local:%Y-%m}"


def dated(name: str) -> str:
    """Of a local day (2026-11-25) or month (2026-11) by its ISO name."""
    return f"\0d{name}"


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def midnight(day: date) -> datetime:
    """The moment at which a local day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def is_midnight(moment: datetime) -> bool:
    """Whether a local day begins at this moment.

    Where clocks are changed at midnight, a day may have two of them, or none.
    """
    # In UTC: moments of two zones are never equal where one of them is in such an hour.
    return midnight(timezone.localdate(moment)).astimezone(UTC) == moment.astimezone(UTC)


COARSE, FINE = 3, 7
"""Leading binary digits of a size that make its class: 4 and 64 classes for every doubling."""


def size_class(size: int, digits: int) -> str:
    return f"\0s{digits}:{size_bounds(size, digits)[0]}"


def size_bounds(size: int, digits: int) -> tuple[int, int]:
    """The sizes in the class of this one, in bytes: from, and below."""
    shift = max(0, size.bit_length() - digits)
    return size >> shift << shift, (size >> shift) + 1 << shift


def size_classes(least: int, most: int, digits: int) -> Iterator[str]:
    """The classes that these sizes fall into, both inclusive."""
    while least <= most:
        yield size_class(least, digits)
        least = size_bounds(least, digits)[1]


def spans(first: date, last: date, kind: str = CREATED) -> Iterator[str]:
    """Tokens of these local days, both inclusive: whole months where possible."""
    while first <= last:
        following = next_month(first)
        if first.day == 1 and following - timedelta(days=1) <= last:
            yield month(first, kind)
            first = following
        else:
            yield day(first, kind)
            first += timedelta(days=1)
