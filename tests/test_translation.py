"""Requests, replies and streams translated into another format, and their losses."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from support.builders import PNG_SIGNATURE_BASE64 as PNG, tool_call
from support.corpus import exchanges

from casual_llm import (
    AssistantMessage,
    ConfigurationError,
    Reply,
    Usage,
    translate,
)
from casual_llm.formats import format_named
from casual_llm.translation import BodyKind, Translated

Body = dict[str, Any]
CITY: Body = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION: Body = {"name": "weather", "description": "Weather of a city", "parameters": CITY}

REQUESTS: dict[str, Body] = {
    "openai": {
        "model": "m",
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "stop": ["END"],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": "required",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Weather here?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "a",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "rain"},
        ],
    },
    "anthropic": {
        "model": "m",
        "max_tokens": 9,
        "temperature": 0.0,
        "stop_sequences": ["END"],
        "tools": [{"name": "weather", "description": "Weather of a city", "input_schema": CITY}],
        "tool_choice": {"type": "any"},
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Weather here?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ],
            },
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Oslo"}}],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "a",
                        "content": [{"type": "text", "text": "rain"}],
                    }
                ],
            },
        ],
    },
    "ollama": {
        "model": "m",
        "stream": False,
        "tools": [{"type": "function", "function": FUNCTION}],
        "options": {"num_predict": 9, "temperature": 0.0, "stop": ["END"]},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather here?", "images": [PNG]},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "a", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}],
            },
            {"role": "tool", "content": "rain", "tool_name": "weather", "tool_call_id": "a"},
        ],
    },
}
"""The same call in each format; Ollama does not support `tool_choice`."""


@pytest.mark.parametrize("target", REQUESTS)
@pytest.mark.parametrize("source", REQUESTS)
def test_a_request_is_translated_to_the_same_call(source: str, target: str) -> None:
    translated = translate(REQUESTS[source], from_=source, to=target).unwrap()
    dropped = {"tool_choice"} if source == "ollama" else set()
    expected = {key: value for key, value in REQUESTS[target].items() if key not in dropped}
    assert json.loads(translated.body) == expected


@pytest.mark.parametrize(
    ("source", "target", "lost"),
    [
        ("openai", "anthropic", []),
        ("anthropic", "openai", []),
        ("openai", "ollama", ["options.tool_choice"]),
        ("ollama", "openai", []),
        ("ollama", "anthropic", []),
    ],
)
def test_a_request_that_the_target_supports_has_no_losses(source: str, target: str, lost: list[str]) -> None:
    translated = translate(REQUESTS[source], from_=source, to=target).unwrap()
    assert [loss.path for loss in translated.losses] == lost


HI = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("source", "body", "target", "lost"),
    [
        # Keys that only the source knows.
        ("openai", {"logprobs": True, "user": "u"}, "anthropic", ["logprobs", "user", "options.max_tokens"]),
        ("anthropic", {"max_tokens": 9, "thinking": {"type": "adaptive"}}, "openai", ["thinking"]),
        ("ollama", {"keep_alive": "5m", "options": {"num_ctx": 9}}, "openai", ["keep_alive", "options"]),
        # Options that the target does not support.
        ("openai", {"seed": 7, "max_tokens": 9}, "anthropic", ["options.seed"]),
        ("anthropic", {"top_k": 7}, "openai", ["options.top_k"]),
        ("openai", {"frequency_penalty": 1.0}, "ollama", []),
        # A dialect is a format of its own.
        ("openai", {"seed": 7}, "deepseek", ["options.seed"]),
        ("openai", {"logprobs": True}, "groq", []),
    ],
)
def test_the_losses_of_reading_and_writing_are_reported(
    source: str, body: Body, target: str, lost: list[str]
) -> None:
    translated = translate({"model": "m", **body, "messages": HI}, from_=source, to=target).unwrap()
    assert [loss.path for loss in translated.losses] == lost


@pytest.mark.parametrize(
    ("source", "body", "target", "expected"),
    [
        ("openai", {"max_tokens": 50, "max_completion_tokens": None}, "azure", {"max_completion_tokens": 50}),
        ("openai", {"max_tokens": None, "max_completion_tokens": 50}, "groq", {"max_tokens": 50}),
        ("openai", {"seed": 7, "random_seed": None}, "mistral", {"random_seed": 7}),
        ("mistral", {"seed": None, "random_seed": 7}, "openai", {"seed": 7}),
    ],
)
def test_an_option_is_not_hidden_by_null_under_its_other_key(
    source: str, body: Body, target: str, expected: Body
) -> None:
    translated = translate({"model": "m", **body, "messages": HI}, from_=source, to=target).unwrap()
    assert json.loads(translated.body) == {"model": "m", **expected, "messages": HI}


SIGNED: Body = {"extra_content": {"google": {"thought_signature": "secret"}}}
CALL: Body = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("source", "fields", "target", "lost"),
    [
        ("deepseek", {"reasoning_content": "secret"}, "openai", "messages[1].native.deepseek"),
        ("openrouter", {"reasoning_details": ["secret"]}, "groq", "messages[1].native.openrouter"),
        ("gemini-compat", SIGNED, "openai", "messages[1].native.gemini-compat"),
        (
            "gemini-compat",
            {"tool_calls": [{**CALL, **SIGNED}]},
            "openai",
            "messages[1].tool_calls[0].native.gemini-compat",
        ),
        (
            "mistral",
            {"content": [{"type": "thinking", "thinking": ["secret"]}, {"type": "text", "text": "a"}]},
            "openai",
            "messages[1].native.mistral",
        ),
        ("deepseek", {"reasoning_content": "secret"}, "anthropic", "messages[1].native.deepseek"),
    ],
)
def test_the_reasoning_of_one_server_is_not_shown_to_another(
    source: str, fields: Body, target: str, lost: str
) -> None:
    request: Body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [*HI, {"role": "assistant", "content": "a", **fields}],
    }
    translated = translate(request, from_=source, to=target).unwrap()
    assert [loss.path for loss in translated.losses] == [lost]
    assert b"secret" not in translated.body
    assert b"secret" in translate(request, from_=source, to=source).unwrap().body


def test_an_equivalent_rewrite_is_a_change_and_not_a_loss() -> None:
    request: Body = {"model": "m", "max_tokens": 9, "messages": HI * 2}
    translated = translate(request, from_="openai", to="anthropic").unwrap()
    assert translated.losses == ()
    assert [(change.path, change.kind) for change in translated.changes] == [("messages[1]", "merged")]


@pytest.mark.parametrize("source", ["openai", "anthropic", "ollama"])
def test_bytes_and_a_dict_are_the_same_body(source: str) -> None:
    body = REQUESTS[source]
    translated = translate(body, from_=source, to="openai")
    assert translate(json.dumps(body).encode(), from_=source, to="openai") == translated


REPLY = Reply(
    message=AssistantMessage(
        content="I look it up.",
        tool_calls=[
            tool_call(arguments='{"city": "Oslo"}'),
        ],
    ),
    usage=Usage(prompt_tokens=7, completion_tokens=4),
    finish_reason="tool_calls",
    model="m",
    id="reply-1",
)
FINISH_REASONS = {"openai": "tool_calls", "anthropic": "tool_use", "ollama": "tool_calls"}


@pytest.mark.parametrize("target", FINISH_REASONS)
@pytest.mark.parametrize("source", FINISH_REASONS)
@pytest.mark.parametrize("kind", ["reply", "stream"])
def test_an_answer_is_translated_without_losses(kind: BodyKind, source: str, target: str) -> None:
    codec = format_named(source)
    body = codec.write(REPLY).body if kind == "reply" else b"".join(codec.write_stream(REPLY))
    translated = translate(body, from_=source, to=target, kind=kind).unwrap()
    again = translate(translated.body, from_=target, to=source, kind=kind).unwrap()
    assert (translated.losses, again.losses) == ((), ())
    assert FINISH_REASONS[target].encode() in translated.body


def test_the_finish_reason_is_translated() -> None:
    body = format_named("anthropic").write(
        Reply(message=AssistantMessage(content="Hi"), finish_reason="length")
    )
    translated = translate(body.body, from_="anthropic", to="openai", kind="reply").unwrap()
    assert json.loads(translated.body)["choices"][0]["finish_reason"] == "length"


COMPLETION: Body = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m",
    "system_fingerprint": None,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hi", "annotations": []},
            "logprobs": {"content": [{"token": "Hi", "logprob": -0.1}]},
        },
        {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}},
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8, "queue_time": 0.1},
}


@pytest.mark.parametrize("target", ["openai", "anthropic", "ollama"])
def test_fields_of_a_reply_that_are_not_read_are_losses(target: str) -> None:
    translated = translate(COMPLETION, from_="openai", to=target, kind="reply").unwrap()
    assert [loss.path for loss in translated.losses] == [
        "created",
        "choices[0].logprobs",
        "choices[1]",
        "usage.queue_time",
    ]


def test_reasoning_under_another_key_is_not_a_loss() -> None:
    message = {"role": "assistant", "content": "Hi", "reasoning": "A greeting."}
    body: Body = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    translated = translate(body, from_="openai", to="ollama", kind="reply").unwrap()
    assert translated == Translated(
        body=b'{"message":{"role":"assistant","content":"Hi","thinking":"A greeting."},'
        b'"done":true,"done_reason":"stop"}'
    )


def test_signed_reasoning_is_a_loss_in_another_format() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    body: Body = {
        "type": "message",
        "role": "assistant",
        "content": [thought, {"type": "text", "text": "Hi"}],
    }
    translated = translate(body, from_="anthropic", to="openai", kind="reply").unwrap()
    assert [(loss.path, loss.asked) for loss in translated.losses] == [
        ("native", {"anthropic": ("content",)})
    ]
    assert b"c2ln" not in translated.body


def test_arguments_that_are_formatted_differently_are_a_change() -> None:
    body = format_named("openai").write(REPLY).body
    translated = translate(body, from_="openai", to="anthropic", kind="reply").unwrap()
    assert [(change.path, change.kind) for change in translated.changes] == [("tool_calls", "rewritten")]


@pytest.mark.parametrize("source", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"Hi", b"\xff", b'{"messages": 5}', {}, {"a": {1}}, {"a": "\ud83d"}]
)
@pytest.mark.parametrize("kind", get_args(BodyKind))
def test_an_invalid_body_is_a_failure_with_a_text(source: str, body: Any, kind: BodyKind) -> None:  # noqa: ANN401 # of any type
    assert str(translate(body, from_=source, to="openai", kind=kind).failure())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"from_": "opnai", "to": "ollama"}, r"from_\.opnai: unknown format, did you mean openai\?"),
        ({"from_": "openai", "to": "x"}, r"to\.x: unknown format; use one of openai, anthropic, ollama"),
        ({"from_": "openai", "to": 5}, r"to\.5: unknown format; use one of"),
        (
            {"from_": "openai", "to": "ollama", "kind": "replies"},
            r"kind\.replies: unknown kind, did you mean reply\?",
        ),
        (
            {"from_": "openai", "to": "ollama", "kind": None},
            r"kind\.None: unknown kind; use one of request, reply",
        ),
    ],
)
def test_an_unknown_format_or_kind_is_refused(arguments: Any, problem: str) -> None:  # noqa: ANN401 # keywords
    with pytest.raises(ConfigurationError, match=problem):
        translate(b"{}", **arguments)


@pytest.mark.parametrize("target", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize("protocol", ["openai-chat", "anthropic-messages", "ollama-chat"])
def test_every_recorded_exchange_is_translated_or_refused(protocol: str, target: str) -> None:
    source = protocol.partition("-")[0]
    for exchange in exchanges(protocol):
        if exchange.request is not None:
            assert str(translate(exchange.request, from_=source, to=target))
        kind: BodyKind = "stream" if exchange.stream else "reply"
        assert str(translate(exchange.body, from_=source, to=target, kind=kind))
