"""Messages in the words of OpenAI, Anthropic and Ollama, and tool calls back: plain lists and dicts.

These are the names that programs with a client of their own import. What a format cannot take at all is
a `RequestError` that names the place; what it has no word for is left out and logged, as clients do it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
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
from casual_llm.providers.anthropic.messages import MESSAGES as ANTHROPIC_MESSAGES
from casual_llm.providers.ollama.messages import losses_of, message_to_ollama
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.providers.openai_chat.messages import message_to_openai
from casual_llm.shell.download import fetch_image_as_base64
from casual_llm.shell.images import with_fetched_images
from casual_llm.validation import type_name
from casual_llm.wire.codec import Response
from casual_llm.wire.encoding import PlacedError
from casual_llm.wire.json import dump, items, mapping, parse
from casual_llm.wire.media import add_base64_prefix, strip_base64_prefix
from casual_llm.wire.prefix import EMPTY_PREFIX, array, encode_messages
from casual_llm.wire.report import Loss, describe_loss
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


@contextmanager
def _located() -> Generator[None, None, None]:
    try:
        yield
    except PlacedError as unsayable:
        raise RequestError(unsayable.error) from None


def _listed(given: Iterable[T], place: str, kind: str) -> list[T]:
    """Refuse what is no list, such as the one thing that should stand in it."""
    if isinstance(given, str | bytes | Mapping | BaseModel) or not isinstance(given, Iterable):
        raise RequestError(f"{place}: {type_name(given)} given; give a list of {kind}")
    return list(given)


def _located_messages(messages: Iterable[Message]) -> list[tuple[str, ChatMessage]]:
    found = _listed(messages, "messages", "messages")
    return [(f"messages[{index}]", _checked(index, message)) for index, message in enumerate(found)]


def _checked(index: int, message: Message) -> ChatMessage:
    if isinstance(message, UserMessage | AssistantMessage | SystemMessage | ToolResultMessage):
        return message
    remedy = "give a message, such as UserMessage(content=...)"
    raise RequestError(f"messages[{index}]: {type_name(message)} given; {remedy}")


def _note(losses: Iterable[Loss], name: str) -> None:
    for loss in losses:
        _LOG.warning("%s", describe_loss(loss, name))


def merge_system_messages(messages: Iterable[Message]) -> list[ChatMessage]:
    """Join the system messages and put them in front.

    >>> brief, kind = SystemMessage(content="Be brief."), SystemMessage(content="Be kind.")
    >>> len(merge_system_messages([brief, kind]))
    1
    """
    return _merged([message for _, message in _located_messages(messages)])


def convert_messages_to_openai(messages: Sequence[Message]) -> list[Body]:
    """Write messages as OpenAI Chat takes them.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_openai([UserMessage(content="Hi")])
    [{'role': 'user', 'content': 'Hi'}]
    """
    with _located():
        written = [message_to_openai(message, OPENAI, path) for path, message in _located_messages(messages)]
    _note([loss for _, losses in written for loss in losses], "openai")
    return [body for body, _ in written]


async def convert_messages_to_ollama(messages: Sequence[Message]) -> list[Body]:
    """Write messages as Ollama takes them; images given by URL are fetched, from public addresses only.

    >>> import asyncio
    >>> from casual_llm.messages import UserMessage
    >>> asyncio.run(convert_messages_to_ollama([UserMessage(content="Hi")]))
    [{'role': 'user', 'content': 'Hi'}]
    """
    spoken = [message for _, message in _located_messages(messages)]
    ready = _located_messages(await with_fetched_images(spoken, fetch_image_as_base64))
    with _located():
        written = [message_to_ollama(message, path) for path, message in ready]
    _note([loss for path, message in ready for loss in losses_of(message, path)], "ollama")
    return written


def convert_messages_to_anthropic(messages: Sequence[Message]) -> list[Body]:
    """Write messages as Anthropic takes them: turns, and no system messages.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_anthropic([UserMessage(content="Hi")])
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}]
    """
    with _located():
        spoken = [message for _, message in _located_messages(messages)]
        encoded = encode_messages(ANTHROPIC_MESSAGES, spoken, EMPTY_PREFIX, merge_system=False)
    _note(encoded.report.losses, "anthropic")
    turns = parse(b"".join(array(encoded.prefix.pieces, encoded.open_turn))).unwrap()
    return [dict(mapping(turn)) for turn in items(turns)]


def extract_system_messages(messages: Sequence[Message]) -> list[Body] | None:
    """Give the system messages as Anthropic's blocks of text, stripped; `None` where none says anything.

    >>> extract_system_messages([SystemMessage(content=" Be brief. "), SystemMessage(content=" ")])
    [{'type': 'text', 'text': 'Be brief.'}]
    """
    spoken = [message for _, message in _located_messages(messages)]
    texts = [message.content.strip() for message in spoken if isinstance(message, SystemMessage)]
    return [{"type": "text", "text": text} for text in texts if text] or None


def convert_tool_calls_from_openai(tool_calls: Iterable[Given] | None) -> list[AssistantToolCall]:
    """Read the tool calls of an OpenAI answer: dicts, or the objects of the vendor's library.

    >>> said = {"id": "call_1", "function": {"name": "now", "arguments": "{}"}}
    >>> convert_tool_calls_from_openai([said])[0].function.name
    'now'
    """
    return _calls_in("openai", tool_calls, lambda calls: {"choices": [{"message": {"tool_calls": calls}}]})


def convert_tool_calls_from_ollama(tool_calls: Iterable[Given] | None) -> list[AssistantToolCall]:
    """Read the tool calls of an Ollama answer; those without an id get one by their place.

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
    return _calls_in("anthropic", blocks, lambda said: {"type": "message", "content": said}, "blocks")


def _calls_in(
    name: str, given: Iterable[Given] | None, answer: Callable[[list[Json]], Body], place: str = "tool_calls"
) -> list[AssistantToolCall]:
    """Read calls as those of an answer that says nothing else; vendors say None where there are none."""
    said = [] if given is None else _listed(given, place, "dicts, or of objects of the vendor's library")
    plain = [_plain(each, f"{place}[{index}]") for index, each in enumerate(said)]
    try:
        body = dump(answer(plain))
    except ValueError as error:
        raise RequestError(f"{place}: what is given is no JSON: {error}; give plain values") from None
    reply = format_named(name).decode(Response(status=200, body=body))
    if not is_successful(reply):
        raise RequestError(f"{place}: they cannot be read; give them as the answer of the vendor holds them")
    return list(reply.unwrap().message.tool_calls or ())


def _plain(given: Given, place: str) -> Json:
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json")
    if not isinstance(given, Mapping):
        remedy = "give a dict, or an object of the vendor's library"
        raise RequestError(f"{place}: {type_name(given)} given; {remedy}")
    return given
