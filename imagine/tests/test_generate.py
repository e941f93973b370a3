"""Nothing that was paid for is lost."""

import threading
import time
from decimal import Decimal

import httpx2
import pytest
from django.utils import timezone

from gallery.models import Image
from grok2api.tests.test_statements import assert_written_as_django_writes_it
from imagine import interruptions, records, threads
from imagine.models import Generation

from .upstream import Upstream, held, pictures


@pytest.fixture
def go():
    """Set, it lets the upstream answer."""
    return threading.Event()


@pytest.fixture
def upstream(settings, go):
    with Upstream([held(go, pictures())]) as server:
        settings.IMAGINE_PROVIDER = "openai"
        settings.IMAGINE_UPSTREAM_URL = server.url
        yield server


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_row_is_there_before_the_upstream_answers(upstream, client, go):
    asking = threading.Thread(
        target=client.post, args=("/v1/images/generations",), kwargs={"json": {"prompt": "a fox"}}
    )
    asking.start()
    wait_until(lambda: upstream.received)
    assert Generation.objects.get().status == "pending"
    go.set()
    asking.join()
    assert Generation.objects.get().status == "succeeded"


def test_picture_is_kept_when_the_client_leaves(upstream, client, go):
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/v1/images/generations", json={"prompt": "a fox"}, timeout=1)
    assert Image.objects.count() == 0
    go.set()
    wait_until(lambda: Generation.objects.get().status == "succeeded")
    assert Generation.objects.get().images.get() == Image.objects.get()


def test_stopping_lets_running_generations_finish(upstream, client, gateway, go):
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/v1/images/generations", json={"prompt": "a fox"}, timeout=1)
    wait_until(lambda: upstream.received)
    stopping = threading.Thread(target=gateway.stop)
    stopping.start()
    wait_until(lambda: gateway.server.should_exit)
    go.set()
    stopping.join()
    assert Generation.objects.get().status == "succeeded"
    assert Image.objects.count() == 1


def test_picture_that_cannot_be_stored_still_reaches_the_client(client, media_folder, monkeypatch):
    monkeypatch.setattr(records, "PAUSES", (0.01,))
    media_folder.rmdir()
    media_folder.write_text("a file where a folder should be")
    response = client.post(
        "/v1/images/generations", json={"prompt": "a fox", "response_format": "url"}
    )
    assert set(response.json()["data"][0]) == {"b64_json"}
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code) == ("partial", "storage_failed")
    assert Image.objects.count() == 0


@pytest.mark.django_db
def test_generations_of_a_program_that_is_gone_are_marked(settings):
    from datetime import timedelta

    from django.utils import timezone

    def begin(**more):
        return Generation.objects.create(prompt="x", n=1, **more)

    ours = begin(served_by=records.served_by())
    elsewhere = begin(served_by="elsewhere:8000")
    old = begin(served_by="elsewhere:8000", created_at=timezone.now() - timedelta(hours=1))
    done = begin(served_by=records.served_by(), status="succeeded")
    assert interruptions.mark_interrupted() == 2
    assert [Generation.objects.get(pk=row.pk).status for row in (ours, elsewhere, old, done)] == [
        "interrupted",
        "pending",
        "interrupted",
        "succeeded",
    ]
    assert Generation.objects.get(pk=ours.pk).error_code == "interrupted"


async def test_threads_close_what_they_opened(transactional_db):
    assert await threads.in_thread(Image.objects.count) == 0
    threads.close_connections()
    assert await threads.in_thread(Image.objects.count) == 0
    threads.close_connections()


def test_row_is_written_as_django_writes_it(admin_user):
    facts = {
        "served_by": "host:1", "user": admin_user, "provider": "sample", "model": "m", "n": 2,
        "prompt": "狐狸 %s", "parameters": {"seed": 0.5}, "created_at": timezone.now(),
        "cost_usd": Decimal("0.020000"),
    }  # fmt: skip
    assert_written_as_django_writes_it(Generation, facts, unique="idempotency_key")
