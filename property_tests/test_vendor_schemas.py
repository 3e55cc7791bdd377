"""Requests follow the schema that the vendor publishes, for calls of all kinds.

Native keys, `extra` and `provider_options` are removed first, because they are sent unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, settings, strategies as st
from support.corpus import problems

from casual_llm import AssistantMessage, ChatMessage, ChatOptions, NativeContent, TextContent, UserMessage
from casual_llm.formats import FORMATS
from casual_llm.frozen import thaw
from casual_llm.laws.strategies import calls
from casual_llm.messages import ContentPart, FileContent, ImageContent
from casual_llm.wire.codec import Call
from casual_llm.wire.report import Loss

HI = [UserMessage(content="Hi")]

SCHEMAS = {
    "openai": "openai.CreateChatCompletionRequest",
    "anthropic": "anthropic.CreateMessageParams",
    "ollama": "ollama.ChatRequest",
}


def without_native(call: Call) -> Call:
    """Remove everything from a call that would be sent unchanged."""
    changes: dict[str, Any] = {}
    if call.options.stop in {"", ()}:
        changes["stop"] = "END"
    tools = call.options.tools
    if isinstance(tools, tuple):
        changes["tools"] = [tool.model_copy(update={"native": None}) for tool in tools]
    options = call.options.set(**changes).without("extra", "provider_options")
    return evolve(call, options=options, messages=tuple(map(message_without_native, call.messages)))


def message_without_native(message: ChatMessage) -> ChatMessage:
    """Remove the native keys of a message: they are sent unchanged, valid or not."""
    update: dict[str, Any] = {"native": None}
    if isinstance(message.content, tuple):
        update["content"] = tuple(map(part_without_native, message.content))
    if isinstance(message, AssistantMessage) and message.tool_calls:
        update["tool_calls"] = tuple(call.model_copy(update={"native": None}) for call in message.tool_calls)
    return message.model_copy(update=update)


def part_without_native(part: ContentPart) -> ContentPart:
    if isinstance(part, NativeContent):
        return TextContent(text="x")
    media_types: dict[type, str] = {ImageContent: "image/png", FileContent: "application/pdf"}
    update = {"media_type": media_types[type(part)]} if type(part) in media_types else {}
    return part.model_copy(update={"native": None, **update})


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_request_follows_the_schema_of_its_vendor(name: str) -> None:
    codec = FORMATS[name]

    @settings(max_examples=100)
    @given(calls(codec.names).map(without_native))
    def law(call: Call) -> None:
        encoded = codec.encode(call).value_or(None)
        assert encoded is None or problems(SCHEMAS[name], json.loads(encoded.request.body)) == []

    law()


_numbers = st.none() | st.integers(-9, 9) | st.floats(-9, 9)
_wide_options = st.builds(
    ChatOptions,
    temperature=_numbers.map(lambda number: number and abs(number)),
    frequency_penalty=_numbers,
    presence_penalty=_numbers,
    seed=st.none() | st.integers(),
    stop=st.none() | st.text("ab", min_size=1, max_size=9) | st.lists(st.text("ab", min_size=1), max_size=9),
)


@pytest.mark.parametrize("model", ["gpt-4.1", "o3"])
@given(_wide_options)
@example(ChatOptions(temperature=2.5, stop=["1", "2", "3", "4", "5"]))
@example(ChatOptions(stop="12345"))
@example(ChatOptions(stop=[], seed=2**70))
@example(ChatOptions(seed=-(2**70)))
def test_values_that_openai_would_reject_are_replaced_or_dropped_and_reported(
    model: str, options: ChatOptions
) -> None:
    encoded = FORMATS["openai"].encode(Call(model=model, messages=HI, options=options)).unwrap()
    body = json.loads(encoded.request.body)
    assert problems(SCHEMAS["openai"], body) == []
    _check_losses(options, body, encoded.losses)


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-7"])
@given(_wide_options)
@example(ChatOptions(temperature=1.5))
def test_values_that_anthropic_would_reject_are_replaced_or_dropped_and_reported(
    model: str, options: ChatOptions
) -> None:
    asked = options.set(max_tokens=9).without("stop")
    encoded = FORMATS["anthropic"].encode(Call(model=model, messages=HI, options=asked)).unwrap()
    body = json.loads(encoded.request.body)
    assert problems(SCHEMAS["anthropic"], body) == []
    _check_losses(asked, body, encoded.losses)


def _check_losses(options: ChatOptions, body: dict[str, Any], losses: Sequence[Loss]) -> None:
    """Check that each option is sent unchanged, or reported once with the value that is sent instead."""
    for name in ("temperature", "frequency_penalty", "presence_penalty", "seed", "stop"):
        asked = getattr(options, name)
        reported = [loss for loss in losses if loss.path == f"options.{name}"]
        assert len(reported) == (thaw(asked) != body.get(name))
        assert [thaw(loss.applied) for loss in reported] == [body.get(name) for _ in reported]
