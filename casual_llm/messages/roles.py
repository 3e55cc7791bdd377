"""The messages of the four roles, and the tool calls of an assistant."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from casual_llm.frozen import Absent, FrozenModel, FrozenSequence
from casual_llm.messages.content import CacheControl, ContentPart, Native


class Message(FrozenModel):
    """The base class of the four messages, so that type checkers accept a list of any of them."""

    native: Native = None


class UserMessage(Message):
    """A message of the user.

    Args:
        content: text, or a list of parts such as `TextContent` and `ImageContent`; `None` for no content
        native: extra keys of the message's JSON object, by the name of the wire format; by default none

    >>> UserMessage(content="Hello!").model_dump()
    {'role': 'user', 'content': 'Hello!'}
    """

    role: Literal["user"] = "user"
    content: str | FrozenSequence[ContentPart] | None


class SystemMessage(Message):
    """Instructions for the model, at the beginning of the conversation or inside it.

    Args:
        content: the instructions, as text
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the message's JSON object, by the name of the wire format; by default none

    >>> SystemMessage(content="Answer briefly.").role
    'system'
    """

    role: Literal["system"] = "system"
    content: str
    cache_control: CacheControl = None


class AssistantToolCallFunction(FrozenModel):
    """The function that the model wants to call, and with what.

    Args:
        name: the name of the tool
        arguments: the arguments as the JSON text that the model wrote; it may be invalid

    >>> AssistantToolCallFunction(name="weather", arguments='{"city": "Paris"}').arguments
    '{"city": "Paris"}'
    """

    name: str
    arguments: str


class AssistantToolCall(FrozenModel):
    """One tool call that the model requests; the result refers to it by `id`.

    Args:
        id: the id of the call, unique within the conversation
        function: the name of the tool and the arguments
        native: extra keys of the call's JSON object, by the name of the wire format; by default none

    >>> AssistantToolCall(id="call_1", function=AssistantToolCallFunction(name="now", arguments="{}")).type
    'function'
    """

    id: str
    type: Literal["function"] = "function"
    function: AssistantToolCallFunction
    native: Native = None


class AssistantMessage(Message):
    """A message of the model.

    Args:
        content: the text of the answer; by default `None`
        tool_calls: the calls that the model requests; by default `None`
        refusal: the text with which the model declines to answer; by default `None`
        native: what the format needs back, by the name of the wire format or issuer; by default none

    >>> AssistantMessage(content="Hi!").tool_calls is None
    True

    What a provider requires back, such as signed reasoning, is in `native`: append the message to the
    conversation, and it is sent back unchanged.
    """

    role: Literal["assistant"] = "assistant"
    content: str | None = None
    tool_calls: FrozenSequence[AssistantToolCall] | None = None
    refusal: str | None = None


class ToolResultMessage(Message):
    """The result of a tool call.

    Args:
        name: the name of the tool
        tool_call_id: the `id` of the `AssistantToolCall` that it answers
        content: the result: text, or a list of parts such as an image
        is_error: whether the tool failed, as `content` then explains; by default not sent
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the message's JSON object, by the name of the wire format; by default none

    >>> ToolResultMessage(name="now", tool_call_id="call_1", content="12:00").role
    'tool'
    """

    role: Literal["tool"] = "tool"
    name: str
    tool_call_id: str
    content: str | FrozenSequence[ContentPart]
    is_error: Absent[bool] = None
    cache_control: CacheControl = None


ChatMessage: TypeAlias = Annotated[
    UserMessage | AssistantMessage | SystemMessage | ToolResultMessage, Field(discriminator="role")
]
"""Any of the four messages; pydantic reads it from JSON by `role`."""
