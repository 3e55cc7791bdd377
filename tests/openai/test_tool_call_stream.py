"""Tool calls in a stream: every way in which servers split them, assembled again."""

from __future__ import annotations

import json

import pytest
from support.corpus import streamed

from casual_llm.providers.openai_chat import codec
from casual_llm.reply import ToolCallDelta

CODEC = codec()
START, step = CODEC.start, CODEC.step


def event(delta: object, **choice: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, **choice}]}).encode() + b"\n\n"


def calls(*deltas: object) -> bytes:
    return event({"tool_calls": deltas})


STOP = event({}, finish_reason="stop")

A, B = {"name": "a", "arguments": "{}"}, {"name": "b", "arguments": "[]"}
TOOL_CALLS: dict[str, tuple[list[bytes], list[tuple[str, str, str]]]] = {
    "as documented": (
        [
            calls({"index": 0, "id": "1", "type": "function", "function": {"name": "a", "arguments": ""}}),
            calls({"index": 0, "function": {"arguments": "{"}}),
            calls({"index": 0, "function": {"arguments": "}"}}),
            calls({"index": 1, "id": "2", "type": "function", "function": {"name": "b", "arguments": ""}}),
            calls({"index": 1, "function": {"arguments": "[]"}}),
        ],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "two calls by turns": (
        [
            calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": "{"}}),
            calls({"index": 1, "id": "2", "function": {"name": "b", "arguments": "["}}),
            calls({"index": 0, "function": {"arguments": "}"}}, {"index": 1, "function": {"arguments": "]"}}),
        ],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "whole, all at index 0, without ids": (
        [calls({"index": 0, "function": A}), calls({"index": 0, "function": B})],
        [("call_0", "a", "{}"), ("call_1", "b", "[]")],
    ),
    "whole, all at index 0, without ids, of one name": (
        [
            calls({"index": 0, "id": "", "function": {"name": "a", "arguments": '{"x":1}'}}),
            calls({"index": 0, "id": "", "function": {"name": "a", "arguments": '{"x":2}'}}),
        ],
        [("call_0", "a", '{"x":1}'), ("call_1", "a", '{"x":2}')],
    ),
    "whole, all at index 0, in one delta": (
        [calls({"index": 0, "function": A}, {"index": 0, "function": A})],
        [("call_0", "a", "{}"), ("call_1", "a", "{}")],
    ),
    "pieces that only look like whole arguments": (
        [
            calls({"index": 0, "function": {"name": "a", "arguments": '{"x":"}'}}),
            calls({"index": 0, "function": {"name": "a", "arguments": '{"}'}}),
        ],
        [("call_0", "a", '{"x":"}{"}')],
    ),
    "a call whose arguments are a text": (
        [
            calls({"index": 0, "id": "1", "type": "custom", "custom": {"name": "sql", "input": "sel"}}),
            calls({"index": 0, "custom": {"input": "ect"}}),
        ],
        [("1", "sql", "select")],
    ),
    "whole, without index": (
        [calls({"id": "1", "function": A}), calls({"id": "2", "function": B})],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "two in one delta, distinguished by id": (
        [calls({"id": "1", "function": A}, {"id": "2", "function": B})],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "two ids under one index": (
        [calls({"index": 0, "id": "1", "function": A}), calls({"index": 0, "id": "2", "function": B})],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "neither index nor id": (
        [calls({"function": A}), calls({"function": B})],
        [("call_0", "a", "{}"), ("call_1", "b", "[]")],
    ),
    "neither index nor id, in pieces": (
        [calls({"function": {"name": "a", "arguments": "{"}}), calls({"function": {"arguments": "}"}})],
        [("call_0", "a", "{}")],
    ),
    "an index that begins elsewhere": (
        [calls({"index": 1, "id": "1", "function": A}), calls({"index": 4, "id": "2", "function": B})],
        [("1", "a", "{}"), ("2", "b", "[]")],
    ),
    "an index of -1": ([calls({"index": -1, "id": "1", "function": A})], [("1", "a", "{}")]),
    "an index that comes later": (
        [
            calls({"id": "1", "function": {"name": "a", "arguments": "{"}}),
            calls({"index": 0, "id": "1", "function": {"arguments": "}"}}),
        ],
        [("1", "a", "{}")],
    ),
    "an index that comes and goes": (
        [
            calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": ""}}),
            calls({"id": "1", "function": {"arguments": "{"}}),
            calls({"index": 0, "function": {"arguments": "}"}}),
        ],
        [("1", "a", "{}")],
    ),
    "id and name on each delta": (
        [
            calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": "{"}}),
            calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": "}"}}),
        ],
        [("1", "a", "{}")],
    ),
    "an empty id first": (
        [
            calls({"index": 0, "id": "", "function": {"name": "a", "arguments": ""}}),
            calls({"index": 0, "id": "1", "function": {"name": "", "arguments": "{}"}}),
        ],
        [("1", "a", "{}")],
    ),
    "empty ids behind the first": (
        [
            calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": "{"}}),
            calls({"index": 0, "id": "", "function": {"name": None, "arguments": "}"}}),
        ],
        [("1", "a", "{}")],
    ),
    "arguments absent, null and empty": (
        [
            calls({"index": 0, "id": "1", "function": {"name": "a"}}),
            calls({"index": 0, "function": {"arguments": None}}),
            calls({"index": 0, "function": {"arguments": ""}}),
        ],
        [("1", "a", "")],
    ),
    "arguments as an object": (
        [calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": {"x": 1}}})],
        [("1", "a", '{"x":1}')],
    ),
    "arguments cut off": (
        [calls({"index": 0, "id": "1", "function": {"name": "a", "arguments": '{"x": "'}})],
        [("1", "a", '{"x": "')],
    ),
    "tool_calls null with text": (
        [event({"content": "t", "tool_calls": None}), event({"content": "t", "tool_calls": []})],
        [],
    ),
}


@pytest.mark.parametrize(("reads", "expected"), TOOL_CALLS.values(), ids=TOOL_CALLS.keys())
def test_tool_calls_are_assembled_from_deltas(
    reads: list[bytes], expected: list[tuple[str, str, str]]
) -> None:
    found = streamed(codec(), [*reads, STOP]).unwrap().message.tool_calls or ()
    assert [(call.id, call.function.name, call.function.arguments) for call in found] == expected


@pytest.mark.parametrize(("reads", "expected"), TOOL_CALLS.values(), ids=TOOL_CALLS.keys())
def test_tool_calls_are_the_finish_reason(reads: list[bytes], expected: list[object]) -> None:
    reply = streamed(codec(), [*reads, STOP]).unwrap()
    assert reply.finish_reason == ("tool_calls" if expected else "stop")
    assert reply.raw_finish_reason == "stop"


def test_a_legacy_function_call_is_assembled_from_deltas() -> None:
    deltas = [{"name": "a", "arguments": ""}, {"arguments": "{"}, {"arguments": "}"}]
    reads = [event({"function_call": delta}) for delta in deltas]
    reply = streamed(codec(), [*reads, STOP]).unwrap()
    assert reply.message.native == {"openai": {"function_call": {"name": "a", "arguments": "{}"}}}


def test_the_id_and_name_of_a_tool_call_are_returned_once() -> None:
    delta = {"index": 3, "id": "1", "function": {"name": "a", "arguments": "{"}}
    state, (first,) = step(START, calls(delta)).unwrap()
    state, (second,) = step(state, calls(delta)).unwrap()
    assert first.tool_calls == (ToolCallDelta(index=0, id="1", name="a", arguments="{"),)
    assert second.tool_calls == (ToolCallDelta(index=0, arguments="{"),)
