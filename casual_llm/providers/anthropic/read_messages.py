"""The messages of a request, read one by one.

A block that no part of ours can hold is `NativeContent`; further keys of a block go to `native`.
What nothing can hold is an error that names its place: `ValueError(path, problem)`, which `read`
turns into a `ReadError`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence

from returns.result import safe

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
    is_url,
)
from casual_llm.providers.anthropic.assistant import assistant_of
from casual_llm.providers.anthropic.blocks import NAME, TEXT
from casual_llm.wire.json import mapping, text

Block = Mapping[str, Json]


def read_messages(spoken: Sequence[Json]) -> list[ChatMessage]:
    """Read the messages in order: a tool's result takes its name from the call that it answers.

    >>> read_messages([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}])
    [UserMessage(role='user', content='Hi')]
    """
    names: dict[str, str] = {}
    found = list[ChatMessage]()
    for index, item in enumerate(spoken):
        found += _messages(f"messages[{index}]", mapping(item), names)
    return found


def _messages(path: str, message: Block, names: dict[str, str]) -> list[ChatMessage]:
    role, content = text(message.get("role")), message.get("content")
    further = {key: value for key, value in message.items() if key not in {"role", "content"}}
    if role == "assistant":
        answer = _assistant(f"{path}.content", content)
        names |= {call.id: call.function.name for call in answer.tool_calls or ()}
        return [_with(answer, further)]
    if role == "user":
        said = [*_user(f"{path}.content", content, names)]
        return _with_further(path, said, further)
    if role == "system" and not further:
        return read_system(f"{path}.content", content)
    raise ValueError(f"{path}.role", f"{role!r} cannot be held; expected user, assistant or system")


def _with(message: ChatMessage, further: Mapping[str, Json]) -> ChatMessage:
    if not further:
        return message
    native = {**(message.native or {}).get(NAME, {}), **further}
    return type(message).model_validate({**dict(message), "native": {NAME: native}})


def _with_further(path: str, said: list[ChatMessage], further: Mapping[str, Json]) -> list[ChatMessage]:
    users = [index for index, message in enumerate(said) if isinstance(message, UserMessage)]
    for key in sorted(further) if not users else ():
        raise ValueError(f"{path}.{key}", "a message of ours cannot hold this")
    return [_with(message, further if [index] == users[:1] else {}) for index, message in enumerate(said)]


def _blocks(path: str, content: Json) -> list[Block]:
    if not isinstance(content, list | tuple):
        raise ValueError(path, "expected a text or a list of blocks")  # noqa: TRY004
    for index, block in enumerate(content):
        if not isinstance(block, Mapping):
            raise ValueError(f"{path}[{index}]", "expected an object")  # noqa: TRY004
    return [mapping(block) for block in content]


def _assistant(path: str, content: Json) -> AssistantMessage:
    if isinstance(content, str):
        return AssistantMessage(content=content)
    return assistant_of(_blocks(path, content))


def _user(path: str, content: Json, names: Mapping[str, str]) -> Iterator[ChatMessage]:
    if isinstance(content, str):
        yield UserMessage(content=content)
        return
    blocks = _blocks(path, content)
    parts = list[ContentPart]()
    for index, block in enumerate(blocks):
        if block.get("type") != "tool_result":
            parts.append(read_part(block))
            continue
        if parts:
            yield UserMessage(content=compact(parts))
            parts = []
        yield _result(f"{path}[{index}]", block, names)
    if parts or not blocks:
        yield UserMessage(content=compact(parts))


def compact(parts: Sequence[ContentPart]) -> str | tuple[ContentPart, ...]:
    """Give parts in the one form that is read: a text alone is a `str`.

    >>> compact([TextContent(text="Hi")])
    'Hi'
    """
    if len(parts) == 1 and isinstance(parts[0], TextContent) and parts[0] == TextContent(text=parts[0].text):
        return parts[0].text
    return tuple(parts)


def read_system(path: str, content: Json) -> list[ChatMessage]:
    """Read what stands above the conversation: a text, or a list of blocks.

    >>> read_system("system", "Be brief.")
    [SystemMessage(role='system', content='Be brief.')]
    """
    if isinstance(content, str):
        return [SystemMessage(content=content)]
    found = list[ChatMessage]()
    for index, block in enumerate(_blocks(path, content)):
        said = block.get("text")
        if block.get("type") != "text" or not isinstance(said, str):
            raise ValueError(f"{path}[{index}]", "expected a block of text")
        found.append(SystemMessage.model_validate({"content": said, **_beside(block, {"type", "text"})}))
    return found


def _result(path: str, block: Block, names: Mapping[str, str]) -> ToolResultMessage:
    identity, failed, content = block.get("tool_use_id"), block.get("is_error"), block.get("content")
    if not isinstance(identity, str):
        raise ValueError(f"{path}.tool_use_id", "expected a text")  # noqa: TRY004
    if not isinstance(failed, bool | None):
        raise ValueError(f"{path}.is_error", "expected true or false")  # noqa: TRY004
    said = content or ""
    parts = said if isinstance(said, str) else [read_part(part) for part in _blocks(f"{path}.content", said)]
    told = {
        "name": names.get(identity, ""),
        "tool_call_id": identity,
        "content": parts if isinstance(parts, str) else compact(parts),
        "is_error": failed,
    }
    beside = _beside(block, {"type", "tool_use_id", "is_error", "content"})
    return ToolResultMessage.model_validate({**told, **beside})


def _beside(block: Block, known: set[str]) -> dict[str, Json]:
    further = {key: value for key, value in block.items() if key not in {*known, "cache_control"}}
    mark = block.get("cache_control")
    if mark is not None and not isinstance(mark, Mapping):
        further["cache_control"] = mark
    told: dict[str, Json] = {"cache_control": mark} if isinstance(mark, Mapping) else {}
    return {**told, "native": {NAME: further}} if further else told


def read_part(block: Block) -> ContentPart:
    """Read a block of a user's, or of a tool's result.

    >>> read_part({"type": "container_upload", "file_id": "f_1"}).format
    'anthropic'
    """
    found = _part(block).value_or(None)
    return NativeContent(format=NAME, block=block) if found is None else found


@safe(exceptions=(ValueError,))
def _part(block: Block) -> ContentPart | None:
    kind, said, held = block.get("type"), block.get("text"), _held(mapping(block.get("source")))
    if kind == "text" and isinstance(said, str):
        return TextContent.model_validate({"text": said, **_beside(block, {"type", "text"})})
    if kind == "image" and held:
        return ImageContent.model_validate({**held, **_beside(block, {"type", "source"})})
    if kind == "document" and held:
        beside = _beside(block, {"type", "source", "title"})
        return FileContent.model_validate({**held, **beside, "name": block.get("title")})
    return None


def _held(source: Block) -> dict[str, Json] | None:
    kind, data, told = source.get("type"), source.get("data"), source.get("media_type")
    if source.keys() == {"type", "url"} and kind == "url":
        return {"source": source["url"]} if is_url(source["url"]) else None
    if source.keys() != {"type", "media_type", "data"} or not isinstance(data, str):
        return None
    if kind == "base64":
        return {"source": {"type": "base64", "data": data}, "media_type": told}
    if kind == "text" and told == TEXT:
        encoded = base64.b64encode(data.encode()).decode()
        return {"source": {"type": "base64", "data": encoded}, "media_type": TEXT}
    return None
