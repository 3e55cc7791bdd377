"""Framing yields the same events wherever the network cuts and however a server ends its lines."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st
from wire_strategies import odd_streams, with_chunking

from casual_llm.wire.framing import (
    Event,
    Lines,
    Pieces,
    Sse,
    ndjson_end,
    ndjson_step,
    split_lines,
    sse_end,
    sse_step,
)

# The contents of lines, without line ends, and lines with a meaning.
_contents = st.binary(max_size=6).map(lambda data: data.replace(b"\n", b"n").replace(b"\r", b"r"))
_texts = st.sampled_from(["", " ", "a", "\u2028\u0085", "🦙", " [DONE]", ":"]).map(str.encode)
_events = st.lists(st.tuples(_texts.map(bytes.strip), st.lists(_texts, min_size=1, max_size=3)), max_size=3)
_sse_bytes = odd_streams | st.text("d\r\n:a", max_size=12).map(str.encode)
_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


def _lines_of(reads: list[bytes]) -> list[bytes]:
    state, lines = Lines(), list[bytes]()
    for data in reads:
        state, complete = split_lines(state, data)
        lines += complete
    return lines


def _events_of(reads: list[bytes]) -> list[Event]:
    state, events = Sse(), list[Event]()
    for data in reads:
        state, complete = sse_step(state, data)
        events += complete
    return events + sse_end(state)


def _json_lines_of(reads: list[bytes]) -> list[bytes]:
    tail: Pieces = None
    lines = list[bytes]()
    for data in reads:
        tail, complete = ndjson_step(tail, data)
        lines += complete
    return lines + ndjson_end(tail)


def _written(events: list[tuple[bytes, list[bytes]]], end: bytes) -> bytes:
    lines = [[b"event: " + name, *(b"data: " + datum for datum in data), b""] for name, data in events]
    return b"".join(line + end for event in lines for line in event)


@given(_sse_bytes.flatmap(with_chunking))
@example((b"data: 1\r\n\r\n", [b"data: 1\r", b"\n\r", b"\n"]))
@example((b"data: 1\r\rdata: 2\n\n", [b"data: 1\r", b"", b"\rdata: 2\n\n"]))
@example((b"data: 1\n\ndata: 2\n\ndata: \n\n", [b"data: 1\n\n", b"data: 2\n\n", b"data: \n\n"]))
@example((b"data:\xf0\x9f\xa6\x99\n\n", [b"data:\xf0\x9f", b"\xa6\x99\n", b"\n"]))
def test_framing_does_not_depend_on_where_the_network_cuts(cut: tuple[bytes, list[bytes]]) -> None:
    whole, reads = cut
    assert _events_of(reads) == _events_of([whole])


@given(_sse_bytes)
def test_framing_does_not_depend_on_the_size_of_reads(whole: bytes) -> None:
    assert _events_of([bytes([byte]) for byte in whole]) == _events_of([whole])


@given(_events, _ends)
def test_events_are_read_back_with_every_kind_of_line_ending(
    events: list[tuple[bytes, list[bytes]]], end: bytes
) -> None:
    assert _events_of([_written(events, end)]) == [Event(name, b"\n".join(data)) for name, data in events]


@given(_events, _ends)
def test_the_last_event_may_lack_its_blank_line_and_its_line_end(
    events: list[tuple[bytes, list[bytes]]], end: bytes
) -> None:
    whole = _written(events, end)
    assert (
        _events_of([whole.removesuffix(end)])
        == _events_of([whole.removesuffix(end + end)])
        == _events_of([whole])
    )


@given(_events, st.sampled_from([b": hello", b":", b"id: 1", b"retry: 5", b"unknown"]), _ends)
def test_comments_and_unknown_fields_are_ignored(
    events: list[tuple[bytes, list[bytes]]], noise: bytes, end: bytes
) -> None:
    noisy = _written(events, end).replace(b"data: ", noise + end + b"data: ")
    assert _events_of([noise + end + noisy]) == _events_of([_written(events, end)])


@given(_events)
def test_a_byte_order_mark_at_the_start_is_ignored(events: list[tuple[bytes, list[bytes]]]) -> None:
    whole = _written(events, b"\n")
    assert _events_of([b"\xef\xbb\xbf" + whole]) == _events_of([whole])


@given(st.lists(st.tuples(_contents, _ends), max_size=5))
def test_lines_are_returned_without_their_ends(written: list[tuple[bytes, bytes]]) -> None:
    # A CR before an empty line that ends in LF would be a CRLF.
    lines = [(b"x" + content, end) for content, end in written]
    assert _lines_of([b"".join(content + end for content, end in lines)]) == [content for content, _ in lines]


@given(_contents.flatmap(with_chunking))
def test_a_line_without_an_end_is_held_back(cut: tuple[bytes, list[bytes]]) -> None:
    content, reads = cut
    assert _lines_of([*reads, b"\n"]) == [content]


@pytest.mark.timeout(20)
def test_a_line_of_many_tiny_reads_costs_linear_time() -> None:
    reads = [b"x"] * 200_000
    assert _lines_of([*reads, b"\n"]) == [b"x" * 200_000]


_ndjson_bytes = st.text('\n\n\r {"a\u2028\u0085🦙', max_size=12).map(str.encode) | st.binary(max_size=9)
_json_lines = st.text(' {"a\r\u2028\u0085🦙', max_size=4).map(lambda text: f"{{{text}".encode())


@given(_ndjson_bytes.flatmap(with_chunking))
@example((b'{"a":1}\n\n{"b":2}', [b'{"a":1}', b"", b'\n\n{"b"', b":2}"]))
def test_json_lines_do_not_depend_on_where_the_network_cuts(cut: tuple[bytes, list[bytes]]) -> None:
    whole, reads = cut
    assert _json_lines_of(reads) == _json_lines_of([whole])


@given(st.lists(_json_lines, max_size=4), st.sampled_from([b"\n", b"\n\n", b"\n \r\n"]))
def test_json_lines_end_only_in_lf_and_blank_ones_are_ignored(lines: list[bytes], end: bytes) -> None:
    assert _json_lines_of([end.join(lines) + end]) == _json_lines_of([end.join(lines)]) == lines


@pytest.mark.timeout(20)
def test_a_json_line_of_many_tiny_reads_costs_linear_time() -> None:
    assert _json_lines_of([b"x"] * 200_000) == [b"x" * 200_000]
