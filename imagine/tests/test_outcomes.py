"""What was asked for a picture, beside what came."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone

from gallery.tests.drawing import draw
from imagine.models import Generation
from imagine.prices.showing import with_sign


@pytest.fixture
def made(add_image, admin_user):
    """Makes a picture of a generation with these facts; its id."""

    def make(picture=None, **facts):
        image = add_image(
            data=draw(96, 64), source="generated", model="served", prompt="a fox",
            aspect_ratio="3:2", **(picture or {}),
        )  # fmt: skip
        facts = {
            "n": 1, "model": "asked", "prompt": "a fox", "user": admin_user, "status": "succeeded",
            "finished_at": timezone.now(), "aspect_ratio": "3:2", **facts,
        }  # fmt: skip
        Generation.objects.create(**facts).images.add(image)
        return image.pk

    return make


def told(staff, pk):
    """The summary's words, and the lines of the table."""
    page = staff.get(f"/admin/imagine/pictures/{pk}/outcome/").content.decode()
    words = re.findall(r"<span>([^<]*)<", page)
    lines = re.findall(
        r'<th scope="row">([^<]*)</th><td><bdi>([^<]*)</bdi></td><td><bdi>([^<]*)</bdi>', page
    )
    return words, lines


def test_asked_stands_beside_what_came(staff, made):
    pk = made(
        {"metadata": {"revised_prompt": "a red <fox>"}},
        parameters={
            "resolution": "2k", "quality": "high", "seed": 0, "output_format": "webp",
            "asked_model": "alias",
        },
        upstream_ms=8300, storing_ms=100, cost_usd=Decimal("0.0408"), cost_basis="upstream",
        reserved_usd=Decimal("0.06"), n=2,
    )  # fmt: skip
    assert told(staff, pk) == (
        ["96×64", "8.4 s", "$0.0408"],
        [
            ("Model", "alias", "served"),
            ("Pictures", "2", "–"),
            ("Aspect ratio", "3:2", "3:2"),
            ("Pixels", "2k", "96×64"),
            ("Quality", "high", "–"),
            ("File format", "WEBP", "JPEG"),
            ("Seed", "0", "–"),
            ("Time", "–", "8.4 s"),
            ("Cost", "at most $0.06", "$0.0408, reported by the upstream"),
        ],
    )
    page = staff.get(f"/admin/imagine/pictures/{pk}/outcome/").content.decode()
    assert "<bdi>a red &lt;fox&gt;</bdi>" in page
    assert "data-rest" not in page
    recent = staff.get("/admin/imagine/").content.decode()
    assert "a red &lt;fox&gt;" not in recent  # a list does not read what files say
    assert f'data-rest="/admin/imagine/pictures/{pk}/outcome/"' in recent


def test_unknown_cost_is_said_to_be_unknown_and_nothing_to_be_free(staff, made):
    words, lines = told(staff, made(cost_usd=None, reserved_usd=Decimal("0.06")))
    assert (words, lines[-1]) == (
        ["96×64", "cost unknown"], ("Cost", "at most $0.06", "unknown")
    )  # fmt: skip
    words, lines = told(staff, made(cost_usd=0, cost_basis="computed"))
    assert (words, lines[-1]) == (
        ["96×64", "free"], ("Cost", "–", "free, computed from the price book")
    )  # fmt: skip


def test_outcome_waits_for_the_end_and_is_its_users_alone(
    staff, made, add_image, django_user_model
):
    running = made(finished_at=None, status="pending")
    other = made(user=django_user_model.objects.create_user("other"))
    answers = {
        pk: staff.get(f"/admin/imagine/pictures/{pk}/outcome/").status_code
        for pk in (running, other, add_image().pk, 0, "9" * 30, "x")
    }
    assert [*answers.values()] == [202, 404, 404, 404, 404, 404]


@pytest.mark.parametrize(
    ("usd", "text"),
    [("0.04", "$0.04"), ("0.0408", "$0.0408"), ("12", "$12.00"), ("0.00001", "< $0.0001")],
)
def test_dollars_are_short(usd, text):
    assert with_sign(Decimal(usd)) == text
