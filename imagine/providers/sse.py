"""Parses Server-Sent Events from bytes, as in the WHATWG's HTML standard (9.2.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """An event has more bytes than allowed."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `type` is "message" where the stream names none."""

    type: str
    data: str


@dataclass(slots=True)
class EventReader:
    """Parses a stream piece by piece, wherever it was cut.

    Fields other than `event` and `data` are for clients that reconnect, and ignored. What has no
    empty line after it at the stream's end is not an event for `feed`.

    Args:
        limit: bytes of one event, including its field names.
    """

    limit: int
    _line: list[bytes] = field(default_factory=list)  # what has come of an unfinished one
    _line_size: int = 0
    _event_size: int = 0  # of its finished lines
    _type: str = ""
    _data: list[bytes] = field(default_factory=list)
    _began: bool = False
    _after_return: bool = False

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """Return the events that this piece completes.

        Raises:
            EventTooLong
        """
        # The \n of an \r\n that was cut in two.
        if self._after_return and piece:
            piece = piece.removeprefix(b"\n")
            self._after_return = False
        for part in piece.splitlines(keepends=True):  # of bytes: at \r\n, \n and \r alone
            self._line.append(part)
            self._line_size += len(part)
            if self._event_size + self._line_size > self.limit:
                raise EventTooLong
            if part.endswith((b"\n", b"\r")) and (event := self._end_line()) is not None:
                yield event
        if piece:
            self._after_return = piece.endswith(b"\r")

    def end(self) -> Iterator[ServerEvent]:
        """Return the last event if the stream's end left it unfinished; the standard would drop
        it."""
        event = self._end_line() if self._line else None
        if event is None:
            event = self._end_event()
        if event is not None:
            yield event

    def _end_line(self) -> ServerEvent | None:
        line = b"".join(self._line).rstrip(b"\r\n")
        self._line.clear()
        if not self._began:
            self._began = True
            line = line.removeprefix(BYTE_ORDER_MARK)
        # Comments keep the connection open indefinitely, and do not count as an event.
        if not line.startswith(b":"):
            self._event_size += self._line_size
        self._line_size = 0
        if not line:
            return self._end_event()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._type = value.decode(errors="replace")
        elif name == b"data":
            self._data.append(value)
        return None

    def _end_event(self) -> ServerEvent | None:
        event = None
        if self._data:
            data = b"\n".join(self._data).decode(errors="replace")
            event = ServerEvent(self._type or "message", data)
        self._event_size, self._type = 0, ""
        self._data.clear()
        return event
