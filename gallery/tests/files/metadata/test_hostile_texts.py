"""Readers of embedded texts: linear in whatever a file says."""

import json

import pytest

from gallery.files.metadata import gif
from gallery.files.metadata.embedded import json_object
from gallery.files.metadata.exif import EXIF_NAMES
from gallery.files.metadata.fields import Fields
from gallery.files.metadata.reading import READERS
from gallery.files.metadata.xmp import source_type, unescape
from tests.campaign.attacks.texts import GIF_BLOCKS, JSON_PUMPS, PUMPS, graph_of
from tests.growth import LINEAR, growth

pytestmark = pytest.mark.once

KEYS = (
    "parameters", "prompt", "workflow", "Comment", "comment", "Description", "Dream", "Author",
    "sd-metadata", "invokeai_metadata", "postprocessing", "extras", "fooocus_scheme", "Software",
)  # fmt: skip
SIZE = 1_000  # characters


def everywhere(text: str) -> Fields:
    """A file that says the same in every place that a reader looks at."""
    return Fields(dict.fromkeys(KEYS, text), dict.fromkeys(EXIF_NAMES.values(), text), text)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__module__)
@pytest.mark.parametrize("kind", ["text", "json"])
def test_reader_is_linear_in_hostile_texts(reader, kind):
    pumps = PUMPS if kind == "text" else JSON_PUMPS
    slow = {}
    for pump in pumps:
        for end in ("", "!"):

            def make(size: int, pump: str = pump, end: str = end) -> Fields:
                if kind == "json":
                    return everywhere(json.dumps({pump: "a" + pump * (size // len(pump))}))
                return everywhere(pump * (size // len(pump)) + end)

            if (more := growth(reader, make, SIZE)) > LINEAR:
                slow[pump, end] = round(more)
    assert slow == {}


def test_source_type_is_found_in_linear_time():
    hostile = "DigitalSourceType='http://a/digitalsourcetype'"
    assert growth(source_type, lambda size: hostile * (size // len(hostile)), SIZE) <= LINEAR


@pytest.mark.parametrize("shape", ["chain", "circle", "star", "ladder"])
def test_graph_is_walked_in_linear_time(shape):
    (comfyui,) = (each for each in READERS if each.__module__.endswith("comfyui"))
    assert growth(comfyui, lambda size: everywhere(graph_of(shape, size)), 100) <= LINEAR


@pytest.mark.parametrize("block", GIF_BLOCKS)
def test_blocks_of_a_gif_are_followed_in_linear_time(block):
    head = b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0])
    for work in (gif.texts, gif.strip, gif.is_whole):
        assert growth(work, lambda size: head + block * size, SIZE) <= LINEAR


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("&lt;a&gt; &amp;amp; &quot;&apos;", "<a> &amp; \"'"),
        ("&#22238;&#x6751;", "回村"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),  # no number that Python would read
        ("&#9999999; &#x110000; &nbsp;", "&#9999999; &#x110000; &nbsp;"),
    ],
)
def test_references_of_xml_are_replaced_and_others_stay(text, meant):
    assert unescape(text) == meant


def test_json_with_endless_digits_or_depth_is_none():
    assert json_object('{"a": ' + "9" * 5000 + "}") is None
    assert json_object('{"a": ' * 100_000) is None
