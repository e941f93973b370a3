"""What is known of how a picture was made, as people read it."""

import pytest
from django.utils import translation

from gallery.jobs import ingest
from gallery.tests.files.metadata.tool_files import A1111, NEGATIVE, png
from gallery.views.parameters import facts_of, parents_of


@translation.override("en")
def test_facts_stand_side_by_side_and_no_structure_is_shown_raw():
    assert facts_of({
        "parser": 3,
        "tool": "A1111",
        "negative_prompt": "blurry",
        "parameters": {
            "Steps": 30,
            "CFG scale": 6.5,
            "Hashes": {"model": "abc", "lora": {"name": "x"}},
            "Sizes": [512, 768],
            "Resources": [{"type": "checkpoint", "id": 12}, {"type": "lora"}],
            "Workflow": '{"nodes": [1, 2], "on": true}',
            "Nothing": None,
            "Empty": {},
            "None": [],
            "Words": "[not json",
        },
        "parents": [60],
        "raw": {"png:parameters": "a fox\nSteps: 30"},
    }) == [
        ("Tool", "A1111"),
        ("Negative prompt", "blurry"),
        ("Steps", "30"),
        ("CFG scale", "6.5"),
        ("Hashes · model", "abc"),
        ("Hashes · lora · name", "x"),
        ("Sizes", "512, 768"),
        ("Resources 1 · type", "checkpoint"),
        ("Resources 1 · id", "12"),
        ("Resources 2 · type", "lora"),
        ("Workflow · nodes", "1, 2"),
        ("Workflow · on", "yes"),
        ("Words", "[not json"),
    ]  # fmt: skip


def test_what_a_file_says_stands_beside_what_was_given_with_it(db):
    data = png(parameters=A1111)
    image = ingest.take_in(data=data, source="imported", metadata={"shot": "wide"}).image
    with translation.override("en"):
        facts = dict(facts_of(image.metadata))
    assert {name: facts[name] for name in ("shot", "Tool", "Negative prompt", "Seed")} == {
        "shot": "wide", "Tool": "a1111", "Negative prompt": NEGATIVE, "Seed": "42",
    }  # fmt: skip
    assert not [name for name in facts if "embedded" in name or name in ("parser", "raw")]
    odd = png(tEXt="who knows")
    image = ingest.take_in(data=odd, source="imported").image
    assert facts_of(image.metadata) == [("png:tEXt", "who knows")]


def test_texts_that_no_reader_understood_are_shown_as_they_are():
    assert facts_of({"parser": 3, "raw": {"png:Comment": "hello"}}) == [("png:Comment", "hello")]


@pytest.mark.parametrize(
    "metadata", [{}, {"parents": [1]}, {"x": ""}, {"x": [[], {}]}, {"x": {"y": None}}]
)
def test_nothing_is_said_where_nothing_is_known(metadata):
    assert facts_of(metadata) == []


def test_metadata_of_another_kind_are_shown_as_they_can_be():
    assert facts_of([1, 2]) == [("metadata", "1, 2")]
    assert (facts_of(None), facts_of("x"), parents_of("x")) == ([], [("metadata", "x")], [])


def test_endless_nesting_ends():
    value: list = []
    for _ in range(200):
        value = [value, {"a": 1}]
    assert len(facts_of({"x": value})) < 100


def test_parents_are_ids_and_nothing_else():
    assert parents_of({"parents": [60, "x", None, True, 61]}) == [60, 61]
    assert [parents_of({"parents": odd}) for odd in (None, 5, "60", {})] == [[], [], [], []]


def test_detail_links_parents_tags_and_model(staff, add_image):
    parent = add_image()
    image = add_image(
        model="a model/x", tags=["night & day"], metadata={"parents": [parent.pk], "S": {"a": 1}}
    )
    page = staff.get(f"/admin/gallery/?image={image.pk}").content.decode()
    detail = page[page.index('<article class="detail') : page.index("</article>")]
    for link in (
        f'href="/admin/gallery/?image={parent.pk}"',
        'href="/admin/gallery/?model=a%20model%2Fx"',
        'href="/admin/gallery/?tags=night%20%26%20day"',
        "<dt>S · a</dt>",
    ):
        assert link in detail
    assert "[" not in detail[detail.index("facts__parameters") :]
