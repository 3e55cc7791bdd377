"""How reasoning and parallel tool calls are asked for in each dialect, and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm import ChatOptions, Reasoning, Tool, UserMessage
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import (
    AZURE,
    COMPATIBLE,
    DEEPSEEK,
    GEMINI_COMPAT,
    GROQ,
    LLAMACPP,
    OPENAI,
    OPENROUTER,
)
from casual_llm.wire.codec import Call, Encoded, Request

KEYS = ("reasoning_effort", "reasoning", "parallel_tool_calls")
NOW = Tool(name="now")


def encoded(dialect: Dialect, options: ChatOptions, model: str = "m") -> Encoded:
    call = Call(model=model, messages=[UserMessage(content="Hi")], options=options)
    return codec(dialect).encode(call).unwrap()


def keys(it: Encoded) -> dict[str, Any]:
    return {key: value for key, value in json.loads(it.request.body).items() if key in KEYS}


def losses(it: Encoded) -> list[tuple[str, object]]:
    return [(loss.path, loss.asked) for loss in it.losses]


REASONING: list[tuple[Dialect, Any, dict[str, Any], list[tuple[str, object]]]] = [
    (OPENAI, "high", {"reasoning_effort": "high"}, []),
    (AZURE, "none", {"reasoning_effort": "none"}, []),
    (GROQ, "low", {"reasoning_effort": "low"}, []),
    (COMPATIBLE, "max", {"reasoning_effort": "max"}, []),
    (OPENAI, {"budget_tokens": 2000}, {}, [("options.reasoning.budget_tokens", 2000)]),
    (
        OPENAI,
        {"effort": "low", "show": True, "between_tools": False},
        {"reasoning_effort": "low"},
        [("options.reasoning.show", True), ("options.reasoning.between_tools", False)],
    ),
    (OPENROUTER, "minimal", {"reasoning": {"effort": "minimal"}}, []),
    (
        OPENROUTER,
        {"budget_tokens": 2000, "show": False},
        {"reasoning": {"max_tokens": 2000, "exclude": True}},
        [],
    ),
    (OPENROUTER, {"show": True}, {"reasoning": {"exclude": False}}, []),
    (OPENROUTER, {"between_tools": True}, {}, [("options.reasoning.between_tools", True)]),
    (LLAMACPP, "low", {}, [("options.reasoning", {"effort": "low"})]),
]


@pytest.mark.parametrize(
    ("dialect", "options", "body", "lost"),
    [(dialect, ChatOptions(reasoning=asked), body, lost) for dialect, asked, body, lost in REASONING],
)
def test_reasoning_is_sent_as_the_server_takes_it(
    dialect: Dialect, options: ChatOptions, body: dict[str, Any], lost: list[tuple[str, object]]
) -> None:
    it = encoded(dialect, options)
    assert (keys(it), losses(it)) == (body, lost)


@pytest.mark.parametrize(
    "model", ["gpt-4.1", "gpt-4o-mini", "gpt-3.5-turbo", "chatgpt-4o-latest", "gpt-5-chat"]
)
def test_a_model_that_does_not_reason_is_not_asked_to(model: str) -> None:
    it = encoded(OPENAI, ChatOptions(reasoning="low"), model)
    assert (keys(it), losses(it)) == ({}, [("options.reasoning", {"effort": "low"})])


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5-mini", "o3", "o4-mini"])
def test_a_model_that_reasons_is_asked_for_its_effort(model: str) -> None:
    assert keys(encoded(OPENAI, ChatOptions(reasoning="low"), model)) == {"reasoning_effort": "low"}


PARALLEL: list[tuple[Dialect, str, dict[str, Any], list[tuple[str, object]]]] = [
    (OPENAI, "gpt-4.1", {"parallel_tool_calls": False}, []),
    (OPENAI, "o3", {}, [("options.parallel_tool_calls", False)]),
    (DEEPSEEK, "deepseek-chat", {}, [("options.parallel_tool_calls", False)]),
    (GEMINI_COMPAT, "gemini-3", {}, [("options.parallel_tool_calls", False)]),
]


@pytest.mark.parametrize(("dialect", "model", "body", "lost"), PARALLEL)
def test_whether_calls_may_be_parallel_is_sent_where_the_server_takes_it(
    dialect: Dialect, model: str, body: dict[str, Any], lost: list[tuple[str, object]]
) -> None:
    it = encoded(dialect, ChatOptions(tools=[NOW], parallel_tool_calls=False), model)
    assert (keys(it), losses(it)) == (body, lost)


def test_without_tools_no_calls_are_parallel_and_the_key_is_refused() -> None:
    it = encoded(OPENAI, ChatOptions(parallel_tool_calls=False))
    assert (keys(it), losses(it)) == ({}, [])
    assert [(change.path, change.kind) for change in it.changes] == [
        ("options.parallel_tool_calls", "implied")
    ]


READ: list[tuple[Dialect, dict[str, Any], ChatOptions]] = [
    (OPENAI, {"reasoning_effort": "xhigh"}, ChatOptions(reasoning="xhigh")),
    (OPENAI, {"reasoning_effort": "huge"}, ChatOptions(extra={"reasoning_effort": "huge"})),
    (LLAMACPP, {"reasoning_effort": "low"}, ChatOptions(extra={"reasoning_effort": "low"})),
    (
        OPENROUTER,
        {"reasoning": {"max_tokens": 9, "exclude": True}},
        ChatOptions(reasoning=Reasoning(budget_tokens=9, show=False)),
    ),
    (
        OPENROUTER,
        {"reasoning": {"effort": "low", "max_tokens": 9}},
        ChatOptions(extra={"reasoning": {"effort": "low", "max_tokens": 9}}),
    ),
    (
        OPENROUTER,
        {"reasoning": {"enabled": True}},
        ChatOptions(extra={"reasoning": {"enabled": True}}),
    ),
    (OPENAI, {"parallel_tool_calls": True}, ChatOptions(extra={"parallel_tool_calls": True})),
    (
        OPENAI,
        {"parallel_tool_calls": True, "tools": [{"type": "web_search"}]},
        ChatOptions(parallel_tool_calls=True, extra={"tools": [{"type": "web_search"}]}),
    ),
    (
        DEEPSEEK,
        {"parallel_tool_calls": True, "tools": [{"type": "web_search"}]},
        ChatOptions(extra={"parallel_tool_calls": True, "tools": [{"type": "web_search"}]}),
    ),
]


@pytest.mark.parametrize(("dialect", "body", "options"), READ)
def test_reasoning_and_parallel_calls_are_read(
    dialect: Dialect, body: dict[str, Any], options: ChatOptions
) -> None:
    request = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **body}
    read = codec(dialect).read(Request(url="", body=json.dumps(request).encode())).unwrap()
    assert read.options == options
