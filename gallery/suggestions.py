"""Did you mean: the nearest word that the library has, for one that it has not.

Latin words are compared by their letters (insertion, deletion, substitution, swap), Chinese ones
by their sound and by the characters that they share.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import lazy_pinyin
from rapidfuzz import process
from rapidfuzz.distance import OSA

from . import listing, tagging
from .models import Image, Tag
from .search import vocabulary
from .search.criteria import Criteria, Word
from .search.query import parse
from .search.tokens import is_wide
from .text import fold

TRIED = 5
"""Candidates for a word that are looked up, the nearest first."""

NEWEST = 500
"""Pictures whose words count though their segment may not know them yet."""


def did_you_mean(search: str) -> str | None:
    """The search text with its unknown words replaced by known ones that have hits, or None."""
    query = parse(search)
    suggestion = fold(search)
    for word in query.words:
        if _has_hits(word):
            continue
        known = next((each for each in _candidates(word) if _has_hits(each)), None)
        if known is None:
            return None
        suggestion = suggestion.replace(word, known, 1)
    return suggestion if suggestion != fold(search) and _has_all(suggestion) else None


def _has_hits(*words: str) -> bool:
    tags = tagging.ids_by_key(frozenset(words))
    criteria = Criteria(words=tuple(Word(word, tags.get(word)) for word in words))
    return listing.find_page(criteria, page_size=1).count > 0


def _has_all(search: str) -> bool:
    return _has_hits(*parse(search).words)


def _candidates(word: str) -> list[str]:
    known = Counter(vocabulary.read())
    newest = Image.objects.in_library().order_by("-created_at", "-pk")
    for prompt in newest.values_list("prompt_folded", flat=True)[:NEWEST]:
        known.update(vocabulary.words_of(prompt))
    known.update(Tag.objects.order_by().values_list("key", flat=True))
    found = _chinese(word, known) if all(map(is_wide, word)) else _latin(word, known)
    return list(found)[:TRIED]


def _latin(word: str, known: Counter[str]) -> list[str]:
    """At most one slip in a short word, two in a longer one; of equals the commonest."""
    if len(word) < 3:
        return []
    slips = 1 if len(word) < 6 else 2
    near = process.extract(word, list(known), scorer=OSA.distance, score_cutoff=slips, limit=50)
    return [name for name, _, _ in sorted(near, key=lambda each: (each[1], -known[each[0]]))]


def _chinese(word: str, known: Counter[str]) -> Iterator[str]:
    """Replace the pair that is unknown by one of the same sound, or of half the same characters."""
    for place in range(len(word) - 1):
        pair = word[place : place + 2]
        if pair in known:
            continue
        sound = _sound(pair)
        near = [
            (0 if sound == _sound(other) else 1, -count, other)
            for other, count in known.items()
            if len(other) == 2
            and (other[0] == pair[0] or other[1] == pair[1] or sound == _sound(other))
        ]
        for _, _, other in sorted(near)[:TRIED]:
            yield word[:place] + other + word[place + 2 :]


def _sound(pair: str) -> tuple[str, str]:
    return _syllable(pair[0]), _syllable(pair[1])


@lru_cache(maxsize=50_000)
def _syllable(character: str) -> str:
    return "".join(lazy_pinyin(character))
