"""Requests and their costs in a backup, where it is asked for, and back from it."""

import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from gallery.jobs import removal
from gallery.models import Image
from gallery.transfer.backup_parts import BadRecord
from imagine.backing_up import records, restore
from imagine.keys import create_api_key
from imagine.models import Generation


@pytest.fixture
def generation(add_image) -> Generation:
    """One that a user asked for with a key, with a picture made from another one."""
    parent, made = add_image(), add_image(prompt="fox", source=Image.Source.GENERATED)
    key, _secret = create_api_key(name="mine")
    row = Generation.objects.create(
        operation="edit", status="succeeded", provider="xai", model="grok-imagine-1.0",
        prompt="a \U0001f98a", n=1, task_id="f" * 32, parameters={"seed": 5}, client="::1 curl",
        user=User.objects.create_user("anna"), key=key,
        created_at=datetime(2026, 2, 7, 12, 30, 1, 123456, UTC), upstream_ms=900,
        cost_usd=Decimal("0.0700000001"), reserved_usd=Decimal("0.14"), cost_basis="upstream",
        usage={"output_tokens": 7}, error_message="",
    )  # fmt: skip
    row.images.set([made])
    row.parents.set([parent])
    Generation.objects.create(provider="xai", model="m", prompt="runs", n=1)
    return row


def test_requests_come_back_with_their_pictures_and_users_and_without_keys(
    generation, media_folder, tmp_path
):
    plain, path = tmp_path / "plain.zip", tmp_path / "all.zip"
    call_command("export_backup", str(plain))
    call_command("export_backup", str(path), "--with-generations")
    before = list(records())
    with zipfile.ZipFile(plain) as one, zipfile.ZipFile(path) as other:
        assert "generations.jsonl" not in one.namelist()
        assert [json.loads(line) for line in other.read("generations.jsonl").splitlines()] == before
        assert b"mine" not in other.read("generations.jsonl")
    assert [row["user"] for row in before] == ["anna"]
    Generation.objects.all().delete()
    removal.delete_images(image_ids=list(Image.objects.values_list("pk", flat=True)))
    call_command("restore_backup", str(path))
    assert list(records()) == before
    row = Generation.objects.get()
    assert (row.pk, row.key, row.user.username) == (generation.pk, None, "anna")
    assert (row.images.get().prompt, row.parents.count()) == ("fox", 1)
    call_command("restore_backup", str(path))
    assert list(records()) == before


def test_a_request_whose_number_is_taken_gets_another_and_its_user_may_be_gone(generation):
    (record,) = records()
    Generation.objects.exclude(pk=generation.pk).delete()
    Generation.objects.filter(pk=generation.pk).update(task_id=None, prompt="another")
    User.objects.all().delete()
    assert restore(record) == "added"
    restored = Generation.objects.exclude(pk=generation.pk).get()
    assert (restored.task_id, restored.user, restored.cost_usd) == (
        "f" * 32, None, Decimal("0.0700000001"),
    )  # fmt: skip
    assert restore(record) == "unchanged"
    assert restore({**record, "task_id": None}) == "unchanged"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "pending"), ("cost_usd", "x"), ("cost_usd", "NaN"), ("cost_usd", "-1"),
        ("n", None),
        ("n", "1"), ("created_at", None), ("created_at", "yesterday"), ("usage", []), ("images", 5),
        ("images", [5]), ("prompt", "a\0"), ("model", "m" * 101), ("task_id", "t" * 33), ("id", 0),
    ],
)  # fmt: skip
def test_records_that_are_none_of_a_request_are_refused(field, value):
    record = {
        "id": 1, "task_id": None, "user": None, "operation": "edit", "status": "succeeded",
        "cost_basis": "unknown", "created_at": "2026-02-07T12:30:00+00:00", "started_at": None,
        "finished_at": None, "n": 1, "upstream_status": None, "error_status": None,
        "upstream_ms": None, "storing_ms": None, "cost_usd": None, "reserved_usd": None,
        "parameters": {}, "usage": {}, "images": [], "parents": [], "client": "", "provider": "",
        "model": "", "prompt": "", "aspect_ratio": "", "error_type": "", "error_code": "",
        "error_param": "", "error_message": "", "upstream_said": "",
    }  # fmt: skip
    with pytest.raises(BadRecord, match=field):
        restore({**record, field: value})
    del record[field]
    with pytest.raises(BadRecord, match=f"{field}: missing"):
        restore(record)
