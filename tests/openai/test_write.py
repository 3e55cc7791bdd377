"""Replies in the format of the vendor, whole and as a stream: what a server needs."""

from __future__ import annotations

import json

import pytest
from support.corpus import streamed

from casual_llm.frozen import Json
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, DEEPSEEK, MISTRAL, OPENROUTER, VLLM
from casual_llm.reply import Reply
from casual_llm.usage import Usage

CODEC = codec()
CALLS = [
    AssistantToolCall(id="1", function=AssistantToolCallFunction(name="a", arguments='{"x": 1}')),
    AssistantToolCall(id="2", function=AssistantToolCallFunction(name="a", arguments="")),
]
FIGURES = Usage(
    prompt_tokens=9, completion_tokens=4, cached_tokens=0, reasoning_tokens=3, cache_write_tokens=8
)

REPLIES = {
    "text": Reply(message=AssistantMessage(content="Paris.")),
    "no text": Reply(message=AssistantMessage(content="")),
    "text of several lines": Reply(message=AssistantMessage(content="a\n\nb\u2028c\r\n🙂\n")),
    "an end": Reply(
        message=AssistantMessage(content="a"),
        finish_reason="stop",
        raw_finish_reason="eos",
        id="r",
        model="m",
    ),
    "tool calls": Reply(
        message=AssistantMessage(tool_calls=CALLS), finish_reason="tool_calls", raw_finish_reason="tool_calls"
    ),
    "text and tool calls": Reply(message=AssistantMessage(content="a", tool_calls=CALLS[:1]), model="m"),
    "a refusal": Reply(message=AssistantMessage(refusal="I will not.")),
    "reasoning": Reply(message=AssistantMessage(content="a"), reasoning="hm"),
    "usage": Reply(message=AssistantMessage(content="a"), usage=FIGURES),
    "half of the usage": Reply(message=AssistantMessage(content="a"), usage=Usage(completion_tokens=0)),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_written_reply_is_decoded_to_itself(reply: Reply) -> None:
    assert CODEC.decode(CODEC.write(reply)).unwrap() == reply


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_stream_that_was_written_is_read_back(reply: Reply) -> None:
    assert streamed(CODEC, CODEC.write_stream(reply)).unwrap() == reply


def test_a_reply_is_written_as_the_vendor_documents_it() -> None:
    response = CODEC.write(REPLIES["tool calls"])
    assert (response.status, dict(response.headers)) == (200, {"content-type": "application/json"})
    (choice,) = json.loads(response.body)["choices"]
    assert (choice["index"], choice["finish_reason"]) == (0, "tool_calls")
    assert [call["function"]["arguments"] for call in choice["message"]["tool_calls"]] == ['{"x": 1}', ""]


def test_a_stream_has_one_line_of_text_per_event_and_its_usage_last() -> None:
    reply = Reply(message=AssistantMessage(content="a\nb"), finish_reason="stop", usage=FIGURES)
    *frames, done = CODEC.write_stream(reply)
    bodies = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    deltas = [body["choices"][0]["delta"] for body in bodies[:-1]]
    assert deltas == [{"role": "assistant"}, {"content": "a\n"}, {"content": "b"}, {}]
    assert (bodies[-1]["choices"], bodies[-1]["usage"]["total_tokens"]) == ([], 13)
    assert done == b"data: [DONE]\n\n"


THOUGHT = Reply(message=AssistantMessage(content="a"), reasoning="hm")


@pytest.mark.parametrize(
    ("dialect", "content"),
    [
        (MISTRAL, {"reasoning_content": "hm", "content": "a"}),
        (DEEPSEEK, {"reasoning": "hm", "content": "a"}),
        (COMPATIBLE, {"reasoning": "hm", "content": "a"}),
        (VLLM, {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}]}),
    ],
)
def test_reasoning_that_is_not_replayed_is_written_where_the_server_puts_it(
    dialect: Dialect, content: dict[str, object]
) -> None:
    (choice,) = json.loads(codec(dialect).write(THOUGHT).body)["choices"]
    assert choice["message"] == {"role": "assistant", **content}
    assert codec(dialect).decode(codec(dialect).write(THOUGHT)).unwrap() == THOUGHT
    assert streamed(codec(dialect), codec(dialect).write_stream(THOUGHT)).unwrap() == THOUGHT


def test_replayed_fields_are_in_the_first_event_of_a_stream() -> None:
    details: Json = [{"type": "reasoning.text", "text": "hm"}]
    native: dict[str, dict[str, Json]] = {
        "openrouter": {"reasoning_details": details},
        "anthropic": {"content": []},
    }
    reply = Reply(message=AssistantMessage(content="a", native=native), reasoning="hm")
    first, *_ = codec(OPENROUTER).write_stream(reply)
    (choice,) = json.loads(first.removeprefix(b"data: "))["choices"]
    assert choice["delta"] == {"role": "assistant", "reasoning_content": "hm", "reasoning_details": details}
