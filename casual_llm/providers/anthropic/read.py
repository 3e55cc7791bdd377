"""Read the messages of a request one by one.

Keys that no field of ours holds stay in `native`. What no message can hold is refused by its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    ContentPart,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.anthropic.content import FORMAT, compact, other_fields, read_part
from casual_llm.providers.anthropic.replay import BLOCKS
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import Block, message_of
from casual_llm.wire.reading import objects_at, optional_flag_at, take, text_at
from casual_llm.wire.report import PlacedError


def read_messages(messages: Sequence[Json], rest: Body) -> list[ChatMessage]:
    """Read the messages in order, behind the system messages, which are taken out of the rest of the body.

    A tool's result takes its name from the call that it answers.

    >>> read_messages([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], {})
    [UserMessage(role='user', content='Hi')]
    """
    names: dict[str, str] = {}
    read = take(rest, "system", partial(_system, "system")) or []
    for index, item in enumerate(messages):
        read += _messages(f"messages[{index}]", mapping(item), names)
    return read


def _messages(path: str, message: Block, names: dict[str, str]) -> list[ChatMessage]:
    role, content_path = text(message.get("role")), f"{path}.content"
    if role == "assistant":
        messages: list[ChatMessage] = [_assistant(content_path, message.get("content"), names)]
    elif role == "user":
        messages = [*_user(content_path, message.get("content"), names)]
    elif role == "system":
        messages = _system(content_path, message.get("content"))
    else:
        raise PlacedError(f"{path}.role", f"expected user, assistant or system, got {role!r}")
    keys = {key: value for key, value in message.items() if key not in {"role", "content"}}
    holder = next((one for one in messages if one.role in {"user", "assistant"}), None)
    for key in sorted(keys) if holder is None else ():
        raise PlacedError(f"{path}.{key}", "no message can hold this key")
    return [_with_keys(one, keys) if one is holder else one for one in messages]


def _with_keys(message: ChatMessage, keys: Mapping[str, Json]) -> ChatMessage:
    if not keys:
        return message
    native = {**(message.native or {}).get(FORMAT, {}), **keys}
    return type(message).model_validate({**dict(message), "native": {FORMAT: native}})


def _assistant(path: str, content: Json, names: dict[str, str]) -> AssistantMessage:
    if isinstance(content, str):
        return AssistantMessage(content=content)
    answer = message_of(BLOCKS, objects_at(path, content, "blocks"))
    names |= {call.id: call.function.name for call in answer.tool_calls or ()}
    return answer


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
    content = block.get("content") or ""
    if not isinstance(content, str):
        content_path = f"{path}.content"
        content = compact([read_part(part) for part in objects_at(content_path, content, "blocks")])  # type: ignore[assignment] # parts are not JSON
    fields = {
        "name": names.get(identity, ""),
        "tool_call_id": identity,
        "content": content,
        "is_error": optional_flag_at(f"{path}.is_error", block.get("is_error")),
    }
    other = other_fields(block, {"type", "tool_use_id", "is_error", "content"})
    return ToolResultMessage.model_validate({**fields, **other})
