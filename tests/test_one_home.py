"""Rules that have one home: what else would say them again is found here."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from django.test import RequestFactory

from gallery.files.metadata.formats import FORMATS, OF_MEDIA_TYPE
from gallery.search.filters import NOT_FILTERS, ImageFilter
from gallery.soundness import MAX_PROMPT_LENGTH
from grok2api.door.refusals import Refusal
from grok2api.errors import answer
from imagine.api.errors import ApiError

ROOT = Path(__file__).resolve().parent.parent
PARAMETERS = set(NOT_FILTERS) - {"image"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for app in ("gallery", "imagine", "grok2api"):
        for path in sorted((ROOT / app).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def pages_and_scripts() -> Iterator[tuple[str, str]]:
    for path in sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/**/*.js")]):
        yield str(path.relative_to(ROOT)), path.read_text()


def test_media_types_of_pictures_are_in_the_table_of_formats_alone():
    found = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and node.value in OF_MEDIA_TYPE
    }
    assert found == {"gallery/files/metadata/formats.py"}


def test_page_offers_to_send_every_format(staff):
    page = staff.get("/admin/gallery/").content.decode()
    accepted = re.search(r'accept="([^"]+)"', page)[1].split(",")
    assert accepted == [*(each.media_type for each in FORMATS), "application/zip", ".zip"]
    lists = [name for name, text in pages_and_scripts() if re.search('accept="[^"]*,', text)]
    assert lists == []


def test_texts_of_digits_become_numbers_in_one_place():
    names = {"isdigit", "isdecimal", "isnumeric"}
    found = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in names
    }
    assert found == {"gallery/files/metadata/comfyui/texts.py"}  # which does as ComfyUI's nodes do


def test_parameters_that_are_no_filters_are_listed_once():
    python = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Tuple | ast.List | ast.Set)
        and len(PARAMETERS & {getattr(each, "value", None) for each in node.elts}) > 3
    }
    scripts = {
        name
        for name, text in pages_and_scripts()
        if name.endswith(".js") and len({each for each in PARAMETERS if f"{each}:" in text}) > 3
    }
    assert (python, scripts) == ({"gallery/search/filters.py"}, set())


def test_page_tells_its_script_which_parameters_are_no_filters(staff):
    page = staff.get("/admin/gallery/").content.decode()
    assert re.search('data-not-filters="([^"]*)"', page)[1].split() == list(NOT_FILTERS)
    assert {*NOT_FILTERS} & {*ImageFilter.base_filters} == {"sort_by", "sort_order"}


def test_fields_for_prompts_take_the_longest_prompt(staff, add_image):
    image = add_image()
    for address, names in (
        (f"/admin/gallery/?image={image.pk}", ["prompt", "search"]),
        ("/admin/imagine/", ["prompt"]),
    ):
        page = staff.get(address).content.decode()
        fields = re.findall(r'name="(prompt|search)"[^>]* maxlength="(\d+)"', page)
        assert sorted(fields) == [(name, str(MAX_PROMPT_LENGTH)) for name in names]


def test_length_of_prompts_is_written_once():
    found = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and node.value == MAX_PROMPT_LENGTH
    }
    found |= {name for name, text in pages_and_scripts() if str(MAX_PROMPT_LENGTH) in text}
    assert found == {"gallery/soundness.py"}


def test_errors_have_one_shape_for_each_api():
    def told(path):
        request = RequestFactory().get(path, headers={"accept": "application/json"})
        return json.loads(answer(request, 400, "No.").content)

    error = {
        "error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}
    }
    detail = {"detail": "No."}
    assert told("/v1/models") == error
    assert json.loads(ApiError(400, "No.").response().content) == error
    assert told("/api/v1/admin/gallery/") == detail
    refusal = json.loads(Refusal(400, "x", "No.").content)
    error["error"]["code"] = "x"
    assert refusal == error | detail


def test_shapes_of_errors_are_written_in_one_place():
    found = {
        name
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Dict)
        and {"message", "type", "param"} <= {getattr(key, "value", None) for key in node.keys}
    }
    assert found == {"grok2api/error_shapes.py", "imagine/api/schema.py"}  # which describes it
