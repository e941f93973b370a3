"""Filters of the picture list."""

from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from gallery.jobs.removal import trash_images
from gallery.models import Image
from gallery.search.filters import ImageFilter
from gallery.tests.drawing import draw


def found(address):
    filters = ImageFilter(QueryDict(address), Image.objects.all())
    assert filters.is_valid(), filters.form.errors
    return [image.prompt for image in filters.qs]


@pytest.fixture
def pictures(add_image):
    add_image(
        prompt="red fox", model="m1", tags=["animal", "red"],
        created_at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    add_image(
        prompt="红狐 Red 100%", model="m2", data=draw(96, 64), tags=["animal"], favorite=True,
        created_at=datetime(2026, 2, 1, 12, tzinfo=UTC),
    )  # fmt: skip
    add_image(
        prompt="blue", model="m3", data=draw(200, 200),
        created_at=datetime(2026, 2, 2, 12, tzinfo=UTC),
    )  # fmt: skip
    thrown = add_image(prompt="thrown red", created_at=datetime(2026, 2, 3, tzinfo=UTC))
    trash_images(image_ids=[thrown.pk])


@pytest.mark.parametrize(
    ("address", "prompts"),
    [
        ("", ["blue", "红狐 Red 100%", "red fox"]),
        ("search=&model=&tags=&favorite=&start_date=&sort_by=&trash=",
         ["blue", "红狐 Red 100%", "red fox"]),
        ("search=RED", ["红狐 Red 100%", "red fox"]),
        ("search=狐", ["红狐 Red 100%"]),
        ("search=100%25", ["红狐 Red 100%"]),
        ("search=_", []),
        ("search=animal -fox", ["红狐 Red 100%"]),
        ("search=tag:animal tag:red", ["red fox"]),
        ("search=is:untagged", ["blue"]),
        ("search=-is:untagged -model:M1", ["红狐 Red 100%"]),
        ("search=model:m", ["blue", "红狐 Red 100%", "red fox"]),
        ("search=model:nothing", []),
        ("model=m1&model=m3", ["blue", "red fox"]),
        ("model=m1&search=model:m3", []),
        ("aspect_ratio=3:2", ["红狐 Red 100%"]),
        ("search=ratio:3:2", ["红狐 Red 100%"]),
        ("tags=Ａnimal", ["红狐 Red 100%", "red fox"]),
        ("tags=animal，red", ["red fox"]),
        ("tags=animal,unknown", []),
        ("tags=red,unknown&tags_match=any", ["red fox"]),
        ("tags=unknown&tags_match=any", []),
        ("tags=red,unknown&tags_match=none", ["blue", "红狐 Red 100%"]),
        ("favorite=1", ["红狐 Red 100%"]),
        ("favorite=false", ["blue", "red fox"]),
        ("favorite=false&search=is:favorite", []),
        ("start_date=2026-02-01&end_date=2026-02-01", ["红狐 Red 100%", "red fox"]),
        ("search=after:2026-02-01 before:2026-02-02", ["红狐 Red 100%", "red fox"]),
        ("start_date=2026-02-01T20:00:00+08:00", ["blue", "红狐 Red 100%"]),
        ("end_date=2026-02-01T12:00:00Z", ["红狐 Red 100%", "red fox"]),
        ("start_date=2026-03-01&end_date=2026-02-01", []),
        ("trash=only", ["thrown red"]),
        ("sort_order=asc", ["red fox", "红狐 Red 100%", "blue"]),
        ("sort_by=file_size", ["blue", "红狐 Red 100%", "red fox"]),
        ("sort_by=file_size&sort_order=asc", ["red fox", "红狐 Red 100%", "blue"]),
    ],
)  # fmt: skip
def test_filter_finds_and_sorts(pictures, settings, address, prompts):
    settings.TIME_ZONE = "Asia/Shanghai"
    assert found(address) == prompts


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("favorite=perhaps", "favorite"),
        ("start_date=yesterday", "start_date"),
        ("start_date=0001-01-01", "start_date"),
        ("end_date=9999-12-31", "end_date"),
        ("end_date=2026-02-30", "end_date"),
        ("sort_by=prompt", "sort_by"),
        ("sort_order=up", "sort_order"),
        ("tags_match=some", "tags_match"),
        ("trash=yes", "trash"),
        ("search=%00", "search"),
        ("model=%00", "model"),
        ("search=" + "x" * 32_001, "search"),
    ],
)
def test_filter_names_the_field_of_a_bad_value(db, address, field):
    filters = ImageFilter(QueryDict(address), Image.objects.all())
    assert list(filters.form.errors) == [field]


def test_filter_refuses_what_no_database_can_store(db):
    filters = ImageFilter({"search": "\ud800"}, Image.objects.all())
    assert list(filters.form.errors) == ["search"]


@pytest.mark.parametrize("pictures", [1, 3])
def test_filter_and_page_take_a_constant_number_of_queries(
    add_image, django_assert_num_queries, pictures
):
    for _ in range(pictures):
        add_image(prompt="red", tags=["a", "b"])
    with django_assert_num_queries(2):  # names of tags, pictures
        assert len(ImageFilter({"search": "red"}, Image.objects.all()).qs) == pictures
