"""What is said: the four messages, their content parts, and the tool calls of an assistant.

A conversation is a list of `ChatMessage`; every message survives JSON and comes back equal.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from casual_llm.frozen import FrozenMapping, FrozenModel, FrozenSequence


class TextContent(FrozenModel):
    """A piece of text inside a message.

    >>> TextContent(text="What is in this picture?").text
    'What is in this picture?'
    """

    type: Literal["text"] = "text"
    text: str


class ImageContent(FrozenModel):
    """An image: a URL, a data URI, or base64 as text or as `{"type": "base64", "data": …}`.

    >>> ImageContent(source="https://example.com/cat.png").source
    'https://example.com/cat.png'
    >>> ImageContent(source={"type": "base64", "data": "aGk="}, media_type="image/png").media_type
    'image/png'

    What cannot be an image is refused:

    >>> ImageContent(source="aGk=", media_type="text/plain")
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for ImageContent
    ...
    """

    type: Literal["image"] = "image"
    source: str | FrozenMapping[str]
    media_type: Annotated[str, Field(pattern=r"^image/[\w.+-]+$")] = "image/jpeg"

    @model_validator(mode="after")
    def _source_is_an_image(self) -> ImageContent:
        if isinstance(self.source, str):
            data = "" if is_reference(self.source) else self.source
        elif self.source.keys() == {"type", "data"} and self.source["type"] == "base64":
            data = self.source["data"]
        else:
            raise ValueError('source: give a URL, base64, or {"type": "base64", "data": "..."}')
        if not self.source or (not data and not isinstance(self.source, str)):
            raise ValueError("source: it is empty; give a URL or base64")
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("source: neither a URL (http, https, data) nor valid base64") from None
        return self


def is_url(source: object) -> bool:
    """Whether an image source is the URL of a web server."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))


def is_reference(source: str) -> bool:
    """Whether the text of an image source is a URL or data URI rather than base64."""
    return is_url(source) or source[:11].lower() == "data:image/"


ContentPart: TypeAlias = Annotated[TextContent | ImageContent, Field(discriminator="type")]
"""One piece of a user message, told apart by `type`."""


class Message(FrozenModel):
    """What the four messages have in common, so that type checkers see a list of them as one."""


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


class AssistantMessage(Message):
    """What the model says: text, tool calls, or a refusal to answer.

    >>> AssistantMessage(content="Hi!").tool_calls is None
    True
    """

    role: Literal["assistant"] = "assistant"
    content: str | None = None
    tool_calls: FrozenSequence[AssistantToolCall] | None = None
    refusal: str | None = None


class ToolResultMessage(Message):
    """What a tool answered to the call `tool_call_id`.

    >>> ToolResultMessage(name="now", tool_call_id="call_1", content="12:00").role
    'tool'
    """

    role: Literal["tool"] = "tool"
    name: str
    tool_call_id: str
    content: str


ChatMessage: TypeAlias = Annotated[
    UserMessage | AssistantMessage | SystemMessage | ToolResultMessage, Field(discriminator="role")
]
"""Any of the four messages; pydantic reads it from JSON by `role`."""
