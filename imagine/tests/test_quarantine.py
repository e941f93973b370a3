"""What was paid for and could not be taken in: kept with its generation, told, and bounded."""

import base64

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from gallery.maintenance import cleanup, scanning
from gallery.models import Image
from gallery.tests.drawing import draw
from imagine import quarantine
from imagine.models import Generation, Quarantined
from imagine.providers import fetching
from imagine.providers.base import FoundLink

from . import upstream as replies
from .test_generate import wait_until
from .upstream import Upstream, pictures, send

FOX = {"prompt": "a fox", "model": "m"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'


@pytest.fixture
def upstream(settings, monkeypatch):
    monkeypatch.setattr(fetching, "PAID_PAUSES", (0.05,))
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.2)
    with Upstream([pictures()]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_TIMEOUT = 2
        settings.IMAGINE_UPSTREAM_URL = server.url
        settings.IMAGINE_UPSTREAM_KEY = "upstream-key"
        yield server


def links(*paths):
    return send(200, {"created": 1, "data": [{"url": path} for path in paths]})


def kept():
    rows = Quarantined.objects.order_by("pk")
    return [(row.index, row.link, bool(row.file), row.reason) for row in rows]


@pytest.mark.parametrize(
    ("data", "output_format"),
    [(SVG, "svg"), (b"\x00\x01\x02 neither", "octet-stream"), (draw(512, 512)[:-300], "jpeg"),
     (b"II*\x00 a TIFF", "tiff"), (b"```svg\n" + SVG + b"\n```", "svg"), (SVG.upper(), "svg")],
)  # fmt: skip
def test_picture_that_nobody_here_can_read_reaches_the_client_and_is_kept(
    upstream, client, data, output_format
):
    upstream.replies = [pictures(data)]
    for response_format in ("url", "b64_json"):
        answer = client.post(
            "/v1/images/generations", json={**FOX, "response_format": response_format}
        )
        body = answer.json()
        assert (answer.status_code, body["size"], body["output_format"]) == (
            200, "auto", output_format,
        )  # fmt: skip
        assert body["data"] == [{"b64_json": base64.b64encode(data).decode()}]
    generation = Generation.objects.latest("pk")
    assert (generation.status, generation.error_code) == ("partial", "bad_picture")
    row = generation.quarantined.get()
    assert quarantine.read(row) == data
    assert (row.size, row.index, row.reason) == (len(data), 0, generation.error_message)
    assert Image.objects.count() == 0


@pytest.mark.parametrize(
    "data", [b"Sorry, I cannot draw that.", b"<html><h1>" + SVG + b" Bad gateway</h1></html>"]
)
def test_text_instead_of_a_picture_is_kept_and_is_no_picture(upstream, client, data):
    upstream.replies = [pictures(data)]
    answer = client.post("/v1/images/generations", json=FOX)
    assert (answer.status_code, answer.json()["error"]["code"]) == (424, "bad_picture")
    assert quarantine.read(Quarantined.objects.get()) == data


def test_what_is_no_base64_is_kept_as_it_came(upstream, client):
    upstream.replies = [send(200, {"data": [{"b64_json": "*?*"}]})]
    assert client.post("/v1/images/generations", json=FOX).status_code == 424
    assert quarantine.read(Quarantined.objects.get()) == b"*?*"


def test_links_that_give_their_picture_leave_nothing_behind(upstream, client):
    upstream.files["/a.jpg"] = send(200, draw())
    upstream.files["/v1/b.jpg"] = send(200, draw(64, 96))
    upstream.replies = [links("/a.jpg", "b.jpg")]
    answer = client.post("/v1/images/generations", json={**FOX, "n": 2})
    assert (answer.status_code, len(answer.json()["data"])) == (200, 2)
    assert (Generation.objects.get().status, kept()) == ("succeeded", [])


def test_dead_link_is_kept_and_costs_no_other(upstream, client):
    upstream.files["/a.jpg"] = send(200, draw())
    dead = f"{upstream.url}/dead.jpg?sig=1"
    upstream.replies = [links(dead, "/a.jpg", dead)]
    answer = client.post("/v1/images/generations", json={**FOX, "n": 3})
    assert (answer.status_code, len(answer.json()["data"])) == (200, 1)
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code) == ("partial", "picture_unavailable")
    reason = "The picture's link answers with HTTP status 404."
    assert kept() == [(0, dead, False, reason), (2, dead, False, reason)]


def test_link_that_no_database_takes_is_kept_as_far_as_it_can_be(upstream, client):
    upstream.replies = [links("http://a\0b/\ud800.png")]
    answer = client.post("/v1/images/generations", json=FOX)
    assert (answer.status_code, answer.json()["error"]["code"]) == (424, "picture_unavailable")
    assert [link for _, link, _, _ in kept()] == ["http://ab/?.png"]


def test_link_is_written_down_before_it_is_fetched(upstream, client):
    seen = []

    def look(handler):
        seen.extend(kept())
        connection.close()  # this thread's own
        send(200, draw())(handler)

    upstream.files["/a.jpg"] = replies.after(0.2, look)
    upstream.replies = [links("/a.jpg")]
    assert client.post("/v1/images/generations", json=FOX).status_code == 200
    assert seen == [(0, "/a.jpg", False, "It is being fetched.")]
    assert kept() == []


def test_link_of_a_stopped_server_is_kept(upstream, client, gateway, settings):
    settings.SHUTDOWN_SECONDS = 0.3
    upstream.files["/slow.jpg"] = replies.stall
    upstream.replies = [links("/slow.jpg")]
    import httpx2

    with pytest.raises(httpx2.ReadTimeout):
        client.post("/v1/images/generations", json=FOX, timeout=0.7)
    wait_until(lambda: "/slow.jpg" in upstream.fetched)
    gateway.stop()
    assert Generation.objects.get().status in ("interrupted", "failed")
    assert [link for _, link, *_ in kept()] == ["/slow.jpg"]


@pytest.mark.django_db
def test_key_in_a_link_is_not_written_down(settings):
    settings.IMAGINE_UPSTREAM_KEY = "first-secret-key, second-secret-key"
    generation = Generation.objects.create(prompt="x", n=1)
    link = "http://h/a?key=second-secret-key&x=1"
    quarantine.keep_link(generation, FoundLink(0, link, "m"))
    row = Quarantined.objects.get()
    assert "secret" not in row.link
    assert quarantine.link_of(row) == link


@pytest.mark.django_db
def test_no_link_can_ask_for_a_key(settings):
    """Nor does one get another provider's, or another than it had."""
    settings.IMAGINE_UPSTREAM_KEY, settings.XAI_API_KEY = "first-secret-key", "second-secret-key"
    generation = Generation.objects.create(prompt="x", n=1, provider="openai")
    quarantine.keep_link(generation, FoundLink(0, "http://h/?k=first-secret-key", "m"))
    stand_in = Quarantined.objects.get().link.partition("=")[2]
    Quarantined.objects.all().delete()
    quarantine.keep_link(generation, FoundLink(0, f"http://h/?k={stand_in}", "m"))
    row = Quarantined.objects.get()
    assert "secret" not in quarantine.link_of(row)
    quarantine.keep_link(generation, FoundLink(1, "http://h/?k=first-secret-key", "m"))
    settings.IMAGINE_UPSTREAM_KEY = "another-secret-key"
    assert "secret" not in quarantine.link_of(Quarantined.objects.get(index=1))


@pytest.mark.django_db
def test_oldest_gives_way_where_too_much_is_kept(monkeypatch, caplog):
    monkeypatch.setattr(quarantine, "MOST", 3)
    monkeypatch.setattr(quarantine, "MOST_BYTES", 25)
    generation = Generation.objects.create(prompt="x", n=1)
    for index in range(5):
        quarantine.keep_link(generation, FoundLink(index, f"/{index}", "m"))
    assert [row.index for row in Quarantined.objects.order_by("pk")] == [2, 3, 4]
    assert f"what came for generation {generation.pk} is given up" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_files_are_bounded_and_go_with_their_rows(monkeypatch):
    monkeypatch.setattr(quarantine, "MOST_BYTES", 25)
    generation = Generation.objects.create(prompt="x", n=1)
    for index in range(3):
        quarantine.keep_bytes(generation, index=index, data=b"ten bytes!", reason="no")
    assert [row.index for row in Quarantined.objects.order_by("pk")] == [1, 2]
    assert len(default_storage.listdir("quarantine")[1]) == 2
    assert quarantine.discard(Quarantined.objects.all()) == 2
    assert default_storage.listdir("quarantine")[1] == []


@pytest.mark.django_db
def test_scan_and_clean_up_pass_the_quarantine_over(media_folder, monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr(cleanup, "YOUNG", timedelta(seconds=-9))
    monkeypatch.setattr(scanning, "YOUNG", timedelta(seconds=-9))
    generation = Generation.objects.create(prompt="x", n=1)
    quarantine.keep_bytes(generation, index=0, data=draw(), reason="no")
    (media_folder / "quarantine" / "x.part").write_bytes(b"half")
    (media_folder / "elsewhere").mkdir()
    (media_folder / "elsewhere" / "quarantine").mkdir()
    (media_folder / "elsewhere" / "quarantine" / "a.jpg").write_bytes(draw(64, 96))
    found = list(scanning.scan_storage())
    assert [one.name for one in found] == ["elsewhere/quarantine/a.jpg"]
    report = cleanup.clean_up()
    assert (report.leftovers, report.stray_files) == (["quarantine/x.part"], [])
    assert quarantine.read(Quarantined.objects.get()) == draw()


@pytest.mark.django_db
def test_files_without_a_row_are_tidied_away(monkeypatch):
    from datetime import timedelta

    generation = Generation.objects.create(prompt="x", n=1)
    quarantine.keep_bytes(generation, index=0, data=b"kept", reason="no")
    Quarantined.objects.all().delete()
    quarantine.keep_bytes(generation, index=0, data=b"kept", reason="no")
    assert quarantine.tidy() == 0  # it may belong to a row that is being written
    monkeypatch.setattr(quarantine, "YOUNG", timedelta(seconds=-9))
    assert quarantine.tidy() == 1
    assert quarantine.read(Quarantined.objects.get()) == b"kept"
