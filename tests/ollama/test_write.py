"""Replies as a server of ours would send them."""

from __future__ import annotations

import json

import pytest
from support.corpus import streamed

from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.providers.ollama import codec
from casual_llm.reply import Reply
from casual_llm.usage import Usage

CODEC = codec()
THOUGHTFUL = AssistantMessage(content="a", native={"ollama": {"thinking": "hm", "images": ["aGk="]}})


def calling(*arguments: str) -> AssistantMessage:
    calls = [
        AssistantToolCall(id=str(number), function=AssistantToolCallFunction(name="f", arguments=text))
        for number, text in enumerate(arguments)
    ]
    return AssistantMessage(tool_calls=calls)


REPLIES = {
    "text": Reply(message=AssistantMessage(content="Paris.")),
    "text of several lines": Reply(message=AssistantMessage(content="a\n\nb\u2028c\r\n🙂\n")),
    "an end": Reply(
        message=AssistantMessage(content="a"), finish_reason="length", raw_finish_reason="length", model="m"
    ),
    "tool calls": Reply(
        message=calling("{}", '{"a":1}', '{"a": '), finish_reason="tool_calls", raw_finish_reason="stop"
    ),
    "thoughts and images": Reply(message=THOUGHTFUL, reasoning="hm"),
    "usage": Reply(message=AssistantMessage(content="a"), usage=Usage(prompt_tokens=0, completion_tokens=4)),
    "what only others say": Reply(
        message=AssistantMessage(refusal="No."),
        usage=Usage(cached_tokens=1, reasoning_tokens=2, cache_write_tokens=3),
        id="r",
    ),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_written_reply_is_decoded_to_itself(reply: Reply) -> None:
    assert CODEC.decode(CODEC.write(reply)).unwrap() == reply
    assert streamed(CODEC, CODEC.write_stream(reply)).unwrap() == reply


def test_a_reply_is_written_as_the_vendor_documents_it() -> None:
    message = calling('{"a": 1}', "")
    reply = Reply(message=message, model="m", finish_reason="stop", usage=Usage(completion_tokens=4))
    assert json.loads(CODEC.write(reply).body) == {
        "model": "m",
        "message": {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "0", "function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "1", "function": {"name": "f", "arguments": {}}},
            ],
        },
        "done": True,
        "done_reason": "stop",
        "eval_count": 4,
    }


def test_a_stream_says_a_line_of_text_at_a_time_and_its_figures_last() -> None:
    reply = Reply(
        message=AssistantMessage(content="a\nb"),
        reasoning="hm",
        finish_reason="stop",
        usage=Usage(prompt_tokens=9),
    )
    lines = [json.loads(line) for line in CODEC.write_stream(reply)]
    silent = {"role": "assistant", "content": ""}
    assert lines == [
        {"message": {**silent, "thinking": "hm"}, "done": False},
        {"message": {**silent, "content": "a\n"}, "done": False},
        {"message": {**silent, "content": "b"}, "done": False},
        {"message": silent, "done": True, "done_reason": "stop", "prompt_eval_count": 9},
    ]


def test_what_only_other_formats_know_is_not_written() -> None:
    message = AssistantMessage(content="a", native={"anthropic": {"content": []}})
    assert json.loads(CODEC.write(Reply(message=message)).body)["message"] == {
        "role": "assistant",
        "content": "a",
    }
