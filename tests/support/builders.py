"""Values that several test files need: tool calls, tools, questions and an image."""

from __future__ import annotations

import base64
from typing import Any

from casual_llm import AssistantToolCall, AssistantToolCallFunction, Tool, ToolParameter, UserMessage

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG image of one pixel."""
PNG_SIGNATURE = PIXEL[:8]
PNG_SIGNATURE_BASE64 = base64.b64encode(PNG_SIGNATURE).decode()
"""The shortest bytes that are recognised as a PNG image."""
WEATHER = Tool(
    name="get_weather",
    description="Weather of a city",
    parameters={"city": ToolParameter(type="string")},
    required=["city"],
)
TIME = Tool(name="get_time", description="Time in a city", parameters={"city": ToolParameter(type="string")})
CAPITAL = "What is the capital of France?"
CAPITAL_QUESTION = [UserMessage(content=CAPITAL)]
WEATHER_QUESTION = [UserMessage(content="What is the weather in Paris?")]


def tool_call(
    identity: str = "a",
    name: str = "weather",
    arguments: str = "{}",
    **fields: Any,  # noqa: ANN401 # fields of a tool call
) -> AssistantToolCall:
    """Build a tool call of an assistant message."""
    function = AssistantToolCallFunction(name=name, arguments=arguments)
    return AssistantToolCall(id=identity, function=function, **fields)
