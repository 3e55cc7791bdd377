"""Replies in the vendor's words, whole and as a stream: the half that servers need."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Success
from support.corpus import streamed

from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.anthropic import codec
from casual_llm.reply import FinishReason, Reply
from casual_llm.usage import Usage

CODEC = codec()
FIGURES = Usage(
    prompt_tokens=9, completion_tokens=4, cached_tokens=5, reasoning_tokens=3, cache_write_tokens=1
)
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}


def calling(*arguments: str) -> AssistantMessage:
    return AssistantMessage(
        tool_calls=[
            AssistantToolCall(id=f"{at}", function=AssistantToolCallFunction(name="now", arguments=given))
            for at, given in enumerate(arguments)
        ]
    )


REPLIES: dict[str, Reply] = {
    "text": Reply(message=AssistantMessage(content="Paris.")),
    "no text": Reply(message=AssistantMessage(content="")),
    "text of several lines": Reply(message=AssistantMessage(content="a\n\nb\u2028c\r\n🙂\n")),
    "an end": Reply(
        message=AssistantMessage(content="a"),
        finish_reason="stop",
        raw_finish_reason="stop_sequence",
        id="r",
        model="m",
    ),
    "tool calls": Reply(
        message=calling("{}", '{"a":[1]}'), finish_reason="tool_calls", raw_finish_reason="tool_use"
    ),
    "arguments that are no object": Reply(message=calling('{"a": ', "[1]", "null", '"{}"')),
    "a refusal": Reply(
        message=AssistantMessage(refusal="Not this."),
        finish_reason="content_filter",
        raw_finish_reason="refusal",
    ),
    "a refusal in the middle": Reply(message=AssistantMessage(content="a", refusal="Not this.")),
    "reasoning": Reply(message=AssistantMessage(content="a"), reasoning="Hm.\nSo."),
    "signed reasoning": Reply(
        message=AssistantMessage(
            content="a", native={"anthropic": {"content": [THOUGHT, {"type": "text", "text": "a"}]}}
        ),
        reasoning="Hm.",
    ),
    "usage": Reply(message=AssistantMessage(content="a"), usage=FIGURES),
    "half of the usage": Reply(message=AssistantMessage(content="a"), usage=Usage(completion_tokens=0)),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_written_reply_is_decoded_to_itself(reply: Reply) -> None:
    assert CODEC.decode(CODEC.write(reply)) == Success(reply)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_stream_that_was_written_is_read_back(reply: Reply) -> None:
    assert streamed(CODEC, CODEC.write_stream(reply)) == Success(reply)


def whole(reply: Reply) -> Any:  # noqa: ANN401
    return json.loads(CODEC.write(reply).body)


def test_a_reply_is_written_as_the_vendor_documents_it() -> None:
    response = CODEC.write(REPLIES["tool calls"])
    assert (response.status, dict(response.headers)) == (200, {"content-type": "application/json"})
    assert whole(REPLIES["tool calls"]) == {
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "tool_use", "id": "0", "name": "now", "input": {}},
            {"type": "tool_use", "id": "1", "name": "now", "input": {"a": [1]}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0, "unknown": ["input_tokens", "output_tokens"]},
    }


def test_tokens_of_a_cache_are_counted_apart_from_the_others() -> None:
    assert whole(REPLIES["usage"])["usage"] == {
        "input_tokens": 3,
        "cache_creation_input_tokens": 1,
        "cache_read_input_tokens": 5,
        "output_tokens": 4,
        "output_tokens_details": {"thinking_tokens": 3},
    }


@pytest.mark.parametrize("name", ["text", "half of the usage"])
def test_a_stream_has_both_token_figures_at_both_ends_and_says_which_are_unknown(name: str) -> None:
    frames = CODEC.write_stream(REPLIES[name])
    first, *_, last, _ = [json.loads(frame.partition(b"data: ")[2]) for frame in frames]
    usage = whole(REPLIES[name])["usage"]
    assert first["message"]["usage"] == usage == last["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], "input_tokens" in usage["unknown"]) == (0, 0, True)


def test_more_cached_tokens_than_prompt_tokens_leave_no_uncached_input() -> None:
    usage = Usage(prompt_tokens=3, cached_tokens=5)
    assert whole(Reply(message=AssistantMessage(content="a"), usage=usage))["usage"]["input_tokens"] == 0


@pytest.mark.parametrize(
    ("meaning", "word"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("content_filter", "refusal"),
        ("pause", "pause_turn"),
        ("error", "error"),
        (None, None),
    ],
)
def test_a_finish_reason_is_written_in_the_vendor_s_name(
    meaning: FinishReason | None, word: str | None
) -> None:
    reply = Reply(message=AssistantMessage(content="a"), finish_reason=meaning)
    assert whole(reply)["stop_reason"] == word
    assert CODEC.decode(CODEC.write(reply)).unwrap().finish_reason == meaning


def test_reasoning_that_its_blocks_do_not_hold_is_written_before_them() -> None:
    redacted = {"type": "redacted_thinking", "data": "x"}
    message = AssistantMessage(content="", native={"anthropic": {"content": [redacted]}})
    kinds = [block["type"] for block in whole(Reply(message=message, reasoning="Hm."))["content"]]
    assert kinds == ["thinking", "redacted_thinking"]


def test_a_stream_is_written_as_the_vendor_documents_it() -> None:
    message = AssistantMessage(content="a\nb", tool_calls=calling("{}").tool_calls)
    frames = CODEC.write_stream(Reply(message=message, id="r", model="m", usage=FIGURES))
    events = [frame.partition(b"\n")[0].removeprefix(b"event: ").decode() for frame in frames]
    bodies = [json.loads(frame.partition(b"data: ")[2]) for frame in frames]
    block = ["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"]
    assert events == ["message_start", "ping", *block, *block, "message_delta", "message_stop"]
    assert [body["type"] for body in bodies] == events
    assert bodies[0]["message"] == {
        "id": "r",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 1,
            "cache_read_input_tokens": 5,
            "output_tokens": 0,
        },
    }
    assert bodies[-2]["usage"] == whole(REPLIES["usage"])["usage"]
    assert [body["delta"] for body in bodies if "delta" in body][:4] == [
        {"type": "text_delta", "text": "a\n"},
        {"type": "text_delta", "text": "b"},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": "{}"},
    ]
