"""Split bytes into events, without ever decoding them into a `str`.

Server-sent events end their lines in LF, CRLF or CR, and a network read may cut anywhere: inside
a character, between CR and LF, inside a field. Text-line splitters also break at U+2028 and
U+0085, which are legal inside JSON, so lines are split as bytes. Newline-delimited JSON ends its
lines in LF alone. A step takes the state and the bytes of one network read, and returns the next state
and the events that became complete.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from attrs import field, frozen

Pieces: TypeAlias = "tuple[Pieces, bytes] | None"
"""Bytes of an unfinished line, newest first: appending one takes the same time however many there are."""


@frozen
class Lines:
    """The state of splitting lines: the unfinished last line, and whether the byte before it was a CR."""

    tail: Pieces = field(default=None, repr=False)
    after_cr: bool = False


_NO_LINE = Lines()


def split_lines(state: Lines, data: bytes) -> tuple[Lines, list[bytes]]:
    r"""Split the bytes so far into complete lines, without their line ends.

    >>> state, lines = split_lines(Lines(), b"one\r\ntw")
    >>> split_lines(state, b"o\n")[1]
    [b'two']
    """
    if not data:
        return state, []
    if b"\r" in data or state.after_cr:
        return _split_at_cr(state, data)
    if b"\n" not in data:
        return Lines((state.tail, data)), []
    lines = (data if state.tail is None else _join(state.tail) + data).split(b"\n")
    rest = lines.pop()
    return Lines((None, rest)) if rest else _NO_LINE, lines


def _split_at_cr(state: Lines, data: bytes) -> tuple[Lines, list[bytes]]:
    after_cr = data.endswith(b"\r")
    if state.after_cr and data.startswith(b"\n"):
        data = data[1:]
    lines, complete = split_lines(Lines(state.tail), data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return Lines(lines.tail, after_cr), complete


def _join(pieces: Pieces) -> bytes:
    newest_first = []
    while pieces is not None:
        pieces, piece = pieces
        newest_first.append(piece)
    return b"".join(reversed(newest_first))


class Event(NamedTuple):
    """One server-sent event: its name, empty where it has none, and its data."""

    name: bytes
    data: bytes


@frozen
class Sse:
    """The state of a stream of server-sent events between two network reads."""

    lines: Lines = Lines()
    name: bytes = b""
    data: tuple[bytes, ...] = ()


_NO_EVENT = Sse()
"""The state after most reads, built once."""


def sse_step(state: Sse, data: bytes) -> tuple[Sse, list[Event]]:
    r"""Parse one network read, and return the events that it completes.

    >>> state, events = sse_step(Sse(), b": hello\ndata: 1\n\ndata: 2\n")
    >>> events
    [Event(name=b'', data=b'1')]
    >>> sse_end(state)
    [Event(name=b'', data=b'2')]
    """
    if state is _NO_EVENT and _is_one_event(data):
        return state, [Event(b"", data[6:-2])]
    lines, complete = split_lines(state.lines, data)
    if not complete:
        return Sse(lines, state.name, state.data), []
    name, fields, events = _events(state.name, list(state.data), complete)
    if lines is _NO_LINE and not name and not fields:
        return _NO_EVENT, events
    return Sse(lines, name, tuple(fields)), events


def _is_one_event(data: bytes) -> bool:
    # Most servers send one such event per network chunk; the general way gives the same in twice the time.
    one_line = data.find(b"\n") == len(data) - 2 and b"\r" not in data
    return one_line and data.startswith(b"data: ") and data.endswith(b"\n")


def _events(name: bytes, fields: list[bytes], lines: list[bytes]) -> tuple[bytes, list[bytes], list[Event]]:
    events: list[Event] = []
    for raw in lines:
        line = raw.removeprefix(b"\xef\xbb\xbf")
        if line.startswith(b"data:"):
            fields.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip()
        elif line.startswith(b"error:"):
            # Not a field of the standard, but llama.cpp reported errors like this until late in 2025.
            name, fields = b"error", [line[6:].strip()]
        elif not line:
            if fields:
                events.append(Event(name, fields[0] if len(fields) == 1 else b"\n".join(fields)))
                fields = []
            name = b""
    return name, fields, events


def sse_end(state: Sse) -> list[Event]:
    """Return the event that the end of the bytes completes, because servers forget the last blank line."""
    return _events(state.name, list(state.data), [_join(state.lines.tail), b""])[2]


def ndjson_step(tail: Pieces, data: bytes) -> tuple[Pieces, list[bytes]]:
    r"""Split one network read into lines, and return the complete ones that are not blank.

    >>> tail, lines = ndjson_step(None, b'{"a":1}\n\n{"b"')
    >>> lines
    [b'{"a":1}']
    >>> ndjson_end(ndjson_step(tail, b":2}")[0])
    [b'{"b":2}']
    """
    if b"\n" not in data:
        return ((tail, data) if data else tail), []
    *complete, rest = (_join(tail) + data).split(b"\n")
    return ((None, rest) if rest else None), [line for line in complete if line.strip()]


def ndjson_end(tail: Pieces) -> list[bytes]:
    """Return the line that the end of the bytes completes."""
    line = _join(tail)
    return [line] if line.strip() else []
