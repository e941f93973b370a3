"""Bodies read before anybody works on them: how much, how slowly, and how many at once."""

import asyncio
import errno
import gzip
import io
import random
import zlib

import pytest

from grok2api.door import bodies, codings
from grok2api.door.bodies import FULL, SLOW, SMALL, Bodies, ClientGone, Stranger, headers_for
from grok2api.door.codings import BROKEN, BURSTING, PLAIN_ALONE, UNKNOWN_CODING
from grok2api.door.refusals import Refusal, Refused

TOO_LARGE = Refusal(413, "too_large", "It is too large.")


class Sender:
    """A client that sends these pieces; afterwards it waits, or leaves."""

    def __init__(self, *pieces, stays=False, **headers):
        if "content_encoding" in headers:
            headers.setdefault("transfer_encoding", b"chunked")
        names = {name.replace("_", "-").encode(): value for name, value in headers.items()}
        self.scope = {"headers": list(names.items()), "client": ("192.0.2.1", 1)}
        self.messages = [
            {"type": "http.request", "body": piece, "more_body": stays or index + 1 < len(pieces)}
            for index, piece in enumerate(pieces)
        ]
        self.stays = stays
        self.sent = 0

    async def receive(self):
        if self.messages:
            message = self.messages.pop(0)
            self.sent += len(message["body"])
            return message
        if self.stays:
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}


def reading(sender, *, known=True, limit=10 * SMALL, by=None, **more):
    async def is_known():
        return known

    return (by or Bodies()).read(
        sender.scope, sender.receive, limit=limit, too_large=TOO_LARGE, is_known=is_known, **more
    )


async def read(sender, **how):
    async with reading(sender, **how) as body:
        return body.file.read()


async def refusal(sender, **how):
    with pytest.raises(Refused) as caught:
        await read(sender, **how)
    return caught.value.refusal


@pytest.mark.parametrize("pieces", [[b""], [b"a"], [b"a" * SMALL], [b"ab", b"", b"cd"]])
async def test_anybody_may_send_a_little(pieces):
    assert await read(Sender(*pieces), known=False) == b"".join(pieces)


async def test_a_known_sender_may_send_up_to_the_limit():
    pieces = [bytes([number]) * SMALL for number in range(10)]
    assert await read(Sender(*pieces)) == b"".join(pieces)
    assert await refusal(Sender(*pieces, b"x")) == TOO_LARGE


async def test_what_is_announced_too_large_is_not_read():
    sender = Sender(b"x", content_length=str(10 * SMALL + 1).encode())
    assert (await refusal(sender), sender.sent) == (TOO_LARGE, 0)


async def test_a_body_that_comes_at_once_is_whole():
    large = b"x" * (2 * SMALL)
    assert await read(Sender(large)) == large
    with pytest.raises(Stranger):
        await read(Sender(large), known=False)


async def test_a_small_limit_is_for_everybody():
    assert await refusal(Sender(b"x" * 11), limit=10) == TOO_LARGE


async def test_of_a_stranger_no_large_body_is_read():
    sender = Sender(b"x", content_length=str(SMALL + 1).encode())
    with pytest.raises(Stranger):
        await read(sender, known=False)
    assert sender.sent == 0
    endless = Sender(*[b"x" * 1024] * 1000)
    with pytest.raises(Stranger):
        await read(endless, known=False)
    assert endless.sent == SMALL + 1024


async def test_a_large_body_is_kept_in_a_file(monkeypatch):
    monkeypatch.setattr(bodies, "IN_MEMORY", SMALL)
    async with reading(Sender(b"a" * SMALL, b"b" * SMALL)) as body:
        assert body.file.fileno() > 2
        assert (body.length, body.is_large) == (2 * SMALL, True)
        file = body.file
    assert file.closed


@pytest.mark.parametrize("sent", [[], [b"x"], [b"x" * SMALL, b"x" * SMALL]])
async def test_a_body_that_does_not_come_is_given_up(monkeypatch, sent):
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    monkeypatch.setattr(bodies, "RATE", 10 * SMALL)
    assert await refusal(Sender(*sent, stays=True)) == SLOW


async def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one():
    sender = Sender(b"x", b"y")
    del sender.messages[1]
    with pytest.raises(ClientGone):
        await read(sender)


NOISE = random.Random(1).randbytes(3 * SMALL)
"""What does not shrink."""


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("data", [b"", b"a", b"a" * SMALL, NOISE], ids=["", "a", "aa", "noise"])
@pytest.mark.parametrize(
    ("coding", "pack"),
    [(b"gzip", gzip.compress), (b" X-GZIP", gzip.compress), (b"deflate", zlib.compress),
     (b"deflate", raw_deflate), (b"identity, gzip", gzip.compress)],
)  # fmt: skip
async def test_a_compressed_body_is_what_it_was(monkeypatch, coding, pack, data):
    monkeypatch.setattr(codings, "STEP", 1000)
    sent = pack(data)
    sender = Sender(sent[:7], sent[7:], content_encoding=coding)
    async with reading(sender) as body:
        assert (body.file.read(), body.length) == (data, len(data))
        headers = [(b"content-encoding", coding), (b"content-length", b"1"), (b"x", b"y")]
        assert dict(headers_for(body, headers)) == {
            b"x": b"y", b"content-length": str(len(data)).encode(),
        }  # fmt: skip


async def test_a_compressed_transfer_is_inflated_too():
    sender = Sender(gzip.compress(b"text"), transfer_encoding=b"gzip, chunked")
    assert await read(sender) == b"text"


async def test_an_empty_body_has_nothing_to_be_inflated():
    assert await read(Sender(b"", content_encoding=b"gzip"), known=False) == b""


async def test_nothing_is_inflated_for_a_stranger(monkeypatch):
    monkeypatch.setattr(bodies, "inflated", None)
    with pytest.raises(Stranger):
        await read(Sender(gzip.compress(b"a"), content_encoding=b"gzip"), known=False)


async def test_a_compressed_body_has_the_limit_of_any_other():
    sent = gzip.compress(NOISE)
    assert await read(Sender(sent, content_encoding=b"gzip"), limit=2 * len(NOISE)) == NOISE
    packed = gzip.compress(b"ab" * SMALL)
    assert len(packed) < 1000
    assert await refusal(Sender(packed, content_encoding=b"gzip"), limit=SMALL) == TOO_LARGE


async def test_a_bomb_costs_a_small_multiple_of_what_was_sent():
    made = []

    async def count():
        async for piece in codings.inflated(io.BytesIO(bomb), len(bomb), b"gzip"):
            made.append(len(piece))

    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    with pytest.raises(Refused) as caught:
        await count()
    assert caught.value.refusal == BURSTING
    assert sum(made) <= codings.ROOM + codings.GROWTH * len(bomb) < 6 * 1024 * 1024
    assert max(made) <= codings.STEP


@pytest.mark.parametrize(
    "sent",
    [gzip.compress(NOISE)[:-1], gzip.compress(NOISE)[:200], gzip.compress(b"a")[:5], b"{}", b"x",
     gzip.compress(b"a") + b"x", gzip.compress(b"a") + gzip.compress(b"b")[:-1],
     gzip.compress(b"") * (codings.MEMBERS + 1), gzip.compress(b"a")[:-8] + bytes(8)],
    ids=["last byte", "most", "head alone", "plain", "a byte", "more", "half of two", "countless",
         "checksum"],
)  # fmt: skip
async def test_what_is_no_whole_compressed_body_is_told(sent):
    assert await refusal(Sender(sent, content_encoding=b"gzip")) == BROKEN


async def test_several_bodies_of_gzip_are_one(monkeypatch):
    sent = gzip.compress(b"a" * 900) + gzip.compress(b"") + gzip.compress(NOISE)
    for step in (codings.STEP, 7):
        monkeypatch.setattr(codings, "STEP", step)
        assert await read(Sender(sent, content_encoding=b"gzip")) == b"a" * 900 + NOISE
    twice = zlib.compress(b"a") + zlib.compress(b"b")
    assert await refusal(Sender(twice, content_encoding=b"deflate")) == BROKEN


async def test_a_coding_says_nothing_where_no_body_comes():
    for more in ({}, {"content_length": b"0"}):
        sender = Sender(b"", **more)
        sender.scope["headers"].append((b"content-encoding", b"br"))
        assert await read(sender, known=False, plain_alone=True) == b""


async def test_a_charset_is_no_coding():
    assert await read(Sender(b"x", content_encoding=b"UTF-8"), plain_alone=True) == b"x"


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"aes128gcm", b"gzip;q=1"])
async def test_other_codings_are_refused_unread(coding):
    sender = Sender(b"x", content_encoding=coding)
    assert (await refusal(sender), sender.sent) == (UNKNOWN_CODING, 0)


async def test_two_headers_are_two_codings():
    sender = Sender(b"x", content_encoding=b"gzip")
    sender.scope["headers"].append((b"content-encoding", b"identity"))
    sender.scope["headers"].append((b"content-encoding", b"deflate"))
    assert await refusal(sender) == UNKNOWN_CODING


async def test_where_no_coding_is_taken_it_is_refused():
    sender = Sender(b"x", content_encoding=b"gzip")
    assert await refusal(sender, plain_alone=True) == PLAIN_ALONE
    plain = Sender(b"x", content_encoding=b"identity")
    assert await read(plain, plain_alone=True) == b"x"


async def test_a_full_disk_is_told(monkeypatch):
    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "no space")

        def close(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def seek(self, *place):
            pass

    def keep(body):
        body.file = Full()
        return body.file

    monkeypatch.setattr(bodies, "_kept", keep)
    assert await refusal(Sender(b"x" * SMALL, b"x", b"x")) == FULL


async def test_large_bodies_of_one_address_take_turns_and_others_do_not_wait():
    by = Bodies(at_once=2)
    entered = []

    async def hold(name, address, until, *, gives_up=False):
        sender = Sender(b"x" * SMALL, b"x", b"x")
        sender.scope["client"] = (address, 1)
        async with reading(sender, by=by) as body:
            entered.append(name)
            if gives_up:
                body.give_up_turn()
            await until.wait()

    async def settle():
        for _ in range(20):
            await asyncio.sleep(0)

    first, last = asyncio.Event(), asyncio.Event()
    tasks = [
        asyncio.create_task(hold("a", "192.0.2.1", first)),
        asyncio.create_task(hold("b", "192.0.2.1", last)),
        asyncio.create_task(hold("c", "192.0.2.1", last, gives_up=True)),
        asyncio.create_task(hold("d", "192.0.2.1", last)),
        asyncio.create_task(hold("e", "192.0.2.2", last)),
    ]
    await settle()
    assert entered == ["a", "b", "e"]
    first.set()
    await settle()
    assert entered == ["a", "b", "e", "c", "d"]  # c gives its turn up to d
    last.set()
    await asyncio.gather(*tasks)
    assert by._turns == {}


async def test_who_waits_too_long_for_a_turn_is_told(monkeypatch):
    monkeypatch.setattr(bodies, "TURN_SECONDS", 0.05)
    by = Bodies(at_once=1)
    large = [b"x" * SMALL, b"x", b"x"]
    async with reading(Sender(*large), by=by):
        assert await refusal(Sender(*large), by=by) == bodies.CROWDED
    assert await read(Sender(*large), by=by) == b"".join(large)
    assert by._turns == {}
