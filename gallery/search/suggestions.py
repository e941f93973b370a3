"""Did you mean: the nearest word that the library has, for one that it has not.

Latin words are compared by their letters (insertion, deletion, substitution, swap), Chinese ones
by their sound and by the characters that they share.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from heapq import nsmallest
from itertools import islice

from pypinyin import lazy_pinyin
from rapidfuzz import process
from rapidfuzz.distance import OSA

from ..index import vocabulary
from ..index.criteria import Criteria, Word
from ..index.tokens import is_wide
from ..jobs import tagging
from ..models import Image, Tag
from ..text import fold
from . import listing
from .query import parse

TRIED = 5
"""Candidates for a word, the nearest first; of several words twice as many combinations."""

MOST_WORDS = 32
"""Of a search that is looked at: a longer one is a prompt that was pasted, and no slip."""

MOST_UNKNOWN = 10
"""Words that may be mistyped at once."""

LONGEST_WORD = 24
"""Characters. The vocabulary knows no longer one; so long a run of Chinese is a sentence."""

NEWEST = 500
"""Pictures whose words count though their segment may not know them yet."""


def words_alone(search: str) -> list[Criteria]:
    """Each word of a search as a search of its own. One query."""
    words = parse(search).words
    if len(words) > MOST_WORDS:
        return []
    tags = tagging.ids_by_key(frozenset(words))
    return [_all_of([word], tags) for word in words]


def did_you_mean(search: str) -> str | None:
    """The search text with its unknown words replaced by known ones that have hits, or None."""
    words = words_alone(search)
    counts = listing.count_each(words)
    unknown = [one.words[0].text for one, count in zip(words, counts, strict=True) if not count]
    if not 0 < len(unknown) <= MOST_UNKNOWN or max(map(len, unknown)) > LONGEST_WORD:
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


def _combined(words: list[str], known: "Known") -> list[tuple[str, ...]]:
    """What the words may have been meant to be, the nearest first; empty if one is like none.

    Nearest is the least sum of ranks. Word by word only so many are kept as are wanted in the
    end: what is not among the best with fewer words is not with more.
    """
    best: list[tuple[int, tuple[int, ...], tuple[str, ...]]] = [(0, (), ())]
    for word in words:
        near = list(enumerate(known.like(word)))
        longer = (
            (far + rank, (*ranks, rank), (*chosen, one))
            for far, ranks, chosen in best
            for rank, one in near
        )
        best = nsmallest(2 * TRIED, longer)
    return [chosen for _, _, chosen in best]


def _known(tags: Iterable[str]) -> "Known":
    counts = Counter(vocabulary.read(listing.builds()))
    newest = Image.objects.in_library().order_by("-created_at", "-pk")
    for prompt in newest.values_list("prompt_folded", flat=True)[:NEWEST]:
        counts.update(vocabulary.words_of(prompt))
    counts.update(tags)
    return Known(counts)


class Known:
    """Words of the library with the number of their pictures, about; gone through once."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts

    def like(self, word: str) -> list[str]:
        """The known words nearest to one, the nearest first."""
        found = self._chinese(word) if all(map(is_wide, word)) else self._latin(word)
        return list(islice(found, TRIED))

    def _latin(self, word: str) -> Iterable[str]:
        """At most one slip in a short word, two in a longer one; of equals the commonest."""
        if len(word) < 3:
            return []
        slips = 1 if len(word) < 6 else 2
        near = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=slips, limit=50)
        return [
            name for name, _, _ in sorted(near, key=lambda each: (each[1], -self.counts[each[0]]))
        ]

    def _chinese(self, word: str) -> Iterator[str]:
        """Replace the unknown pair by one of the same sound, or of half the same characters."""
        for place in range(len(word) - 1):
            pair = word[place : place + 2]
            if pair in self.counts:
                continue
            sound = _sound(pair)
            alike = {*self._pairs[0, pair[0]], *self._pairs[1, pair[1]], *self._pairs[2, sound]}
            near = sorted((sound != _sound(each), -self.counts[each], each) for each in alike)
            for _, _, other in near[:TRIED]:
                yield word[:place] + other + word[place + 2 :]

    @cached_property
    def _words(self) -> list[str]:
        return list(self.counts)

    @cached_property
    def _pairs(self) -> Mapping[tuple[int, object], list[str]]:
        """Words of two characters by their first, by their second, and by their sound."""
        pairs: defaultdict[tuple[int, object], list[str]] = defaultdict(list)
        for word in self.counts:
            if len(word) == 2:
                for key in ((0, word[0]), (1, word[1]), (2, _sound(word))):
                    pairs[key].append(word)
        return pairs


def _sound(pair: str) -> tuple[str, str]:
    return _syllable(pair[0]), _syllable(pair[1])


@lru_cache(maxsize=50_000)
def _syllable(character: str) -> str:
    return "".join(lazy_pinyin(character))
