"""Convert messages to the plain dicts of OpenAI, Anthropic and Ollama, and their tool calls back.

Programs with a client of their own import these. What a format cannot take at all is a `RequestError` that
names the path; what it does not support is dropped and logged, as clients do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel
from returns.pipeline import is_successful

from casual_llm.errors import RequestError
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    Message,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.shell.download import fetch_image_as_base64
from casual_llm.shell.images import with_fetched_images
from casual_llm.validation import type_name
from casual_llm.wire.codec import Response
from casual_llm.wire.json import dump
from casual_llm.wire.media import add_base64_prefix, strip_base64_prefix
from casual_llm.wire.message_format import MessageFormat
from casual_llm.wire.prefix import write_messages
from casual_llm.wire.report import PlacedError, describe_loss
from casual_llm.wire.system_messages import merge_system_messages as _merged

__all__ = [
    "add_base64_prefix",
    "convert_messages_to_anthropic",
    "convert_messages_to_ollama",
    "convert_messages_to_openai",
    "convert_tool_calls_from_anthropic",
    "convert_tool_calls_from_ollama",
    "convert_tool_calls_from_openai",
    "extract_system_messages",
    "fetch_image_as_base64",
    "merge_system_messages",
    "strip_base64_prefix",
]


_LOG = logging.getLogger("casual_llm")

T = TypeVar("T")
Body = dict[str, Json]
Given = BaseModel | Mapping[str, Json]
"""A dict, or an object of a vendor's library."""


def _listed(given: Iterable[T], path: str, kind: str) -> list[T]:
    """Return the items as a list; raise an error for a single item that is not in a list."""
    if isinstance(given, str | bytes | Mapping | BaseModel) or not isinstance(given, Iterable):
        raise RequestError(f"{path}: expected a list of {kind}, got {type_name(given)}")
    return list(given)


def _messages(messages: Iterable[Message]) -> list[ChatMessage]:
    items = _listed(messages, "messages", "messages")
    for index, message in enumerate(items):
        if not isinstance(message, UserMessage | AssistantMessage | SystemMessage | ToolResultMessage):
            remedy = "use a message such as UserMessage(content=...)"
            raise RequestError(f"messages[{index}]: expected a message, got {type_name(message)}; {remedy}")
    return items  # type: ignore[return-value] # checked one by one


def _written(form: MessageFormat, messages: Sequence[ChatMessage], name: str) -> list[Body]:
    try:
        bodies, report = write_messages(form, messages)
    except PlacedError as error:
        raise RequestError(error.encode_error) from None
    for loss in report.losses:
        _LOG.warning("%s", describe_loss(loss, name))
    return bodies


def merge_system_messages(messages: Iterable[Message]) -> list[ChatMessage]:
    """Join the system messages and put them in front.

    >>> brief, kind = SystemMessage(content="Be brief."), SystemMessage(content="Be kind.")
    >>> len(merge_system_messages([brief, kind]))
    1
    """
    return _merged(_messages(messages))


def convert_messages_to_openai(messages: Sequence[Message]) -> list[Body]:
    """Encode messages as Chat Completions objects; log what had to be dropped.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_openai([UserMessage(content="Hi")])
    [{'role': 'user', 'content': 'Hi'}]
    """
    return _written(openai_chat.message_format(OPENAI), _messages(messages), "openai")


async def convert_messages_to_ollama(messages: Sequence[Message]) -> list[Body]:
    """Encode messages for Ollama; images given by URL are downloaded, from public addresses only.

    >>> import asyncio
    >>> from casual_llm.messages import UserMessage
    >>> asyncio.run(convert_messages_to_ollama([UserMessage(content="Hi")]))
    [{'role': 'user', 'content': 'Hi'}]
    """
    ready = await with_fetched_images(_messages(messages), fetch_image_as_base64)
    return _written(ollama.MESSAGES, ready, "ollama")


def convert_messages_to_anthropic(messages: Sequence[Message]) -> list[Body]:
    """Encode messages as alternating turns for Anthropic, without the system messages.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_anthropic([UserMessage(content="Hi")])
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}]
    """
    return _written(anthropic.MESSAGES, _messages(messages), "anthropic")


def extract_system_messages(messages: Sequence[Message]) -> list[Body] | None:
    """Return the system messages as Anthropic's text blocks, stripped; `None` where all are blank.

    >>> extract_system_messages([SystemMessage(content=" Be brief. "), SystemMessage(content=" ")])
    [{'type': 'text', 'text': 'Be brief.'}]
    """
    systems = [message for message in _messages(messages) if isinstance(message, SystemMessage)]
    return [{"type": "text", "text": text} for m in systems if (text := m.content.strip())] or None


def convert_tool_calls_from_openai(tool_calls: Iterable[Given] | None) -> list[AssistantToolCall]:
    """Convert the tool calls of an OpenAI answer: dicts, or the objects of the vendor's library.

    >>> call = {"id": "call_1", "function": {"name": "now", "arguments": "{}"}}
    >>> convert_tool_calls_from_openai([call])[0].function.name
    'now'
    """
    return _calls_in("openai", tool_calls, lambda calls: {"choices": [{"message": {"tool_calls": calls}}]})


def convert_tool_calls_from_ollama(tool_calls: Iterable[Given] | None) -> list[AssistantToolCall]:
    """Read the tool calls of an Ollama answer; a call without an id gets one from its index.

    >>> convert_tool_calls_from_ollama([{"function": {"name": "now", "arguments": {}}}])[0].id
    'call_0'
    """
    return _calls_in("ollama", tool_calls, lambda calls: {"message": {"tool_calls": calls}, "done": True})


def convert_tool_calls_from_anthropic(blocks: Iterable[Given] | None) -> list[AssistantToolCall]:
    """Read the tool calls among the blocks of an Anthropic answer.

    >>> block = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {"zone": "CET"}}
    >>> convert_tool_calls_from_anthropic([block])[0].function.arguments
    '{"zone":"CET"}'
    """
    return _calls_in("anthropic", blocks, lambda content: {"type": "message", "content": content}, "blocks")


def _calls_in(
    name: str, given: Iterable[Given] | None, answer: Callable[[list[Json]], Body], path: str = "tool_calls"
) -> list[AssistantToolCall]:
    """Read calls as those of an answer that holds nothing else; vendors use None for no calls."""
    items = [] if given is None else _listed(given, path, "dicts, or of objects of the vendor's library")
    plain = [_plain(each, f"{path}[{index}]") for index, each in enumerate(items)]
    try:
        body = dump(answer(plain))
    except ValueError as error:
        raise RequestError(f"{path}: not valid JSON: {error}; use plain values") from None
    reply = format_named(name).decode(Response(status=200, body=body))
    if not is_successful(reply):
        raise RequestError(f"{path}: cannot be read; pass the tool calls of the provider's answer unchanged")
    return list(reply.unwrap().message.tool_calls or ())


def _plain(given: Given, path: str) -> Json:
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json")
    if not isinstance(given, Mapping):
        valid = "a dict, or an object of the vendor's library"
        raise RequestError(f"{path}: expected {valid}, got {type_name(given)}")
    return given
