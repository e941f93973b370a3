"""Database and Redis go and come back: a sentence meanwhile, and service again by itself."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.server import Server
from tests.stores import OwnPostgres, OwnRedis, OwnS3, wait_until

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def postgres():
    server = OwnPostgres().create()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with OwnRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory, postgres, redis):
    store = {
        "SERVER_STORAGE_TYPE": "pgsql",
        "SERVER_STORAGE_URL": postgres.url,
        "REDIS_URL": redis.url,
    }
    with Server(tmp_path_factory.mktemp("outage"), **store) as running:
        yield running


@pytest.fixture(scope="module")
def browser(server):
    return sign_in(server)


def sign_in(server):
    """A browser's session of the administrator."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    opener.addheaders = [("Accept-Language", "en")]
    page = opener.open(f"{server.url}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    form = {"csrfmiddlewaretoken": token, "username": "admin", "password": server.password}
    opener.open(f"{server.url}/admin/login/", urllib.parse.urlencode(form).encode())
    return opener


def ask(opener, server, path, data=None, *, key=None):
    """Status and text of an answer."""
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(f"{server.url}{path}", body, headers)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask_everywhere(browser, server):
    """Statuses of a page, the REST API by session and by key, and the gateway, some times over.

    Often enough that every thread of the process has had its turn.
    """
    stranger = urllib.request.build_opener()
    found = set()
    for _ in range(12):
        found |= {
            ("page", ask(browser, server, "/admin/gallery/")[0]),
            ("session", ask(browser, server, "/api/v1/admin/gallery/stats/")[0]),
            ("key", ask(stranger, server, "/api/v1/admin/gallery/tags/", key=server.api_key)[0]),
            ("gateway", ask(stranger, server, "/v1/models", key=server.api_key)[0]),
        }
    return found


WELL = {("page", 200), ("session", 200), ("key", 200), ("gateway", 200)}


def test_a_stopped_database_is_a_sentence_and_a_started_one_is_service(server, browser, postgres):
    assert ask_everywhere(browser, server) == WELL
    postgres.stop()
    try:
        assert ask_everywhere(browser, server) == {(name, 503) for name, _ in WELL}
        sentence = "The database does not answer. Nothing was changed; try again in a moment."
        assert sentence in ask(browser, server, "/admin/gallery/")[1]
        stranger = urllib.request.build_opener()
        status, body = ask(
            stranger, server, "/v1/images/generations", {"prompt": "x"}, key=server.api_key
        )
        assert (status, json.loads(body)["error"]["message"]) == (503, sentence)
        status, body = ask(stranger, server, "/readyz")
        assert (status, json.loads(body)["database"]) == (503, "unavailable")
        assert ask(stranger, server, "/healthz")[0] == 200
    finally:
        postgres.start()
    assert ask_everywhere(browser, server) == WELL
    assert ask(urllib.request.build_opener(), server, "/readyz")[0] == 200


def test_cut_connections_cost_no_request(server, browser, postgres):
    assert ask_everywhere(browser, server) == WELL
    postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = 'gallery'"
    )
    assert ask_everywhere(browser, server) == WELL


def test_a_stopped_redis_is_a_sentence_and_a_started_one_is_service(server, browser, redis):
    redis.stop()
    try:
        status, text = ask(browser, server, "/admin/gallery/")
        assert status == 503
        assert "Redis does not answer. Nothing was changed; try again in a moment." in text
        stranger = urllib.request.build_opener()
        status, body = ask(stranger, server, "/readyz")
        assert (status, json.loads(body)["redis"]) == (503, "unavailable")
    finally:
        redis.start()
    wait_until(lambda: ask_everywhere(browser, server) == WELL, timeout=10)


def test_a_stopped_picture_store_costs_no_picture_and_no_page(tmp_path):
    stranger = urllib.request.build_opener()
    with (
        OwnS3(tmp_path / "s3") as s3,
        Server(tmp_path, MEDIA_STORAGE_URL=s3.url) as server,
    ):
        question = {"prompt": "a fox", "n": 1}
        status, body = ask(stranger, server, "/v1/images/generations", question, key=server.api_key)
        kept = json.loads(body)["data"][0]
        assert (status, "url" in kept) == (200, True)
        s3.stop()
        # What was paid for reaches the client, though it cannot be kept.
        status, body = ask(stranger, server, "/v1/images/generations", question, key=server.api_key)
        lost = json.loads(body)["data"][0]
        assert (status, "url" in lost, len(lost["b64_json"]) > 1000) == (200, False, True)
        status, body = ask(
            stranger,
            server,
            f"/api/v1/admin/gallery/images/{kept['image_id']}/file/",
            key=server.api_key,
        )
        sentence = "The picture storage does not answer. Try again in a moment."
        assert (status, json.loads(body)) == (503, {"detail": sentence})
        assert ask(sign_in(server), server, "/admin/gallery/")[0] == 200
        assert json.loads(ask(stranger, server, "/readyz")[1])["storage"] == "unavailable"
        metrics = ask(stranger, server, "/metrics", key=server.api_key)[1]
        failed = re.findall(r'storage_errors_total\{operation="(\w+)"\} [1-9]', metrics)
        assert set(failed) >= {"save", "open", "exists"}
        s3.start()
        status, body = ask(stranger, server, "/v1/images/generations", question, key=server.api_key)
        assert (status, "url" in json.loads(body)["data"][0]) == (200, True)
