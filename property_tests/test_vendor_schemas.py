"""What is sent follows the schema that its vendor publishes, for calls of all kinds.

Numbers and names are made such as the vendors take; all else is as free as in the other laws.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from corpus import problems
from hypothesis import given, settings

from casual_llm import AssistantMessage, ChatMessage, NativeContent, TextContent
from casual_llm.content import ContentPart, FileContent, ImageContent
from casual_llm.formats import FORMATS
from casual_llm.laws.strategies import calls
from casual_llm.wire.codec import Call

SCHEMAS = {
    "openai": "openai.CreateChatCompletionRequest",
    "anthropic": "anthropic.CreateMessageParams",
    "ollama": "ollama.ChatRequest",
}
LIMITS = {"temperature": (0, 1), "frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}


def within_limits(call: Call) -> Call:
    """Make of a call one whose numbers the vendors take."""
    said: dict[str, Any] = {
        name: max(low, min(high, getattr(call.options, name)))
        for name, (low, high) in LIMITS.items()
        if isinstance(getattr(call.options, name), int | float)
    }
    if call.options.stop in {"", ()}:
        said["stop"] = "END"
    tools = call.options.tools
    if isinstance(tools, tuple):
        said["tools"] = [tool.model_copy(update={"native": None}) for tool in tools]
    options = call.options.set(**said).without("extra", "provider_options")
    return evolve(call, options=options, messages=tuple(map(as_vendors_take, call.messages)))


def as_vendors_take(message: ChatMessage) -> ChatMessage:
    """Leave out what a caller says in a format's own words: it is sent as it is, right or wrong."""
    said: dict[str, Any] = {"native": None}
    if isinstance(message.content, tuple):
        said["content"] = tuple(map(part_as_vendors_take, message.content))
    if isinstance(message, AssistantMessage) and message.tool_calls:
        said["tool_calls"] = tuple(call.model_copy(update={"native": None}) for call in message.tool_calls)
    return message.model_copy(update=said)


def part_as_vendors_take(part: ContentPart) -> ContentPart:
    if isinstance(part, NativeContent):
        return TextContent(text="x")
    kinds: dict[type, str] = {ImageContent: "image/png", FileContent: "application/pdf"}
    said = {"media_type": kinds[type(part)]} if type(part) in kinds else {}
    return part.model_copy(update={"native": None, **said})


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_request_follows_the_schema_of_its_vendor(name: str) -> None:
    codec = FORMATS[name]

    @settings(max_examples=100)
    @given(calls(codec.names).map(within_limits))
    def law(call: Call) -> None:
        encoded = codec.encode(call).value_or(None)
        assert encoded is None or problems(SCHEMAS[name], json.loads(encoded.request.body)) == []

    law()
