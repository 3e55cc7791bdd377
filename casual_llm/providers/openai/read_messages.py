"""The messages of a Chat Completions request, read one by one.

What a message of ours cannot hold is an error that names its place: `ValueError(path, problem)`,
which `read` turns into a `ReadError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ContentPart,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.wire.json import dump, mapping, text

_DATA_URI = re.compile(r"data:(image/[\w.+-]+);base64,(.+)", re.DOTALL)


def read_messages(spoken: Sequence[Json]) -> list[ChatMessage]:
    """Read the messages in order: a tool's result takes its name from the call that it answers."""
    names: dict[str, str] = {}
    return [_message(f"messages[{index}]", mapping(item), names) for index, item in enumerate(spoken)]


def _message(path: str, message: Mapping[str, Json], names: dict[str, str]) -> ChatMessage:
    role, content = text(message.get("role")), message.get("content")
    if role == "user":
        _only(path, message, {"role", "content"})
        return UserMessage(content=_user_content(f"{path}.content", content))
    if role in {"system", "developer"}:
        _only(path, message, {"role", "content"})
        return SystemMessage(content=_text(f"{path}.content", content) or "")
    if role == "assistant":
        return _assistant(path, message, names)
    if role == "tool":
        _only(path, message, {"role", "content", "tool_call_id"})
        identity = _string(f"{path}.tool_call_id", message.get("tool_call_id"))
        said = _text(f"{path}.content", content) or ""
        return ToolResultMessage(name=names.get(identity, ""), tool_call_id=identity, content=said)
    raise ValueError(f"{path}.role", f"{role!r} is no role; expected system, user, assistant or tool")


def _only(path: str, found: Mapping[str, Json], known: set[str]) -> None:
    for key in sorted(found.keys() - known):
        raise ValueError(f"{path}.{key}", "a message of ours cannot hold this")


def _assistant(path: str, message: Mapping[str, Json], names: dict[str, str]) -> AssistantMessage:
    _only(path, message, {"role", "content", "refusal", "tool_calls"})
    asked, refusal = message.get("tool_calls"), message.get("refusal")
    if not isinstance(asked, list | None):
        raise ValueError(f"{path}.tool_calls", "expected a list")  # noqa: TRY004
    calls = tuple(
        _tool_call(f"{path}.tool_calls[{index}]", mapping(call)) for index, call in enumerate(asked or ())
    )
    names |= {call.id: call.function.name for call in calls}
    return AssistantMessage(
        content=_text(f"{path}.content", message.get("content")),
        tool_calls=calls or None,
        refusal=None if refusal is None else _string(f"{path}.refusal", refusal),
    )


def _tool_call(path: str, call: Mapping[str, Json]) -> AssistantToolCall:
    # Clients echo the `index` of the stream's delta; in a request the order of the calls says it.
    _only(path, call, {"id", "type", "function", "index"})
    function = mapping(call.get("function"))
    _only(f"{path}.function", function, {"name", "arguments"})
    arguments = function.get("arguments", "")
    said = dump(arguments).decode() if isinstance(arguments, Mapping) else arguments
    return AssistantToolCall(
        id=text(call.get("id")),
        function=AssistantToolCallFunction(
            name=_string(f"{path}.function.name", function.get("name")),
            arguments=_string(f"{path}.function.arguments", said),
        ),
    )


def _string(path: str, value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(path, "expected a text")  # noqa: TRY004
    return value


def _text(path: str, content: Json) -> str | None:
    if content is None or isinstance(content, str):
        return content
    texts = []
    for index, part in enumerate(_parts(path, content)):
        said = _part(f"{path}[{index}]", part)
        if not isinstance(said, TextContent):
            raise ValueError(f"{path}[{index}]", "an image can stand in a user message only")  # noqa: TRY004
        texts.append(said.text)
    return "".join(texts)


def _parts(path: str, content: Json) -> Sequence[Mapping[str, Json]]:
    if not isinstance(content, list | tuple):
        raise ValueError(path, "expected a text or a list of parts")  # noqa: TRY004
    return [mapping(part) for part in content]


def _user_content(path: str, content: Json) -> str | tuple[ContentPart, ...] | None:
    if content is None or isinstance(content, str):
        return content
    return tuple(_part(f"{path}[{index}]", part) for index, part in enumerate(_parts(path, content)))


def _part(path: str, part: Mapping[str, Json]) -> ContentPart:
    said = part.get("text")
    if part.keys() == {"type", "text"} and part["type"] == "text" and isinstance(said, str):
        return TextContent(text=said)
    image = mapping(part.get("image_url"))
    if part.keys() != {"type", "image_url"} or image.keys() != {"url"}:
        raise ValueError(path, f"a part of type {part.get('type')!r} cannot be held in full")
    url = _string(f"{path}.image_url.url", image["url"])
    inline = _DATA_URI.fullmatch(url)
    try:
        if inline is None:
            return ImageContent(source=url)
        return ImageContent(source={"type": "base64", "data": inline[2]}, media_type=inline[1])
    except ValueError:
        if inline is not None:  # not the base64 that we check, so it is kept as the text it is
            return ImageContent(source=url)
        raise ValueError(f"{path}.image_url.url", "neither a URL nor an image in base64") from None
