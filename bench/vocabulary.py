"""Words and prompts for benchmarks: deterministic, and made here."""

import random
from collections.abc import Callable
from itertools import accumulate

SEED = "grok2api"
CHINESE_WORDS, ENGLISH_WORDS = 14_000, 7_000


class Vocabulary:
    """Words by rank, the commonest first."""

    def __init__(self) -> None:
        source = random.Random(SEED)
        characters = [chr(0x4E00 + number) for number in source.sample(range(20_000), 3_000)]
        weights = list(accumulate(1 / (rank + 20) for rank in range(len(characters))))
        syllables = [
            onset + vowel + coda
            for onset in ("b", "br", "c", "ch", "d", "f", "g", "gl", "l", "m", "n", "p", "r", "s",
                          "st", "t", "tr", "v", "w")
            for vowel in ("a", "e", "i", "o", "u", "ea", "oo")
            for coda in ("", "", "n", "r", "t", "st", "ng", "l")
        ]  # fmt: skip
        self.chinese = _distinct(
            CHINESE_WORDS,
            lambda: "".join(
                source.choices(
                    characters,
                    cum_weights=weights,
                    k=source.choices((1, 2, 3, 4), (5, 70, 15, 10))[0],
                )
            ),
        )
        self.english = _distinct(
            ENGLISH_WORDS,
            lambda: "".join(
                source.choices(syllables, k=source.choices((1, 2, 3), (15, 60, 25))[0])
            ),
        )
        self._chinese_weights = zipf(len(self.chinese))
        self._english_weights = zipf(len(self.english))

    def prompt(self, source: random.Random) -> str:
        length = min(400, max(20, int(source.lognormvariate(4.4, 0.7))))
        language = source.random()
        if language < 0.55:
            return self._chinese(source, length)
        if language < 0.85:
            return self._english(source, length)
        return self._chinese(source, length // 2) + " " + self._english(source, length // 2)

    def _chinese(self, source: random.Random, length: int) -> str:
        words = source.choices(self.chinese, cum_weights=self._chinese_weights, k=length // 2 + 1)
        for place in range(5, len(words), 6):
            words[place] += "，"
        return "".join(words)[:length]

    def _english(self, source: random.Random, length: int) -> str:
        words = source.choices(self.english, cum_weights=self._english_weights, k=length // 5 + 1)
        for place in range(4, len(words), 5):
            words[place] += ","
        return " ".join(words)[:length]


def _distinct(count: int, make: Callable[[], str]) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < count:
        words[make()] = None
    return list(words)


def zipf(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 3) for rank in range(count)))


def tag_names(vocabulary: Vocabulary) -> list[str]:
    """Return names, half Chinese and half English, common and rare, which prompts contain, too."""
    return vocabulary.chinese[10:1510:10] + vocabulary.english[10:1510:10]
