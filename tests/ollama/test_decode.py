"""Whole replies: what servers send, and how it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result

from casual_llm.failures import DecodeError, ErrorResponse, Malformed
from casual_llm.providers.ollama import codec
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response


def decoded(body: object, status: int = 200) -> Result[Reply, DecodeError]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return codec().decode(Response(status=status, body=written))


def answered(message: object, **more: object) -> dict[str, Any]:
    return {"message": message, "done": True, **more}


def test_a_documented_reply_is_read_in_full() -> None:
    body = {
        "model": "qwen3",
        "created_at": "2026-08-07T06:08:09.335586Z",
        **answered({"role": "assistant", "content": "Paris.", "thinking": "hm"}, done_reason="stop"),
        "total_duration": 1735248334,
        "prompt_eval_count": 9,
        "eval_count": 4,
    }
    reply = decoded(body).unwrap()
    assert (reply.message.content, reply.message.tool_calls, reply.message.refusal) == ("Paris.", None, None)
    assert (reply.reasoning, reply.message.native) == ("hm", {"ollama": {"thinking": "hm"}})
    assert reply.usage == Usage(prompt_tokens=9, completion_tokens=4)
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "stop")
    assert (reply.id, reply.model) == (None, "qwen3")


TEXTS = {
    "text": (answered({"content": "a"}), "a"),
    "an empty text is an answer": (answered({"content": ""}), ""),
    "null content": (answered({"content": None}), ""),
    "content of no known kind": (answered({"content": 5}), ""),
    "no message at the end": ({"done": True}, ""),
    "a message that is null": (answered(None), ""),
    "a message without the end": ({"message": {"content": "a"}}, "a"),
    "thinking in the text stays there": (answered({"content": "<think>x</think>a"}), "<think>x</think>a"),
    "keys that nobody knows": (answered({"content": "a", "audio": None}, x_y=[1], error=None), "a"),
}


@pytest.mark.parametrize(("body", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_is_found(body: object, text: str) -> None:
    assert decoded(body).unwrap().message.content == text


CALLS: dict[str, tuple[list[object], list[tuple[str, str, str]]]] = {
    "as documented": (
        [{"id": "x", "function": {"index": 0, "name": "now", "arguments": {"zone": "CET"}}}],
        [("x", "now", '{"zone":"CET"}')],
    ),
    "without ids": (
        [{"function": {"name": "now", "arguments": {}}}, {"id": "", "function": {"name": "ping"}}],
        [("call_0", "now", "{}"), ("call_1", "ping", "{}")],
    ),
    "arguments that are null": ([{"function": {"name": "a", "arguments": None}}], [("call_0", "a", "{}")]),
    "arguments as an empty text": ([{"function": {"name": "a", "arguments": ""}}], [("call_0", "a", "{}")]),
    "arguments as a text": (
        [{"function": {"name": "a", "arguments": '{"b": 1}'}}],
        [("call_0", "a", '{"b":1}')],
    ),
    "arguments that were cut off": (
        [{"function": {"name": "a", "arguments": '{"b": '}}],
        [("call_0", "a", '{"b": ')],
    ),
    "arguments as a list": ([{"function": {"name": "a", "arguments": [1]}}], [("call_0", "a", "[1]")]),
    "no calls": ([], []),
    "calls of no known kind": ([None, "x"], [("call_0", "", "{}"), ("call_1", "", "{}")]),
}


@pytest.mark.parametrize(("calls", "found"), CALLS.values(), ids=CALLS.keys())
def test_calls_are_read(calls: list[object], found: list[tuple[str, str, str]]) -> None:
    message = decoded(answered({"content": "", "tool_calls": calls}, done_reason="stop")).unwrap().message
    read = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    assert read == found
    assert message.content == (None if found else "")


def test_calls_of_two_turns_have_no_id_in_common() -> None:
    turns = [
        decoded({**answered({"tool_calls": [{}, {}]}), "created_at": f"2025-01-01T00:00:0{turn}Z"}).unwrap()
        for turn in range(2)
    ]
    assert [call.id for turn in turns for call in turn.message.tool_calls or ()] == [
        "call_2025-01-01T00:00:00Z_0",
        "call_2025-01-01T00:00:00Z_1",
        "call_2025-01-01T00:00:01Z_0",
        "call_2025-01-01T00:00:01Z_1",
    ]


@pytest.mark.parametrize(
    ("end", "finish"),
    [
        ({"done_reason": "stop"}, ("stop", "stop")),
        ({"done_reason": "length"}, ("length", "length")),
        ({"done_reason": "pause"}, ("pause", "pause")),
        ({"done_reason": "load"}, (None, "load")),
        ({"done_reason": "unload"}, (None, "unload")),
        ({"done_reason": ""}, (None, None)),
        ({}, (None, None)),
        ({"done_reason": "stop", "message": {"tool_calls": [{}]}}, ("tool_calls", "stop")),
        ({"done_reason": "length", "message": {"tool_calls": [{}]}}, ("length", "length")),
        ({"message": {"tool_calls": [{}]}}, (None, None)),
    ],
    ids=str,
)
def test_the_finish_reason_is_what_happened(
    end: dict[str, Any], finish: tuple[str | None, str | None]
) -> None:
    reply = decoded({**answered({}), **end}).unwrap()
    assert (reply.finish_reason, reply.raw_finish_reason) == finish


def test_images_of_an_answer_are_kept_for_the_next_request() -> None:
    reply = decoded(answered({"content": "", "images": ["aGk=", 5]})).unwrap()
    assert reply.message.native == {"ollama": {"images": ("aGk=",)}}
    assert decoded(answered({"content": "", "images": [5]})).unwrap().message.native is None


ERRORS: dict[str, tuple[int, object, ErrorResponse]] = {
    "a text": (404, {"error": "model 'x' not found"}, ErrorResponse(404, "model 'x' not found")),
    "a text after a success": (200, {"error": "unexpected EOF"}, ErrorResponse(200, "unexpected EOF")),
    "an object of a proxy": (
        200,
        {"error": {"message": "No.", "code": 429}},
        ErrorResponse(429, "No.", "429"),
    ),
    "a page": (502, b"<html>", ErrorResponse(502, "<html>")),
    "nothing": (500, b"", ErrorResponse(500, "")),
}


@pytest.mark.parametrize(("status", "body", "refused"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_keeps_its_status_and_message(status: int, body: object, refused: ErrorResponse) -> None:
    assert decoded(body, status).failure() == refused


def test_what_is_no_reply_is_malformed() -> None:
    failure = decoded({"response": "the answer of another endpoint"}).failure()
    assert failure == Malformed("the object has no message; its keys are ['response']")
    assert isinstance(decoded(b"").failure(), Malformed)
