"""The rules for requests that are encoded again explain these differences, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from support.corpus import Exchange
from support.handmade_requests import (
    DOCUMENT_URL,
    FILE,
    REFUSED,
    REQUESTS_WITHOUT_CONTENT,
    Body,
    answered,
    anthropic,
    assistant,
    call,
    called,
    exchange,
    handmade_exchanges,
    image,
    ollama,
    openai,
    result,
    text,
    tool,
    use,
    user,
)
from support.losses_map import Rewriting
from support.protocols import ANTHROPIC, OLLAMA, OPENAI, PROTOCOLS, Protocol
from support.request_comparison import compare_rewritten_request, explain_differences, rewrite

from casual_llm.wire.report import Change, Loss, unsupported

HANDMADE = {f"{it.format}: {name}": (it, made) for it in PROTOCOLS for name, made in handmade_exchanges(it)}


@pytest.mark.parametrize(("protocol", "made"), HANDMADE.values(), ids=HANDMADE.keys())
def test_a_request_is_encoded_again_with_known_differences_only(protocol: Protocol, made: Exchange) -> None:
    comparison = compare_rewritten_request(protocol, made)
    assert comparison.kind in {"same", "equal"}, comparison


@pytest.mark.parametrize(
    ("protocol", "body"), REQUESTS_WITHOUT_CONTENT.values(), ids=REQUESTS_WITHOUT_CONTENT.keys()
)
def test_a_request_without_content_is_excused(protocol: Protocol, body: Body) -> None:
    assert compare_rewritten_request(protocol, exchange(body)).kind == "excused"


@pytest.mark.parametrize(("protocol", "made"), HANDMADE.values(), ids=HANDMADE.keys())
def test_another_text_is_never_excused(protocol: Protocol, made: Exchange) -> None:
    again = rewrite(protocol, made).unwrap()
    changed = json.loads(json.dumps(again.after).replace('"Hi"', '"Ho"'))
    assert None in explain_differences(protocol, evolve(again, after=changed)).values()


SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PLAIN: dict[str, tuple[Protocol, Body]] = {
    "openai": (
        OPENAI,
        openai(
            called(call(arguments='{"a": 1}'), content="a"),
            answered(),
            user(text("What is this?"), image("https://example.com/cat.png")),
            temperature=0.5,
            stop=["a", "b"],
            tools=[tool(description="It does.", parameters=SCHEMA)],
            tool_choice="required",
        ),
    ),
    "anthropic": (
        ANTHROPIC,
        anthropic(
            assistant(text("Well."), use(input={"a": [1]})),
            user(result(content=[text("one"), text("two")], is_error=True), text("What is this?")),
            system=[text("Be brief.", cache_control={"type": "ephemeral"})],
            temperature=0.5,
            stop_sequences=["a", "b"],
            tools=[
                {
                    "name": "f",
                    "input_schema": {
                        "type": "object",
                        "properties": {"a": {"type": "string"}},
                        "required": ["a"],
                    },
                }
            ],
            tool_choice={"type": "any"},
        ),
    ),
    "ollama": (
        OLLAMA,
        ollama(
            {
                "role": "assistant",
                "content": "a",
                "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}],
            },
            answered("1", tool_name="f"),
            {"role": "user", "content": "What is this?", "images": ["aGk=", "R0lGODlh"]},
            options={"temperature": 0.5, "stop": ["a", "b"]},
            tools=[tool(description="It does.", parameters=SCHEMA)],
            format="json",
        ),
    ),
}


def variants(value: Any) -> Iterator[Any]:  # noqa: ANN401 # JSON
    """Yield variants of a value in which one item is missing, repeated or changed."""
    if isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
            yield from ({**value, key: other} for other in variants(value[key]))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield [*value[:index], *value[index + 1 :]]
            yield [*value[:index], value[index], *value[index:]]
            yield from ([*value[:index], other, *value[index + 1 :]] for other in variants(value[index]))
    else:
        yield f"{value}x"


@pytest.mark.parametrize(("protocol", "body"), PLAIN.values(), ids=PLAIN.keys())
def test_an_unreported_change_is_unexplained(protocol: Protocol, body: Body) -> None:
    again = rewrite(protocol, exchange(body, "openai")).unwrap()
    assert None not in explain_differences(protocol, again).values()
    for other in variants(again.after):
        reasons = explain_differences(protocol, evolve(again, after=other))
        assert other == again.after or None in reasons.values(), other


WARM, HOT = openai(temperature=2.5), openai(temperature=3.0)
UNRELATED_LOSSES: dict[str, tuple[Protocol, Body, Body, Loss | Change]] = {
    "of another option": (OPENAI, openai(seed=1), openai(), unsupported("options.top_k", 1)),
    "of another value": (
        *(OPENAI, HOT, WARM),
        Loss(path="options.temperature", kind="replaced", asked=3.0, applied=2.0),
    ),
    "that it was left out": (OPENAI, HOT, WARM, unsupported("options.temperature", 3.0)),
    "of another message": (
        *(OPENAI, openai(user(text("a"))), openai(user(text("b")))),
        unsupported("messages[0].content[0]", {"type": "file"}),
    ),
    "of another part": (
        *(OPENAI, openai(user(text("a"), text("b"))), openai(user(text("a")))),
        unsupported("messages[1].content[0]", {"type": "file"}),
    ),
    "of another turn": (
        *(ANTHROPIC, anthropic(user(text("a"), text(" "))), anthropic(user(text("a")))),
        Change(path="messages[0]", kind="dropped", asked=" "),
    ),
    "of a turn, whose words are others": (
        *(ANTHROPIC, anthropic(user(text("a"), text(" "))), anthropic(user(text("b")))),
        Change(path="messages[1].content[1]", kind="dropped", asked=" "),
    ),
    "of one tool, and another is offered": (
        *(OPENAI, openai(tools=[tool(), tool("g")]), openai(tools=[tool("h")])),
        Loss(path="options.tool_choice", kind="replaced", asked="f", applied="required"),
    ),
    "of the order": (
        *(ANTHROPIC, anthropic(assistant(use("a"), use("b"))), anthropic(assistant(use("b"), use("a")))),
        unsupported("options.seed", 1),
    ),
    "of arguments, where there are none": (
        *(OPENAI, openai(tools=[tool(parameters={})]), openai(tools=[tool(parameters=SCHEMA)])),
        unsupported("options.seed", 1),
    ),
    "of a text with a refusal": (
        OPENAI,
        openai(assistant(text("Well."), REFUSED)),
        openai({"role": "assistant", "content": "Yes.", "refusal": "No."}),
        unsupported("options.seed", 1),
    ),
    "of another document": (
        *(OPENAI, openai(user(FILE)), openai(user(DOCUMENT_URL))),
        unsupported("options.seed", 1),
    ),
    "of other ids": (
        *(ANTHROPIC, anthropic(assistant(use("a"))), anthropic(assistant(use("b")))),
        Change(path="messages[1].tool_calls[0].id", kind="rewritten", asked="a", applied="c"),
    ),
}


@pytest.mark.parametrize(
    ("protocol", "before", "after", "loss"), UNRELATED_LOSSES.values(), ids=UNRELATED_LOSSES.keys()
)
def test_an_unrelated_loss_explains_nothing(
    protocol: Protocol, before: Body, after: Body, loss: Loss | Change
) -> None:
    it = Rewriting(before, after, (loss,), tuple(range(len(before["messages"]))))
    assert None in explain_differences(protocol, it).values()
