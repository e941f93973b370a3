"""Tasks: a generation that the client comes back for."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine import callers, interruptions, records, watching
from imagine.api import tasks as api_tasks
from imagine.dialects import Answer
from imagine.keys import create_api_key
from imagine.models import ApiKey, Generation
from imagine.providers.base import ImageRequest, SourceImage
from imagine.tasks import errands, queue, working

from .test_generate import wait_until
from .test_streaming import events
from .upstream import after, held, pictures, send

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
STREAM = {"Accept": "text/event-stream"}
LATER = {"Prefer": "respond-async"}
FOX = {"prompt": "a fox", "response_format": "url"}


@pytest.fixture
def go():
    """Set, it lets the upstream answer whose replies are held."""
    return threading.Event()


def collected(client, answer):
    """What a task comes to in the end."""
    address = answer.headers["Location"]
    found = []

    def is_there():
        found[:] = [client.get(address)]
        return found[0].status_code != 202

    wait_until(is_there)
    return found[0]


def read_on(client, answer, go):
    """The task's stream, whose end is made possible when its beginning has come."""
    with client.stream("GET", answer.headers["Location"], headers=STREAM) as response:
        pieces = response.iter_text()
        beginning = next(pieces)
        go.set()
        return beginning + "".join(pieces)


@pytest.mark.parametrize("way", ["header", "field", "path"])
def test_task_is_accepted_and_collected(upstream, client, go, way):
    upstream.replies = [held(go, pictures())]
    if way == "header":
        answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    elif way == "field":
        answer = client.post(GENERATIONS, json={**FOX, "async": True})
    else:
        answer = client.post(f"{GENERATIONS}/async", json=FOX)
    generation = Generation.objects.get()
    address = f"/v1/images/tasks/{generation.task_id}"
    assert answer.status_code == 202
    assert (answer.headers["Location"], answer.headers["Retry-After"]) == (address, "3")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.get("Preference-Applied") == (
        "respond-async" if way == "header" else None
    )
    described = {
        "id": generation.task_id, "task_id": generation.task_id,
        "object": "image.generation.task", "status": "processing",
        "created_at": int(generation.created_at.timestamp()), "started_at": None,
        "poll_url": address,
    }  # fmt: skip
    assert answer.json() == described
    waiting = client.get(address)
    assert (waiting.status_code, waiting.headers["Location"]) == (202, address)
    go.set()
    finished = collected(client, answer)
    synchronous = client.post(GENERATIONS, json=FOX)
    assert finished.status_code == 200
    ours = finished.json()
    if way == "path":
        assert ours.pop("result")["data"] == ours["data"]
        assert ours.pop("image_url") == ours["data"][0]["url"]
        assert (ours.pop("status"), ours.pop("http_status")) == ("completed", 200)
        assert ours.pop("started_at") >= ours.pop("created_at") == described["created_at"]
        assert {ours.pop(name) for name in ("id", "task_id")} == {generation.task_id}
        assert (ours.pop("object"), ours.pop("poll_url")) == ("image.generation.task", address)
    assert ours.keys() == synchronous.json().keys()
    assert ours["data"][0].keys() == synchronous.json()["data"][0].keys()
    assert client.get(ours["data"][0]["url"]).content == draw(96, 64)


def test_answer_is_the_one_that_was_asked_for(client, upstream):
    asked = {**FOX, "response_format": "b64_json", "quality": "high", "n": 2}
    upstream.replies = [pictures(draw(96, 64), draw(64, 96))]
    later = collected(client, client.post(GENERATIONS, json=asked, headers=LATER)).json()
    now = client.post(GENERATIONS, json=asked).json()
    for answer in (later, now):
        del answer["created"]
        for image in answer["data"]:
            del image["image_id"]
    assert later == now


def test_errors_are_collected_with_their_status(client, upstream):
    refusal = {"error": {"message": "Not this one.", "code": "moderation_blocked", "param": "x"}}
    upstream.replies = [send(400, refusal)]
    later = collected(client, client.post(GENERATIONS, json=FOX, headers=LATER))
    now = client.post(GENERATIONS, json=FOX)
    assert (later.status_code, later.json()) == (now.status_code, now.json())
    assert later.status_code == 400


def test_task_belongs_to_the_caller_alone(client, gateway):
    answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    stranger = {"Authorization": f"Bearer {create_api_key(name='other')[1]}"}
    for address in (answer.headers["Location"], "/v1/images/tasks/unknown"):
        refused = client.get(address, headers=stranger)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "task_not_found")
    assert client.delete(answer.headers["Location"], headers=stranger).status_code == 404
    assert collected(client, answer).status_code == 200


def test_client_may_wait_a_little_first(client, upstream, go):
    prompt = {"Prefer": "respond-async, wait=20"}
    assert client.post(GENERATIONS, json=FOX, headers=prompt).status_code == 200
    upstream.replies = [held(go, pictures())]
    hasty = client.post(GENERATIONS, json=FOX, headers={"Prefer": "respond-async; x, wait=1"})
    assert hasty.status_code == 202
    go.set()
    assert collected(client, hasty).status_code == 200


def test_task_is_read_as_a_stream(client, upstream, go):
    answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    accept = {"Accept": "text/event-stream"}
    upstream.replies = [held(go, pictures())]
    running = client.post(GENERATIONS, json=FOX, headers=LATER)
    told = events(read_on(client, running, go))
    assert [name for name, _ in told] == ["task.started", "image_generation.completed"]
    assert told[0][1]["seconds"] >= 0
    streams = [client.get(answer.headers["Location"], headers=accept) for _ in range(2)]
    for stream in streams:
        names = [name for name, _ in events(stream.text)]
        assert names[-1] == "image_generation.completed"
    assert len(upstream.received) == 2


def test_waiting_tasks_that_nobody_waits_for_cost_no_looks(client, upstream):
    watching.closing.set()  # no turn comes
    for _ in range(20):
        assert client.post(GENERATIONS, json=FOX, headers=LATER).status_code == 202
    assert (len(watching._followers), watching._still_waited_for()) == (0, [])


def test_all_that_somebody_waits_for_are_looked_at_together(db, person):
    rows = person(6)
    Generation.objects.filter(pk=rows[5].pk).delete()
    Generation.objects.filter(pk=rows[4].pk).update(status="succeeded")
    with CaptureQueriesContext(connection) as queries:
        seen = watching._read([row.pk for row in rows])
    assert len(queries) == 1
    assert [seen[row.pk].status if row.pk in seen else None for row in rows] == [
        "queued", "queued", "queued", "queued", "succeeded", None,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 5])
def test_streams_of_waiting_tasks_are_told_by_one_watch(
    client, gateway, person, monkeypatch, count
):
    looks = []
    read = watching._read
    monkeypatch.setattr(watching, "_read", lambda ids: (looks.append(list(ids)), read(ids))[1])
    key = ApiKey.objects.get()
    rows = person(count)
    watching.closing.clear()
    Generation.objects.update(status="pending", started_at=timezone.now(), user=None, key=key)
    found = []

    def read_stream(row):
        with client.stream("GET", f"/v1/images/tasks/{row.task_id}", headers=STREAM) as stream:
            found.append([line for line in stream.iter_lines() if line.startswith("event")])

    readers = [threading.Thread(target=read_stream, args=[row]) for row in rows]
    for reader in readers:
        reader.start()
    wait_until(lambda: looks and len(looks[-1]) == count)
    assert len(watching._followers) == count
    Generation.objects.update(status="failed", error_type="upstream_error", error_message="no")
    for reader in readers:
        reader.join()
    assert found == [["event: task.started", "event: error"]] * count
    assert (len(watching._followers), api_tasks._streams) == (0, {})


def test_nobody_looks_for_a_stream_whose_client_has_left(client, gateway, person):
    [row] = person(1)
    Generation.objects.update(
        status="pending", started_at=timezone.now(), user=None, key=ApiKey.objects.get()
    )
    with client.stream("GET", f"/v1/images/tasks/{row.task_id}", headers=STREAM) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: task.started"
        assert (len(watching._followers), api_tasks._streams.total()) == (1, 1)
    wait_until(lambda: not watching._followers)
    wait_until(lambda: not watching._still_waited_for())
    assert api_tasks._streams == {}


def test_a_callers_streams_are_bounded(client, gateway, person, monkeypatch):
    monkeypatch.setattr(api_tasks, "MOST_STREAMS", 1)
    [row] = person(1)
    Generation.objects.update(
        status="pending", started_at=timezone.now(), user=None, key=ApiKey.objects.get()
    )
    address = f"/v1/images/tasks/{row.task_id}"
    with client.stream("GET", address, headers=STREAM) as stream:
        lines = stream.iter_lines()  # which closes the stream when nobody has it
        next(lines)
        refused = client.get(address, headers=STREAM)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
        assert refused.headers["Retry-After"] == "3"
        assert client.get(address).status_code == 202
    wait_until(lambda: not api_tasks._streams)
    with client.stream("GET", address, headers=STREAM) as stream:
        assert stream.status_code == 200


def test_stream_of_a_deleted_record_ends(client, gateway, person):
    [row] = person(1)
    Generation.objects.update(
        status="pending", started_at=timezone.now(), user=None, key=ApiKey.objects.get()
    )
    with client.stream("GET", f"/v1/images/tasks/{row.task_id}", headers=STREAM) as stream:
        lines = stream.iter_lines()
        next(lines)
        Generation.objects.all().delete()
        told = [line for line in lines if line.startswith("data")]
    assert json.loads(told[-1].removeprefix("data: "))["error"]["code"] == "record_deleted"


def test_several_tasks_are_taken_together_or_not_at_all(client, upstream, gateway):
    headers = {"Idempotency-Key": "several"}
    several = {**FOX, "async": True, "tasks": 3, "seed": 7}
    first, again = (client.post(GENERATIONS, json=several, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["object"]) == (202, "list")
    ids = [task["id"] for task in first.json()["data"]]
    assert [task["id"] for task in again.json()["data"]] == ids
    assert len(set(ids)) == 3
    wait_until(lambda: Image.objects.count() == 3)
    assert sorted(one.json["seed"] for one in upstream.received) == [7, 8, 9]
    limited = create_api_key(name="limited", requests_per_minute=2)[1]
    refused = client.post(GENERATIONS, json=several, headers={"Authorization": f"Bearer {limited}"})
    assert refused.status_code == 429
    left = Generation.objects.filter(key__name="limited").values_list("status", flat=True)
    assert set(left) == {"cancelled"}
    assert len(upstream.received) == 3


@pytest.mark.parametrize("number", [1, 3])
def test_tasks_whose_answer_was_lost_are_the_same_when_sent_again(
    client, upstream, go, admin_user, monkeypatch, number
):
    """Also of a person, and also where they are all that anybody may have."""
    monkeypatch.setattr(queue, "MOST_WAITING", number)
    upstream.replies = [held(go, pictures())]
    token = {"Authorization": f"Bearer {callers.page_token(admin_user)}"}
    several = {**FOX, "async": True, "tasks": number}

    def ask(key):
        return client.post(GENERATIONS, json=several, headers={**token, "Idempotency-Key": key})

    def ids(answer):
        return [task["id"] for task in answer.json().get("data", [answer.json()])]

    first, again, other = ask("page"), ask("page"), ask("another")
    assert [one.status_code for one in (first, again, other)] == [202, 202, 429]
    assert ids(again) == ids(first)
    assert len(set(ids(first))) == number
    go.set()
    wait_until(lambda: Image.objects.count() == number)
    assert ids(ask("page")) == ids(first)
    assert len(upstream.received) == number


def test_turn_of_a_task_in_another_process_is_told(client, upstream, go, monkeypatch):
    upstream.replies = [held(go, pictures())]
    answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    wait_until(lambda: upstream.received)
    monkeypatch.setattr(watching, "find_live", lambda generation: None)
    monkeypatch.setattr(watching, "live", {})  # as this one has nothing of it
    names = [name for name, _ in events(read_on(client, answer, go))]
    assert names == ["task.started", "image_generation.completed"]


def test_a_task_is_not_streamed_when_it_is_asked(client):
    refused = client.post(GENERATIONS, json={**FOX, "async": True, "stream": True})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "stream")
    assert Generation.objects.count() == 0


@pytest.mark.parametrize("way", ["form", "link"])
def test_edit_keeps_its_pictures_until_its_turn(client, upstream, way):
    if way == "form":
        data = {"prompt": "at night", "async": "true", "response_format": "url"}
        files = {"image": ("a.png", draw(90, 60, format="PNG")), "mask": ("m.png", draw(90, 60))}
        answer = client.post(EDITS, data=data, files=files)
    else:
        url = client.post(GENERATIONS, json=FOX).json()["data"][0]["url"]
        answer = client.post(f"{EDITS}/async", json={**FOX, "image": url})
    assert collected(client, answer).status_code == 200
    sent = upstream.received[-1]
    assert sent.path == EDITS
    assert (draw(90, 60, format="PNG") if way == "form" else draw(96, 64)) in sent.content
    assert (draw(90, 60) in sent.content) == (way == "form")
    wait_until(lambda: not files_left())


def files_left():
    try:
        return default_storage.listdir(errands.FOLDER) != ([], [])
    except FileNotFoundError:
        return False


def test_errand_comes_back_whole_from_its_row(db, media_folder):
    def picture(side):
        return SourceImage(draw(side, 60, format="PNG"), "image/png", "png", side, 60)

    request = ImageRequest(
        prompt="x", size=(64, 64), quality="high", others={"steps": [1, 2]},
        sources=(picture(10), picture(20)), markup=picture(30),
    )  # fmt: skip
    for asked in (request, replace(request, markup=None, mask=picture(40))):
        kept = errands.keep(errands.Errand(asked, Answer(), ""))
        row = Generation.objects.create(prompt="x", n=1, model=asked.model, errand=kept)
        row.refresh_from_db()
        assert errands.read(row) == asked
        errands.forget(row.errand)
        assert not files_left()


def test_task_outlives_the_program(client, upstream, gateway, settings, secret):
    """What waits when the program stops is taken up by the next one; what ran is not sent again."""
    first = client.post(GENERATIONS, json=FOX, headers=LATER)
    collected(client, first)
    watching.closing.set()  # from now on no turn comes
    waiting = client.post(GENERATIONS, json={**FOX, "prompt": "second"}, headers=LATER)
    assert client.get(waiting.headers["Location"]).status_code == 202
    assert Generation.objects.get(prompt="second").status == "queued"
    client.close()
    gateway.stop()
    Generation.objects.create(
        prompt="killed", n=1, served_by=records.served_by(), task_id="killed",
        key_id=Generation.objects.first().key_id,
    )  # fmt: skip
    interruptions.mark_interrupted()
    again = type(gateway)()
    again.start()
    try:
        import httpx2

        headers = {"Authorization": f"Bearer {secret}"}
        with httpx2.Client(base_url=again.url, headers=headers, timeout=30) as http:
            assert collected(http, first).status_code == 200
            assert collected(http, waiting).status_code == 200
            killed = http.get("/v1/images/tasks/killed")
    finally:
        again.stop()
    assert (killed.status_code, killed.json()["error"]["code"]) == (424, "interrupted")
    assert killed.headers["X-Should-Retry"] == "false"
    assert [json.loads(one.content)["prompt"] for one in upstream.received] == ["a fox", "second"]


def test_deleted_pictures_are_told(client):
    answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    collected(client, answer)
    Image.objects.all().delete()
    gone = client.get(answer.headers["Location"])
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "pictures_deleted")


def test_same_idempotency_key_is_the_same_task(client, upstream):
    upstream.replies = [after(0.5, pictures())]
    headers = {"Idempotency-Key": "one"}
    first = client.post(GENERATIONS, json=FOX, headers={**LATER, **headers})
    second = client.post(GENERATIONS, json=FOX, headers={**LATER, **headers})
    assert first.headers["Location"] == second.headers["Location"]
    waited = client.post(GENERATIONS, json=FOX, headers=headers)
    assert waited.json() == collected(client, first).json()
    assert len(upstream.received) == 1


def test_waiting_task_is_cancelled_and_a_begun_one_is_not(client, upstream, go):
    upstream.replies = [held(go, pictures())]
    begun = client.post(GENERATIONS, json=FOX, headers=LATER)
    wait_until(lambda: upstream.received)
    assert client.delete(begun.headers["Location"]).status_code == 409
    watching.closing.set()
    waiting = client.post(GENERATIONS, json=FOX, headers=LATER)
    assert client.delete(waiting.headers["Location"]).status_code == 204
    told = client.get(waiting.headers["Location"])
    assert (told.status_code, told.json()["error"]["code"]) == (410, "task_cancelled")
    go.set()
    assert collected(client, begun).status_code == 200
    assert len(upstream.received) == 1


def test_task_counts_once_towards_the_keys_limits(upstream, gateway, client, go):
    key = create_api_key(name="limited", max_concurrent=1, requests_per_minute=2)[1]
    headers = {"Authorization": f"Bearer {key}", **LATER}
    upstream.replies = [held(go, pictures())]

    def ask():
        return client.post(GENERATIONS, json=FOX, headers=headers)

    first, refused = ask(), ask()
    assert (first.status_code, refused.status_code) == (202, 429)
    assert refused.json()["error"]["code"] == "too_many_generations"
    go.set()
    address = first.headers["Location"]
    wait_until(lambda: client.get(address, headers=headers).status_code == 200)
    assert [ask().status_code, ask().json()["error"]["code"]] == [202, "rate_limit_exceeded"]


@pytest.fixture
def person(admin_user):
    def queued(count, **more):
        return [
            Generation.objects.create(
                prompt=f"{number}", n=1, user=admin_user, status="queued", task_id=f"p{number}",
                errand={}, **more,
            )
            for number in range(count)
        ]  # fmt: skip

    return queued


def test_a_few_of_a_person_run_at_once_and_all_of_a_key(db, person):
    person(6)
    key = create_api_key(name="many")[0]
    for number in range(6):
        Generation.objects.create(prompt="k", n=1, key=key, status="queued", task_id=f"k{number}")
    taken = queue.take(100).taken
    assert [one.task_id for one in taken] == [
        "p0", "p1", "p2", "p3", *(f"k{number}" for number in range(6)),
    ]  # fmt: skip
    assert queue.take(100).taken == []
    Generation.objects.filter(task_id="p0").update(status="succeeded")
    assert [one.task_id for one in queue.take(100).taken] == ["p4"]


@pytest.mark.parametrize("room", [1, 3, 5])
def test_no_more_are_taken_than_there_is_room_for_and_the_oldest_first(db, person, room):
    key = create_api_key(name="many")[0]
    person(3)
    for number in range(4):
        Generation.objects.create(prompt="k", n=1, key=key, status="queued", task_id=f"k{number}")
    taken = queue.take(room).taken
    assert [one.task_id for one in taken] == ["p0", "p1", "p2", "k0", "k1"][:room]
    assert Generation.objects.filter(status="queued").count() == 7 - room


class Failing:
    """A database that fails at an UPDATE of generations, and heeds it before or not."""

    def __init__(self, *, at, heeded):
        self.at, self.heeded, self.updates = at, heeded, 0

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            self.updates += 1
            if self.updates == self.at:
                if self.heeded:
                    execute(sql, params, many, context)
                raise OperationalError("the connection broke")
        return execute(sql, params, many, context)


@pytest.mark.parametrize("heeded", [True, False])
def test_a_database_that_fails_midway_loses_no_task(transactional_db, person, heeded):
    person(3)
    with connection.execute_wrapper(Failing(at=2, heeded=heeded)):
        turns = queue.take(3)
    assert [one.task_id for one in turns.taken] == ["p0"]
    assert [one.task_id for one in turns.doubtful] == ["p1"]
    for one in turns.doubtful:
        queue.put_back(one)
    rows = Generation.objects.order_by("pk").values_list("status", flat=True)
    assert list(rows) == ["pending", "queued", "queued"]
    assert [one.task_id for one in queue.take(3).taken] == ["p1", "p2"]


def test_what_another_process_has_taken_is_not_put_back(db, person):
    person(1)
    [one] = queue.take(1).taken
    Generation.objects.update(served_by="other:8000#1")
    queue.put_back(one)
    assert Generation.objects.get().status == "pending"


@pytest.mark.parametrize("fault", [OperationalError("gone"), OSError("away")])
def test_task_that_cannot_be_begun_for_now_waits_again(client, upstream, monkeypatch, fault):
    read, faults = errands.read, [fault]

    def failing(generation):
        if faults:
            raise faults.pop()
        return read(generation)

    monkeypatch.setattr(errands, "read", failing)
    monkeypatch.setattr(working.rounds, "seconds", 0.2)
    answer = client.post(GENERATIONS, json=FOX, headers=LATER)
    assert collected(client, answer).status_code == 200
    assert (faults, len(upstream.received), working._unbegun) == ([], 1, [])


def test_task_that_can_never_be_begun_ends(client, upstream, monkeypatch):
    def failing(generation):
        raise KeyError("size")

    monkeypatch.setattr(errands, "read", failing)
    ended = collected(client, client.post(GENERATIONS, json=FOX, headers=LATER))
    assert (ended.status_code, ended.json()["error"]["code"]) == (410, "task_unreadable")
    assert (Generation.objects.get().cost_usd, upstream.received) == (0, [])


@pytest.mark.parametrize("way", ["header", "field", "path"])
def test_the_same_edit_submitted_again_joins_and_is_not_paid_again(client, upstream, way):
    """Neither while it waits, nor while it runs, nor when it has ended; and it leaves no files."""
    picture = draw(90, 60, format="PNG")
    headers = {"Idempotency-Key": "once", **(LATER if way == "header" else {})}

    def submit():
        return client.post(
            f"{EDITS}/async" if way == "path" else EDITS,
            data={"prompt": "at night"} | ({"async": "true"} if way == "field" else {}),
            files={"image": ("a.png", picture)},
            headers=headers,
        )

    upstream.replies = [after(0.5, pictures())]
    watching.closing.set()
    waiting = [submit(), submit()]
    watching.closing.clear()
    working.rounds.ring()
    wait_until(lambda: upstream.received)
    running = submit()
    assert collected(client, running).status_code == 200
    answers = [*waiting, running, submit()]
    [generation] = Generation.objects.all()
    assert {answer.headers["Location"] for answer in answers} == {
        f"/v1/images/tasks/{generation.task_id}"
    }
    assert len(upstream.received) == 1
    wait_until(lambda: not files_left())
    changed = client.post(GENERATIONS, json=FOX, headers={**headers, **LATER})
    assert (changed.status_code, changed.json()["error"]["code"]) == (422, "idempotency_key_reused")


def test_each_task_is_taken_once(db, person):
    [task] = person(1)
    assert [one.pk for one in queue.take(1).taken] == [task.pk]
    assert queue._queued(task).update(status="pending") == 0


def test_what_nobody_may_ask_for_any_more_is_not_begun(db, person, admin_user):
    old, young = person(1)[0], create_api_key(name="gone")[0]
    Generation.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    young.revoked_at = timezone.now()
    young.save()
    Generation.objects.create(prompt="k", n=1, key=young, status="queued", task_id="k")
    turns = queue.take(10)
    assert (turns.taken, turns.ended) == ([], 2)
    rows = Generation.objects.order_by("pk").values_list("status", "error_code", "error_status")
    assert list(rows) == [("failed", "task_expired", 503), ("failed", "caller_revoked", 403)]


def test_nobody_has_more_tasks_than_anybody_may_have(client, monkeypatch, upstream, go):
    monkeypatch.setattr(queue, "MOST_WAITING", 2)
    upstream.replies = [held(go, pictures())]
    answers = [client.post(GENERATIONS, json=FOX, headers=LATER) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    go.set()
    assert answers[2].json()["error"]["code"] == "too_many_generations"
    assert Generation.objects.count() == 2


def test_tasks_of_a_worker_that_died_are_marked(db):
    dead = f"{records.served_by().rpartition('#')[0]}#4194304"  # above any number of a process
    Generation.objects.create(prompt="a", n=1, served_by=dead)
    Generation.objects.create(prompt="b", n=1, served_by=records.served_by())
    assert interruptions.mark_abandoned() == 1
    rows = Generation.objects.order_by("prompt").values_list("status", "error_status")
    assert list(rows) == [("interrupted", 424), ("pending", None)]


def test_files_of_long_ago_are_swept(db, media_folder):
    import os

    for name, age in (("old", 3 * 86400), ("new", 0)):
        saved = default_storage.save(f"{errands.FOLDER}/{name}/0.png", errands.ContentFile(b"x"))
        moment = timezone.now().timestamp() - age
        os.utime(default_storage.path(saved), (moment, moment))
    errands.sweep()
    assert default_storage.listdir(errands.FOLDER)[0] == ["new"]


@pytest.mark.parametrize("count", ["1", "2"])
def test_repetition_joins_the_running_request_of_the_same_key_and_body(client, upstream, count):
    upstream.replies = [after(0.7, pictures())]
    found = []

    def ask(count, **body):
        headers = {"X-Stainless-Retry-Count": count}
        found.append(client.post(GENERATIONS, json={**FOX, **body}, headers=headers).json())

    threads = [threading.Thread(target=ask, args=["0"])]
    threads[0].start()
    wait_until(lambda: upstream.received)
    threads.append(threading.Thread(target=ask, args=[count]))
    threads[1].start()
    for thread in threads:
        thread.join()
    ask(count)  # its answer was lost on the way
    assert found == [found[0]] * 3
    ask("0")
    ask(count, prompt="a bear")
    assert len(upstream.received) == 3


def test_repetition_with_other_sources_is_another_request(client, upstream):
    upstream.replies = [after(0.5, pictures())]
    first, second = draw(90, 60, format="PNG"), draw(60, 90, format="PNG")

    def ask(image, mask, count):
        files = {"image": ("a.png", image), "mask": ("m.png", mask)}
        headers = {"X-Stainless-Retry-Count": count, **LATER}
        return client.post(EDITS, data={"prompt": "x"}, files=files, headers=headers)

    locations = {
        ask(first, first, "0").headers["Location"],
        ask(first, first, "1").headers["Location"],
        ask(second, first, "1").headers["Location"],
        ask(first, second, "1").headers["Location"],
    }
    assert len(locations) == 3


def test_plain_answer_is_kept_alive(client, upstream, go, monkeypatch):
    from imagine.api import streaming

    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.1)
    upstream.replies = [held(go, pictures()), held(go, send(500, {"error": "boom"}))]

    def patient():
        go.clear()
        asked = {"json": FOX, "headers": {"Prefer": "keepalive"}}
        with client.stream("POST", GENERATIONS, **asked) as response:
            pieces = response.iter_text()
            text = ""
            while len(text) < 3:
                text += next(pieces)
            go.set()
            return response, text + "".join(pieces)

    (picture, first), (error, second) = patient(), patient()
    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 20)
    upstream.replies = [send(400, {"error": {"message": "no"}})]
    soon = client.post(GENERATIONS, json=FOX, headers={"Prefer": "keepalive"})
    assert [answer.status_code for answer in (picture, error, soon)] == [200, 200, 400]
    assert picture.headers["Preference-Applied"] == "keepalive"
    assert {first[:3], second[:3]} == {"   "}
    assert json.loads(first)["data"][0]["image_id"] == Image.objects.get().pk
    assert json.loads(second)["error"]["type"] == "upstream_error"
