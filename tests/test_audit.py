"""The audit log: who deleted, exported, or changed a key."""

from contextlib import closing

import pytest

from gallery import audit
from gallery.audit import AuditEntry
from gallery.jobs import removal
from gallery.maintenance import cleanup
from gallery.transfer import export
from imagine import keys

pytestmark = pytest.mark.django_db


def entries() -> list[tuple]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "actor", "count", "detail"))


@pytest.fixture
def someone():
    token = audit.actor.set(lambda: "someone")
    yield
    audit.actor.reset(token)


def test_jobs_write_down_what_cannot_be_undone(someone, add_image):
    first, second = add_image(), add_image()
    removal.delete_images(image_ids=[first.pk, 999_999])
    removal.delete_images(image_ids=[999_999])
    with closing(export.export_images(image_ids=[second.pk])) as archive:
        name = archive.name
    second.file.storage.delete(second.file.name)
    cleanup.clean_up(force=True)
    key, _ = keys.create_api_key(name="phone")
    keys.change_key(key, ["name", "expires_at"])
    keys.revoke([key.pk])
    assert entries() == [
        ("deleted", "someone", 1, {"ids": [first.pk]}),
        ("exported", "someone", 1, {"archive": name}),
        ("cleaned", "someone", 1, {"ids": [second.pk]}),
        ("key_created", "someone", 1, {"id": key.pk, "key": str(key)}),
        (
            "key_changed",
            "someone",
            1,
            {"id": key.pk, "key": str(key), "now": {"name": "phone", "expires_at": None}},
        ),
        ("key_revoked", "someone", 1, {"ids": [key.pk]}),
    ]


def test_a_request_is_written_down_by_user_or_key(staff, client, add_image):
    first, second = add_image(), add_image()
    api = "/api/v1/admin/gallery/images"
    key, secret = keys.create_api_key(name="phone")
    AuditEntry.objects.all().delete()
    assert staff.delete(f"{api}/{first.pk}/").status_code == 204
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.delete(f"{api}/{second.pk}/", headers=headers).status_code == 204
    assert entries() == [
        ("deleted", "user admin", 1, {"ids": [first.pk]}),
        ("deleted", f"key {key}", 1, {"ids": [second.pk]}),
    ]


def test_outside_a_request_it_is_the_command(add_image, monkeypatch):
    monkeypatch.setattr("sys.argv", ["manage.py", "empty_trash", "--json"])
    removal.delete_images(image_ids=[add_image().pk])
    assert [actor for _, actor, _, _ in entries()] == ["manage.py empty_trash"]


def test_the_log_is_to_look_at(staff, add_image):
    image = add_image()
    removal.delete_images(image_ids=[image.pk])
    entry = AuditEntry.objects.get()
    assert staff.get("/admin/gallery/auditentry/").status_code == 200
    assert staff.get(f"/admin/gallery/auditentry/{entry.pk}/change/").status_code == 200
    assert staff.get("/admin/gallery/auditentry/add/").status_code == 403
    assert staff.post(f"/admin/gallery/auditentry/{entry.pk}/delete/").status_code == 403
    staff.post(f"/admin/gallery/auditentry/{entry.pk}/change/", {"actor": "nobody"})
    assert [actor for _, actor, _, _ in entries()] == [entry.actor]
