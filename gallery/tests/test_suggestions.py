"""Did you mean."""

import pytest

from gallery.search import building
from gallery.suggestions import did_you_mean


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
