"""What is in quarantine, fetched and taken in after all."""

import json

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.urls import reverse

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine import quarantine, recovery, threads
from imagine.models import Generation, Quarantined
from imagine.providers import fetching
from imagine.providers.base import FoundLink
from imagine.providers.openai import OpenAIProvider

from .upstream import Upstream, send

GONE = "The picture's link answers with HTTP status 404."


@pytest.fixture
def upstream(settings, monkeypatch, transactional_db):
    monkeypatch.setattr(fetching, "PAID_PAUSES", (0.05,))
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.1)
    with Upstream() as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_TIMEOUT = 2
        settings.IMAGINE_UPSTREAM_URL = server.url
        settings.IMAGINE_UPSTREAM_KEY = "first-secret-key, second-secret-key"
        yield server
    threads.close_connections()


@pytest.fixture
def generation(transactional_db):
    return Generation.objects.create(
        prompt="a fox", n=2, model="m", status="failed", provider="openai", aspect_ratio="3:2"
    )


def keep_link(generation, link="/a.jpg", index=0):
    return quarantine.keep_link(generation, FoundLink(index, link, "served", "a red fox"))


def collect(capsys):
    """What the command prints, and whether it says that all was done."""
    try:
        call_command("collect_generations", "--json")
    except CommandError:
        return json.loads(capsys.readouterr().out), False
    return json.loads(capsys.readouterr().out), True


def test_link_that_answers_again_is_taken_in_with_its_generation(upstream, generation, capsys):
    keep_link(generation)
    assert collect(capsys) == (
        {"added": 0, "failed": 1,
         "failures": [{"name": f"#{generation.pk} · 1", "reason": GONE}]}, False,
    )  # fmt: skip
    row = Quarantined.objects.get()
    assert (row.attempts, row.reason) == (1, GONE)

    upstream.files["/a.jpg"] = send(200, draw(96, 64))
    assert collect(capsys) == ({"added": 1, "failed": 0, "failures": []}, True)
    image = Image.objects.get()
    assert (image.prompt, image.model, image.aspect_ratio) == ("a fox", "served", "3:2")
    assert image.metadata == {
        "generation": generation.pk, "provider": "openai", "revised_prompt": "a red fox",
    }  # fmt: skip
    assert generation.images.get() == image
    generation.refresh_from_db()
    assert (generation.status, Quarantined.objects.count()) == ("partial", 0)

    upstream.files["/b.jpg"] = send(200, draw(64, 96))
    keep_link(generation, "/b.jpg", 1)
    collect(capsys)
    generation.refresh_from_db()
    assert (generation.status, generation.images.count()) == ("succeeded", 2)


def test_key_is_found_that_a_link_wants(upstream, generation, capsys):
    def look(handler):
        wanted = handler.headers.get("Authorization") == "Bearer second-secret-key"
        (send(200, draw()) if wanted else send(401, b""))(handler)

    upstream.files["/a.jpg"] = look
    keep_link(generation)
    assert collect(capsys)[1]
    assert Image.objects.count() == 1


def test_bytes_are_taken_in_once_they_can_be_read(upstream, generation, capsys):
    quarantine.keep_bytes(generation, index=0, data=b"<svg/>", reason="no")
    assert collect(capsys)[0]["failed"] == 1
    row = Quarantined.objects.get()
    with default_storage.open(row.file, "wb") as file:
        file.write(draw())
    assert collect(capsys)[1]
    assert Image.objects.count() == 1
    assert default_storage.listdir("quarantine")[1] == []


def test_link_to_what_cannot_be_read_gives_its_bytes(upstream, generation, capsys):
    upstream.files["/a.jpg"] = send(200, b"<svg/>")
    keep_link(generation)
    assert collect(capsys)[0]["failed"] == 1
    row = Quarantined.objects.get()
    assert (row.link, quarantine.read(row), row.content_type) == (
        "/a.jpg", b"<svg/>", "image/svg+xml",
    )  # fmt: skip


def test_one_row_that_fails_in_an_unforeseen_way_ends_nothing(
    upstream, generation, capsys, monkeypatch
):
    fetch = OpenAIProvider.fetch

    async def failing(provider, link):
        if link == "/poison":
            raise ValueError("Invalid IPv6 URL")
        return await fetch(provider, link)

    monkeypatch.setattr(OpenAIProvider, "fetch", failing)
    upstream.files["/a.jpg"] = send(200, draw(96, 64))
    keep_link(generation, "/poison")
    keep_link(generation, "/a.jpg", 1)
    reason = "ValueError: Invalid IPv6 URL"
    assert collect(capsys) == (
        {"added": 1, "failed": 1,
         "failures": [{"name": f"#{generation.pk} · 1", "reason": reason}]}, False,
    )  # fmt: skip
    assert [(row.attempts, row.reason) for row in Quarantined.objects.all()] == [(1, reason)]


def test_links_under_way_are_their_generations_affair(upstream, generation, capsys):
    Generation.objects.update(status="pending")
    keep_link(generation)
    assert collect(capsys) == ({"added": 0, "failed": 0, "failures": []}, True)


def test_dead_links_wait_side_by_side(upstream, generation, capsys, monkeypatch):
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 3)
    for index in range(recovery.AT_ONCE):
        keep_link(generation, f"/dead-{index}", index)
    assert collect(capsys)[0]["failed"] == recovery.AT_ONCE
    first = upstream.fetched.index("/dead-0")
    last = len(upstream.fetched) - 1 - upstream.fetched[::-1].index("/dead-0")
    assert {f"/dead-{n}" for n in range(1, 10)} <= set(upstream.fetched[first:last])


def test_picture_that_two_collect_is_stored_once(upstream, generation):
    keep_link(generation)
    row = Quarantined.objects.select_related("generation").get()
    recovery.take_in(row, draw())
    with pytest.raises(recovery.TakenInMeanwhile):
        recovery.take_in(row, draw())
    assert Image.objects.count() == 1
    assert len([name for name in _files("images") if name.endswith(".jpg")]) == 1


def test_file_of_the_quarantine_that_cannot_be_deleted_costs_no_picture(
    upstream, generation, monkeypatch
):
    quarantine.keep_bytes(generation, index=0, data=b"<svg/>", reason="no")
    row = Quarantined.objects.select_related("generation").get()

    def fail(name):
        raise OSError(f"{name} cannot be deleted")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "delete", fail)
        recovery.take_in(row, draw())
    image = Image.objects.get()
    assert default_storage.exists(image.file.name)
    assert not Quarantined.objects.exists()


def _files(folder):
    folders, files = default_storage.listdir(folder)
    return [*files, *(name for inner in folders for name in _files(f"{folder}/{inner}"))]


def test_superuser_downloads_collects_and_deletes(upstream, generation, staff):
    quarantine.keep_bytes(generation, index=0, data=b"<svg onload='x()'/>", reason="no")
    row = Quarantined.objects.get()
    address = reverse("admin:imagine_quarantined_changelist")
    page = staff.get(address).content.decode()
    file = reverse("admin:imagine_quarantined_file", args=[row.pk])
    assert file in page
    assert "image/svg+xml" in page
    answer = staff.get(file)
    assert b"".join(answer.streaming_content) == b"<svg onload='x()'/>"
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        "application/octet-stream", "nosniff",
    )  # fmt: skip
    assert answer["Content-Disposition"] == (
        f'attachment; filename="generation-{generation.pk}-1.svg"'
    )
    collect_address = reverse("admin:imagine_quarantined_collect")
    assert staff.get(collect_address).status_code == 405
    assert staff.post(collect_address).status_code == 302
    _wait_for(lambda: Quarantined.objects.get().attempts == 1)
    staff.post(address, {"action": "collect_selected", "_selected_action": [row.pk]})
    _wait_for(lambda: Quarantined.objects.get().attempts == 2)
    assert staff.get(reverse("admin:imagine_quarantined_change", args=[row.pk])).status_code == 200
    delete = reverse("admin:imagine_quarantined_delete", args=[row.pk])
    assert staff.post(delete, {"post": "yes"}).status_code == 302
    assert default_storage.listdir("quarantine")[1] == []
    assert staff.get(file).status_code == 404


def test_nobody_else_sees_the_quarantine(upstream, generation, django_user_model):
    from django.contrib.auth.models import Permission
    from django.test import Client

    quarantine.keep_bytes(generation, index=0, data=b"<svg/>", reason="no")
    user = django_user_model.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="imagine"))
    browser = Client()
    browser.force_login(user)
    pk = Quarantined.objects.get().pk
    for name, args in (("changelist", []), ("file", [pk]), ("change", [pk])):
        address = reverse(f"admin:imagine_quarantined_{name}", args=args)
        assert browser.get(address).status_code == 403
    assert browser.post(reverse("admin:imagine_quarantined_collect")).status_code == 403


def _wait_for(condition, seconds=10):
    import threading
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join()
