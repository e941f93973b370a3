"""Queries for the benchmark, deterministic."""

import random
from urllib.parse import urlencode

from .vocabulary import SEED, Vocabulary, tag_names

MODELS = ["grok-imagine-1.0", "grok-2-image", "gpt-image-1", "flux.1-dev", "sdxl", "sample-1"]
RATIOS = ["1:1", "3:2", "2:3", "16:9", "9:16"]
SORTS = [(key, order) for key in ("created_at", "file_size") for order in ("desc", "asc")]


class Questions:
    """Query strings for the picture list.

    Args:
        series: another name makes other queries of the same kinds.
    """

    def __init__(self, series: str = "questions") -> None:
        self.vocabulary = Vocabulary()
        self.tags = tag_names(self.vocabulary)
        self.source = random.Random(f"{SEED}:{series}")

    def lists(self) -> list[str]:
        """Yield every sort with every single filter, and with none; no text."""
        filters: list[dict[str, str]] = [
            {},
            *({"model": model} for model in MODELS),
            *({"aspect_ratio": ratio} for ratio in RATIOS),
            {"favorite": "true"},
            {"favorite": "false"},
            {"tags": self.tags[0]},
            {"tags": self.tags[-1]},
            {"start_date": "2026-01-15", "end_date": "2026-02-10"},
            {"model": "sdxl", "aspect_ratio": "9:16", "favorite": "true"},
        ]
        return [
            urlencode({**each, "sort_by": key, "sort_order": order})
            for each in filters
            for key, order in SORTS
        ]

    def mix(self, count: int = 400) -> list[str]:
        """Yield random combinations of search, filters, tags (all, any), dates and sorts."""
        return [self._combination() for _ in range(count)]

    def _combination(self) -> str:
        source = self.source
        query: dict[str, str] = {}
        if source.random() < 0.75:
            query["search"] = self._search()
        if source.random() < 0.3:
            query["model"] = source.choice(MODELS)
        if source.random() < 0.2:
            query["aspect_ratio"] = source.choice(RATIOS)
        if source.random() < 0.15:
            query["favorite"] = source.choice(["true", "false"])
        if source.random() < 0.3:
            names = source.sample(self.tags[:80], source.choice([1, 1, 2]))
            query |= {"tags": ",".join(names), "tags_match": source.choice(["all", "any"])}
        if source.random() < 0.2:
            month = source.randrange(24)
            year, month = 2024 + (month + 11) // 12, (month + 11) % 12 + 1
            query["start_date"] = f"{year}-{month:02d}-{source.randrange(1, 28):02d}"
            if source.random() < 0.5:
                query["end_date"] = f"{year + month // 12}-{month % 12 + 1:02d}-15"
        key, order = source.choice(SORTS)
        return urlencode({**query, "sort_by": key, "sort_order": order})

    def _search(self) -> str:
        source, vocabulary = self.source, self.vocabulary
        kind = source.random()
        if kind < 0.45:
            return self._word(vocabulary.chinese)
        if kind < 0.7:
            return self._word(vocabulary.english)
        if kind < 0.85:
            return f"{self._word(vocabulary.chinese)} {self._word(vocabulary.chinese)}"
        if kind < 0.93:
            return f"{self._word(vocabulary.english)} -{self._word(vocabulary.english)}"
        if kind < 0.97:  # a part of a word
            word = self._word(vocabulary.english)
            return word[1:7] if len(word) > 3 else word
        return source.choice(["ortres", "100%", "不存在的词", "🦊", "zzzzqq"])

    def _word(self, words: list[str]) -> str:
        """Choose a word, common and rare ones equally often: by the logarithm of the rank."""
        return words[int(len(words) ** self.source.random()) - 1]
