"""Streams: what is sent beside and in place of the documented events, how they end, and how they break."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result
from support.corpus import streamed

from casual_llm.failures import DecodeError, Malformed, Truncated
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.anthropic import codec
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage

CODEC = codec()


def event(kind: str, **more: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + json.dumps({"type": kind, **more}).encode() + b"\n\n"


def start(**more: object) -> bytes:
    return event("message_start", message={"type": "message", "role": "assistant", "content": [], **more})


def begin(kind: str, index: int = 0, **more: object) -> bytes:
    return event("content_block_start", index=index, content_block={"type": kind, **more})


def grow(kind: str, index: int = 0, **more: object) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **more})


def end(index: int = 0) -> bytes:
    return event("content_block_stop", index=index)


def text_event(words: str, index: int = 0) -> bytes:
    return grow("text_delta", index, text=words)


def tail(reason: str | None = "end_turn", **usage: object) -> bytes:
    return event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage)


STOP = event("message_stop")
PING = event("ping")
TEXT = begin("text", text="")
USE = begin("tool_use", id="1", name="now", input={})


def read(*reads: bytes) -> Result[Reply, DecodeError]:
    return streamed(CODEC, reads)


def test_chunks_are_given_out_as_they_come() -> None:
    state, first = CODEC.step(CODEC.start, start(id="msg_1", model="m", usage={"input_tokens": 9})).unwrap()
    state, second = CODEC.step(state, PING + TEXT + text_event("Par") + text_event("")).unwrap()
    state, third = CODEC.step(state, text_event("is.") + end() + tail(output_tokens=4) + STOP).unwrap()
    assert first == (StreamChunk(id="msg_1", model="m", usage=Usage(prompt_tokens=9)),)
    assert second == (StreamChunk(content="Par"),)
    assert third == (
        StreamChunk(content="is."),
        StreamChunk(
            finish_reason="stop",
            raw_finish_reason="end_turn",
            usage=Usage(prompt_tokens=9, completion_tokens=4),
        ),
    )
    assert (state.ended, CODEC.finish(state).unwrap()) == (True, ())


def test_the_pieces_of_a_call_are_given_out_as_they_come() -> None:
    pieces = [grow("input_json_delta", partial_json=piece) for piece in ("", '{"zone', '": "CET"}', "")]
    _, chunks = CODEC.step(CODEC.start, USE + b"".join(pieces) + end()).unwrap()
    assert [delta for chunk in chunks for delta in chunk.tool_calls] == [
        ToolCallDelta(index=0, id="1", name="now"),
        ToolCallDelta(index=0, arguments='{"zone'),
        ToolCallDelta(index=0, arguments='": "CET"}'),
    ]


def calls(*pairs: tuple[str, str], content: str | None = None) -> AssistantMessage:
    return AssistantMessage(
        content=content,
        tool_calls=[
            AssistantToolCall(
                id=identity, function=AssistantToolCallFunction(name="now", arguments=arguments)
            )
            for identity, arguments in pairs
        ],
    )


def kept(message: AssistantMessage, *blocks: Any) -> AssistantMessage:  # noqa: ANN401
    return AssistantMessage.model_validate({**dict(message), "native": {"anthropic": {"content": blocks}}})


def answer(content: str) -> AssistantMessage:
    return AssistantMessage(content=content)


def text(words: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": words, **more}


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "x"}}
STREAMS: dict[str, tuple[list[bytes], AssistantMessage]] = {
    "as documented": (
        [start(), TEXT, PING, text_event("a"), text_event("b"), end(), tail(), STOP],
        answer("ab"),
    ),
    "nothing": ([start(), tail(), STOP], answer("")),
    "its end alone": ([STOP], answer("")),
    "an event of no data": ([b"event: ping\ndata:\n\n", text_event("a"), STOP], answer("a")),
    "an end without a blank line": ([TEXT, text_event("a"), STOP.rstrip()], answer("a")),
    "anything behind the end": (
        [TEXT, text_event("a"), STOP, text_event("b"), b"data: {broken\n\n"],
        answer("a"),
    ),
    "lines that end in CRLF": ([(TEXT + text_event("a") + STOP).replace(b"\n", b"\r\n")], answer("a")),
    "events without names": (
        [b"data:" + text_event("a").partition(b"data: ")[2], b'data: {"type":"message_stop"}\n\n'],
        answer("a"),
    ),
    "events that have names alone": (
        [TEXT, text_event("a"), b"event: message_stop\ndata: {}\n\n"],
        answer("a"),
    ),
    "JSON with padding": ([text_event("a").replace(b'"a"}', b'"a"}   '), STOP], answer("a")),
    "two heads": ([start(id="a"), start(id="b"), TEXT, text_event("a"), STOP], answer("a")),
    "a head that has said all": (
        [start(content=[text("a"), {"type": "tool_use", "id": "1", "name": "now", "input": {"a": 1}}]), STOP],
        calls(("1", '{"a":1}'), content="a"),
    ),
    "a head that has said all, twice": (
        [start(content=[text("a")]), start(content=[text("a")]), STOP],
        answer("a"),
    ),
    "a block that begins with its text": ([begin("text", text="a"), text_event("b"), STOP], answer("ab")),
    "a text that never began": ([text_event("a"), STOP], answer("a")),
    "events nobody knows": (
        [event("new_event", x=1), b"event: new\ndata: ?\n\n", text_event("a"), STOP],
        answer("a"),
    ),
    "a call without arguments": ([USE, end(), tail("tool_use"), STOP], calls(("1", "{}"))),
    "a call of empty pieces": (
        [USE, grow("input_json_delta", partial_json=""), end(), STOP],
        calls(("1", "{}")),
    ),
    "a call that never ends": ([USE, STOP], calls(("1", "{}"))),
    "a call that begins with its arguments": (
        [begin("tool_use", id="1", name="now", input={"a": 1}), end(), STOP],
        calls(("1", '{"a":1}')),
    ),
    "a call that is cut off": (
        [USE, grow("input_json_delta", partial_json='{"a": '), tail("max_tokens"), STOP],
        calls(("1", '{"a": ')),
    ),
    "calls by turns": (
        [
            begin("tool_use", 1, id="1", name="now", input={}),
            begin("tool_use", 2, id="2", name="now", input={}),
            grow("input_json_delta", 2, partial_json="[2]"),
            grow("input_json_delta", 1, partial_json="[1]"),
            STOP,
        ],
        calls(("1", "[1]"), ("2", "[2]")),
    ),
    "a call without an id": (
        [start(id="m"), begin("tool_use", name="now", input={}), STOP],
        calls(("call_m_0", "{}")),
    ),
    "arguments of no call": (
        [grow("input_json_delta", 7, partial_json="{}"), TEXT, text_event("a"), STOP],
        answer("a"),
    ),
    "signed thinking": (
        [
            begin("thinking", thinking="", signature=""),
            grow("thinking_delta", thinking="H"),
            grow("thinking_delta", thinking="m."),
            grow("signature_delta", signature="c2ln"),
            end(),
            begin("text", 1, text=""),
            text_event("a", 1),
            STOP,
        ],
        kept(answer("a"), THOUGHT, text("a")),
    ),
    "unsigned thinking": (
        [begin("thinking", thinking=""), grow("thinking_delta", thinking="Hm."), text_event("a", 1), STOP],
        answer("a"),
    ),
    "a tool of the server's": (
        [
            begin("server_tool_use", id="s", name="web_search", input={}),
            grow("input_json_delta", partial_json='{"q": "x"}'),
            end(),
            begin("web_search_tool_result", 1, tool_use_id="s", content=[]),
            end(1),
            STOP,
        ],
        kept(answer(""), SEARCH, {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}),
    ),
    "citations": (
        [
            begin("text", text="", citations=[]),
            grow("citations_delta", citation={"a": 1}),
            text_event("a"),
            STOP,
        ],
        kept(answer("a"), text("a", citations=[{"a": 1}])),
    ),
    "a block nobody knows": (
        [
            begin("compaction", content=None, encrypted_content=None),
            grow("compaction_delta", content="x", encrypted_content=None),
            STOP,
        ],
        kept(answer(""), {"type": "compaction", "content": "x", "encrypted_content": None}),
    ),
    "a block that grows by what is no text": (
        [begin("new"), grow("new_delta", score=1), grow("new_delta", score=2), STOP],
        kept(answer(""), {"type": "new", "score": 2}),
    ),
}


@pytest.mark.parametrize(("reads", "message"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_gives_its_message(reads: list[bytes], message: AssistantMessage) -> None:
    assert read(*reads).unwrap().message == message


@pytest.mark.parametrize(("reads", "message"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_gives_its_message_byte_by_byte(reads: list[bytes], message: AssistantMessage) -> None:
    data = b"".join(reads)
    assert read(*(data[at : at + 1] for at in range(len(data)))).unwrap().message == message


USAGES: dict[str, tuple[list[bytes], Usage | None]] = {
    "never": ([start(), tail()], None),
    "of the prompt first, of the answer last": (
        [start(usage={"input_tokens": 9, "output_tokens": 1}), tail(output_tokens=4)],
        Usage(prompt_tokens=9, completion_tokens=4),
    ),
    "several, each of all so far": (
        [start(usage={"input_tokens": 9}), tail(None, output_tokens=2), tail(output_tokens=4)],
        Usage(prompt_tokens=9, completion_tokens=4),
    ),
    "corrected at the end": (
        [start(usage={"input_tokens": 0, "output_tokens": 0}), tail(input_tokens=9, output_tokens=4)],
        Usage(prompt_tokens=9, completion_tokens=4),
    ),
    "the cache is told of at the beginning alone": (
        [
            start(usage={"input_tokens": 9, "cache_read_input_tokens": 20}),
            tail(input_tokens=10, output_tokens=4),
        ],
        Usage(prompt_tokens=30, completion_tokens=4, cached_tokens=20),
    ),
    "zeros at the end": (
        [
            start(usage={"input_tokens": 25, "cache_read_input_tokens": 110, "output_tokens": 1}),
            tail(input_tokens=0, cache_read_input_tokens=0, output_tokens=7),
        ],
        Usage(prompt_tokens=135, completion_tokens=7, cached_tokens=110),
    ),
    "written to a cache": (
        [start(usage={"input_tokens": 9, "cache_creation_input_tokens": 20}), tail(output_tokens=4)],
        Usage(prompt_tokens=29, completion_tokens=4, cache_write_tokens=20),
    ),
    "null means unknown": (
        [start(usage={"input_tokens": 9}), tail(input_tokens=None, output_tokens=4)],
        Usage(prompt_tokens=9, completion_tokens=4),
    ),
}


@pytest.mark.parametrize(("reads", "usage"), USAGES.values(), ids=USAGES.keys())
def test_usage_is_cumulative(reads: list[bytes], usage: Usage | None) -> None:
    assert read(*reads, STOP).unwrap().usage == usage


def test_reasoning_and_the_end_are_read() -> None:
    thinking = (
        begin("thinking", thinking="H") + grow("thinking_delta", thinking="m.") + grow("thinking_delta")
    )
    reply = read(thinking, USE, tail("end_turn"), STOP).unwrap()
    assert (reply.reasoning, reply.finish_reason) == ("Hm.", "tool_calls")


def test_a_refusal_is_explained_at_the_end() -> None:
    details = {"type": "refusal", "explanation": "Not this."}
    delta = {"stop_reason": "refusal", "stop_details": details}
    reply = read(start(), event("message_delta", delta=delta), STOP).unwrap()
    assert (reply.message.refusal, reply.finish_reason) == ("Not this.", "content_filter")


WHOLE = [start(id="m"), TEXT, text_event("a"), end(), tail(), STOP]


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_a_stream_without_its_end_is_truncated_and_carries_what_came(size: int) -> None:
    failure = read(*WHOLE[:size], STOP[:-9]).failure()
    assert isinstance(failure, Truncated)
    assert failure.partial.message == answer("a" if size > 2 else "")


@pytest.mark.parametrize(
    "broken",
    [
        b"data: <html>\n\n",
        b"event: content_block_delta\ndata: {\n\n",
        b"event: message\ndata: 1\n\n",
        b"data: [DONE]\n\n",
    ],
)
def test_an_event_that_is_no_json_is_malformed_and_carries_what_came_before(broken: bytes) -> None:
    failure = read(TEXT, text_event("a"), broken, STOP).failure()
    assert isinstance(failure, Malformed)
    assert failure.partial is not None
    assert failure.partial.message == answer("a")


def test_a_state_that_has_ended_gives_nothing_more() -> None:
    state, _ = CODEC.step(CODEC.start, STOP).unwrap()
    assert CODEC.step(state, text_event("a")).unwrap() == (state, ())
    assert "seen" not in repr(state)
