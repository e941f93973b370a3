"""A library of any size for benchmarks: deterministic, with a vocabulary of its own.

Prompts of 20 to 400 characters, 55 % Chinese, 30 % English, 15 % mixed, Zipf's law over 21,000
words; 300 tags, none to five on a picture; 6 models, 5 aspect ratios; two years. Rows alone:
there are no picture files behind them, which lists and searches never open.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from django.db import connection, transaction

from gallery.models import Image, Tag
from gallery.text import fold

SEED = "grok2api"
CHUNK = 5_000
FIRST = datetime(2024, 11, 25, tzinfo=UTC)
SPAN = timedelta(days=730)
MODELS = ["grok-imagine-1.0", "grok-2-image", "gpt-image-1", "flux.1-dev", "sdxl", "sample-1"]
RATIOS = {"1:1": (1024, 1024), "3:2": (1216, 832), "2:3": (832, 1216), "16:9": (1344, 768),
          "9:16": (768, 1344)}  # fmt: skip
TAGS = 300
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
        self._chinese_weights = _zipf(len(self.chinese))
        self._english_weights = _zipf(len(self.english))

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


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 3) for rank in range(count)))


def tag_names(vocabulary: Vocabulary) -> list[str]:
    """Half Chinese, half English: words that prompts hold too, common and rare."""
    return vocabulary.chinese[10:1510:10] + vocabulary.english[10:1510:10]


def fill(total: int, progress: Callable[[int], None]) -> None:
    """Put `total` rows with their tags into the empty library; index and counters come after.

    Raises:
        RuntimeError: the library is not empty.
    """
    if Image.objects.exists() or Tag.objects.exists():
        raise RuntimeError("The library is not empty; give the benchmark a database of its own.")
    vocabulary = Vocabulary()
    tags = Tag.objects.bulk_create(Tag(name=name, key=fold(name)) for name in tag_names(vocabulary))
    tag_ids = [tag.pk for tag in Tag.objects.filter(key__in=[tag.key for tag in tags])]
    links = Image.tags.through
    for start in range(0, total, CHUNK):
        size = min(CHUNK, total - start)
        with transaction.atomic():
            rows = list(_rows(vocabulary, start, size, total))
            _insert(Image, rows)
            _insert(links, list(_links(tag_ids, start, size)))
        progress(start + size)
    if connection.vendor == "postgresql":  # ids were given, not drawn
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('gallery_image', 'id'), %s)", [total]
            )


def _rows(vocabulary: Vocabulary, start: int, size: int, total: int) -> Iterator[dict[str, object]]:
    source = random.Random(f"{SEED}:{start}")
    for number in range(start, start + size):
        prompt = vocabulary.prompt(source)
        ratio = source.choices(list(RATIOS), (40, 20, 20, 12, 8))[0]
        width, height = RATIOS[ratio]
        # In the order of their ids, but for one in fifty that came late.
        share = number / total if source.random() < 0.98 else source.random()
        created = FIRST + SPAN * share
        name = f"bench/{number + 1:07d}"
        yield {
            "id": number + 1, "file": f"{name}.jpg", "thumbnail": f"{name}.thumb.webp",
            "content_type": "image/jpeg", "width": width, "height": height,
            "file_size": int(source.lognormvariate(12.8, 0.5)),
            "content_hash": f"{number:064x}", "color": f"#{source.randrange(1 << 24):06x}",
            "prompt": prompt, "prompt_folded": fold(prompt),
            "model": source.choices(MODELS, (50, 20, 12, 10, 6, 2))[0], "aspect_ratio": ratio,
            "source": "generated", "metadata": "{}", "created_at": created,
            "updated_at": created, "favorite": source.random() < 0.05,
            "nsfw": source.random() < 0.02, "trashed_at": None,
        }  # fmt: skip


def _links(tag_ids: list[int], start: int, size: int) -> Iterator[dict[str, object]]:
    source = random.Random(f"{SEED}:tags:{start}")
    weights = _zipf(len(tag_ids))
    for number in range(start, start + size):
        for tag_id in set(source.choices(tag_ids, cum_weights=weights, k=source.randrange(6))):
            yield {"image_id": number + 1, "tag_id": tag_id}


def _insert(model: type, rows: list[dict[str, object]]) -> None:
    """One statement for all rows: several times as fast as objects."""
    if not rows:
        return
    quote = connection.ops.quote_name
    columns = list(rows[0])
    adapt = connection.ops.adapt_datetimefield_value
    values = [
        tuple(adapt(value) if isinstance(value, datetime) else value for value in row.values())
        for row in rows
    ]
    names = ", ".join(map(quote, columns))
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})", values
        )
