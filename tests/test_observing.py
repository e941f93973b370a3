"""Requests have ids and are measured, over all processes; no secret reaches a log."""

import json
import urllib.error
import urllib.request

import pytest

from grok2api.observing import route_of
from tests.server import Server
from tests.stores import wait_until

pytestmark = pytest.mark.once

UPSTREAM_KEY = "upstream-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("observing")
    with Server(folder, SERVER_WORKERS="2", IMAGINE_UPSTREAM_KEY=UPSTREAM_KEY) as running:
        yield running


def ask(server, path, data=None, **headers):
    """Status, headers and text of an answer to the key's holder."""
    headers = {"Authorization": f"Bearer {server.api_key}", **headers}
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(f"{server.url}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def read_metrics(server) -> dict[str, float]:
    """Values by name and labels."""
    status, headers, text = ask(server, "/metrics")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_requests_and_generations_of_all_processes_are_counted_once(server):
    for _ in range(10):
        assert ask(server, "/v1/models")[0] == 200
    for number in range(4):
        question = {"prompt": f"a red fox {number}"}
        headers = {"Content-Type": "application/json"}
        assert ask(server, "/v1/images/generations", question, **headers)[0] == 200
    assert ask(server, "/api/v1/admin/gallery/images/12345/")[0] == 404
    assert ask(server, "/nothing/here")[0] == 404
    found = read_metrics(server)
    wanted = {
        'grok2api_requests_total{method="GET",route="v1/models",status="200"}': 10,
        'grok2api_requests_total{method="POST",route="v1/images/generations",status="200"}': 4,
        'grok2api_requests_total{method="GET",route="(none)",status="404"}': 1,
        'grok2api_request_seconds_count{method="GET",route="v1/models"}': 10,
        'grok2api_generations_total{provider="sample",state="succeeded"}': 4,
        'grok2api_upstream_seconds_count{provider="sample"}': 4,
        "grok2api_generations_in_flight": 0,
        "grok2api_requests_in_flight": 1,  # the one that asks
        "grok2api_library_images": 4,
        "grok2api_database_up": 1,
    }
    assert {name: found.get(name) for name in wanted} == wanted
    assert found["grok2api_library_bytes"] > 10_000


def test_a_given_request_id_is_kept_and_a_strange_one_is_not(server):
    assert ask(server, "/healthz", **{"X-Request-ID": "trace-42.a"})[1]["X-Request-ID"] == (
        "trace-42.a"
    )
    assert len(ask(server, "/v1/models")[1]["X-Request-ID"]) == 32
    assert len(ask(server, "/healthz", **{"X-Request-ID": "x" * 65})[1]["X-Request-ID"]) == 32


def test_the_log_is_json_with_ids_and_without_secrets(server):
    headers = {"Content-Type": "application/json", "X-Request-ID": "the-generation"}
    made = json.loads(ask(server, "/v1/images/generations", {"prompt": "x"}, **headers)[2])
    link = made["data"][0]["url"].removeprefix(server.url)
    assert ask(server, link)[0] == 200
    assert ask(server, link.replace("-0-", "-1-"), **{"X-Request-ID": "the-link"})[0] == 404
    wait_until(lambda: len(told(server, "the-link")) > 1)  # written after the answer
    assert [line.rsplit(" ", 2)[0] for line in told(server, "the-generation")] == [
        "POST /v1/images/generations 200"
    ]
    assert [line.partition("….jpg")[0] for line in told(server, "the-link")] == [
        "Not Found: /v1/files/image/",
        "GET /v1/files/image/",
    ]
    log = (server.folder / "logs" / "app.log").read_text()
    secret_key = (server.folder / "data" / "secret_key").read_text().strip()
    secrets = [server.api_key, server.password, UPSTREAM_KEY, secret_key, link.rpartition("/")[2]]
    for text in (log, server.output):
        assert [secret for secret in secrets if secret in text] == []


def told(server, request_id: str) -> list[str]:
    """The messages that the log file has of a request."""
    log = (server.folder / "logs" / "app.log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    return [line["message"] for line in lines if line.get("request_id") == request_id]


def test_metrics_are_for_staff_and_keys(server, client, staff):
    assert ask(server, "/metrics", Authorization="Bearer wrong")[0] == 401
    assert client.get("/metrics").status_code == 401
    assert client.post("/metrics").status_code == 401
    assert staff.get("/metrics").status_code == 200
    assert staff.put("/metrics").status_code == 405


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/static/css/base.css", "static/"),
        ("/admin/gallery/", "admin/gallery/"),
        ("/v1/files/image/1-0-x.jpg", "v1/files/image/<str:filename>"),
        ("/wp-login.php", "(none)"),
    ],
)
def test_a_route_is_one_name_for_many_addresses(path, route):
    assert route_of(path) == route
