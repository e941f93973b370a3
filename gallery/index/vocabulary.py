"""The words of the library, for "did you mean": of each segment the commonest.

A word is a run of letters and digits, or a pair of wide characters, since Chinese does not say
where its words end.
"""

import json
import re
import zlib
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from .postings import BUCKETS, FACET_BUCKETS
from .tables import Posting
from .tokens import WIDE

BUCKET = BUCKETS + FACET_BUCKETS
"""Where a segment's words lie, beside its sets."""

KEPT_WORDS = 20_000
_WORDS = re.compile(rf"(?P<wide>[{WIDE}]{{2,}})|[^\W_{WIDE}]{{3,24}}")


def words_of(text: str) -> set[str]:
    """Words of a folded text."""
    words: set[str] = set()
    for match in _WORDS.finditer(text):
        if match.lastgroup == "wide":
            words.update(map("".join, pairwise(match[0])))
        else:
            words.add(match[0])
    return words


def pack(counts: Counter[str]) -> bytes:
    return zlib.compress(json.dumps(dict(counts.most_common(KEPT_WORDS))).encode(), 1)


@lru_cache(maxsize=1)
def read(built: tuple[tuple[int, int], ...]) -> Counter[str]:
    """Words with the number of their pictures, about, of segments given as (number, generation).

    Kept in memory until a segment is built.
    """
    numbers = [number for number, _ in built]
    rows = Posting.objects.filter(bucket=BUCKET, segment__in=numbers).order_by()
    words: Counter[str] = Counter()
    for data in rows.values_list("data", flat=True):
        words.update(json.loads(zlib.decompress(bytes(data))))
    return words
