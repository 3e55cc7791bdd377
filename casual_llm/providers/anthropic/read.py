"""The messages of a request, read one by one.

Keys that no field of ours holds stay in `native`. What no message can hold is refused by its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    ContentPart,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.anthropic.content import FORMAT, Block, compact, other_fields, read_part
from casual_llm.providers.anthropic.replay import BLOCKS
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import message_of
from casual_llm.wire.reading import objects_at, take, text_at
from casual_llm.wire.report import PlacedError


def read_messages(messages: Sequence[Json], rest: Body) -> list[ChatMessage]:
    """Read the messages in order, behind the system messages, which are taken out of the rest of the body.

    A tool's result takes its name from the call that it answers.

    >>> read_messages([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], {})
    [UserMessage(role='user', content='Hi')]
    """
    names: dict[str, str] = {}
    read = take(rest, "system", _read_system) or []
    for index, item in enumerate(messages):
        read += _messages(f"messages[{index}]", mapping(item), names)
    return read


def _read_system(value: Json) -> list[ChatMessage] | None:
    try:
        return _system("system", value)
    except ValueError:
        return None  # stays in `extra`


def _messages(path: str, message: Block, names: dict[str, str]) -> list[ChatMessage]:
    role, content = text(message.get("role")), message.get("content")
    keys = {key: value for key, value in message.items() if key not in {"role", "content"}}
    if role == "assistant":
        answer = _assistant(f"{path}.content", content)
        names |= {call.id: call.function.name for call in answer.tool_calls or ()}
        return [_with_keys(answer, keys)]
    if role == "user":
        return _with_user_keys(path, [*_user(f"{path}.content", content, names)], keys)
    if role == "system" and not keys:
        return _system(f"{path}.content", content)
    raise PlacedError(f"{path}.role", f"expected user, assistant or system, got {role!r}")


def _with_keys(message: ChatMessage, keys: Mapping[str, Json]) -> ChatMessage:
    if not keys:
        return message
    native = {**(message.native or {}).get(FORMAT, {}), **keys}
    return type(message).model_validate({**dict(message), "native": {FORMAT: native}})


def _with_user_keys(path: str, messages: list[ChatMessage], keys: Mapping[str, Json]) -> list[ChatMessage]:
    first = next((index for index, message in enumerate(messages) if message.role == "user"), None)
    for key in sorted(keys) if first is None else ():
        raise PlacedError(f"{path}.{key}", "no message can hold this key")
    return [_with_keys(message, keys if index == first else {}) for index, message in enumerate(messages)]


def _assistant(path: str, content: Json) -> AssistantMessage:
    if isinstance(content, str):
        return AssistantMessage(content=content)
    return message_of(BLOCKS, objects_at(path, content, "blocks"))


def _user(path: str, content: Json, names: Mapping[str, str]) -> Iterator[ChatMessage]:
    if isinstance(content, str):
        yield UserMessage(content=content)
        return
    blocks = objects_at(path, content, "blocks")
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


def _system(path: str, content: Json) -> list[ChatMessage]:
    if isinstance(content, str):
        return [SystemMessage(content=content)]
    messages = list[ChatMessage]()
    for index, block in enumerate(objects_at(path, content, "blocks")):
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise PlacedError(f"{path}[{index}]", "expected a block of text")
        fields = other_fields(block, {"type", "text"})
        messages.append(SystemMessage.model_validate({"content": block["text"], **fields}))
    return messages


def _result(path: str, block: Block, names: Mapping[str, str]) -> ToolResultMessage:
    identity = text_at(f"{path}.tool_use_id", block.get("tool_use_id"))
    is_error, content = block.get("is_error"), block.get("content") or ""
    if not isinstance(is_error, bool | None):
        raise PlacedError(f"{path}.is_error", "expected true or false")
    if not isinstance(content, str):
        content_path = f"{path}.content"
        content = compact([read_part(part) for part in objects_at(content_path, content, "blocks")])  # type: ignore[assignment] # parts are no JSON
    fields = {
        "name": names.get(identity, ""),
        "tool_call_id": identity,
        "content": content,
        "is_error": is_error,
    }
    other = other_fields(block, {"type", "tool_use_id", "is_error", "content"})
    return ToolResultMessage.model_validate({**fields, **other})
