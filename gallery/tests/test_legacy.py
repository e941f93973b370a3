"""The library of the original grok2api."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from gallery.legacy import LegacyError, import_legacy
from gallery.models import Image
from gallery.tests.drawing import draw

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
