"""How reasoning is asked for, and read back; parallel calls are not supported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm import ChatOptions, Tool, UserMessage
from casual_llm.providers.ollama import codec
from casual_llm.wire.codec import Call, Encoded, Request


def encoded(options: ChatOptions) -> Encoded:
    call = Call(model="m", messages=[UserMessage(content="Hi")], options=options)
    return codec().encode(call).unwrap()


REASONING: list[tuple[Any, Any, list[tuple[str, object, object]]]] = [
    ("none", False, []),
    ("low", "low", []),
    ("max", "max", []),
    ("minimal", "low", [("options.reasoning.effort", "minimal", "low")]),
    ("xhigh", "high", [("options.reasoning.effort", "xhigh", "high")]),
    ({"budget_tokens": 9}, True, [("options.reasoning.budget_tokens", 9, True)]),
    ({"effort": "low", "show": False}, "low", [("options.reasoning.show", False, None)]),
    ({"effort": "low", "between_tools": True}, "low", [("options.reasoning.between_tools", True, None)]),
    ({"show": True}, None, []),
]


@pytest.mark.parametrize(
    ("options", "think", "losses"),
    [(ChatOptions(reasoning=reasoning), think, losses) for reasoning, think, losses in REASONING],
)
def test_reasoning_is_asked_for_by_think(
    options: ChatOptions, think: object, losses: list[tuple[str, object, object]]
) -> None:
    it = encoded(options)
    assert json.loads(it.request.body).get("think") == think
    assert [(loss.path, loss.asked, loss.applied) for loss in it.losses] == losses


def test_thinking_that_is_shown_is_what_ollama_does() -> None:
    it = encoded(ChatOptions(reasoning={"effort": "low", "show": True}))
    assert [(change.path, change.kind) for change in it.changes] == [("options.reasoning.show", "implied")]


def test_parallel_calls_are_dropped() -> None:
    it = encoded(ChatOptions(tools=[Tool(name="now")], parallel_tool_calls=True))
    assert [(loss.path, loss.asked) for loss in it.losses] == [("options.parallel_tool_calls", True)]


@pytest.mark.parametrize(
    ("think", "options"),
    [
        (False, ChatOptions(reasoning="none")),
        ("medium", ChatOptions(reasoning="medium")),
        (True, ChatOptions(extra={"think": True})),
        ("deep", ChatOptions(extra={"think": "deep"})),
        (0, ChatOptions(extra={"think": 0})),
        ([], ChatOptions(extra={"think": []})),
    ],
)
def test_think_is_read(think: object, options: ChatOptions) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "think": think}
    assert codec().read(Request(url="", body=json.dumps(body).encode())).unwrap().options == options
