"""`GET /v1/models` before an upstream that lists its own, or does not."""

import threading

import pytest

from imagine.models import UpstreamNotice
from imagine.providers import model_list

from . import upstream as replies
from .upstream import Upstream, pictures, send

pytestmark = pytest.mark.once

OURS = ["grok-imagine-1.0", "grok-imagine-1.0-edit"]
LISTED = send(
    200,
    {
        "object": "list",
        "data": [
            {"id": "flux-1.1-pro", "object": "model"},
            {"id": "grok-imagine-1.0"},
            {"id": "lab/painter"},
            {"id": "flux-1.1-pro"},
            {"id": ""},
            {"id": "x" * 101},
            {"id": 7},
            "words",
        ],
    },
)


@pytest.fixture
def upstream(settings):
    with Upstream([pictures()], files={"/v1/models": LISTED}) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = server.url
        settings.IMAGINE_UPSTREAM_KEY = "upstream-key"
        yield server


def listed(client):
    answer = client.get("/v1/models")
    assert answer.status_code == 200
    return [model["id"] for model in answer.json()["data"]]


def test_models_of_the_upstream_stand_beside_ours(upstream, client):
    assert listed(client) == [*OURS, "flux-1.1-pro", "lab/painter"]
    one = client.get("/v1/models/lab/painter")
    assert (one.status_code, one.json()["id"]) == (200, "lab/painter")
    missing = client.get("/v1/models/nobody")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert upstream.fetched == ["/v1/models"]  # once for all of these


def test_a_listed_model_is_asked_for_by_its_name(upstream, client):
    body = {"prompt": "a fox", "model": "lab/painter"}
    assert client.post("/v1/images/generations", json=body).status_code == 200
    assert upstream.received[0].json["model"] == "lab/painter"


def test_the_upstream_is_asked_with_its_key(upstream, client):
    def by_key(handler):
        is_known = handler.headers["Authorization"] == "Bearer upstream-key"
        (LISTED if is_known else send(401, {"error": "no"}))(handler)

    upstream.files["/v1/models"] = by_key
    assert "flux-1.1-pro" in listed(client)


@pytest.mark.parametrize(
    "reply",
    [
        send(404, {"error": {"message": "no such address"}}),
        send(500, b"<html>"),
        send(200, b"<html>"),
        send(200, []),
        send(200, {"data": {"id": "x"}}),
        send(302, b"", Location="/v1/elsewhere"),
        replies.slam,
        replies.break_off,
        replies.endless,
    ],
    ids=["404", "500", "html", "list", "object", "redirect", "slam", "break off", "endless"],
)
def test_ours_are_listed_where_the_upstream_tells_nothing(upstream, client, reply):
    upstream.files["/v1/models"] = reply
    assert listed(client) == OURS
    upstream.files["/v1/models"] = LISTED
    assert listed(client) == OURS  # not asked again at once
    assert upstream.fetched == ["/v1/models"]
    assert client.post("/v1/images/generations", json={"prompt": "a fox"}).status_code == 200


@pytest.mark.parametrize("answer", [[{"id": "new"}], {"models": [{"name": "new"}, 7]}])
def test_lists_of_other_shapes_are_read(answer):
    assert model_list._names(answer) == ("new",)


def test_a_silent_upstream_is_waited_for_once(upstream, client, monkeypatch):
    monkeypatch.setattr(model_list, "SECONDS", 0.5)
    upstream.files["/v1/models"] = replies.stall
    found = []
    threads = [threading.Thread(target=lambda: found.append(listed(client))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [OURS] * 5
    assert upstream.fetched == ["/v1/models"]


def test_the_last_list_stays_while_the_upstream_is_away(upstream, client, monkeypatch):
    monkeypatch.setattr(model_list, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(model_list, "FAILED_SECONDS", 0.0)
    before = listed(client)
    upstream.files["/v1/models"] = send(500, {"error": "boom"})
    assert listed(client) == before
    upstream.files["/v1/models"] = send(200, {"data": [{"id": "new"}]})
    assert listed(client) == [*OURS, "new"]
    assert len(upstream.fetched) == 3


def test_a_key_that_may_not_list_still_paints(upstream, client):
    """Many keys are for pictures alone."""
    upstream.files["/v1/models"] = send(403, {"error": {"message": "not for you"}})
    assert listed(client) == OURS
    assert UpstreamNotice.objects.count() == 0
    assert client.post("/v1/images/generations", json={"prompt": "a fox"}).status_code == 200
