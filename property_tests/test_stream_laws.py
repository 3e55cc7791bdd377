"""A stream adds up to the whole reply, or it is a failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import reduce

import pytest
from hypothesis import example, given, strategies as st
from playback import collected, play
from returns.result import Success
from strategies import nested, non_empty_texts, texts
from wire_strategies import (
    answers,
    chunks,
    deltas,
    dialects,
    ended_replies,
    odd_streams,
    replies,
    streamed_replies,
    with_chunking,
)

from casual_llm.failures import ErrorResponse, Malformed, Truncated
from casual_llm.frozen import Json, thaw
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import GEMINI_COMPAT, MISTRAL, OPENAI, OPENROUTER
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage
from casual_llm.wire.collect import chunk_of, collect, derived_id
from casual_llm.wire.json import items, mapping, text

START, step = codec(OPENAI).start, codec(OPENAI).step
decode, write, write_stream = codec(OPENAI).decode, codec(OPENAI).write, codec(OPENAI).write_stream

_DONE = b"data: [DONE]\n\n"
_END = '{"choices":[{"finish_reason":"stop"}]}'


def frame(body: str) -> bytes:
    return b"data: " + body.encode() + b"\n\n"


def delta(**fields: Json) -> bytes:
    return frame(json.dumps({"choices": [{"delta": fields}]}))


@given(streamed_replies)
def test_a_collected_stream_is_the_reply_that_was_written(streamed: tuple[Reply, list[bytes]]) -> None:
    reply, reads = streamed
    assert collected(reads).unwrap() == reply


@given(answers)
def test_a_collected_stream_equals_the_decoded_reply(answer: tuple[Dialect, Reply]) -> None:
    dialect, reply = answer
    ours = codec(dialect)
    assert collected(ours.write_stream(reply), dialect) == ours.decode(ours.write(reply)) == Success(reply)


@given(deltas, dialects)
def test_a_stream_that_was_read_is_written_and_read_to_itself(
    parts: list[dict[str, Json]], dialect: Dialect
) -> None:
    ours = codec(dialect)
    reply = collected([*(delta(**part) for part in parts), _DONE], dialect).unwrap()
    assert collected(ours.write_stream(reply), dialect) == ours.decode(ours.write(reply)) == Success(reply)


@given(odd_streams.flatmap(with_chunking), dialects)
@example((delta(content="a") + _DONE, [delta(content="a"), _DONE[:6], _DONE[6:]]), OPENAI)
@example((_DONE + delta(content="a"), [_DONE, delta(content="a")]), OPENAI)
def test_a_stream_does_not_depend_on_where_the_network_cuts(
    cut: tuple[bytes, list[bytes]], dialect: Dialect
) -> None:
    whole, reads = cut
    assert play(reads, dialect) == play([whole], dialect)


@given(odd_streams, dialects)
@example(frame('{"choices": [{"index": []}]}'), OPENAI)
@example(frame('{"choices": [], "usage": {"prompt_tokens": 1' + "0" * 400 + "}}"), OPENAI)
@example(b"event: error\ndata: {}\n\n", OPENAI)
@example(b"event: error\ndata: \xff\n\n", OPENAI)
@example(delta(content=[nested(150)], reasoning_details=[nested(150)]) + _DONE, MISTRAL)
@example(delta(tool_calls=[{"extra_content": {"a": nested(150)}}]) + _DONE, GEMINI_COMPAT)
def test_any_bytes_are_a_stream_or_a_failure_with_a_text(whole: bytes, dialect: Dialect) -> None:
    assert (
        play([whole], dialect)[1].map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()
    )


@given(st.lists(chunks, max_size=4), st.integers(0, 4))
def test_an_empty_chunk_is_ignored(parts: list[StreamChunk], index: int) -> None:
    assert collect([*parts[:index], StreamChunk(), *parts[index:]]) == collect(parts)


@given(replies)
def test_a_reply_in_one_chunk_is_collected_to_itself(reply: Reply) -> None:
    assert collect([chunk_of(reply)]) == reply


@given(st.lists(texts, max_size=4))
def test_the_text_of_a_reply_is_the_text_of_its_chunks(parts: list[str]) -> None:
    assert collect(StreamChunk(content=part) for part in parts).message.content == "".join(parts)


@given(st.none() | texts, st.integers(0, 9), st.integers(0, 9))
def test_derived_ids_differ_exactly_where_the_indexes_differ(identity: str | None, a: int, b: int) -> None:
    assert (derived_id(identity, a) == derived_id(identity, b)) == (a == b)


@st.composite
def _cut_streams(draw: st.DrawFn) -> tuple[Reply, bytes]:
    """A reply, and its stream cut somewhere before the event with its finish reason."""
    reply = draw(replies)
    evidence = [number for number, part in enumerate(write_stream(reply)) if b'"finish_reason":"' in part]
    before = b"".join(write_stream(reply)[: [*evidence, -1][0]])
    return reply, before[: draw(st.integers(0, len(before)))]


@given(_cut_streams())
def test_a_stream_that_is_cut_is_truncated_and_carries_what_was_received(cut: tuple[Reply, bytes]) -> None:
    reply, received = cut
    failure = play([received])[1].failure()
    assert isinstance(failure, Truncated)
    assert (reply.message.content or "").startswith(failure.partial.message.content or "")


@given(_cut_streams())
def test_the_chunks_of_a_cut_stream_add_up_to_its_partial_reply(cut: tuple[Reply, bytes]) -> None:
    _, received = cut
    complete = received[: received.rfind(b"\n\n") + 2] if b"\n\n" in received else b""
    given_, end = play([complete])
    assert end.failure() == Truncated(collect(given_))


@given(ended_replies, st.data())
def test_a_stream_that_is_cut_after_its_finish_reason_is_complete(reply: Reply, data: st.DataObject) -> None:
    parts = write_stream(reply)
    end = next(number for number, part in enumerate(parts) if b'"finish_reason":"' in part)
    rest = b"".join(parts[end + 1 :])
    received = collected([*parts[: end + 1], rest[: data.draw(st.integers(0, len(rest)))]])
    assert received.map(lambda part: part.message) == Success(reply.message)


@given(replies)
def test_the_last_event_may_lack_its_blank_line(reply: Reply) -> None:
    written = b"".join(write_stream(reply))
    assert collected([written.rstrip(b"\n")]) == collected([written])


@pytest.mark.timeout(30)
def test_a_stream_of_thousands_of_parts_is_collected_and_its_state_has_a_repr() -> None:
    parts = [delta(content="a")] * 20_000
    assert collected([*parts, _DONE]).unwrap().message.content == "a" * 20_000
    assert isinstance(play(parts)[1].failure(), Truncated)
    assert repr(reduce(lambda state, part: step(state, part).unwrap()[0], parts, START))


@given(replies, odd_streams)
def test_everything_after_the_last_event_is_ignored(reply: Reply, rest: bytes) -> None:
    assert play([*write_stream(reply), rest]) == play(write_stream(reply))


@given(
    replies,
    st.sampled_from([b": OPENROUTER PROCESSING\n\n", b"event: ping\n\n", b"data:\n\n", b"\n\n", b"id: 7\n"]),
)
def test_comments_pings_and_empty_events_are_ignored(reply: Reply, noise: bytes) -> None:
    noisy = [noise + part for part in write_stream(reply)]
    assert collected(noisy) == collected(write_stream(reply))


@pytest.mark.parametrize(
    "ping",
    [
        b"event: ping\ndata: pong\n\n",
        b'event: ping\ndata: {"type": "ping"}\n\n',
        b"event: ping\ndata: {}\n\n",
        b"data: {}\n\n",
    ],
)
def test_an_unknown_event_is_ignored(ping: bytes) -> None:
    assert collected([delta(content="a"), ping, _DONE]) == collected([delta(content="a"), _DONE])


@given(texts, non_empty_texts)
@pytest.mark.parametrize(
    "error",
    [
        lambda message: frame(json.dumps({"error": {"message": message, "code": 503}})),
        lambda message: frame(
            json.dumps({"choices": [{"error": {"message": message, "code": 503}, "delta": {}}]})
        ),
        lambda message: frame(json.dumps([{"error": {"message": message, "code": 503}}])),
        lambda message: frame(json.dumps({"object": "error", "message": message, "code": 503})),
        lambda message: b"error: " + json.dumps({"message": message, "code": 503}).encode() + b"\n\n",
        lambda message: b"event: error\n" + frame(json.dumps({"message": message, "code": 503})),
        lambda message: b"event: notice\n" + frame(json.dumps({"error": {"message": message, "code": 503}})),
    ],
)
def test_an_error_in_a_stream_carries_the_partial_reply(
    error: Callable[[str], bytes], before: str, message: str
) -> None:
    failure = play([delta(content=before), error(message)])[1].failure()
    assert failure == ErrorResponse(
        503, message, "503", partial=Reply(message=AssistantMessage(content=before))
    )


@given(texts)
def test_an_event_that_is_not_json_is_malformed_and_carries_the_partial_reply(before: str) -> None:
    failure = play([delta(content=before), frame("<html>"), _DONE])[1].failure()
    assert isinstance(failure, Malformed)
    assert failure.partial == Reply(message=AssistantMessage(content=before))


@given(texts)
def test_an_error_event_that_is_not_json_is_read_as_text(end: str) -> None:
    message = "Overloaded " + end.replace("\n", " ").replace("\r", " ").strip()
    failure = play([b"event: error\n" + frame(message)])[1].failure()
    assert failure == ErrorResponse(200, message.strip(), partial=collect([]))


def test_an_ended_state_returns_no_more_chunks() -> None:
    state, _ = step(START, _DONE).unwrap()
    assert step(state, delta(content="a")) == Success((state, ()))


@given(st.integers(0, 9), st.integers(1, 9))
def test_the_last_usage_of_a_stream_counts(first: int, last: int) -> None:
    bodies = [{"choices": [], "usage": {"prompt_tokens": figure}} for figure in (first, last)]
    assert collected([*(frame(json.dumps(body)) for body in bodies), _DONE]).unwrap().usage == Usage(
        prompt_tokens=last
    )


def _calls(*deltas: Mapping[str, Json]) -> list[tuple[str, str, str]]:
    reply = collected([*(delta(tool_calls=[one]) for one in deltas), _DONE]).unwrap()
    return [(call.id, call.function.name, call.function.arguments) for call in reply.message.tool_calls or ()]


_A = {"id": "a", "function": {"name": "f"}}
_B = {"id": "b", "function": {"name": "g"}}
_ONE = {"function": {"arguments": "1"}}
_TWO = {"function": {"arguments": "2"}}
_OBJECT = {"function": {"name": "f", "arguments": "{}"}}
_OPEN = {"function": {"name": "f", "arguments": '{"a":"}'}}
_CUSTOM = {"id": "a", "type": "custom", "custom": {"name": "f", "input": "1"}}
_WHOLE = {"id": "a", "function": {"name": "f", "arguments": "1"}}


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        ([_A, _ONE], [("a", "f", "1")]),
        ([{"index": 0, **_A}, {"index": 0, **_ONE}, {"index": 0, **_TWO}], [("a", "f", "12")]),
        ([{"index": 3, **_A}, {"index": 3, **_ONE}], [("a", "f", "1")]),
        ([{"index": 0, **_WHOLE}, {"index": 0, **_WHOLE}], [("a", "f", "11")]),
        ([{"index": 0, **_A}, {"index": 0, **_B}], [("a", "f", ""), ("b", "g", "")]),
        ([{"index": 0, **_A}, {"index": 0, **_B}, {"index": 0, **_ONE}], [("a", "f", ""), ("b", "g", "1")]),
        ([{"index": 0, **_A}, {"index": 1, **_B}, {"index": 0, **_ONE}], [("a", "f", "1"), ("b", "g", "")]),
        ([_A, _B, {**_ONE, "id": "a"}], [("a", "f", "1"), ("b", "g", "")]),
        ([{**_WHOLE, "id": ""}, {**_WHOLE, "id": ""}], [("call_0", "f", "1"), ("call_1", "f", "1")]),
        ([{"index": 0, **_OBJECT}, {"index": 0, **_OBJECT}], [("call_0", "f", "{}"), ("call_1", "f", "{}")]),
        ([{"index": 0, **_OPEN}, {"index": 0, **_OPEN}], [("call_0", "f", '{"a":"}{"a":"}')]),
        ([_CUSTOM, {"custom": {"input": "2"}}], [("a", "f", "12")]),
        ([{"index": 0, **_A, "id": ""}, {"index": 0, **_ONE, "id": "a"}], [("a", "f", "1")]),
        ([{"index": 0, **_A}, {**_ONE, "id": "a"}, {"index": 0, **_TWO}], [("a", "f", "12")]),
        ([{"index": 0, **_A}, {"index": 0, **_ONE}, _TWO], [("a", "f", "12")]),
    ],
    ids=json.dumps,
)
def test_deltas_of_tool_calls_are_added_to_their_call(
    deltas: list[dict[str, Json]], calls: list[tuple[str, str, str]]
) -> None:
    assert _calls(*deltas) == calls


def _native(dialect: Dialect, key: str, pieces: list[Json]) -> Json:
    """Return the replayed field of a reply that was streamed in these pieces."""
    reply = collected([*(delta(**{key: piece}) for piece in pieces), _DONE], dialect).unwrap()
    return thaw((reply.message.native or {}).get(dialect.name, {}).get(key))


def _thinking(content: str) -> dict[str, Json]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": content}]}


def _text(content: str) -> dict[str, Json]:
    return {"type": "text", "text": content}


_pieces = st.lists(non_empty_texts, min_size=1, max_size=3)


@given(_pieces, _pieces)
def test_streamed_content_parts_are_assembled_as_in_a_whole_reply(
    thought: list[str], answer: list[str]
) -> None:
    pieces: list[Json] = [*([_thinking(it)] for it in thought), *([_text(it)] for it in answer)]
    whole = [_thinking("".join(thought)), _text("".join(answer))]
    assert _native(MISTRAL, "content", pieces) == whole


@given(st.lists(st.tuples(st.integers(0, 2), non_empty_texts), max_size=4))
def test_reasoning_details_are_assembled_by_their_index(more: list[tuple[int, str]]) -> None:
    more = [*enumerate("abc"), *more]
    pieces: list[Json] = [
        [{"type": "reasoning.text", "index": position, "text": it}] for position, it in more
    ]
    expected = ["".join(it for position, it in more if position == index) for index in range(3)]
    details = _native(OPENROUTER, "reasoning_details", pieces)
    assert [text(mapping(item).get("text")) for item in items(details)] == expected


@given(st.lists(texts, max_size=4))
def test_arguments_are_appended_in_the_order_they_came(parts: list[str]) -> None:
    deltas = [
        StreamChunk(tool_calls=[ToolCallDelta(index=0, id="a", arguments=part)]) for part in ["", *parts]
    ]
    function = AssistantToolCallFunction(name="", arguments="".join(parts))
    assert collect(deltas).message.tool_calls == (AssistantToolCall(id="a", function=function),)


@pytest.mark.parametrize(
    ("reason", "complete"), [(None, False), ("", False), ("null", False), ("stop", True)]
)
def test_only_a_finish_reason_with_a_value_completes_a_stream(reason: str | None, complete: bool) -> None:  # noqa: FBT001
    body = json.dumps({"choices": [{"finish_reason": reason}]})
    assert isinstance(play([frame(body)])[1], Success) == complete
