"""`Idempotency-Key`: the same request sent twice generates once."""

import threading

import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.keys import create_api_key
from imagine.models import Generation

from .upstream import after, pictures, send

FOX = {"prompt": "a fox", "n": 2}


@pytest.fixture
def ask(client):
    def ask(key="one", body=FOX, **headers):
        return client.post(
            "/v1/images/generations", json=body, headers={"Idempotency-Key": key, **headers}
        )

    return ask


def test_second_answer_is_the_first_one_again(ask):
    first, second = ask(), ask()
    assert (first.status_code, first.json()) == (200, second.json())
    assert (Generation.objects.count(), Image.objects.count()) == (1, 2)


def test_long_keys_are_told_apart_to_their_ends(ask):
    first, second = ask(key="k" * 300 + "1"), ask(key="k" * 300 + "2")
    assert first.json()["data"] != second.json()["data"]
    assert Generation.objects.count() == 2


def test_both_of_two_at_once_get_the_pictures_of_one(upstream, ask):
    upstream.replies = [after(0.5, pictures())]
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask().json())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(upstream.received) == 1
    assert found[0]["data"]
    assert found == [found[0]] * 3


def test_stream_can_be_repeated(client, ask):
    ask(body={**FOX, "stream": True})
    again = ask(body={**FOX, "stream": True})
    assert again.text.count("event: image_generation.completed") == 2
    assert Generation.objects.count() == 1


def test_other_keys_and_other_callers_are_other_requests(ask):
    ask()
    ask(key="two")
    ask(Authorization=f"Bearer {create_api_key(name='other')[1]}")
    assert Generation.objects.count() == 3


def test_key_with_another_request_is_refused(ask):
    ask()
    refused = ask(body={**FOX, "n": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        422, "idempotency_key_reused",
    )  # fmt: skip


def test_failed_request_may_be_tried_again(upstream, ask):
    upstream.replies = [send(500, {"error": "boom"}), pictures(draw(), draw())]
    assert [ask().status_code, ask().status_code] == [424, 200]
    assert [row.status for row in Generation.objects.order_by("pk")] == ["failed", "succeeded"]


def test_deleted_pictures_are_not_painted_anew(ask):
    ask()
    Image.objects.all().delete()
    again = ask()
    assert (again.status_code, again.json()["error"]["code"]) == (410, "pictures_deleted")
