"""What is said: the four messages, and the tool calls of an assistant.

A conversation is a list of `ChatMessage`; every message survives JSON and comes back equal. What
only one wire format knows of a message stands in `native`, by the format's name.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from casual_llm.content import (
    AudioContent,
    CacheControl,
    ContentPart,
    FileContent,
    ImageContent,
    Native,
    NativeContent,
    TextContent,
)
from casual_llm.frozen import Absent, FrozenModel, FrozenSequence

__all__ = [
    "AssistantMessage",
    "AssistantToolCall",
    "AssistantToolCallFunction",
    "AudioContent",
    "ChatMessage",
    "ContentPart",
    "FileContent",
    "ImageContent",
    "Message",
    "NativeContent",
    "SystemMessage",
    "TextContent",
    "ToolResultMessage",
    "UserMessage",
]


class Message(FrozenModel):
    """What the four messages have in common, so that type checkers see a list of them as one."""

    native: Native = None


class UserMessage(Message):
    """What the user says: text, or a list of parts.

    >>> UserMessage(content="Hello!").model_dump()
    {'role': 'user', 'content': 'Hello!'}
    """

    role: Literal["user"] = "user"
    content: str | FrozenSequence[ContentPart] | None


class SystemMessage(Message):
    """Instructions that stand above the conversation.

    >>> SystemMessage(content="Answer briefly.").role
    'system'
    """

    role: Literal["system"] = "system"
    content: str
    cache_control: CacheControl = None


class AssistantToolCallFunction(FrozenModel):
    """The function an assistant wants called; `arguments` is its JSON text, kept to the letter."""

    name: str
    arguments: str


class AssistantToolCall(FrozenModel):
    """One call an assistant asks for; the result refers to it by `id`.

    >>> AssistantToolCall(id="call_1", function=AssistantToolCallFunction(name="now", arguments="{}")).type
    'function'
    """

    id: str
    type: Literal["function"] = "function"
    function: AssistantToolCallFunction
    native: Native = None


class AssistantMessage(Message):
    """What the model says: text, tool calls, or a refusal to answer.

    >>> AssistantMessage(content="Hi!").tool_calls is None
    True

    What a provider wants to see again, such as signed reasoning, is in `native`: append the message
    to the conversation, and it goes back as it came.
    """

    role: Literal["assistant"] = "assistant"
    content: str | None = None
    tool_calls: FrozenSequence[AssistantToolCall] | None = None
    refusal: str | None = None


class ToolResultMessage(Message):
    """What a tool answered to the call `tool_call_id`: text, or parts such as an image.

    >>> ToolResultMessage(name="now", tool_call_id="call_1", content="12:00").role
    'tool'
    """

    role: Literal["tool"] = "tool"
    name: str
    tool_call_id: str
    content: str | FrozenSequence[ContentPart]
    is_error: Absent[bool] = None
    """Whether the tool failed, and `content` says how."""
    cache_control: CacheControl = None


ChatMessage: TypeAlias = Annotated[
    UserMessage | AssistantMessage | SystemMessage | ToolResultMessage, Field(discriminator="role")
]
"""Any of the four messages; pydantic reads it from JSON by `role`."""
