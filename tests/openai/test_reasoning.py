"""How reasoning and parallel tool calls are asked for in each dialect, and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm import ChatOptions, Reasoning, Tool, UserMessage
from casual_llm.options import ReasoningEffort
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import (
    AZURE,
    COMPATIBLE,
    DEEPSEEK,
    GEMINI_COMPAT,
    GROQ,
    LLAMACPP,
    MISTRAL,
    OLLAMA_V1,
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
    (
        OPENAI,
        {"budget_tokens": 2000},
        {"reasoning_effort": "low"},
        [("options.reasoning.budget_tokens", 2000)],
    ),
    (
        LLAMACPP,
        {"budget_tokens": 2000},
        {},
        [("options.reasoning", {"budget_tokens": 2000})],
    ),
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


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5-chat"])
def test_no_reasoning_is_implied_by_a_model_that_does_not_reason(model: str) -> None:
    it = encoded(OPENAI, ChatOptions(reasoning={"effort": "none", "show": False}), model)
    assert (keys(it), losses(it)) == ({}, [])
    assert {(change.path, change.kind) for change in it.changes} == {
        ("options.reasoning.effort", "implied"),
        ("options.reasoning.show", "implied"),
    }


def test_a_server_without_a_key_for_reasoning_loses_that_there_is_to_be_none() -> None:
    it = encoded(LLAMACPP, ChatOptions(reasoning="none"))
    assert losses(it) == [("options.reasoning", {"effort": "none"})]


EFFORTS: list[tuple[Dialect, str, ReasoningEffort, str | None]] = [
    (OPENAI, "o3", "none", "low"),
    (OPENAI, "o4-mini", "minimal", "low"),
    (OPENAI, "o3", "xhigh", "high"),
    (OPENAI, "gpt-5-mini", "none", "minimal"),
    (OPENAI, "gpt-5", "max", "high"),
    (OPENAI, "gpt-5.1", "minimal", "low"),
    (OPENAI, "gpt-5.1-2025-11-13", "xhigh", "high"),
    (AZURE, "gpt-5.2", "max", "xhigh"),
    (OPENAI, "gpt-5.6-luna", "max", "max"),
    (OPENAI, "gpt-9", "minimal", "minimal"),
    (AZURE, "my-deployment", "max", "max"),
    (GROQ, "openai/gpt-oss-120b", "none", "low"),
    (GROQ, "qwen/qwen3-32b", "none", "none"),
    (GROQ, "qwen/qwen3-32b", "high", None),
    (MISTRAL, "mistral-small-latest", "medium", "high"),
    (MISTRAL, "mistral-small-latest", "none", "none"),
    (MISTRAL, "mistral-large-latest", "high", None),
    (DEEPSEEK, "deepseek-v4-pro", "high", "high"),
    (DEEPSEEK, "deepseek-reasoner", "high", None),
    (GEMINI_COMPAT, "gemini-3-pro", "none", "minimal"),
    (GEMINI_COMPAT, "gemini-2.5-flash", "none", "none"),
    (GEMINI_COMPAT, "gemini-2.5-flash", "xhigh", "high"),
    (OLLAMA_V1, "qwen3", "minimal", "low"),
    (OLLAMA_V1, "qwen3", "xhigh", "high"),
    (OPENROUTER, "openai/o3", "xhigh", "xhigh"),
]


@pytest.mark.parametrize(("dialect", "model", "asked", "sent"), EFFORTS)
def test_an_effort_that_a_model_lacks_is_sent_as_the_nearest(
    dialect: Dialect, model: str, asked: ReasoningEffort, sent: str | None
) -> None:
    it = encoded(dialect, ChatOptions(reasoning=asked), model)
    body = keys(it)
    assert body.get("reasoning_effort", body.get("reasoning", {}).get("effort")) == sent
    assert [(loss.path, loss.applied) for loss in it.losses] == (
        []
        if sent == asked
        else [("options.reasoning", None) if sent is None else ("options.reasoning.effort", sent)]
    )


@pytest.mark.parametrize(
    ("dialect", "model", "effort", "is_sent"),
    [
        (OPENAI, "gpt-5.1", "low", False),
        (OPENAI, "gpt-5.1", "none", True),
        (OPENAI, "gpt-5.1", None, True),
        (AZURE, "gpt-5.2", "high", False),
        (OPENAI, "gpt-4.1", "low", True),
        (OPENAI, "gpt-9", "low", True),
        (DEEPSEEK, "deepseek-v4-pro", "high", False),
    ],
)
def test_sampling_gives_way_to_reasoning(
    dialect: Dialect, model: str, effort: ReasoningEffort | None, *, is_sent: bool
) -> None:
    it = encoded(dialect, ChatOptions(reasoning=effort, temperature=0.5), model)
    assert ("temperature" in json.loads(it.request.body)) == is_sent
    assert ("options.temperature" in [loss.path for loss in it.losses]) != is_sent


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


@pytest.mark.parametrize(("dialect", "model"), [(OPENAI, "m"), (OPENAI, "o3"), (DEEPSEEK, "m")])
def test_without_tools_no_calls_are_parallel_and_the_key_is_refused(dialect: Dialect, model: str) -> None:
    it = encoded(dialect, ChatOptions(parallel_tool_calls=False), model)
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
