"""How a segment of the index is stored."""

import random

from gallery.index.postings import (
    BUCKETS,
    FACET_BUCKETS,
    SEGMENT,
    bits_of,
    bucket,
    code,
    offsets_of,
    pack,
    unpack,
)


def test_packed_sets_come_back():
    source = random.Random(7)
    sets = {
        "ab": [5],
        "abc": list(range(16)),
        "红狐": sorted(source.sample(range(SEGMENT), 17)),
        "🦊": list(range(SEGMENT)),
        "\0mgrok": sorted(source.sample(range(SEGMENT), 20_000)),
        "\0t1": [0, SEGMENT - 1],
    }
    buckets = pack(sets)
    assert {
        token: offsets_of(unpack(buckets[bucket(code(token))], code(token))) for token in sets
    } == sets


def test_token_that_is_not_there_has_an_empty_set():
    buckets = pack({f"{a}{b}": [1] for a in "abcdefghij" for b in "abcdefghij"})
    assert {unpack(data, code("zzz")) for data in buckets.values()} == {0}


def test_codes_differ_and_facets_lie_apart():
    grams = ["a", "aa", "aaa", "红", "红狐", "\U0010fffd" * 3, "foxes", "foxe"]
    facets = ["\0ma", "\0ra", "\0t1", "\0t11", "\0*"]
    assert len({code(token) for token in grams + facets}) == len(grams + facets)
    assert all(bucket(code(token)) < BUCKETS for token in grams)
    assert all(BUCKETS <= bucket(code(token)) < BUCKETS + FACET_BUCKETS for token in facets)


def test_set_and_offsets_are_each_others_inverse():
    offsets = sorted(random.Random(1).sample(range(SEGMENT), 300))
    assert offsets_of(bits_of(offsets)) == offsets
    assert (bits_of([]), offsets_of(0)) == (0, [])
