"""Whole replies: the variants of the documented object that servers send, and how they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result

from casual_llm.failures import DecodeError, Malformed
from casual_llm.providers.openai_chat.decode import FINISH_REASONS, decode
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response


def decoded(body: object, status: int = 200) -> Result[Reply, DecodeError]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(OPENAI, Response(status=status, body=written))


def answered(message: object, **choice: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, **choice}]}


def calling(*calls: object, **choice: object) -> dict[str, Any]:
    return answered({"content": None, "tool_calls": calls}, **choice)


def test_a_documented_reply_is_read_in_full() -> None:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-5",
        **answered({"role": "assistant", "content": "Paris.", "refusal": None}, finish_reason="stop"),
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "total_tokens": 13,
            "prompt_tokens_details": {"cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }
    reply = decoded(body).unwrap()
    assert reply.message.model_dump() == {
        "role": "assistant",
        "content": "Paris.",
        "tool_calls": None,
        "refusal": None,
    }
    assert reply.usage == Usage(prompt_tokens=9, completion_tokens=4, cached_tokens=8, reasoning_tokens=3)
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "stop")
    assert (reply.id, reply.model, reply.reasoning) == ("chatcmpl-1", "gpt-5", None)


TEXTS = {
    "text": (answered({"content": "a"}), "a"),
    "an empty text is an answer": (answered({"content": ""}), ""),
    "null content": (answered({"content": None}), ""),
    "absent content": (answered({"role": "assistant"}), ""),
    "a message that is null": (answered(None), ""),
    "content of no known kind": (answered({"content": 5}), ""),
    "a list of parts": (answered({"content": [{"type": "text", "text": "a"}, {"text": "b"}]}), "ab"),
    "parts of unknown kinds": (answered({"content": [{"type": "reference"}, 5, {"text": None}]}), ""),
    "a list of texts": (answered({"content": ["a", "b"]}), "ab"),
    "the only choice, whatever its index": (answered({"content": "a"}, index=1), "a"),
    "the object that was asked for": (answered({"content": {"a": [1, "é"]}}), '{"a":[1,"é"]}'),
    "the text of an older protocol": ({"choices": [{"text": "a", "token_id": 3}]}, "a"),
    "a delta in place of the message": ({"choices": [{"delta": {"content": "a"}}]}, "a"),
    "a message with an empty delta": (answered({"content": "a"}, delta={"content": ""}), "a"),
    "a choice without index": ({"choices": [{"message": {"content": "a"}}]}, "a"),
    "an index that is null": (answered({"content": "a"}, index=None), "a"),
    "an index that is no number": (answered({"content": "a"}, index=[]), "a"),
    "several choices, in any order": (
        {"choices": [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"content": "a"}}]},
        "a",
    ),
    "thinking in the text stays there": (answered({"content": "<think>x</think>a"}), "<think>x</think>a"),
    "unknown keys": ({**answered({"content": "a", "audio": None}), "object": "", "x_y": [1]}, "a"),
}


@pytest.mark.parametrize(("body", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_is_read_from_wherever_a_server_puts_it(body: object, text: str) -> None:
    assert decoded(body).unwrap().message.content == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'\n  \n{"choices": [{"message": {"content": "a"}}]}\n', "a"),
        (b'\xef\xbb\xbf{"choices": [{"message": {"content": "a"}}]}', "a"),
        ('{"choices": [{"message": {"content": "a\u2028\u0085🙂"}}]}'.encode(), "a\u2028\u0085🙂"),
        (b'{"choices": [{"message": {"content": "a\xff"}}]}', "a\ufffd"),
        (b'{"choices": [{"message": {"content": "a\\ud83d"}}]}', "a?"),
        (b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": NaN}}', "a"),
        (b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 1e999}}', "a"),
        (
            b'{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": ' + b"9" * 400 + b"}}",
            "a",
        ),
    ],
    ids=[
        "white space",
        "byte order mark",
        "rare characters",
        "broken UTF-8",
        "half a character",
        "NaN",
        "infinity",
        "a number of 400 digits",
    ],
)
def test_bytes_that_are_almost_json_are_read(body: bytes, text: str) -> None:
    assert decoded(body).unwrap().message.content == text


THOUGHTS = {
    "reasoning_content": ({"reasoning_content": "hm"}, "hm"),
    "reasoning": ({"reasoning": "hm"}, "hm"),
    "both are the same thought": ({"reasoning_content": "hm", "reasoning": "hm"}, "hm"),
    "null": ({"reasoning_content": None, "reasoning": None}, None),
    "a part of the content": (
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"text": "m"}]}]},
        "hm",
    ),
    "a part that is plain text": ({"content": [{"type": "thinking", "thinking": "hm"}]}, "hm"),
}


@pytest.mark.parametrize(("message", "reasoning"), THOUGHTS.values(), ids=THOUGHTS.keys())
def test_reasoning_is_separate_from_the_text(message: object, reasoning: str | None) -> None:
    reply = decoded(answered(message)).unwrap()
    assert (reply.reasoning, reply.message.content) == (reasoning, "")


def test_a_refusal_is_not_part_of_the_text() -> None:
    message = decoded(answered({"content": None, "refusal": "I will not."})).unwrap().message
    assert (message.content, message.refusal) == (None, "I will not.")


FUNCTION = {"name": "now", "arguments": "{}"}
CALLS: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "as documented": (calling({"id": "a", "type": "function", "function": FUNCTION}), [("a", "now", "{}")]),
    "without type": (calling({"id": "a", "function": FUNCTION}), [("a", "now", "{}")]),
    "with an index": (calling({"id": "a", "index": 7, "function": FUNCTION}), [("a", "now", "{}")]),
    "without id": (calling({"function": FUNCTION}), [("call_0", "now", "{}")]),
    "an empty id": (calling({"id": "", "function": FUNCTION}), [("call_0", "now", "{}")]),
    "without id in a reply that has one": (
        {**calling({"function": FUNCTION}), "id": "r"},
        [("call_r_0", "now", "{}")],
    ),
    "two without id": (
        calling({"function": FUNCTION}, {"function": FUNCTION}),
        [("call_0", "now", "{}"), ("call_1", "now", "{}")],
    ),
    "two of one index": (
        calling({"id": "a", "index": 0, "function": FUNCTION}, {"id": "b", "index": 0, "function": FUNCTION}),
        [("a", "now", "{}"), ("b", "now", "{}")],
    ),
    "arguments absent": (calling({"id": "a", "function": {"name": "now"}}), [("a", "now", "")]),
    "arguments null": (
        calling({"id": "a", "function": {"name": "now", "arguments": None}}),
        [("a", "now", "")],
    ),
    "arguments empty": (
        calling({"id": "a", "function": {"name": "now", "arguments": ""}}),
        [("a", "now", "")],
    ),
    "arguments as an object": (
        calling({"id": "a", "function": {"name": "now", "arguments": {"zone": "é"}}}),
        [("a", "now", '{"zone":"é"}')],
    ),
    "arguments that are no JSON": (
        calling({"id": "a", "function": {"name": "now", "arguments": '{"zone": '}}),
        [("a", "now", '{"zone": ')],
    ),
    "the old function_call": (answered({"function_call": FUNCTION}), []),
    "null": (answered({"tool_calls": None}), []),
    "an empty list": (answered({"tool_calls": []}), []),
}


@pytest.mark.parametrize(("body", "calls"), CALLS.values(), ids=CALLS.keys())
def test_tool_calls_are_read(body: object, calls: list[tuple[str, str, str]]) -> None:
    found = decoded(body).unwrap().message.tool_calls or ()
    assert [(call.id, call.function.name, call.function.arguments) for call in found] == calls


def test_a_legacy_function_call_is_preserved_unchanged() -> None:
    reply = decoded(answered({"function_call": FUNCTION}, finish_reason="function_call")).unwrap()
    assert [*(reply.message.native or {}).values()] == [{"function_call": FUNCTION}]
    assert (reply.message.tool_calls, reply.finish_reason) == (None, "tool_calls")
    nothing = answered({"function_call": {"name": "", "arguments": ""}})
    assert decoded(nothing).unwrap().message.native is None


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        *FINISH_REASONS.items(),
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("content_filter: RECITATION", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "error"),
        ("abort", None),
    ],
)
def test_a_finish_reason_has_a_raw_and_a_normalized_value(raw: str, meaning: str | None) -> None:
    reply = decoded(answered({"content": "a"}, finish_reason=raw)).unwrap()
    assert (reply.raw_finish_reason, reply.finish_reason) == (raw, meaning)


@pytest.mark.parametrize(
    "choice",
    [{}, {"finish_reason": None}, {"finish_reason": ""}, {"finish_reason": "null"}, {"finish_reason": {}}],
)
def test_an_answer_without_a_finish_reason_is_an_answer(choice: dict[str, object]) -> None:
    reply = decoded(answered({"content": "a"}, **choice)).unwrap()
    assert (reply.raw_finish_reason, reply.finish_reason) == (None, None)


@pytest.mark.parametrize(
    ("raw", "meaning"), [("stop", "tool_calls"), ("eos", "tool_calls"), ("length", "length")]
)
def test_stop_with_tool_calls_means_tool_calls(raw: str, meaning: str) -> None:
    reply = decoded(calling({"id": "a", "function": FUNCTION}, finish_reason=raw)).unwrap()
    assert (reply.raw_finish_reason, reply.finish_reason) == (raw, meaning)


USAGES: dict[str, tuple[dict[str, Any], Usage | None]] = {
    "absent": ({}, None),
    "null": ({"usage": None}, None),
    "empty": ({"usage": {}}, None),
    "no object": ({"usage": [1, 2]}, None),
    "floats": (
        {"usage": {"prompt_tokens": 9.0, "completion_tokens": 4.0}},
        Usage(prompt_tokens=9, completion_tokens=4),
    ),
    "zero is known": (
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
        Usage(prompt_tokens=0, completion_tokens=0),
    ),
    "null is unknown": ({"usage": {"prompt_tokens": 9, "completion_tokens": None}}, Usage(prompt_tokens=9)),
    "null details": (
        {"usage": {"prompt_tokens": 9, "prompt_tokens_details": None, "completion_tokens_details": None}},
        Usage(prompt_tokens=9),
    ),
    "what is no count is unknown": (
        {"usage": {"prompt_tokens": -1, "completion_tokens": "4", "total_tokens": True}},
        None,
    ),
    "written to a cache, by OpenRouter": (
        {
            "usage": {
                "prompt_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 8},
            }
        },
        Usage(prompt_tokens=9, cached_tokens=0, cache_write_tokens=8),
    ),
    "written to a cache, in the details of a proxy": (
        {"usage": {"prompt_tokens_details": {"cache_creation_tokens": 8}, "cache_creation_input_tokens": 7}},
        Usage(cache_write_tokens=8),
    ),
    "written to a cache, next to the figures of a proxy": (
        {"usage": {"prompt_tokens": 9, "cache_creation_input_tokens": 8}},
        Usage(prompt_tokens=9, cache_write_tokens=8),
    ),
    "under x_groq": ({"x_groq": {"usage": {"prompt_tokens": 9}}}, Usage(prompt_tokens=9)),
    "in the choice": (
        {"choices": [{"message": {"content": "a"}, "usage": {"prompt_tokens": 9}}]},
        Usage(prompt_tokens=9),
    ),
    "cached, as Mistral reports it": (
        {"usage": {"prompt_tokens": 9, "num_cached_tokens": 8}},
        Usage(prompt_tokens=9, cached_tokens=8),
    ),
    "cached, as DeepSeek reports it": (
        {"usage": {"prompt_tokens": 9, "prompt_cache_hit_tokens": 0}},
        Usage(prompt_tokens=9, cached_tokens=0),
    ),
    "details next to the other figures": (
        {"usage": {"prompt_tokens": 9, "cached_tokens": 8, "reasoning_tokens": 3}},
        Usage(prompt_tokens=9, cached_tokens=8, reasoning_tokens=3),
    ),
    "the details come before the keys next to them": (
        {"usage": {"prompt_tokens_details": {"cached_tokens": 8}, "cached_tokens": 1}},
        Usage(cached_tokens=8),
    ),
    "under both names": (
        {"usage": {"prompt_tokens": 9}, "x_groq": {"usage": {"prompt_tokens": 1}}},
        Usage(prompt_tokens=9),
    ),
}


@pytest.mark.parametrize(("more", "usage"), USAGES.values(), ids=USAGES.keys())
def test_usage_has_the_reported_figures(more: dict[str, Any], usage: Usage | None) -> None:
    assert decoded({**answered({"content": "a"}), **more}).unwrap().usage == usage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"choices": [',
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"id": "x"}',
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": null}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_a_body_without_a_reply_is_malformed(body: bytes) -> None:
    failure = decoded(body).failure()
    assert isinstance(failure, Malformed)
    assert "base_url" in str(failure)
    assert len(str(failure)) < 500
