"""Messages as Chat Completions bodies: each gives its body and what of it has no word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.content import (
    AudioContent,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    TextContent,
    is_url,
)
from casual_llm.frozen import Json, thaw
from casual_llm.messages import AssistantMessage, ChatMessage, SystemMessage, ToolResultMessage
from casual_llm.providers.openai.dialect import Dialect
from casual_llm.wire.loss import Loss, foreign, own, unsupported
from casual_llm.wire.media import inline, uri_of
from casual_llm.wire.requests import said

Body = dict[str, Json]
_UNTOLD = ImageContent.model_fields["media_type"].default
AUDIO_FORMATS: Mapping[str, str] = {"audio/mpeg": "mp3"}
"""Media types whose name on the wire is not their second half."""


def message_to_openai(
    message: ChatMessage, dialect: Dialect, path: str = "message", names: Mapping[str, str] | None = None
) -> tuple[Body, list[Loss]]:
    """Write a message as a plain dict, and tell what it leaves out; `None` content stays `None`.

    >>> from casual_llm.messages import UserMessage
    >>> from casual_llm.providers.openai.dialect import OPENAI
    >>> message_to_openai(UserMessage(content="Hi"), OPENAI)
    ({'role': 'user', 'content': 'Hi'}, [])

    `names` are the names of the tools called so far, by the ids of the calls.
    """
    body: Body
    if isinstance(message, AssistantMessage):
        body, losses = _assistant(message, dialect, path)
    elif isinstance(message, ToolResultMessage):
        body, losses = _tool_result(message, dialect, path, names)
    elif isinstance(message, SystemMessage):
        body, losses = {"role": dialect.system_role, "content": message.content}, []
        losses += _marked(message, body, dialect, path)
    else:
        content, losses = _content(message.content, dialect, f"{path}.content")
        body = {"role": "user", "content": content}
    losses += foreign(path, message.native, dialect.names)
    return {**body, **own(message.native, dialect.names)}, losses


def _content(
    content: str | Sequence[ContentPart] | None, dialect: Dialect, path: str
) -> tuple[Json, list[Loss]]:
    if content is None or isinstance(content, str):
        return content, []
    parts, losses = list[Json](), list[Loss]()
    for index, part in enumerate(content):
        body, lost = _part(part, dialect, f"{path}[{index}]")
        parts += [body] if body else []
        losses += lost
    return parts, losses


def _part(part: ContentPart, dialect: Dialect, path: str) -> tuple[Body, list[Loss]]:
    if isinstance(part, NativeContent):
        known = part.format in dialect.names
        return (
            (dict(part.block), []) if known else ({}, [unsupported(path, {"type": part.block.get("type")})])
        )
    body, losses = _medium(part, dialect, path)
    if not body:
        return {}, losses
    losses += [*_marked(part, body, dialect, path), *foreign(path, part.native, dialect.names)]
    return {**body, **own(part.native, dialect.names)}, losses


def _medium(
    part: TextContent | ImageContent | FileContent | AudioContent, dialect: Dialect, path: str
) -> tuple[Body, list[Loss]]:
    if isinstance(part, ImageContent):
        image = said({"url": uri_of(part), "detail": part.detail})
        told = is_url(part.source) and part.media_type != _UNTOLD
        # An image by URL is of the type that its server says.
        lost = [unsupported(f"{path}.media_type", part.media_type)] if told else []
        return {"type": "image_url", "image_url": image}, lost
    if isinstance(part, FileContent):
        if not dialect.files or inline(part) is None:
            return {}, [unsupported(path, {"type": "file"})]
        return {"type": "file", "file": said({"filename": part.name, "file_data": uri_of(part)})}, []
    if isinstance(part, AudioContent):
        audio = inline(part)
        if not dialect.audio or audio is None:
            return {}, [unsupported(path, {"type": "audio"})]
        spoken = AUDIO_FORMATS.get(audio.media_type, audio.media_type.partition("/")[2])
        return {"type": "input_audio", "input_audio": {"data": audio.data, "format": spoken}}, []
    return {"type": "text", "text": part.text}, []


def _marked(
    part: ContentPart | SystemMessage | ToolResultMessage, body: Body, dialect: Dialect, path: str
) -> list[Loss]:
    """Put the mark for the prompt cache into the body, or tell that it is left out."""
    if isinstance(part, NativeContent) or part.cache_control is None:
        return []
    if not dialect.cache_control:
        return [unsupported(f"{path}.cache_control", part.cache_control)]
    body["cache_control"] = thaw(part.cache_control)
    return []


def _tool_result(
    message: ToolResultMessage, dialect: Dialect, path: str, names: Mapping[str, str] | None
) -> tuple[Body, list[Loss]]:
    content, losses = _content(message.content, dialect, f"{path}.content")
    body: Body = {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
    if message.is_error is not None:
        losses.append(unsupported(f"{path}.is_error", message.is_error))
    # A result names its call by id alone; a name that differs from the call's own is not said.
    if names is not None and message.name != names.get(message.tool_call_id, ""):
        losses.append(unsupported(f"{path}.name", message.name))
    return body, [*losses, *_marked(message, body, dialect, path)]


def _assistant(message: AssistantMessage, dialect: Dialect, path: str) -> tuple[Body, list[Loss]]:
    body: Body = {"role": "assistant", "content": message.content}
    losses = list[Loss]()
    if message.refusal is not None:
        body["refusal"] = message.refusal
    if message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": call.type,
                "function": {"name": call.function.name, "arguments": call.function.arguments},
                **own(call.native, dialect.names),
            }
            for call in message.tool_calls
        ]
        for index, call in enumerate(message.tool_calls):
            losses += foreign(f"{path}.tool_calls[{index}]", call.native, dialect.names)
    return body, losses
