"""The language of the search box."""

from datetime import date

import pytest

from gallery.facts import Text
from gallery.search.query import Query, parse


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("  \u3000 ", Query()),
        ("Red ＦＯＸ", Query(words=["red", "fox"])),
        ('"red fox" -"blue cat" -dog', Query(words=["red fox"], without_words=["blue cat", "dog"])),
        ("- -- \"", Query(words=["-", '"'], without_words=["-"])),
        ('5" tall', Query(words=['5"', "tall"])),
        ("tag:Pets -tag:\"Old Dog\"", Query(tags=["pets"], without_tags=["old dog"])),
        ("model:grok ratio：16:9", Query(models=["grok"], ratios=["16:9"])),
        ("is:favorite is:untagged", Query(favorite=True, untagged=True)),
        ("-is:favourite -is:untagged", Query(favorite=False, untagged=False)),
        ("after:2026-01-02 before:2026-02-01",
         Query(start=date(2026, 1, 2), end=date(2026, 2, 1))),
        ("size:>2mb size:<=3MB", Query(min_size=2 * 1024**2 + 1, max_size=3 * 1024**2)),
        ("size:>=1.5kb size:<10", Query(min_size=1536, max_size=9)),
        ("name:IMG_1 -name:\"a b\" negative:blurry sampler:Euler seed:-42 -seed:７",
         Query(texts=[(Text.FILE_NAME, "img_1"), (Text.NEGATIVE, "blurry"),
                      (Text.SAMPLER, "euler"), (Text.SEED, "-42")],
               without_texts=[(Text.FILE_NAME, "a b"), (Text.SEED, "7")])),
        ("seed:abc name: added:soon added:2026-13 added:0999-01-01 added:2026-02-30",
         Query(words=["seed:abc", "name:", "added:soon", "added:2026-13", "added:0999-01-01",
                      "added:2026-02-30"])),
        ("added:2026-02-28", Query(added_start=date(2026, 2, 28), added_end=date(2026, 3, 1))),
        ("added:2026-12", Query(added_start=date(2026, 12, 1), added_end=date(2027, 1, 1))),
        ("added:>2026-01 added:<=2026-02-10",
         Query(added_start=date(2026, 2, 1), added_end=date(2026, 2, 11))),
        ("added:>=2026-01-05 added:<2026-02",
         Query(added_start=date(2026, 1, 5), added_end=date(2026, 2, 1))),
        ("is:nice size:big before:soon tag: http://x.y",
         Query(words=["is:nice", "size:big", "before:soon", "tag:", "http://x.y"])),
        ("100%_\\ 'x'; --", Query(words=["100%_\\", "'x';"], without_words=["-"])),
    ],
)  # fmt: skip
def test_parse_takes_the_text_apart(text, query):
    assert parse(text) == query


def test_parse_takes_long_texts_in_no_time():
    assert len(parse('"' * 10_000).words) == 1
    assert len(parse('"x ' * 10_000).words) > 1
