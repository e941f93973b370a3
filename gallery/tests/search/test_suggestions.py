"""Did you mean."""

from collections import Counter
from itertools import product

import pytest

from gallery.index import building
from gallery.search.suggestions import TRIED, Known, _combined, did_you_mean
from tests.campaign.attacks.texts import LIBRARY_WORDS, mistyped


@pytest.fixture(params=["rows alone", "from the index"])
def library(request, add_image):
    for prompt in ("a portrait of a fox", "portrait, lighthouse", "一只红狐狸在雪地里", "星空"):
        add_image(prompt=prompt, tags=["Watercolour"])
    if request.param == "from the index":
        building.rebuild(lambda done, total: None, building.segment_numbers())


@pytest.mark.parametrize(
    ("search", "meant"),
    [
        ("potrait", "portrait"),
        ("protrait fox", "portrait fox"),
        ("lighthoose -cat", "lighthouse -cat"),
        ("watercolor", "watercolour"),
        ("红胡", "红狐"),  # of the same sound
        ("红胡狸", "红狐狸"),
        ("星宫", "星空"),  # one character in common
        ("portrait", None),
        ("portrait lighthouse", None),
        ("qqqqqqqq", None),
        ("zz", None),
        ("🦊", None),
        ("", None),
        ("tag:nobody", None),
    ],
)
def test_unknown_word_gives_way_to_the_nearest_known_one(library, search, meant):
    assert did_you_mean(search) == meant


def test_combinations_are_the_best_of_all_without_making_all():
    known = Known(Counter(LIBRARY_WORDS))
    words = mistyped(3).split()
    ranked = [list(enumerate(known.like(word))) for word in words]
    every = sorted(product(*ranked), key=lambda each: sum(rank for rank, _ in each))
    assert len(every) == TRIED**3
    assert _combined(words, known) == [tuple(word for _, word in each) for each in every[:10]]


def test_combinations_grow_with_the_words_and_no_faster():
    known = Known(Counter(LIBRARY_WORDS))
    made = []
    for number in (5, 10):
        asked = []
        known.like = lambda word, asked=asked: asked.append(word) or list("abcde")
        made.append((len(_combined(["w"] * number, known)), len(asked)))
    assert made == [(10, 5), (10, 10)]


def test_ten_mistyped_words_are_all_corrected(add_image):
    add_image(prompt=" ".join(LIBRARY_WORDS[::5]))
    assert did_you_mean(mistyped(10)) == " ".join(LIBRARY_WORDS[::5])


@pytest.mark.parametrize(
    "search",
    [
        mistyped(11),
        " ".join(["fox"] * 40 + ["potrait"]),
        "potrait" + "x" * 30_000,
        "红胡" * 10_000,
    ],
)
def test_a_pasted_prompt_is_no_slip_of_the_keyboard(library, search):
    assert did_you_mean(search) is None
