"""What the index knows of a picture."""

from datetime import UTC, date, datetime

import pytest

from gallery.facts import ImageFacts, Text
from gallery.index import tokens
from gallery.index.tokens import WordGrams


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("", set()),
        ("fox a", {"fo", "ox", "fox"}),
        ("红狐狸", {"红", "狐", "狸", "红狐", "狐狸"}),
        ("狐fox", {"狐", "fo", "ox", "fox"}),
        ("foxes", {"fo", "ox", "xe", "es", "fox", "oxe", "xes", "foxes"}),
        ("100%_🦊", {"10", "00", "100", "%", "_", "🦊"}),
        ("жи", {"ж", "и", "жи"}),
    ],
)
def test_text_gives_grams(text, grams):
    assert tokens.text_grams(text) == grams


@pytest.mark.parametrize(
    ("word", "grams", "decides"),
    [
        ("a", (), False),
        ("ab", ("ab",), True),
        ("fox", ("fox",), True),
        ("foxes", ("fox", "oxe", "xes"), False),
        ("狐", ("狐",), True),
        ("红狐", ("红狐",), True),
        ("红狐狸", ("红狐", "狐狸"), False),
        ("红狐狸跑", ("红狐", "狐狸", "狸跑"), False),
        ("红狐狸跑了", ("红狐", "狐狸", "狸跑", "跑了"), False),
        ("红狐 狸", ("红狐", "狸"), False),
        ("ж", ("ж",), True),
        ("a b", (), False),
        ("red fox", ("red", "fox"), False),
        ("狐a", ("狐",), False),
        ("%", ("%",), True),
    ],
)
def test_word_needs_its_longest_grams(word, grams, decides):
    whole = word if word in ("foxes", "红狐狸", "红狐狸跑") else None
    assert tokens.word_grams(word) == WordGrams(grams, decides, whole)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", set()),
        ("红狐", set()),
        ("红狐狸", {"红狐狸"}),
        ("一红狐狸跑了", {"红狐狸", "狐狸跑", "红狐狸跑"}),
        ("红狐狸一狐狸跑", {"红狐狸", "狐狸跑"}),
        ("红狐 狐狸跑fox", {"狐狸跑"}),
    ],
)
def test_wide_words_have_common_pairs_alone(text, words):
    assert tokens.wide_words(text, {"红狐", "狐狸", "狸跑", "fo", "ox"}) == words


def test_long_word_needs_a_few_grams_from_all_of_it():
    word = "".join(chr(0x4E00 + number) for number in range(10_000))
    assert len(tokens.word_grams(word).grams) == tokens.MAX_GRAMS
    assert tokens.word_grams(word).grams[-1] == word[-2:]


def test_facets_are_local_and_no_grams(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    facts = ImageFacts(
        id=1, prompt="", model="m", aspect_ratio="1:1", favorite=True,
        created_at=datetime(2026, 1, 31, 20, tzinfo=UTC), file_size=1000, trashed=False,
        added_at=datetime(2026, 2, 28, 20, tzinfo=UTC),
        tag_ids=frozenset([7]), files=("images/a.jpg", "images/a.thumb.webp"),
    )  # fmt: skip
    assert set(tokens.facets(facts)) == {
        tokens.EVERY, tokens.FAVORITE, "\0mm", "\0r1:1", "\0d2026-02-01", "\0d2026-02", "\0s3:896",
        "\0s7:1000", "\0t7", "\0a2026-03-01", "\0a2026-03",
    }  # fmt: skip


def test_texts_beside_the_prompt_have_grams_of_their_own():
    facts = ImageFacts(
        id=1, prompt="fox", model="", aspect_ratio="1:1", favorite=False,
        created_at=datetime(2026, 1, 31, tzinfo=UTC), added_at=datetime(2026, 1, 31, tzinfo=UTC),
        file_size=1, trashed=False, tag_ids=frozenset(), files=("", ""), file_name="fox.png",
        negative="红狐", sampler="euler", seed="12",
    )  # fmt: skip
    found = tokens.tokens(facts) - set(tokens.facets(facts))
    assert {token for token in found if token[0] not in "\1\2\3\4"} == {"fo", "ox", "fox"}
    assert {token for token in found if token[0] in "\2\4"} == {"\2红", "\2狐", "\2红狐", "\x0412"}
    for text, field in (("fox.p", Text.FILE_NAME), ("狐", Text.NEGATIVE), ("euler", Text.SAMPLER)):
        grams = tokens.word_grams(text, field)
        assert {*grams.grams, *([grams.whole] if grams.whole else [])} <= found
    assert tokens.word_grams("12", Text.SEED) == tokens.WordGrams(("\x0412",), decides=True)
    assert not set(tokens.word_grams("1", Text.SEED).grams) & found


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        (datetime(2026, 6, 1, 4, tzinfo=UTC), True),
        (datetime(2026, 6, 1, 4, 0, 1, tzinfo=UTC), False),
        (datetime(2026, 11, 1, 4, tzinfo=UTC), True),
        (datetime(2026, 11, 1, 5, tzinfo=UTC), False),
        (datetime(2026, 3, 8, 5, tzinfo=UTC), True),
    ],
    ids=["midnight", "a second later", "the first of two", "the second of two", "one o'clock"],
)
def test_a_day_begins_once_where_clocks_are_changed_at_midnight(settings, moment, begins):
    settings.TIME_ZONE = "America/Havana"
    assert tokens.is_midnight(moment) is begins


def test_spans_take_whole_months_where_possible():
    assert list(tokens.spans(date(2026, 1, 30), date(2026, 3, 2))) == [
        "\0d2026-01-30", "\0d2026-01-31", "\0d2026-02", "\0d2026-03-01", "\0d2026-03-02",
    ]  # fmt: skip
    assert list(tokens.spans(date(2026, 2, 2), date(2026, 2, 1))) == []


@pytest.mark.parametrize("digits", [tokens.COARSE, tokens.FINE])
def test_classes_of_size_follow_each_other_without_a_gap(digits):
    for size in (0, 1, 15, 16, 17, 1000, 2**20 - 1, 2**20, 10**12):
        start, end = tokens.size_bounds(size, digits)
        assert start <= size < end
        own = tokens.size_class(size, digits)
        assert tokens.size_class(end - 1, digits) == own != tokens.size_class(end, digits)


def test_classes_of_a_range_of_sizes():
    assert list(tokens.size_classes(1000, 1100, 3)) == ["\0s3:896", "\0s3:1024"]
    assert list(tokens.size_classes(5, 4, 3)) == []
