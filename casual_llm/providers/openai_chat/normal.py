"""The one form of a message that the wire gives back.

Several values of ours are one thing on the wire: an image as base64 or as a data URI, no tool calls
or an empty list of them. `normalized` chooses the one that `read` gives, and tells what it changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    ContentPart,
    ImageContent,
    NativeContent,
    TextContent,
    ToolResultMessage,
    UserMessage,
    is_url,
)
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.codec import Normal
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.media import plain
from casual_llm.wire.report import Loss

UNTOLD: str = ImageContent.model_fields["media_type"].default
"""The media type of an image of which nothing is said."""
_Heard = TypeVar("_Heard", UserMessage, ToolResultMessage)
_Said = TypeVar("_Said")
_Normal = tuple[_Said, Sequence[Loss]]


def normalize(dialect: Dialect, messages: Sequence[ChatMessage]) -> Normal:
    """Give the conversation as a request in this dialect reads back.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> normalize(OPENAI, [AssistantMessage(content="Hi", tool_calls=[])]).messages[0].tool_calls is None
    True
    """
    changes, normal = list[Loss](), list[ChatMessage]()
    for index, message in enumerate(messages):
        after, changed = normalized(message, dialect, f"messages[{index}]")
        normal.append(after)
        changes += changed
    return Normal(messages=normal, changes=tuple(changes))


def normalized(message: ChatMessage, dialect: Dialect, path: str) -> _Normal[ChatMessage]:
    """Give a message in its one form, and what was changed to get there."""
    # Roles are compared, because `isinstance` of the classes costs ten times as much.
    if message.role == "assistant":
        answer, changes = _assistant(message, dialect, path)
        return _calling(answer, changes, dialect, path) if answer.tool_calls else (answer, changes)
    if message.role == "tool":
        after, changes = _answering(*_parts(message, path), dialect, path)
        return (after, changes) if message.cache_control is None else _marked(after, changes, dialect, path)
    return _parts(message, path) if message.role == "user" else (message, ())


def _parts(message: _Heard, path: str) -> _Normal[_Heard]:
    if message.content is None or isinstance(message.content, str):
        return message, ()
    parts = tuple(_part(part) for part in message.content)
    changes = [
        _rewritten(f"{path}.content[{index}].source", {"type": part.type}, {"type": "base64"})
        for index, part in enumerate(message.content)
        if parts[index] is not part
    ]
    return (message.model_copy(update={"content": parts}), changes) if changes else (message, ())


def _part(part: ContentPart) -> ContentPart:
    if isinstance(part, TextContent | NativeContent) or not isinstance(part.source, str):
        return part
    found = plain(part)
    unread = found is part and isinstance(part, ImageContent) and not is_url(part.source)
    # Of an image in a URI that cannot be read, the URI alone says what it is.
    return part.model_copy(update={"media_type": UNTOLD}) if unread and part.media_type != UNTOLD else found


def _assistant(message: AssistantMessage, dialect: Dialect, path: str) -> _Normal[AssistantMessage]:
    calls = message.tool_calls
    if calls and message.content is None and dialect.content_with_tool_calls == "empty":
        return message.model_copy(update={"content": ""}), [_rewritten(f"{path}.content", None, "")]
    if calls is not None and not calls:
        return message.model_copy(update={"tool_calls": None}), [_rewritten(f"{path}.tool_calls", [], None)]
    return message, ()


def _calling(
    message: AssistantMessage, changes: Sequence[Loss], dialect: Dialect, path: str
) -> _Normal[AssistantMessage]:
    given, ids = message.tool_calls or (), dialect.call_ids
    if ids is None or all(ids.fullmatch(call.id) for call in given):
        return message, changes
    calls = tuple(call.model_copy(update={"id": valid_tool_call_id(call.id, ids)}) for call in given)
    changed = [
        _rewritten(f"{path}.tool_calls[{index}].id", before.id, after.id)
        for index, (before, after) in enumerate(zip(given, calls, strict=True))
        if before.id != after.id
    ]
    return message.model_copy(update={"tool_calls": calls}), [*changes, *changed]


def _answering(
    message: ToolResultMessage, changes: Sequence[Loss], dialect: Dialect, path: str
) -> _Normal[ToolResultMessage]:
    before, ids = message.tool_call_id, dialect.call_ids
    after = before if ids is None else valid_tool_call_id(before, ids)
    if before == after:
        return message, changes
    changed = _rewritten(f"{path}.tool_call_id", before, after)
    return message.model_copy(update={"tool_call_id": after}), [*changes, changed]


def _marked(
    message: ToolResultMessage, changes: Sequence[Loss], dialect: Dialect, path: str
) -> _Normal[ToolResultMessage]:
    """Move the mark of a tool's result to its last part, where marks stand on the wire."""
    if not dialect.cache_control:
        return message, changes
    content = message.content
    parts = [TextContent(text=content)] if isinstance(content, str) else list(content)
    last = parts.pop() if parts else None
    if last is None or isinstance(last, NativeContent) or last.cache_control is not None:
        return message, changes
    last = last.model_copy(update={"cache_control": message.cache_control})
    moved = Loss(path=f"{path}.cache_control", kind="moved", asked=message.cache_control, applied="content")
    told = message.model_copy(update={"content": (*parts, last), "cache_control": None})
    return told, [*changes, moved]


def _rewritten(path: str, asked: Json, applied: Json) -> Loss:
    return Loss(path=path, kind="rewritten", asked=asked, applied=applied)
