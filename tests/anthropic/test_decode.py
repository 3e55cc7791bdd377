"""Whole replies: what the vendor and those who speak like it send, and how it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm.failures import Malformed
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.anthropic.decode import decode
from casual_llm.providers.anthropic.write import write
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response


def read(body: object) -> Reply:
    return decode(Response(status=200, body=json.dumps(body).encode())).unwrap()


def decoded(*blocks: object, **more: object) -> Reply:
    return read({"type": "message", "content": blocks, **more})


def text(words: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": words, **more}


def use(given: object = None, **more: object) -> dict[str, object]:
    return {"type": "tool_use", "id": "1", "name": "now", "input": {} if given is None else given, **more}


def calling(arguments: str, identity: str = "1", **more: Any) -> AssistantMessage:  # noqa: ANN401
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantMessage(tool_calls=[AssistantToolCall(id=identity, function=function, **more)])


def test_a_reply_is_read() -> None:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-6",
        "content": [text("Paris.")],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 4},
    }
    assert read(body) == Reply(
        message=AssistantMessage(content="Paris."),
        usage=Usage(prompt_tokens=9, completion_tokens=4),
        finish_reason="stop",
        raw_finish_reason="end_turn",
        model="claude-opus-4-6",
        id="msg_1",
    )


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
UNSIGNED = {"type": "thinking", "thinking": "Hm."}


def kept(content: str | None, *blocks: Any) -> AssistantMessage:  # noqa: ANN401
    return AssistantMessage(content=content, native={"anthropic": {"content": blocks}})


MESSAGES: dict[str, tuple[list[Any], AssistantMessage]] = {
    "nothing": ([], AssistantMessage(content="")),
    "texts": ([text("Par"), text("is.", citations=None)], AssistantMessage(content="Paris.")),
    "a call": ([use({"a": [1, "b"]})], calling('{"a":[1,"b"]}')),
    "a call that the model makes itself": ([use(caller={"type": "direct"})], calling("{}")),
    "a call that a server's tool makes": (
        [use(caller={"type": "code_execution"})],
        calling("{}", native={"anthropic": {"caller": {"type": "code_execution"}}}),
    ),
    "a call without input": ([{"type": "tool_use", "id": "1", "name": "now"}], calling("{}")),
    "a call with its input as a text": ([use('{"a": ')], calling('{"a": ')),
    "a call without an id": ([{"type": "tool_use", "name": "now", "input": {}}], calling("{}", "call_0")),
    "a text and a call": ([text("a"), use()], calling("{}").model_copy(update={"content": "a"})),
    "unsigned thinking": (
        [UNSIGNED, {**UNSIGNED, "signature": ""}, text("a")],
        AssistantMessage(content="a"),
    ),
    "signed thinking": ([THOUGHT, text("a")], kept("a", THOUGHT, text("a"))),
    "a signature alone": (
        [{**THOUGHT, "thinking": ""}, text("a")],
        kept("a", {**THOUGHT, "thinking": ""}, text("a")),
    ),
    "citations": ([text("a", citations=[{}])], kept("a", text("a", citations=[{}]))),
    "a tool of the server's": (
        [{"type": "server_tool_use", "id": "s"}, text("a")],
        kept("a", {"type": "server_tool_use", "id": "s"}, text("a")),
    ),
    "a block nobody knows": (
        [{"type": "compaction", "content": "x"}],
        kept("", {"type": "compaction", "content": "x"}),
    ),
    "a text behind a call": (
        [use(), text("a")],
        calling("{}").model_copy(
            update={"content": "a", "native": kept("", use(), text("a")).native},
        ),
    ),
    "blocks that are none": ([None, [], "a", {}], kept("", {}, {}, {}, {})),
}


@pytest.mark.parametrize(("blocks", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_content_is_read_as_a_message(blocks: list[Any], message: AssistantMessage) -> None:
    assert decoded(*blocks).message == message


def test_thinking_is_reasoning() -> None:
    assert decoded(THOUGHT, text("a"), {**UNSIGNED, "thinking": " So."}).reasoning == "Hm. So."
    assert decoded({**THOUGHT, "thinking": ""}).reasoning is None


ENDS: dict[str, tuple[object, str | None, str | None]] = {
    "end_turn": ("end_turn", "stop", "end_turn"),
    "stop_sequence": ("stop_sequence", "stop", "stop_sequence"),
    "pause_turn": ("pause_turn", "pause", "pause_turn"),
    "max_tokens": ("max_tokens", "length", "max_tokens"),
    "the context is full": ("model_context_window_exceeded", "length", "model_context_window_exceeded"),
    "tool_use": ("tool_use", "tool_calls", "tool_use"),
    "refusal": ("refusal", "content_filter", "refusal"),
    "another vendor's word": ("length", "length", "length"),
    "a new word": ("compaction", None, "compaction"),
    "null": (None, None, None),
    "a number": (1, None, None),
}


@pytest.mark.parametrize(("given", "meaning", "raw"), ENDS.values(), ids=ENDS.keys())
def test_the_end_is_read(given: object, meaning: str | None, raw: str | None) -> None:
    reply = decoded(text("a"), stop_reason=given)
    assert (reply.finish_reason, reply.raw_finish_reason) == (meaning, raw)


@pytest.mark.parametrize("raw", ["end_turn", "pause_turn"])
def test_where_tools_are_called_the_end_is_that(raw: str) -> None:
    reply = decoded(use(), stop_reason=raw)
    assert (reply.finish_reason, reply.raw_finish_reason) == ("tool_calls", raw)


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        ({"type": "refusal", "category": "cyber", "explanation": "Not this."}, "Not this."),
        ({"type": "refusal", "category": None, "explanation": None}, None),
        ({"type": "other", "explanation": "x"}, None),
        (None, None),
    ],
)
def test_the_explanation_of_a_refusal_is_the_refusal(details: object, refusal: str | None) -> None:
    reply = decoded(stop_reason="refusal", stop_details=details)
    assert reply.message.refusal == refusal
    assert reply.message.content == (None if refusal else "")


USAGES: dict[str, tuple[object, Usage | None]] = {
    "without a cache": ({"input_tokens": 9, "output_tokens": 4}, Usage(prompt_tokens=9, completion_tokens=4)),
    "with a cache": (
        {
            "input_tokens": 9,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 100,
            "output_tokens": 4,
        },
        Usage(prompt_tokens=129, completion_tokens=4, cached_tokens=20, cache_write_tokens=100),
    ),
    "a cache that gave nothing": (
        {"input_tokens": 9, "cache_read_input_tokens": 0, "cache_creation_input_tokens": None},
        Usage(prompt_tokens=9, cached_tokens=0),
    ),
    "thinking": (
        {"output_tokens": 4, "output_tokens_details": {"thinking_tokens": 3}},
        Usage(completion_tokens=4, reasoning_tokens=3),
    ),
    "a cache of which alone is reported": ({"cache_read_input_tokens": 20}, Usage(cached_tokens=20)),
    "zeros that stand for unknown figures": (
        {"input_tokens": 0, "output_tokens": 0, "unknown": ["output_tokens"]},
        Usage(prompt_tokens=0),
    ),
    "nothing known": ({"input_tokens": None}, None),
    "none": (None, None),
}


@pytest.mark.parametrize(("given", "usage"), USAGES.values(), ids=USAGES.keys())
def test_usage_is_read(given: object, usage: Usage | None) -> None:
    assert decoded(usage=given).usage == usage


@pytest.mark.parametrize("given", ["", " ", "{}", '{"a": 1}', '{"a": ', "[1]", {}, {"a": 1}, None])
def test_an_input_that_is_text_is_decoded_as_it_is_written_again(given: object) -> None:
    block = {"type": "tool_use", "id": "1", "name": "f", "input": given}
    reply = decode(Response(status=200, body=json.dumps({"content": [block]}).encode())).unwrap()
    assert decode(write(reply)).unwrap() == reply


def test_blocks_without_a_json_form_are_not_kept() -> None:
    body = b'{"content": [{"type": "redacted_thinking", "data": NaN}, {"type": "text", "text": "a"}]}'
    assert decode(Response(status=200, body=body)).unwrap().message == AssistantMessage(content="a")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "expected a JSON object, got b''"),
        (b"<html>", "expected a JSON object, got b'<html>'"),
        (b'{"content": "Hi"}', "content is empty, or of the wrong type"),
        (b'{"choices": []}', "the object has no content; its keys are ['choices']"),
    ],
)
def test_what_is_no_reply_is_malformed(body: bytes, problem: str) -> None:
    assert decode(Response(status=200, body=body)).failure() == Malformed(problem)
