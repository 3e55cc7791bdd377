"""Convert tools to the plain dicts of OpenAI, Anthropic and Ollama.

What a format does not support of a tool, such as `cache_control`, is dropped; a codec's `encode` reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from casual_llm.errors import RequestError
from casual_llm.frozen import Json
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.tools import Tool
from casual_llm.validation import type_name

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
    return openai_chat.write_tool(OPENAI, _checked(tool))


def tool_to_anthropic(tool: Tool) -> Body:
    """Write a tool as Anthropic lists it.

    >>> tool_to_anthropic(Tool(name="ping"))
    {'name': 'ping', 'input_schema': {'type': 'object', 'properties': {}, 'required': []}}
    """
    return anthropic.write_tool(_checked(tool))


def tool_to_ollama(tool: Tool) -> Body:
    """Write a tool as Ollama lists it, which is as OpenAI does.

    >>> tool_to_ollama(Tool(name="ping")) == tool_to_openai(Tool(name="ping"))
    True
    """
    return ollama.write_tool(_checked(tool))


def tools_to_openai(tools: Iterable[Tool]) -> list[Body]:
    """Write tools as OpenAI lists them.

    >>> tools_to_openai([])
    []
    """
    return _each(tool_to_openai, tools)


def tools_to_anthropic(tools: Iterable[Tool]) -> list[Body]:
    """Write tools as Anthropic lists them.

    >>> tools_to_anthropic([])
    []
    """
    return _each(tool_to_anthropic, tools)


def tools_to_ollama(tools: Iterable[Tool]) -> list[Body]:
    """Write tools as Ollama lists them.

    >>> tools_to_ollama([])
    []
    """
    return _each(tool_to_ollama, tools)


def _each(write: Callable[[Tool], Body], tools: Iterable[Tool]) -> list[Body]:
    if isinstance(tools, Tool):
        raise RequestError("tools: expected a list of tools, got a Tool; put it into a list")
    return [write(_checked(tool, f"tools[{index}]")) for index, tool in enumerate(tools)]


def _checked(tool: Tool, path: str = "tool") -> Tool:
    if not isinstance(tool, Tool):
        remedy = "use a Tool, such as Tool.from_input_schema(name, description, schema)"
        raise RequestError(f"{path}: expected a Tool, got {type_name(tool)}; {remedy}")
    return tool
