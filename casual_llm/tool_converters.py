"""Tools in the words of OpenAI, Anthropic and Ollama: the names that callers import."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.frozen import Json
from casual_llm.providers.anthropic.encode import tool_to_anthropic
from casual_llm.providers.openai.dialects import OPENAI
from casual_llm.providers.openai.encode import tool_to_openai as in_dialect
from casual_llm.tools import Tool

__all__ = [
    "tool_to_anthropic",
    "tool_to_ollama",
    "tool_to_openai",
    "tools_to_anthropic",
    "tools_to_ollama",
    "tools_to_openai",
]

Body = dict[str, Json]


def tool_to_openai(tool: Tool) -> Body:
    """Write a tool as OpenAI lists it.

    >>> tool_to_openai(Tool(name="ping"))["function"]["name"]
    'ping'
    """
    return in_dialect(tool, OPENAI)


def tools_to_openai(tools: Sequence[Tool]) -> list[Body]:
    """Write tools as OpenAI lists them."""
    return [tool_to_openai(tool) for tool in tools]


def tools_to_anthropic(tools: Sequence[Tool]) -> list[Body]:
    """Write tools as Anthropic lists them."""
    return [tool_to_anthropic(tool) for tool in tools]


tool_to_ollama, tools_to_ollama = tool_to_openai, tools_to_openai
"""Ollama lists tools as OpenAI does."""
