"""Counts under a filter: of each facet, what another choice would find."""

import pytest
from django.utils.dateparse import parse_datetime

from gallery.jobs.removal import trash_images
from gallery.search import facets

FACETS = "/api/v1/admin/gallery/facets/"


@pytest.fixture
def library(add_image):
    moment = parse_datetime("2026-10-15T12:00:00Z")
    return [
        add_image(prompt="a cat", model="m", aspect_ratio="1:1", tags=["a", "b"]),
        add_image(prompt="a cat", model="m", aspect_ratio="16:9", tags=["a"]),
        add_image(prompt="a dog", model="n", aspect_ratio="1:1", tags=["b"], created_at=moment),
        add_image(prompt="a dog", model="n", aspect_ratio="1:1", favorite=True, created_at=moment),
    ]


def counts(client, query: str) -> dict[str, dict[str, int]]:
    answer = client.get(f"{FACETS}?{query}")
    assert answer.status_code == 200
    data = answer.json()
    assert data.pop("count_exact") is True
    return {
        facet: {each["name"]: each["count"] for each in values} for facet, values in data.items()
    }


@pytest.mark.parametrize(
    ("query", "models", "ratios", "tags"),
    [
        ("", {"m": 2, "n": 2}, {"1:1": 3, "16:9": 1}, {"a": 2, "b": 2}),
        ("model=m", {"m": 2, "n": 2}, {"1:1": 1, "16:9": 1}, {"a": 2, "b": 1}),
        ("model=m&aspect_ratio=1:1", {"m": 1, "n": 2}, {"1:1": 1, "16:9": 1}, {"a": 1, "b": 1}),
        ("search=cat&model=n", {"m": 2}, {}, {}),
        ("search=model:m", {"m": 2}, {"1:1": 1, "16:9": 1}, {"a": 2, "b": 1}),
        ("tags=a", {"m": 2}, {"1:1": 1, "16:9": 1}, {"a": 2, "b": 1}),
        ("tags=a&tags_match=any", {"m": 2}, {"1:1": 1, "16:9": 1}, {"a": 2, "b": 2}),
        ("tags=a&tags_match=none", {"n": 2}, {"1:1": 2}, {"a": 2, "b": 2}),
        ("favorite=true", {"n": 1}, {"1:1": 1}, {}),
        ("page=9&view=list&sort_by=file_size", {"m": 2, "n": 2}, {"1:1": 3, "16:9": 1},
         {"a": 2, "b": 2}),
    ],
)  # fmt: skip
def test_each_facet_is_counted_without_its_own_filter(staff, library, query, models, ratios, tags):
    found = counts(staff, query)
    assert (found["models"], found["aspect_ratios"], found["tags"]) == (models, ratios, tags)


def test_months_are_counted_without_the_dates(staff, library):
    months = counts(staff, "start_date=2026-10-01&end_date=2026-10-31&model=n")["months"]
    assert months == {"2026-10": 2}
    found = counts(staff, "end_date=2026-10-31")
    assert (sum(found["months"].values()), found["models"]) == (4, {"n": 2})


def test_trash_has_counts_of_its_own(staff, library):
    trash_images(image_ids=[library[0].pk])
    assert counts(staff, "trash=only&model=n")["models"] == {"m": 1}
    assert counts(staff, "")["models"] == {"m": 1, "n": 2}


def test_counts_follow_every_change(staff, library):
    assert counts(staff, "search=dog")["tags"] == {"b": 1}
    library[3].refresh_from_db()
    staff.post(f"/admin/gallery/images/{library[3].pk}/tags/", {"add": "b"})
    assert counts(staff, "search=dog")["tags"] == {"b": 2}


def test_library_without_an_index_is_not_read_row_by_row(staff, library, monkeypatch):
    monkeypatch.setattr(facets, "MOST_UNINDEXED", 1)
    answer = staff.get(f"{FACETS}?model=m")
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "The search index is being built. Ask again when it is complete."},
    )
    assert counts(staff, "")["models"] == {"m": 2, "n": 2}


def test_bad_value_names_its_field(staff, db):
    answer = staff.get(f"{FACETS}?favorite=perhaps")
    assert (answer.status_code, list(answer.json())) == (400, ["favorite"])
