"""Webhooks: signed, told again until they are taken, and never to a private address unasked."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from imagine import generate, watching, webhooks
from imagine.keys import create_api_key
from imagine.models import Generation, Webhook

from .test_generate import wait_until
from .test_tasks import FOX, GENERATIONS, collected
from .upstream import Upstream, pictures, send

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'
LATER = {**FOX, "async": True}


@pytest.fixture
def receiver(settings):
    with Upstream([send(204, b"")]) as server:
        settings.IMAGINE_TRUSTED_HOSTS = [server.url.split("/")[2]]
        yield server


def ask(client, receiver, **more):
    return client.post(GENERATIONS, json={**FOX, "webhook_url": f"{receiver.url}/told", **more})


def checked(client, told):
    """The message, whose signature is right."""
    secret = client.get("/v1/webhooks/secret").json()["secret"]
    signed = f"{told.headers['webhook-id']}.{told.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(
        base64.b64decode(secret.removeprefix("whsec_")), signed + told.content, hashlib.sha256
    ).digest()
    assert told.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert told.headers["content-type"] == "application/json"
    return told.json


def test_end_of_a_task_is_told_with_a_signature(upstream, receiver, client):
    answer = ask(client, receiver)
    assert answer.status_code == 202
    wait_until(lambda: Webhook.objects.get().delivered_at)
    [told] = receiver.received
    content = checked(client, told)
    generation = Generation.objects.get()
    collected_body = collected(client, answer).json()
    assert told.headers["webhook-id"] == f"msg_{generation.task_id}"
    assert content == {
        "type": "image.generation.completed",
        "timestamp": generation.finished_at.isoformat(),
        "data": {
            "id": generation.task_id, "task_id": generation.task_id,
            "object": "image.generation.task", "status": "completed", "http_status": 200,
            "created_at": int(generation.created_at.timestamp()),
            "started_at": int(generation.started_at.timestamp()),
            "poll_url": f"/v1/images/tasks/{generation.task_id}",
            "result": collected_body,
        },
    }  # fmt: skip


@pytest.mark.parametrize("way", ["webhook", "polled"])
def test_picture_that_has_no_link_is_in_the_answer_of_a_task(
    upstream, receiver, client, monkeypatch, way
):
    monkeypatch.setattr(generate, "KEPT_SECONDS", 0)  # so that it is read from the library
    upstream.replies = [pictures(SVG)]
    answer = ask(client, receiver) if way == "webhook" else client.post(GENERATIONS, json=LATER)
    wait_until(lambda: Generation.objects.get().status == "partial")
    if way == "webhook":
        wait_until(lambda: receiver.received)
        result = checked(client, receiver.received[0])["data"]["result"]
    else:
        wait_until(lambda: not watching.find_live(Generation.objects.get()))
        result = collected(client, answer).json()
    assert result["data"] == [{"b64_json": base64.b64encode(SVG).decode()}]


def test_failure_is_told_too(upstream, receiver, client):
    upstream.replies = [send(400, {"error": {"message": "no", "code": "moderation_blocked"}})]
    answer = ask(client, receiver)
    wait_until(lambda: receiver.received)
    content = checked(client, receiver.received[0])
    assert (content["type"], content["data"]["http_status"]) == ("image.generation.failed", 400)
    assert content["data"]["error"] == collected(client, answer).json()["error"]


def test_what_is_not_taken_is_told_again_later_with_the_same_id(
    upstream, receiver, client, monkeypatch
):
    monkeypatch.setattr(webhooks, "PAUSES", (0.2, 0.2, 0.2))
    monkeypatch.setattr(webhooks.rounds, "seconds", 0.1)
    receiver.replies = [send(500, b""), send(302, b"", Location="/x"), send(204, b"")]
    webhooks.rounds.ring()
    ask(client, receiver)
    wait_until(lambda: Webhook.objects.filter(delivered_at__isnull=False))
    row = Webhook.objects.get()
    assert (row.attempts, row.due_at, row.failure) == (3, None, "")
    assert len({told.headers["webhook-id"] for told in receiver.received}) == 1
    assert receiver.fetched == []


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (410, 1)])
def test_attempts_end(upstream, receiver, client, monkeypatch, status, attempts):
    monkeypatch.setattr(webhooks, "PAUSES", (0.1, 0.1))
    monkeypatch.setattr(webhooks.rounds, "seconds", 0.1)
    receiver.replies = [send(status, b"")]
    ask(client, receiver)
    webhooks.rounds.ring()
    wait_until(lambda: len(receiver.received) == attempts)
    wait_until(lambda: Webhook.objects.filter(due_at=None, failure__gt="", attempts=attempts))
    row = Webhook.objects.get()
    assert (row.attempts, row.delivered_at) == (attempts, None)
    assert row.failure == f"HTTP status {status}"
    assert len(receiver.received) == attempts


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x", "http://[::1]/", "http://169.254.169.254/latest", "http://10.1.2.3/",
        "http://localhost/", "ftp://example.com/", "example.com/x", "http://", "http://[", 7,
    ],
)  # fmt: skip
def test_private_addresses_are_refused_before_anything_is_paid(upstream, client, url):
    refused = client.post(GENERATIONS, json={**FOX, "webhook_url": url})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "webhook_url")
    assert Generation.objects.count() == 0


def test_each_attempt_is_one_process_affair_and_due_when_the_task_has_ended(db):
    key = create_api_key(name="k")[0]
    for status in ("queued", "pending", "succeeded"):
        generation = Generation.objects.create(prompt="x", n=1, key=key, status=status)
        Webhook.objects.create(generation=generation, url="http://example.com/")
    [claimed] = webhooks.claim(10, [])
    assert claimed.generation.status == "succeeded"
    assert webhooks.claim(10, []) == []
    Webhook.objects.filter(pk=claimed.pk).update(due_at=timezone.now())
    assert webhooks.claim(10, [key.pk]) == []
    assert [one.pk for one in webhooks.claim(10, [])] == [claimed.pk]
    assert Webhook.objects.get(pk=claimed.pk).attempts == 2


def test_old_rows_are_forgotten(db):
    for age in (1, 40):
        old = timezone.now() - timedelta(days=age)
        generation = Generation.objects.create(prompt="x", n=1, created_at=old)
        Webhook.objects.create(generation=generation, url="http://example.com/", due_at=None)
    webhooks._forget()
    assert Webhook.objects.count() == 1


def test_every_key_has_a_secret_of_its_own(client):
    other = {"Authorization": f"Bearer {create_api_key(name='other')[1]}"}
    answers = [client.get("/v1/webhooks/secret", headers=each) for each in ({}, {}, other)]
    secrets = [json.loads(answer.content)["secret"] for answer in answers]
    assert secrets[0] == secrets[1] != secrets[2]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert all(secret.startswith("whsec_") for secret in secrets)
