"""When two texts count as the same."""

import sys
import unicodedata
from random import Random

import pytest

from gallery.text import JOINER, MARKS_IN_A_ROW, _marks, fold
from tests.campaign.attacks.texts import marks
from tests.growth import LINEAR, growth

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ Café", "abc café"),
        ("e\u0301", "é"),
        ("\u1e9b\u0323", "\u1e69"),
        ("İ", "i\u0307"),
        ("ㇺ ﾊﾟ", "ㇺ パ"),
        ("", ""),
    ],
)
def test_fold_makes_one_of_what_counts_as_the_same(text, folded):
    assert fold(text) == folded


def test_fold_joins_longer_runs_of_marks_than_languages_have():
    run = "\u0301" * MARKS_IN_A_ROW
    assert fold(f"x{run}") == f"x{run}"
    assert fold(f"x{run}\u0301") == f"x{run}{JOINER}\u0301"


def test_fold_of_what_is_folded_changes_nothing():
    random = Random(1)
    alphabet = [*sorted(_marks()), *"aİé\u0958ㅏΐｶ각A\u1f82\ufdfa" * 5]
    for length in (1, 29, 30, 31, 32, 60, 61, 100, 400):
        for _ in range(50):
            folded = fold("".join(random.choices(alphabet, k=length)))
            assert fold(folded) == folded


def test_fold_knows_every_mark():
    assert _marks() == {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.combining(character)
        or all(map(unicodedata.combining, unicodedata.normalize("NFKD", character)))
    }


@pytest.mark.parametrize("kind", marks.__defaults__[0])
def test_fold_is_linear_in_marks(kind):
    assert growth(fold, lambda size: marks(size, [kind]), 2_000) <= LINEAR
