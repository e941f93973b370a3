"""Texts that are longer than anybody writes: read as far as they may be, kept with a mark."""

import json
import tracemalloc

import pytest

from gallery.files.metadata import a1111, read
from gallery.files.metadata.embedded import MAX_FACT, MAX_PLAIN, MAX_RAW, is_dump, json_object
from gallery.files.metadata.png import MAX_TEXTS
from gallery.jobs import ingest
from gallery.models import Image
from gallery.tests.files.metadata.tool_files import png
from grok2api.runtime.json_bounds import MOST_CONTAINERS
from tests.campaign.attacks.texts import text_bomb

A1111 = "a kite\nNegative prompt: fog\nSteps: 20, Seed: 42, Model: demo"


def test_texts_of_a_file_are_read_up_to_a_limit_and_no_further():
    tracemalloc.start()
    found = read(text_bomb(64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.raw["png:…"] == "There are more texts in the file."
    assert sum(map(len, found.raw.values())) == MAX_TEXTS + len(found.raw["png:…"])
    assert peak < 8 * MAX_TEXTS


def test_long_text_is_read_whole_and_kept_with_a_mark():
    prompt, negative = "a kite, " * 100_000, "fog " * 20_000
    text = f"{prompt}\nNegative prompt: {negative}\nSteps: 20, Seed: 42, Size: 1x1"
    found = read(png(parameters=text))
    row = found.as_dict()
    assert (found.prompt, found.parameters["Seed"]) == (prompt.strip(), "42")
    assert row["parameters"] == {"Steps": "20", "Seed": "42", "Size": "1x1"}
    mark = f" … ({len(text)} characters in the file)"
    assert row["raw"] == {"png:parameters": text[: MAX_RAW - 14 - len(mark)] + mark}
    assert len(row["negative_prompt"]) == MAX_FACT
    assert row["negative_prompt"].endswith(" … (79999 characters in the file)")


def test_short_text_is_kept_as_it_is():
    row = read(png(parameters=A1111, other="x")).as_dict()
    assert row["raw"] == {"png:parameters": A1111, "png:other": "x"}


@pytest.mark.parametrize(
    "texts",
    [
        {f"key{number}": "x" * 1000 for number in range(900)},
        {f"key{number}" + "k" * 60: "" for number in range(5000)},
        {"parameters": json.dumps({"sui_image_params": {f"n{n}": "x" * 99 for n in range(9999)}})},
        {"parameters": json.dumps({"sui_image_params": {"a": [["x"] * 9999] * 99}})},
    ],
)
def test_row_of_many_texts_is_bounded(texts):
    row = read(png(**texts)).as_dict()
    assert len(json.dumps(row)) < 3 * MAX_RAW
    assert "…" in json.dumps(row, ensure_ascii=False)


def test_json_of_more_lists_than_anybody_writes_is_a_text():
    text = '{"a": [' + "[]," * MOST_CONTAINERS + "[]]}"
    assert json_object(text) is None
    assert is_dump(text)


RDF = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{}</rdf:RDF></x:xmpmeta>'


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("parameters", '{"a": [' + "[]," * 700_000 + "[]]}"),
        ("parameters", "x\nSteps: 2, Sampler: a, Seed: 1, Hashes: [" + "[]," * 700_000 + "[]]"),
        ("parameters", "x\n" + ", ".join(f"n{n}: {n}" for n in range(150_000))),
        ("Description", "--ar " * 420_000 + " Job ID: " + "0" * 36),
        ("XML:com.adobe.xmp", RDF.format("<a/>" * 500_000)),
        ("XML:com.adobe.xmp", RDF.format("<a b='" + '"' * 2_000_000 + "'/>")),
    ],
)
def test_what_a_text_takes_to_be_read_is_a_small_multiple_of_its_length(key, text):
    data = png(**{key: text})
    tracemalloc.start()
    read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(text)


def test_words_like_parameters_are_not_looked_behind_again_and_again(monkeypatch):
    lengths = []
    pairs = a1111.pairs
    monkeypatch.setattr(a1111, "pairs", lambda line: lengths.append(len(line)) or pairs(line))
    read(png(parameters="a kite. Steps: 2, " + "Steps: 1," * 50_000))
    assert sum(lengths) <= MAX_PLAIN


def test_row_of_a_text_bomb_is_small(db, media_folder):
    image = ingest.take_in(data=text_bomb(57), source=Image.Source.UPLOADED).image
    assert len(json.dumps(image.metadata)) < 3 * MAX_RAW


@pytest.mark.parametrize(
    "address",
    [
        "/admin/gallery/", "/admin/gallery/?view=list", "/admin/imagine/", "/admin/gallery/image/",
        "/api/v1/admin/gallery/images/",
    ],
)  # fmt: skip
def test_lists_do_not_read_what_files_say(
    staff, add_image, django_capture_on_commit_callbacks, address
):
    add_image(metadata={"embedded": {"raw": {"png:old": "x" * 1000}}})
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        assert staff.get(address).status_code == 200
    asked = [query["sql"] for query in queries if "metadata" in query["sql"]]
    assert asked == []
