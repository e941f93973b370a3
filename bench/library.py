"""A library of any size for benchmarks: deterministic, with a vocabulary of its own.

Prompts of 20 to 400 characters, 55 % Chinese, 30 % English, 15 % mixed, Zipf's law over 21,000
words; 300 tags, none to five on a picture; 6 models, 5 aspect ratios; two years. Rows alone:
there are no picture files behind them, which lists and searches never open.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from gallery.models import Image, Tag
from gallery.text import fold

from .vocabulary import SEED, Vocabulary, tag_names, zipf

CHUNK = 5_000
FIRST = datetime(2024, 11, 25, tzinfo=UTC)
SPAN = timedelta(days=730)
MODELS = ["grok-imagine-1.0", "grok-2-image", "gpt-image-1", "flux.1-dev", "sdxl", "sample-1"]
RATIOS = {"1:1": (1024, 1024), "3:2": (1216, 832), "2:3": (832, 1216), "16:9": (1344, 768),
          "9:16": (768, 1344)}  # fmt: skip


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
            "added_at": created, "updated_at": created, "favorite": source.random() < 0.05,
            "nsfw": source.random() < 0.02, "trashed_at": None,
        }  # fmt: skip


def _links(tag_ids: list[int], start: int, size: int) -> Iterator[dict[str, object]]:
    source = random.Random(f"{SEED}:tags:{start}")
    weights = zipf(len(tag_ids))
    for number in range(start, start + size):
        for tag_id in set(source.choices(tag_ids, cum_weights=weights, k=source.randrange(6))):
            yield {"image_id": number + 1, "tag_id": tag_id}


def _insert(model: type, rows: list[dict[str, object]]) -> None:
    """Insert all rows by one statement, several times as fast as objects."""
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
