"""Server-Sent Events, cut at every byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.providers.sse import EventReader, EventTooLong, ServerEvent


def read(stream, *, size=None, limit=1000):
    """The events of a stream that comes in pieces of `size` bytes."""
    reader = EventReader(limit)
    size = size or len(stream) or 1
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    return [(event.type, event.data) for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"", []),
        (b"\n\n\r\n\r\r", []),
        (b"data: fox\n\n", [("message", "fox")]),
        (b"data:fox\r\n\r\n", [("message", "fox")]),
        (b"data: fox\r\r", [("message", "fox")]),
        (b"data:  fox \n\n", [("message", " fox ")]),
        (b"event: a\ndata: 1\n\ndata: 2\n\n", [("a", "1"), ("message", "2")]),
        (b"data: 1\nevent: a\nevent: b\n\n", [("b", "1")]),
        (b"data: a\r\ndata: b\rdata: c\n\r\n", [("message", "a\nb\nc")]),
        (b"data\n\n", [("message", "")]),
        (b"data: \ndata:\n\n", [("message", "\n")]),
        (b"data: a: b\n\n", [("message", "a: b")]),
        (b": a comment\n\n:\ndata: 1\n: another\n\n", [("message", "1")]),
        (b"id: 7\nretry: 9\ndata: 1\nother: x\nnothing\n data: 2\n\n", [("message", "1")]),
        (b"event: ping\n\ndata: 1\n\n", [("message", "1")]),
        (b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n", [("message", "1")]),
        (b"data: \xe9\x9b\xaa\xff\n\n", [("message", "雪\ufffd")]),
        ("data: a\u2028b\x0b\x0c\x85\n\n".encode(), [("message", "a\u2028b\x0b\x0c\x85")]),
        (b"data: 1\n\ndata: unfinished\n", [("message", "1")]),
        (b"data: 1\n\ndata: unfinished", [("message", "1")]),
    ],
)
def test_stream_is_read_as_the_standard_says_however_it_is_cut(stream, events):
    assert read(stream) == events
    for size in (1, 2, 3, 5, 7):
        assert read(stream, size=size) == events


def test_event_is_there_as_soon_as_its_empty_line_is():
    reader = EventReader(1000)
    assert list(reader.feed(b"data: 1\r\n\r")) == [ServerEvent("message", "1")]
    assert list(reader.feed(b"\n")) == []
    assert list(reader.feed(b"")) == []
    assert list(reader.feed(b"data: 2\n\n")) == [ServerEvent("message", "2")]


def test_event_is_bounded_finished_or_not():
    assert read(b"data: 34\n\n" * 50, limit=10) == [("message", "34")] * 50
    for stream in (b"data: 345\n\n", b"data: 34567", b"id: 1\nid: 2\nid: 3\n", b"x" * 11):
        for size in (1, 4, None):
            with pytest.raises(EventTooLong):
                read(stream, size=size, limit=9)


def test_comments_count_for_no_event_but_are_bounded_too():
    assert read(b": alive\n" * 100 + b"data: 3\n\n", limit=10) == [("message", "3")]
    with pytest.raises(EventTooLong):
        read(b": alive and well", limit=10)


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"data", b"event", b":", b" ", b"x", b"\xef\xbb\xbf"])),
    st.integers(1, 4),
)
def test_where_a_stream_is_cut_changes_nothing(tokens, size):
    stream = b"".join(tokens)
    assert read(stream, size=size) == read(stream)
