"""How reasoning and parallel tool calls are asked for, by the version of a model, and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm import ChatOptions, Reasoning, Tool, UserMessage
from casual_llm.providers.anthropic import codec
from casual_llm.wire.codec import Call, Encoded, Request

KEYS = ("thinking", "output_config", "max_tokens", "tool_choice")
OLD, BUDGET, BOTH, ADAPTIVE = "claude-3-5-sonnet", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-7"
NOW = Tool(name="now")
Losses = list[tuple[str, object, object]]


def encoded(model: str, options: ChatOptions) -> Encoded:
    call = Call(model=model, messages=[UserMessage(content="Hi")], options=options)
    return codec().encode(call).unwrap()


def keys(it: Encoded) -> dict[str, Any]:
    body = json.loads(it.request.body)
    return {key: body[key] for key in KEYS if key in body and body[key] != 50_000}


def losses(it: Encoded) -> Losses:
    return [(loss.path.removeprefix("options.reasoning"), loss.asked, loss.applied) for loss in it.losses]


def adaptive(effort: str | None = None, **fields: str) -> dict[str, Any]:
    config = {} if effort is None else {"output_config": {"effort": effort}}
    return {"thinking": {"type": "adaptive", **fields}, **config}


def enabled(budget: int, **fields: str) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": budget, **fields}}


REASONING: list[tuple[str, Any, dict[str, Any], Losses]] = [
    (ADAPTIVE, "high", adaptive("high"), []),
    (BOTH, "max", adaptive("max"), []),
    ("my-model", "xhigh", adaptive("xhigh"), []),
    (ADAPTIVE, "minimal", adaptive("low"), [(".effort", "minimal", "low")]),
    (ADAPTIVE, "none", {"thinking": {"type": "disabled"}}, []),
    (ADAPTIVE, {"effort": "low", "show": True}, adaptive("low", display="summarized"), []),
    (ADAPTIVE, {"show": False}, adaptive(display="omitted"), []),
    (ADAPTIVE, {"between_tools": True}, {"thinking": {"type": "between_tools"}}, []),
    (
        ADAPTIVE,
        {"between_tools": True, "effort": "low", "show": True},
        {"thinking": {"type": "between_tools"}, "output_config": {"effort": "low"}},
        [(".show", True, None)],
    ),
    (ADAPTIVE, {"between_tools": False}, {}, [(".between_tools", False, None)]),
    (ADAPTIVE, {"budget_tokens": 2000}, adaptive(), [(".budget_tokens", 2000, "adaptive")]),
    (BOTH, {"budget_tokens": 2000}, enabled(2000), []),
    (BUDGET, {"budget_tokens": 2000, "show": False}, enabled(2000, display="omitted"), []),
    (BUDGET, {"budget_tokens": 9}, enabled(1024), [(".budget_tokens", 9, 1024)]),
    (BUDGET, {"budget_tokens": 60_000}, enabled(49_999), [(".budget_tokens", 60_000, 49_999)]),
    (
        BUDGET,
        {"effort": "medium", "between_tools": True},
        enabled(8192),
        [(".between_tools", True, None), (".effort", "medium", {"budget_tokens": 8192})],
    ),
    (OLD, "low", {}, [("", {"effort": "low"}, None)]),
    (OLD, {"effort": "none", "show": True}, {}, [(".show", True, None)]),
    (BUDGET, "none", {"thinking": {"type": "disabled"}}, []),
    (BUDGET, {"show": True}, {}, [("", {"show": True}, None)]),
]


@pytest.mark.parametrize(
    ("model", "options", "body", "lost"),
    [
        (model, ChatOptions(reasoning=asked, max_tokens=50_000), body, lost)
        for model, asked, body, lost in REASONING
    ],
)
def test_reasoning_is_sent_as_the_model_takes_it(
    model: str, options: ChatOptions, body: dict[str, Any], lost: Losses
) -> None:
    it = encoded(model, options)
    assert (keys(it), losses(it)) == (body, lost)


def test_a_budget_needs_a_limit_above_the_least_budget() -> None:
    it = encoded(BUDGET, ChatOptions(reasoning={"budget_tokens": 2000}, max_tokens=1024))
    assert (keys(it), losses(it)) == ({"max_tokens": 1024}, [("", {"budget_tokens": 2000}, None)])


def test_the_limit_that_is_added_leaves_room_for_the_budget() -> None:
    it = encoded(BUDGET, ChatOptions(reasoning={"budget_tokens": 10_000}))
    assert keys(it)["max_tokens"] == 14_096


def test_a_limit_in_extra_is_the_caller_s_own() -> None:
    options = ChatOptions(reasoning={"budget_tokens": 2000}, extra={"max_tokens": 3000})
    assert keys(encoded(BUDGET, options)) == {**enabled(2000), "max_tokens": 3000}


PARALLEL: list[tuple[str | None, bool, dict[str, Any], list[tuple[str, str]]]] = [
    ("required", False, {"type": "any", "disable_parallel_tool_use": True}, []),
    ("now", True, {"type": "tool", "name": "now", "disable_parallel_tool_use": False}, []),
    (None, False, {"type": "auto", "disable_parallel_tool_use": True}, [("options.tool_choice", "implied")]),
    ("none", False, {"type": "none"}, [("options.parallel_tool_calls", "implied")]),
]


@pytest.mark.parametrize(("choice", "parallel", "body", "changes"), PARALLEL)
def test_parallel_calls_are_a_part_of_the_choice(
    choice: str | None, *, parallel: bool, body: dict[str, Any], changes: list[tuple[str, str]]
) -> None:
    options = ChatOptions(tools=[NOW], tool_choice=choice, parallel_tool_calls=parallel, max_tokens=50_000)
    it = encoded(ADAPTIVE, options)
    assert keys(it) == {"tool_choice": body}
    assert [(change.path, change.kind) for change in it.changes] == changes


READ: list[tuple[dict[str, Any], ChatOptions]] = [
    (adaptive("high"), ChatOptions(reasoning="high")),
    (adaptive(display="omitted"), ChatOptions(reasoning={"show": False})),
    (adaptive(), ChatOptions(extra=adaptive())),
    (adaptive("huge"), ChatOptions(extra=adaptive("huge"))),
    (adaptive("low", display="loud"), ChatOptions(extra=adaptive("low", display="loud"))),
    (enabled(2000), ChatOptions(reasoning={"budget_tokens": 2000})),
    (enabled(2000, display="summarized"), ChatOptions(reasoning=Reasoning(budget_tokens=2000, show=True))),
    (enabled(9), ChatOptions(extra=enabled(9))),
    ({"thinking": {"type": "disabled"}}, ChatOptions(reasoning="none")),
    ({"thinking": {"type": "between_tools"}}, ChatOptions(reasoning={"between_tools": True})),
    ({"thinking": {"type": "deep"}}, ChatOptions(extra={"thinking": {"type": "deep"}})),
    (
        {"thinking": {"type": "disabled", "x": 1}},
        ChatOptions(extra={"thinking": {"type": "disabled", "x": 1}}),
    ),
    ({"output_config": {"effort": "low"}}, ChatOptions(extra={"output_config": {"effort": "low"}})),
    ({"output_config": "x"}, ChatOptions(extra={"output_config": "x"})),
    ({"output_config": {}}, ChatOptions(extra={"output_config": {}})),
    (
        {**adaptive("low"), "output_config": {"effort": "low", "x": 1}},
        ChatOptions(reasoning="low", extra={"output_config": {"x": 1}}),
    ),
    (
        {"tools": [{"type": "x"}], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ChatOptions(tool_choice="required", parallel_tool_calls=False, extra={"tools": [{"type": "x"}]}),
    ),
    (
        {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ChatOptions(extra={"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}),
    ),
    (
        {"tools": [{"type": "x"}], "tool_choice": {"type": "none", "disable_parallel_tool_use": True}},
        ChatOptions(
            extra={
                "tools": [{"type": "x"}],
                "tool_choice": {"type": "none", "disable_parallel_tool_use": True},
            }
        ),
    ),
]


@pytest.mark.parametrize(("body", "options"), READ)
def test_reasoning_and_parallel_calls_are_read(body: dict[str, Any], options: ChatOptions) -> None:
    request = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **body}
    read = codec().read(Request(url="", body=json.dumps(request).encode())).unwrap()
    assert read.options == options
