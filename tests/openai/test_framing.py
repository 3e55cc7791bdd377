"""Server-sent events from bytes: one table, read whole, byte by byte, and with trailing data."""

from __future__ import annotations

import pytest

from casual_llm.wire.framing import Event, Lines, Sse, split_lines, sse_end, sse_step

ONE = Event(b"", b"1")
TWO = Event(b"", b"2")

CASES = {
    "lines end in LF": (b"data: 1\n\ndata: 2\n\n", [ONE, TWO]),
    "lines end in CRLF": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [ONE, TWO]),
    "lines end in CR": (b"data: 1\r\rdata: 2\r\r", [ONE, TWO]),
    "line ends are mixed": (b"data: 1\r\n\ndata: 2\n\r\n", [ONE, TWO]),
    "no space after the colon": (b"data:1\n\n", [ONE]),
    "one space is the separator, the next is data": (b"data:  1\n\n", [Event(b"", b" 1")]),
    "data without a value": (b"data:\n\n", [Event(b"", b"")]),
    "several data lines are one event": (b"data: a\ndata:\ndata: b\n\n", [Event(b"", b"a\n\nb")]),
    "a named event": (b"event: error\ndata: 1\n\n", [Event(b"error", b"1")]),
    "the name may follow the data": (b"data: 1\nevent:error\n\n", [Event(b"error", b"1")]),
    "a name is good for one event": (b"event: error\ndata: 1\n\ndata: 2\n\n", [Event(b"error", b"1"), TWO]),
    "a name without data is no event": (b"event: ping\n\ndata: 1\n\n", [ONE]),
    "comments mean nothing": (b": OPENROUTER PROCESSING\n\ndata: 1\n:\n\n", [ONE]),
    "unknown fields mean nothing": (b"id: 7\nretry: 10\ndata: 1\ndatax: 2\n\n", [ONE]),
    "empty lines mean nothing": (b"\n\r\n\rdata: 1\n\n\n\n", [ONE]),
    "a byte order mark means nothing": (b"\xef\xbb\xbfdata: 1\n\n", [ONE]),
    "the last blank line is missing": (b"data: 1\n\ndata: 2\n", [ONE, TWO]),
    "the last line end is missing": (b"data: 1\n\ndata: 2", [ONE, TWO]),
    "U+2028 and U+0085 are data": (
        "data: a\u2028b\u0085c\n\n".encode(),
        [Event(b"", "a\u2028b\u0085c".encode())],
    ),
    "vertical tab and form feed are data": (b"data: a\x0bb\x0cc\n\n", [Event(b"", b"a\x0bb\x0cc")]),
    "characters of four bytes": ("data: 🙂\n\n".encode(), [Event(b"", "🙂".encode())]),
    "no bytes": (b"", []),
    "a page that is no stream": (b"<html>\n<body>data: 1</body>\n\n</html>", []),
}

cases = pytest.mark.parametrize(("data", "events"), CASES.values(), ids=CASES.keys())


def events_of(*reads: bytes) -> list[Event]:
    state, found = Sse(), list[Event]()
    for read in reads:
        state, events = sse_step(state, read)
        found += events
    return found + sse_end(state)


@cases
def test_bytes_are_read_as_events(data: bytes, events: list[Event]) -> None:
    assert events_of(data) == events


@cases
def test_one_byte_at_a_time_gives_the_same_events(data: bytes, events: list[Event]) -> None:
    assert events_of(*(data[at : at + 1] for at in range(len(data)))) == events


@cases
def test_reads_without_bytes_change_nothing(data: bytes, events: list[Event]) -> None:
    assert events_of(b"", data[:9], b"", data[9:], b"") == events


def test_an_error_field_is_an_event() -> None:
    assert events_of(b'data: 1\n\nerror: {"code":500}\n\n') == [ONE, Event(b"error", b'{"code":500}')]


@cases
def test_an_event_after_the_others_is_separate(data: bytes, events: list[Event]) -> None:
    assert events_of(data, b"\n\ndata: 2\n\n") == [*events, TWO]


@pytest.mark.parametrize(
    ("before", "last"),
    [(b"data: 1\n", b"\n"), (b"data: 1\r\n", b"\r"), (b"data: 1\r", b"\r"), (b"data: 1", b"\n\n")],
)
def test_an_event_is_returned_as_soon_as_its_blank_line_begins(before: bytes, last: bytes) -> None:
    state, early = sse_step(Sse(), before)
    assert early == []
    assert sse_step(state, last)[1] == [ONE]


@pytest.mark.parametrize(
    ("reads", "lines"),
    [
        ([b"one\r", b"\ntwo\n"], [b"one", b"two"]),
        ([b"one\r", b"two\n"], [b"one", b"two"]),
        ([b"one\r", b"", b"\ntwo\n"], [b"one", b"two"]),
        ([b"one\r", b"\n", b"\n"], [b"one", b""]),
        ([b"one\r", b"\r", b"\n"], [b"one", b""]),
        ([b"o", b"n", b"e\n\n"], [b"one", b""]),
    ],
)
def test_a_line_ending_may_be_split_between_two_reads(reads: list[bytes], lines: list[bytes]) -> None:
    state, found = Lines(), list[bytes]()
    for read in reads:
        state, complete = split_lines(state, read)
        found += complete
    assert found == lines
