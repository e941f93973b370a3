"""The library of the original grok2api."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.transfer.legacy import LegacyError, import_legacy

MOMENT = datetime(2026, 2, 7, 4, 30, tzinfo=UTC)


def record(filename: str, **facts) -> dict:
    return {
        "id": f"id-{filename}", "filename": filename, "prompt": "日落", "model": "grok-imagine-1.0",
        "aspect_ratio": "2:3", "created_at": int(MOMENT.timestamp() * 1000), "file_size": 1,
        "width": 1, "height": 1, "tags": ["风景", "a,b"], "nsfw": True, "favorite": True,
        "metadata": {"seed": 1}, "quality_score": 8.5, **facts,
    }  # fmt: skip


@pytest.fixture
def library(tmp_path):
    """A data folder; call it with the records and the pictures by name."""
    (tmp_path / "data" / "tmp" / "image").mkdir(parents=True)

    def make(records, **pictures: bytes):
        content = {"images": records, "version": "1.0"}
        (tmp_path / "data" / "image_metadata.json").write_text(json.dumps(content))
        for name, data in pictures.items():
            (tmp_path / "data" / "tmp" / "image" / f"{name}.jpg").write_bytes(data)
        return tmp_path / "data"

    return make


def test_records_come_in_with_all_that_they_know(db, library):
    folder = library([record("a.jpg")], a=draw())
    (imported,) = import_legacy(folder=folder, workers=1)
    image = Image.objects.get(pk=imported.image_id)
    assert (image.prompt, image.model, image.aspect_ratio) == ("日落", "grok-imagine-1.0", "2:3")
    assert (image.created_at, image.favorite, image.nsfw) == (MOMENT, True, True)
    assert (image.width, image.file_size) == (64, len(draw()))
    assert (image.file_name, image.prompt_source) == ("a.jpg", "given")
    assert [tag.name for tag in image.tags.all()] == ["a", "b", "风景"]
    assert image.metadata == {
        "grok2api": {"id": "id-a.jpg", "metadata": {"seed": 1}, "quality_score": 8.5}
    }
    assert [each.outcome for each in import_legacy(folder=folder, workers=1)] == ["known"]


def test_odd_records_are_named_and_the_rest_comes_in(db, library):
    folder = library(
        [
            7, {}, {"filename": ""}, record("missing.jpg"), record("../../a.jpg", prompt=None),
            record("b.jpg", created_at="0001-01-01", tags="no list", favorite="yes", model=["m"]),
            record("c.jpg", created_at=1e300, tags=[1, "t" * 99, "\n"], prompt="p\0"),
        ],
        a=draw(color="#0000ff"), b=draw(color="#00ff00"), c=draw(color="#ff0000"),
        extra=draw(color="#ffff00"),
    )  # fmt: skip
    imported = list(import_legacy(folder=folder, workers=1))
    assert [(each.name.rpartition("/")[2], each.outcome, each.reason) for each in imported] == [
        ("record 1", "failed", "it names no file"), ("record 2", "failed", "it names no file"),
        ("record 3", "failed", "it names no file"),
        ("missing.jpg", "failed", "No such file or directory"), ("a.jpg", "added", ""),
        ("b.jpg", "added", ""), ("c.jpg", "added", ""), ("extra.jpg", "added", ""),
    ]  # fmt: skip
    assert [(image.prompt, [tag.name for tag in image.tags.all()], image.favorite)
            for image in Image.objects.order_by("pk")] == [
        ("", ["a", "b", "风景"], True), ("日落", [], False), ("p", ["t" * 64], True),
        ("", [], False),
    ]  # fmt: skip
    assert min(image.created_at.year for image in Image.objects.all()) >= MOMENT.year


@pytest.mark.parametrize("content", ["", "{", "[1", '{"images": 5}', "7"])
def test_unreadable_records_are_an_error_and_no_empty_library(db, tmp_path, content):
    (tmp_path / "image_metadata.json").write_text(content)
    with pytest.raises(LegacyError):
        list(import_legacy(folder=tmp_path, workers=1))
    with pytest.raises(CommandError, match=r"image_metadata\.json"):
        call_command("import_legacy", str(tmp_path))


def test_a_folder_without_records_is_an_error(db, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_legacy", str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "-Infinity", "1e999", '"\\ud800"', '"\\u0000"', "9" * 5000,
        '{"a":' * 40 + "1" + "}" * 40,
    ],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_record_that_no_database_takes_is_named_and_the_rest_comes_in(db, library, text):
    folder = library(
        [record("a.jpg"), record("b.jpg", quality_score="HERE"), record("c.jpg")],
        a=draw(color="#0000ff"), b=draw(color="#00ff00"), c=draw(color="#ff0000"),
    )  # fmt: skip
    path = folder / "image_metadata.json"
    path.write_text(path.read_text().replace('"HERE"', text))
    imported = list(import_legacy(folder=folder, workers=1))
    assert [each.outcome for each in imported] == ["added", "failed", "added"]


@pytest.mark.parametrize("name", ["prompt", "model", "aspect_ratio"])
@pytest.mark.parametrize("value", ["\ud800", 7, True, None, [], {}, "x" * 100_000, "\0"])
def test_field_of_any_type_ends_no_import(db, library, name, value):
    folder = library([record("a.jpg", **{name: value}), record("b.jpg")], a=draw(), b=draw(9, 9))
    imported = [each.outcome for each in import_legacy(folder=folder, workers=1)]
    assert imported == ["failed" if value == "\ud800" else "added", "added"]


@pytest.mark.parametrize(
    "value",
    [
        True, "NaN", -1e300, 10**400, "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
        [], {}, "\ud800", -62135596800000, 253402300799999,
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_moment_of_any_kind_ends_no_import(db, library, staff, value):
    folder = library([record("a.jpg", created_at=value), record("b.jpg")], a=draw(), b=draw(9, 9))
    imported = [each.outcome for each in import_legacy(folder=folder, workers=1)]
    assert imported == ["added", "added"]
    assert staff.get("/admin/gallery/").status_code == 200


@pytest.mark.parametrize("filename", ["a\0.jpg", "\ud800.jpg", "x" * 5000, "..", "/", "pipe.jpg"])
def test_file_name_of_any_kind_is_named(db, library, filename):
    folder = library([record(filename), record("b.jpg")], b=draw())
    os.mkfifo(folder / "tmp" / "image" / "pipe.jpg")
    imported = list(import_legacy(folder=folder, workers=1))[:2]
    assert [each.outcome for each in imported] == ["failed", "added"]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(path), Path.mkdir])
def test_records_that_are_no_file_are_told_in_a_sentence(db, tmp_path, make):
    make(tmp_path / "image_metadata.json")
    with pytest.raises(CommandError, match=r"image_metadata\.json"):
        call_command("import_legacy", str(tmp_path))


def test_a_deeply_nested_record_is_named_and_the_rest_comes_in(db, library):
    folder = library(
        [record("a.jpg"), record("b.jpg", x="HERE"), record("c.jpg")], a=draw(), c=draw(9, 9)
    )
    path = folder / "image_metadata.json"
    path.write_text(path.read_text().replace('"HERE"', "[" * 50_000 + "]" * 50_000))
    imported = list(import_legacy(folder=folder, workers=1))
    assert [each.outcome for each in imported][:3] == ["added", "failed", "added"]
