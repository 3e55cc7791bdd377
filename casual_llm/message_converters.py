"""Messages in the words of OpenAI, Anthropic and Ollama, and tool calls back: plain lists and dicts.

These are the names that programs with a client of their own import. What a format cannot take at all is
a `RequestError` that names the place; what it has no word for, `encode` of its codec tells as a loss.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

from pydantic import BaseModel
from returns.pipeline import is_successful

from casual_llm.errors import RequestError
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.messages import AssistantToolCall, ChatMessage, Message, SystemMessage
from casual_llm.providers.anthropic.turns import turns_of, write_turn
from casual_llm.providers.ollama.messages import message_to_ollama
from casual_llm.providers.openai.dialects import OPENAI
from casual_llm.providers.openai.messages import message_to_openai
from casual_llm.shell.fetch import fetch_image_as_base64
from casual_llm.shell.images import with_fetched_images
from casual_llm.wire.codec import Response
from casual_llm.wire.json import dump, mapping
from casual_llm.wire.media import add_base64_prefix, strip_base64_prefix
from casual_llm.wire.requests import UnsayableError
from casual_llm.wire.system import merge_system_messages

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


Body = dict[str, Json]
Given = BaseModel | Mapping[str, Json]
"""A dict, or an object of a vendor's library."""


@contextmanager
def _located() -> Generator[None, None, None]:
    try:
        yield
    except UnsayableError as unsayable:
        raise RequestError(unsayable.error) from None


def _numbered(messages: Sequence[ChatMessage]) -> Iterable[tuple[str, ChatMessage]]:
    for index, message in enumerate(messages):
        if not isinstance(message, Message):
            problem = f"{type(message).__name__} given; give a message, such as UserMessage(content=...)"
            raise RequestError(f"messages[{index}]: {problem}")
        yield f"messages[{index}]", message


def convert_messages_to_openai(messages: Sequence[ChatMessage]) -> list[Body]:
    """Write messages as OpenAI Chat takes them.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_openai([UserMessage(content="Hi")])
    [{'role': 'user', 'content': 'Hi'}]
    """
    with _located():
        return [message_to_openai(message, OPENAI, path)[0] for path, message in _numbered(messages)]


async def convert_messages_to_ollama(messages: Sequence[ChatMessage]) -> list[Body]:
    """Write messages as Ollama takes them; images given by URL are fetched, from public addresses only.

    >>> import asyncio
    >>> from casual_llm.messages import UserMessage
    >>> asyncio.run(convert_messages_to_ollama([UserMessage(content="Hi")]))
    [{'role': 'user', 'content': 'Hi'}]
    """
    spoken = [message for _, message in _numbered(messages)]
    ready = await with_fetched_images(spoken, fetch_image_as_base64)
    with _located():
        return [message_to_ollama(message, path) for path, message in _numbered(ready)]


def convert_messages_to_anthropic(messages: Sequence[ChatMessage]) -> list[Body]:
    """Write messages as Anthropic takes them: turns, and no system messages.

    >>> from casual_llm.messages import UserMessage
    >>> convert_messages_to_anthropic([UserMessage(content="Hi")])
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}]
    """
    spoken = [message for _, message in _numbered(messages)]
    with _located():
        written = [write_turn(turn, {}).body for turn in turns_of(spoken)]
    return [body for body in written if body is not None]


def extract_system_messages(messages: Sequence[ChatMessage]) -> list[Body] | None:
    """Give the system messages as Anthropic's blocks of text, stripped; `None` where none says anything.

    >>> extract_system_messages([SystemMessage(content=" Be brief. "), SystemMessage(content=" ")])
    [{'type': 'text', 'text': 'Be brief.'}]
    """
    texts = [message.content.strip() for message in messages if isinstance(message, SystemMessage)]
    return [{"type": "text", "text": text} for text in texts if text] or None


def convert_tool_calls_from_openai(
    tool_calls: Sequence[Given],
) -> list[AssistantToolCall]:
    """Read the tool calls of an OpenAI answer: dicts, or the objects of the vendor's library.

    >>> said = {"id": "call_1", "function": {"name": "now", "arguments": "{}"}}
    >>> convert_tool_calls_from_openai([said])[0].function.name
    'now'
    """
    choice: Body = {"message": {"tool_calls": _plain(tool_calls)}}
    return _calls_in("openai", {"choices": [choice]})


def convert_tool_calls_from_ollama(
    tool_calls: Sequence[Given],
) -> list[AssistantToolCall]:
    """Read the tool calls of an Ollama answer; those without an id get one by their place.

    >>> convert_tool_calls_from_ollama([{"function": {"name": "now", "arguments": {}}}])[0].id
    'call_0'
    """
    return _calls_in("ollama", {"message": {"tool_calls": _plain(tool_calls)}, "done": True})


def convert_tool_calls_from_anthropic(
    blocks: Sequence[Given],
) -> list[AssistantToolCall]:
    """Read the tool calls among the blocks of an Anthropic answer.

    >>> block = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {"zone": "CET"}}
    >>> convert_tool_calls_from_anthropic([block])[0].function.arguments
    '{"zone":"CET"}'
    """
    return _calls_in("anthropic", {"type": "message", "role": "assistant", "content": _plain(blocks)})


def _plain(objects: Sequence[Given]) -> list[Json]:
    return [each.model_dump() if isinstance(each, BaseModel) else mapping(each) for each in objects]


def _calls_in(name: str, body: Mapping[str, Json]) -> list[AssistantToolCall]:
    reply = format_named(name).decode(Response(status=200, body=dump(body)))
    if not is_successful(reply):
        raise RequestError(f"tool_calls: {reply.failure()}")
    return list(reply.unwrap().message.tool_calls or ())
