"""Pictures behind links: whom they may lead to, and what is asked for."""

from contextlib import asynccontextmanager

import pytest

from imagine.providers import fetching
from imagine.providers.base import ProviderError
from imagine.providers.client import Client
from imagine.providers.fetching import Fetcher, origin

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
    async with fetcher(origin(server.url)) as trusting:
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
        (answer(b"HTTP/1.1 404 No\r\n\r\n"), "The picture's link answers with HTTP status 404.", 1),
        (answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001), "The picture is larger than 0 MB.", 1),
        (moved(b"/b.png"), "The picture's link leads to too many others.", 4),
        (moved(b"http://127.0.0.2/"), "The picture's host is not a public one: 127.0.0.2.", 1),
        (moved(b"http://[::ffff:127.0.0.1]/"),
         "The picture's host is not a public one: ::ffff:127.0.0.1.", 1),
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
