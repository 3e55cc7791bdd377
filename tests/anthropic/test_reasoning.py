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
BETWEEN, ALWAYS = "claude-sonnet-5-5", "claude-opus-5-5"
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


def off(kind: str) -> dict[str, Any]:
    return {"thinking": {"type": kind}}


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
    (BOTH, "xhigh", adaptive("high"), [(".effort", "xhigh", "high")]),
    (ADAPTIVE, "max", adaptive("max"), []),
    (ADAPTIVE, {"between_tools": True}, adaptive(), []),
    (ADAPTIVE, {"between_tools": True, "effort": "low"}, adaptive("low"), []),
    (
        ADAPTIVE,
        {"between_tools": False, "effort": "low"},
        adaptive("low"),
        [(".between_tools", False, None)],
    ),
    (BETWEEN, "none", off("between_tools"), [(".effort", "none", "between_tools")]),
    (BETWEEN, {"effort": "none", "between_tools": True}, off("between_tools"), []),
    ("my-model", {"effort": "none", "between_tools": True}, off("between_tools"), []),
    ("my-model", "none", off("disabled"), []),
    (
        ADAPTIVE,
        {"effort": "none", "between_tools": True},
        off("disabled"),
        [(".between_tools", True, None)],
    ),
    (ADAPTIVE, {"effort": "none", "between_tools": False, "show": False}, off("disabled"), []),
    (ALWAYS, "none", adaptive("low"), [(".effort", "none", "low")]),
    ("claude-fable-5", "none", adaptive("low"), [(".effort", "none", "low")]),
    (ADAPTIVE, {"between_tools": False}, {}, [(".between_tools", False, None)]),
    (ADAPTIVE, {"budget_tokens": 2000}, adaptive("low"), [(".budget_tokens", 2000, {"effort": "low"})]),
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
    (OLD, {"effort": "none", "show": False, "between_tools": False}, {}, []),
    (OLD, {"between_tools": False}, {}, []),
    (OLD, {"between_tools": False, "show": True}, {}, [("", {"between_tools": False, "show": True}, None)]),
    (BUDGET, {"budget_tokens": 2000, "between_tools": False}, enabled(2000), []),
    (BUDGET, {"show": True}, {}, [(".show", True, None)]),
    (BUDGET, {"show": False}, {}, []),
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


@pytest.mark.parametrize(
    ("model", "options", "limit"),
    [
        (BUDGET, {}, 4096),
        (BUDGET, {"reasoning": {"budget_tokens": 10_000}}, 14_096),
        (BUDGET, {"reasoning": {"budget_tokens": 9}}, 4096 + 1024),
        (BUDGET, {"reasoning": "low"}, 4096 + 2048),
        (BUDGET, {"reasoning": "none"}, 4096),
        (BUDGET, {"reasoning": {"show": True}}, 4096),
        (BUDGET, {"extra": enabled(10_000)}, 14_096),
        (BUDGET, {"extra": {"thinking": "x"}}, 4096),
        (ADAPTIVE, {"reasoning": "low"}, 4096 + 2048),
        (ADAPTIVE, {"reasoning": "max"}, 4096 + 32_000),
        (ADAPTIVE, {"reasoning": {"show": True}}, 4096 + 16_384),
        (OLD, {"reasoning": "max"}, 4096),
    ],
)
def test_the_limit_that_is_added_leaves_room_for_an_answer_after_the_reasoning(
    model: str, options: dict[str, Any], limit: int
) -> None:
    it = encoded(model, ChatOptions(**options))
    assert keys(it)["max_tokens"] == limit
    assert ("options.max_tokens", None, limit) in losses(it)


EXCLUDED: list[tuple[str, dict[str, Any], dict[str, Any], Losses]] = [
    (BUDGET, {"temperature": 0.2}, {"temperature": 1}, [("options.temperature", 0.2, 1)]),
    (BOTH, {"temperature": 0.2}, {"temperature": 1}, [("options.temperature", 0.2, 1)]),
    ("my-model", {"temperature": 0.2}, {"temperature": 1}, [("options.temperature", 0.2, 1)]),
    (BUDGET, {"temperature": 1}, {"temperature": 1}, []),
    (BUDGET, {"top_k": 5}, {}, [("options.top_k", 5, None)]),
    (BUDGET, {"top_p": 0.5}, {"top_p": 0.95}, [("options.top_p", 0.5, 0.95)]),
    (BUDGET, {"top_p": 0.97}, {"top_p": 0.97}, []),
    (BUDGET, {"extra": {"temperature": 0.2}}, {"temperature": 0.2}, []),
    (BUDGET, {"extra": {"top_k": 5}}, {"top_k": 5}, []),
    (BUDGET, {"reasoning": "none", "temperature": 0.2, "top_k": 5}, {"temperature": 0.2, "top_k": 5}, []),
    (BUDGET, {"reasoning": None, "temperature": 0.2, "top_k": 5}, {"temperature": 0.2, "top_k": 5}, []),
    # The version of the model refuses both, with or without reasoning.
    (
        BUDGET,
        {"reasoning": None, "temperature": 0.2, "top_p": 0.9},
        {"temperature": 0.2},
        [("options.top_p", 0.9, None)],
    ),
    (
        "claude-sonnet-4-20250514",
        {"reasoning": None, "temperature": 0.2, "top_p": 0.9},
        {"temperature": 0.2, "top_p": 0.9},
        [],
    ),
]


@pytest.mark.parametrize(("model", "options", "body", "lost"), EXCLUDED)
def test_sampling_gives_way_to_reasoning(
    model: str, options: dict[str, Any], body: dict[str, Any], lost: Losses
) -> None:
    it = encoded(
        model, ChatOptions(**{"max_tokens": 50_000, "reasoning": {"budget_tokens": 2000}, **options})
    )
    sent = json.loads(it.request.body)
    assert {name: sent[name] for name in ("temperature", "top_p", "top_k") if name in sent} == body
    assert losses(it) == [loss for loss in losses(it) if loss[0].startswith(".")] + lost


FORCED: list[tuple[str, str, object, dict[str, Any], Losses]] = [
    (BUDGET, "required", {"budget_tokens": 2000}, {}, [("", {"budget_tokens": 2000}, None)]),
    (BUDGET, "now", "low", {}, [("", {"effort": "low"}, None)]),
    (BUDGET, "required", "none", off("disabled"), []),
    (BUDGET, "auto", {"budget_tokens": 2000}, enabled(2000), []),
    (BOTH, "now", {"budget_tokens": 2000}, adaptive("low"), [(".budget_tokens", 2000, {"effort": "low"})]),
    (ADAPTIVE, "required", "low", adaptive("low"), []),
]


@pytest.mark.parametrize(("model", "choice", "reasoning", "body", "lost"), FORCED)
def test_a_budget_gives_way_to_a_forced_call(
    model: str,
    choice: str,
    reasoning: Any,  # noqa: ANN401 # any shorthand
    body: dict[str, Any],
    lost: Losses,
) -> None:
    options = ChatOptions(tools=[NOW], tool_choice=choice, reasoning=reasoning, max_tokens=50_000)
    it = encoded(model, options)
    assert {name: value for name, value in keys(it).items() if name != "tool_choice"} == body
    assert losses(it) == lost


@pytest.mark.parametrize("choice", ["required", "now"])
@pytest.mark.parametrize("model", [BETWEEN, ALWAYS, "claude-fable-5-1"])
def test_models_that_cannot_be_forced_to_call_a_tool_choose_themselves(model: str, choice: str) -> None:
    it = encoded(model, ChatOptions(tools=[NOW], tool_choice=choice, max_tokens=50_000))
    assert keys(it) == {"tool_choice": {"type": "auto"}}
    assert losses(it) == [("options.tool_choice", choice, "auto")]


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
    (off("between_tools"), ChatOptions(reasoning={"effort": "none", "between_tools": True})),
    (
        {**off("between_tools"), "output_config": {"effort": "low"}},
        ChatOptions(extra={**off("between_tools"), "output_config": {"effort": "low"}}),
    ),
    (adaptive("minimal"), ChatOptions(extra=adaptive("minimal"))),
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
