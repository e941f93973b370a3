"""A stored file under the conditions that a client sets (RFC 9110)."""

from pathlib import Path

import pytest

from gallery.tests.drawing import draw

DATA = draw()
ETAG = "ETAG"  # stands for the picture's own


@pytest.fixture
def image(add_image):
    return add_image(data=DATA)


@pytest.fixture
def ask(staff, image):
    """Asks for the picture's bytes, and checks the answer's ETag; returns the answer."""
    etag = f'"{image.filename}"'

    def ask(**headers: str):
        path = f"/api/v1/admin/gallery/images/{image.pk}/file/"
        named = {
            name.replace("_", "-"): value.replace("ETAG", etag) for name, value in headers.items()
        }
        answer = staff.get(path, headers=named)
        assert answer.status_code == 404 or answer["ETag"] == etag
        return answer

    return ask


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": ETAG}, 304),
        ({"If_None_Match": f'"a" , W/{ETAG}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": "a.jpg"}, 200),
        ({"If_Match": ETAG}, 200),
        ({"If_Match": f'"a", {ETAG}'}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": '"a"'}, 412),
        ({"If_Match": f"W/{ETAG}"}, 412),
        ({"If_Match": ""}, 412),
        ({"If_Match": '"a"', "If_None_Match": ETAG}, 412),
        ({"If_Match": ETAG, "If_None_Match": ETAG}, 304),
        ({"If_Modified_Since": "Wed, 25 Nov 2026 10:00:00 GMT"}, 200),
        ({"If_Unmodified_Since": "Wed, 25 Nov 2020 10:00:00 GMT"}, 200),
    ],
)
def test_preconditions_decide_before_the_bytes(ask, headers, status):
    answer = ask(**headers)
    assert (answer.status_code, b"".join(answer)) == (status, DATA if status == 200 else b"")


@pytest.mark.parametrize(
    "condition", [{"If_None_Match": "*"}, {"If_Match": "*"}, {"If_Match": "x"}]
)
def test_a_file_that_is_lost_meets_no_condition(ask, image, condition):
    Path(image.file.path).unlink()
    assert ask(**condition).status_code == 404


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 206), (f"W/{ETAG}", 200), ('"a"', 200), ("Wed, 25 Nov 2026 10:00:00 GMT", 200)],
)
def test_if_range_gives_the_part_of_this_very_file_or_the_whole(ask, condition, status):
    answer = ask(Range="bytes=0-9", If_Range=condition)
    expected = DATA[:10] if status == 206 else DATA
    assert (answer.status_code, b"".join(answer)) == (status, expected)


def test_a_refused_condition_is_not_kept_by_caches(ask):
    assert "immutable" not in ask(If_Match='"a"').get("Cache-Control", "")
