"""Pictures behind links: whom they may lead to, and what is asked for."""

import asyncio
import time
from contextlib import aclosing, asynccontextmanager

import pytest

from imagine.providers import fetching
from imagine.providers.base import ProviderError
from imagine.providers.client import Client
from imagine.providers.fetching import Fetcher, PaidFetcher, host_and_port

from .raw_server import RawServer, answer

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npng"
NO_ANSWER = "The picture's link does not answer."


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSES", (0, 0))


@asynccontextmanager
async def fetcher(*trusted):
    client = Client(connecting=10)
    try:
        yield Fetcher(client, trusted)
    finally:
        await client.aclose()


async def fetch(server, path="/a.png", limit=1000):
    """The bytes, or the error's message, of a link to this server."""
    async with fetcher(host_and_port(server.url)) as trusting:
        try:
            return await trusting.fetch(server.url + path, limit)
        except ProviderError as error:
            assert (error.code, error.upstream_status) == ("picture_unavailable", 200)
            return str(error)


def first_lines(server):
    return [request.partition(b"\r\n")[0].decode() for request in server.received]


def moved(location):
    head = b"HTTP/1.1 302 On\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    return answer(head, keep=True)


@pytest.mark.parametrize(
    ("reply", "outcome", "requests"),
    [
        (answer(WHOLE), b"png", 1),
        (answer(b"HTTP/1.1 200 OK\r\n\r\n", b"png"), b"png", 1),
        (answer(b"HTTP/1.1 200 OK\r\n\r\n", b"png", reset=True), NO_ANSWER, 3),
        (answer(WHOLE.replace(b"3", b"4")), NO_ANSWER, 3),
        (answer(WHOLE.replace(b"OK", b"OK\r\nContent-Encoding: gzip")), NO_ANSWER, 3),
        (answer(WHOLE.replace(b"OK", b"OK\r\nContent-Encoding: br")),
         "The picture's link answers in an encoding that was not asked for: br.", 1),
        (answer(WHOLE.replace(b"OK", b"OK\r\nContent-Encoding: base64")), b"png", 1),
        (answer(b"HTTP/1.1 404 No\r\n\r\n"), "The picture's link answers with HTTP status 404.", 1),
        (answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001), "The picture is larger than 0 MB.", 1),
        (answer(b"HTTP/1.1 503 No\r\n\r\n"), "The picture's link answers with HTTP status 503.", 3),
        (moved(b"/b.png"), "The picture's link leads to too many others.", 4),
        (moved(b"http://127.0.0.2/"), "The picture's host is not a public one: 127.0.0.2.", 1),
        (moved(b"http://[::ffff:127.0.0.1]/"),
         "The picture's host is not a public one: ::ffff:127.0.0.1.", 1),
        (moved(b""), "The picture's link answers with HTTP status 302.", 1),
        (answer(b"HTTP/1.1 304 Same\r\n\r\n"),
         "The picture's link answers with HTTP status 304.", 1),
        (moved(b"http://["), "The picture's link is no address.", 1),
        (moved(b"http://a:99999999/"), "The picture's link is not valid.", 1),
        (moved(b"file:///etc/passwd"), "The picture's link is not an http or https address.", 1),
    ],
)  # fmt: skip
async def test_each_answer_has_its_outcome(reply, outcome, requests):
    with RawServer(reply) as server:
        assert await fetch(server) == outcome
        assert len(server.received) == requests


async def test_redirects_are_followed_over_a_kept_connection():
    def reply(connection):
        step = moved(b"/b%2Fc.png?sig=%7e#x") if len(server.received) == 1 else answer(WHOLE)
        step(connection)

    with RawServer(reply) as server:
        assert await fetch(server) == b"png"
        assert first_lines(server) == ["GET /a.png HTTP/1.1", "GET /b%2Fc.png?sig=%7e HTTP/1.1"]


async def test_link_is_asked_for_as_it_was_signed():
    with RawServer(answer(WHOLE)) as server:
        assert await fetch(server, "/%7Ea b/é{}/+%2f?q=a b|{}&s=%2F+'%&t=é#part") == b"png"
        assert first_lines(server) == [
            "GET /%7Ea%20b/%C3%A9%7B%7D/+%2f?q=a%20b|{}&s=%2F+'%&t=%C3%A9 HTTP/1.1"
        ]


@pytest.mark.parametrize(
    "link",
    ["http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[fe80::1]/",
     "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/", "http://224.0.0.1/",
     "http://[64:ff9b::10.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::101:101]/",
     "http://[2002:a9fe:a9fe::1]/", "http://100.64.0.1/", "http://user@192.168.0.1:80/", "https://169.254.169.254/latest/",
     "http://[::]/", "http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[::8.8.8.8]/",
     "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "http://[2001:db8::1]/", "http://[3fff::1]/",
     "http://[2001:10::1]/", "http://[2001:2::1]/", "http://[ff02::1]/", "http://[ff0e::1]/",
     "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[fec0::1]/", "http://[fe80::1%25lo]/",
     "http://[fe80::1%lo]/", "http://[100::1]/", "http://[5f00::1]/", "http://[4000::1]/",
     "http://[64:ff9b::224.0.0.1]/", "http://[2002:7f00:1::]/", "http://[::ffff:0:8.8.8.8]/",
     "http://[::ffff:169.254.169.254]/", "http://192.88.99.1/", "http://198.18.0.1/",
     "http://203.0.113.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://0.1.2.3/",
     "http://nowhere.invalid/", "ftp://93.184.215.14/", "http://x:99999/", "http://[x/", "//x", ""],
)  # fmt: skip
async def test_link_to_what_is_not_public_is_not_followed(link):
    async with fetcher() as trusting_nobody:
        with pytest.raises(ProviderError) as raised:
            await trusting_nobody.fetch(link, 1000)
    assert raised.value.code == "picture_unavailable"
    assert str(raised.value) != NO_ANSWER  # it was not even tried


async def test_public_address_is_connected_to_as_it_was_checked(monkeypatch):
    with RawServer(answer(WHOLE)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        async with fetcher() as trusting_nobody:
            for link in (
                "http://me:pw@1.1.1.1:81/a",
                "http://[2606:4700::1111]/b",
                "http://1.257/c",
                "http://[64:ff9b::1.1.1.1]/d",
            ):
                assert await trusting_nobody.fetch(link, 1000) == b"png"
    heads = [request.decode().split("\r\n")[:2] for request in proxy.received]
    assert heads == [
        ["GET http://1.1.1.1:81/a HTTP/1.1", "Host: 1.1.1.1:81"],
        ["GET http://[2606:4700::1111]/b HTTP/1.1", "Host: [2606:4700::1111]"],
        ["GET http://1.0.1.1/c HTTP/1.1", "Host: 1.257"],
        ["GET http://[64:ff9b::101:101]/d HTTP/1.1", "Host: [64:ff9b::1.1.1.1]"],
    ]


KEY = {"Authorization": "Bearer our-key"}
GONE = answer(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", keep=True)
PAGE = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>", keep=True)


@pytest.fixture
def soon(monkeypatch):
    """Pauses as the product has them, only shorter."""
    monkeypatch.setattr(fetching, "PAID_PAUSES", (0.01, 0.02))


async def fetch_paid(link, *, base, seconds=2, trusted=(), keys=(KEY,)):
    client = Client(connecting=10)
    try:
        return await PaidFetcher(client, base, seconds, trusted).fetch(link, 1000, keys)
    except ProviderError as error:
        assert error.code == "picture_unavailable"
        return str(error)
    finally:
        await client.aclose()


def in_turn(*replies):
    """Each request gets the next reply, and the last one for ever."""
    left = list(replies)
    return lambda connection: (left.pop(0) if len(left) > 1 else left[0])(connection)


def with_key(reply, otherwise):
    """What is there for whoever brings the key."""

    def choose(connection):
        (reply if b"Bearer our-key" in server.received[-1] else otherwise)(connection)

    server = RawServer(choose)
    return server


@pytest.mark.parametrize(
    "failures",
    [[GONE], [GONE, GONE, GONE], [answer(b"HTTP/1.1 503 No\r\n\r\n")], [answer()], [PAGE],
     [answer(reset=True)], [answer(WHOLE.replace(b"3", b"4"))],
     [answer(b"HTTP/1.1 429 No\r\n\r\n"), answer(b"HTTP/1.1 403 No\r\n\r\n"), GONE]],
)  # fmt: skip
async def test_paid_link_is_asked_again_until_it_gives_the_picture(soon, failures):
    with RawServer(in_turn(*failures, answer(WHOLE, keep=True))) as server:
        assert await fetch_paid(f"{server.url}/a.png", base=server.url) == b"png"


async def test_dead_link_costs_its_time_and_no_more(soon, monkeypatch):
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.3)
    for reply, longest in ((GONE, 0.3), (answer(b"HTTP/1.1 503 No\r\n\r\n"), 1), (silent, 1)):
        with RawServer(reply) as server:
            began = loop.time()
            assert await fetch_paid(f"{server.url}/a.png", base=server.url, seconds=1) != b"png"
            spent = loop.time() - began
            assert longest <= spent + 0.05 < longest + 20  # of the minutes of a link that lives
            assert len(server.received) > 2


def silent(connection):
    time.sleep(3)


@pytest.mark.parametrize(
    ("link", "path"),
    [("/files/a.png?id=1", "/files/a.png?id=1"), ("files/a.png", "/v1/files/a.png"),
     ("//{host}/x.png", "/x.png"), (" {url}/b.png\n", "/b.png")],
)  # fmt: skip
async def test_relative_link_is_the_upstreams(link, path):
    with RawServer(answer(WHOLE)) as server:
        host = server.url.removeprefix("http://")
        link = link.format(host=host, url=server.url)
        assert await fetch_paid(link, base=f"{server.url}/v1/") == b"png"
        assert first_lines(server) == [f"GET {path} HTTP/1.1"]


async def test_key_goes_to_the_upstreams_own_origin_where_it_is_wanted(soon):
    unauthorized = answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", keep=True)
    with with_key(answer(WHOLE, keep=True), unauthorized) as server:
        assert await fetch_paid("/a.png", base=server.url) == b"png"
        assert [b"our-key" in request for request in server.received] == [False, True]
    with with_key(answer(WHOLE), answer(WHOLE)) as server:
        assert await fetch_paid("/a.png", base=server.url) == b"png"
        assert [b"our-key" in request for request in server.received] == [False]


async def test_each_key_is_tried_where_nobody_knows_whose_link_it_is(soon):
    unauthorized = answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", keep=True)
    with with_key(answer(WHOLE, keep=True), unauthorized) as server:
        keys = ({"Authorization": "Bearer other"}, KEY)
        assert await fetch_paid("/a.png", base=server.url, keys=keys) == b"png"
        assert len(server.received) == 3


@pytest.mark.parametrize("way", ["another port", "a redirect", "there and back"])
async def test_key_goes_nowhere_else(soon, monkeypatch, way):
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.05)
    unauthorized = answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", keep=True)
    home_url = []

    def elsewhere(connection):
        back = moved(f"{home_url[0]}/back.png".encode())
        (back if way == "there and back" else unauthorized)(connection)

    with RawServer(elsewhere) as other:

        def at_home(connection):
            asked = home.received[-1].partition(b"\r\n")[0]
            step = unauthorized if b"/back.png" in asked else moved(f"{other.url}/x.png".encode())
            step(connection)

        with RawServer(at_home) as home:
            home_url.append(home.url)
            link = f"{other.url}/x.png" if way == "another port" else "/a.png"
            trusted = (host_and_port(other.url),)
            assert await fetch_paid(link, base=home.url, trusted=trusted) != b"png"
            assert other.received
            assert not any(b"our-key" in request for request in other.received)
            back = [request for request in home.received if b"/back.png" in request]
            assert not any(b"our-key" in request for request in back)


async def test_hosts_that_are_named_may_be_private(soon, monkeypatch):
    monkeypatch.setattr(fetching, "REFUSING_SECONDS", 0.05)
    with RawServer(answer(WHOLE)) as server:
        base, port = "https://api.invalid/v1", server.url.rpartition(":")[2]
        refused = "The picture's host is not a public one: 127.0.0.1."
        assert await fetch_paid(f"{server.url}/a", base=base) == refused
        for named in ("127.0.0.1", f"127.0.0.1:{port}"):
            assert await fetch_paid(f"{server.url}/a", base=base, trusted=[named]) == b"png"
        assert await fetch_paid(f"{server.url}/a", base=base, trusted=["127.0.0.1:1"]) == refused


async def test_link_that_is_too_long_is_not_even_read():
    marks = "\u0301\u0323" * 50_000
    async with aclosing(Client(connecting=1, silence=1)) as http:
        with pytest.raises(ProviderError) as error:
            await Fetcher(http).fetch(f"http://{marks}.example/a.png", 1000)
    assert str(error.value) == "The picture's link is longer than 8192 characters."
