"""Did you mean: the nearest word that the library has, for one that it has not.

Latin words are compared by their letters (insertion, deletion, substitution, swap), Chinese ones
by their sound and by the characters that they share.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, product

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
"""Candidates for a word, the nearest first; of several words twice as many combinations."""

NEWEST = 500
"""Pictures whose words count though their segment may not know them yet."""


def words_alone(search: str) -> list[Criteria]:
    """Each word of a search as a search of its own. One query."""
    words = parse(search).words
    tags = tagging.ids_by_key(frozenset(words))
    return [_all_of([word], tags) for word in words]


def did_you_mean(search: str) -> str | None:
    """The search text with its unknown words replaced by known ones that have hits, or None."""
    words = words_alone(search)
    counts = listing.count_each(words)
    unknown = [one.words[0].text for one, count in zip(words, counts, strict=True) if not count]
    if not unknown:
        return None
    tags = dict(Tag.objects.order_by().values_list("key", "pk"))
    known = _known(tags)
    texts = [_replaced(search, unknown, nearest) for nearest in _combined(unknown, known)]
    found = listing.count_each([_all_of(parse(text).words, tags) for text in texts])
    return next((text for text, count in zip(texts, found, strict=True) if count), None)


def _all_of(words: Iterable[str], tags: Mapping[str, int]) -> Criteria:
    return Criteria(words=tuple(Word(word, tags.get(word)) for word in words))


def _replaced(search: str, words: Iterable[str], others: Iterable[str]) -> str:
    text = fold(search)
    for word, other in zip(words, others, strict=True):
        text = text.replace(word, other, 1)
    return text


def _combined(words: list[str], known: Counter[str]) -> list[tuple[str, ...]]:
    """What the words may have been meant to be, the nearest first; empty if one is like none."""
    ranked = [list(enumerate(_candidates(word, known))) for word in words]
    together = sorted(product(*ranked), key=lambda each: sum(rank for rank, _ in each))
    return [tuple(word for _, word in each) for each in together[: 2 * TRIED]]


def _known(tags: Iterable[str]) -> Counter[str]:
    """Words of the library with the number of their pictures, about."""
    known = Counter(vocabulary.read(listing.builds()))
    newest = Image.objects.in_library().order_by("-created_at", "-pk")
    for prompt in newest.values_list("prompt_folded", flat=True)[:NEWEST]:
        known.update(vocabulary.words_of(prompt))
    known.update(tags)
    return known


def _candidates(word: str, known: Counter[str]) -> list[str]:
    found = _chinese(word, known) if all(map(is_wide, word)) else _latin(word, known)
    return list(islice(found, TRIED))


def _latin(word: str, known: Counter[str]) -> Iterable[str]:
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
