"""Read the messages of a request one by one.

Keys that no field of ours holds stay in `native`. What is not a message is a `PlacedError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from casual_llm.frozen import Json, freeze, freeze_object
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.openai_chat.content import native_of, read_content, text_of
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.json import dump, mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import list_at, objects_at, optional_text_at, text_at
from casual_llm.wire.report import PlacedError

_Object = Mapping[str, Json]
_Names = dict[str, str]


def read_messages(dialect: Dialect, messages: Sequence[Json], _: Body) -> list[ChatMessage]:
    """Read the messages in order: a tool's result takes its name from the call that it answers."""
    names: _Names = {}
    objects = enumerate(map(mapping, messages))
    return [_message(f"messages[{index}]", item, names, dialect) for index, item in objects]


def _message(path: str, message: _Object, names: _Names, dialect: Dialect) -> ChatMessage:
    role = text(message.get("role"))
    reader = _ROLES.get(role)
    if reader is None:
        raise PlacedError(f"{path}.role", f"expected system, user, assistant or tool, got {role!r}")
    return reader(path, message, names, dialect)


def _user(path: str, message: _Object, _: _Names, dialect: Dialect) -> UserMessage:
    content = read_content(f"{path}.content", message.get("content"), dialect)
    return UserMessage(content=content, native=native_of(path, message, {"role", "content"}, dialect))


def _system(path: str, message: _Object, _: _Names, dialect: Dialect) -> SystemMessage:
    content = _text_content(f"{path}.content", message.get("content"))
    parts = content.parts if content.refusal is None else message.get("content")
    native = native_of(path, {**message, "content": parts}, {"role"}, dialect)
    return SystemMessage(content=content.text or "", cache_control=content.mark, native=native)


def _assistant(path: str, message: _Object, names: _Names, dialect: Dialect) -> AssistantMessage:
    content = _text_content(f"{path}.content", message.get("content"))
    calls, unread = _tool_calls(path, message, dialect)
    names |= {call.id: call.function.name for call in calls}
    refusal = optional_text_at(f"{path}.refusal", message.get("refusal"))
    # Marks and a second refusal have no field here.
    is_whole = content.mark is not None or (content.refusal is not None and refusal is not None)
    rest = {**message, **unread, "content": message.get("content") if is_whole else content.parts}
    refusal = content.refusal if refusal is None else refusal
    native = native_of(path, rest, {"role", "refusal"}, dialect)
    is_silent = not content.text and not isinstance(message.get("content"), str)
    has_other = calls or unread["tool_calls"] or refusal or (native if content.text is None else None)
    return AssistantMessage(
        content=None if is_silent and has_other else content.text or "",
        tool_calls=calls or None,
        refusal=refusal,
        native=native,
    )


def _tool(path: str, message: _Object, names: _Names, dialect: Dialect) -> ToolResultMessage:
    identity = text_at(f"{path}.tool_call_id", message.get("tool_call_id"))
    content = read_content(f"{path}.content", message.get("content"), dialect)
    return ToolResultMessage(
        name=names.get(identity, ""),
        tool_call_id=identity,
        content=content or "",
        native=native_of(path, message, {"role", "content", "tool_call_id"}, dialect),
    )


def _function(path: str, message: _Object, names: _Names, dialect: Dialect) -> ToolResultMessage:
    # What answers came to before there were tools: the call that is meant is the last of that name.
    name = text_at(f"{path}.name", message.get("name"))
    identity = next((known for known, called in reversed(names.items()) if called == name), "")
    content = read_content(f"{path}.content", message.get("content"), dialect)
    answers = names.get(identity) == name
    known = {"role", "content", "name"} if answers else {"role", "content"}
    return ToolResultMessage(
        name=name if answers else "",
        tool_call_id=identity,
        content=content or "",
        native=native_of(path, message, known, dialect),
    )


_ROLES: Mapping[str, Callable[[str, _Object, _Names, Dialect], ChatMessage]] = {
    "user": _user,
    "system": _system,
    "developer": _system,  # the same thing under a newer name
    "assistant": _assistant,
    "tool": _tool,
    "function": _function,
}


@frozen(kw_only=True)
class _TextContent:
    """The text of a message; its parts as well, where they hold more than their texts."""

    text: str | None
    parts: Json = None
    mark: _Object | None = None
    refusal: str | None = None


def _text_content(path: str, content: Json) -> _TextContent:
    if content is None or isinstance(content, str):
        return _TextContent(text=content)
    parts = [
        {key: value for key, value in part.items() if value is not None} for part in objects_at(path, content)
    ]
    texts = [part for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str)]
    refusals = [
        text(part["refusal"])
        for part in parts
        if part == {"type": "refusal", "refusal": text(part.get("refusal"))}
    ]
    joined = text_of(parts)
    if len(texts) + len(refusals) == len(parts) and all(part.keys() == {"type", "text"} for part in texts):
        return _TextContent(text=joined, refusal="".join(refusals) or None)
    mark = parts[0].get("cache_control") if len(parts) == 1 and texts else None
    if isinstance(mark, Mapping) and parts[0].keys() == {"type", "text", "cache_control"}:
        return _TextContent(text=joined, mark=freeze_object(mark, f"{path}[0].cache_control"))
    return _TextContent(text=joined, parts=freeze(content, path))


def _tool_calls(path: str, message: _Object, dialect: Dialect) -> tuple[list[AssistantToolCall], _Object]:
    """Read the calls, and return what is left of their keys: a list of other calls stays as it is."""
    given, legacy = message.get("tool_calls"), mapping(message.get("function_call"))
    items = [] if given is None else list_at(f"{path}.tool_calls", given)
    if not items and legacy:
        index = path.removeprefix("messages[").removesuffix("]")
        call: _Object = {"id": f"call_{index}", "function": legacy}
        nothing: _Object = {"tool_calls": None, "function_call": None}
        return [_tool_call(f"{path}.function_call", call, dialect)], nothing
    calls = [mapping(call) for call in items]
    if any(call.get("type", "function") != "function" for call in calls):
        return [], {"tool_calls": given}
    read = [_tool_call(f"{path}.tool_calls[{index}]", call, dialect) for index, call in enumerate(calls)]
    return read, {"tool_calls": None}


def _tool_call(path: str, call: _Object, dialect: Dialect) -> AssistantToolCall:
    function = mapping(call.get("function"))
    arguments = function.get("arguments")
    written = dump(arguments).decode() if isinstance(arguments, Mapping) else arguments
    # Clients echo the `index` of the stream's delta; in a request the order of the calls replaces it.
    known = {"id", "type", "index"}
    if function.keys() <= {"name", "arguments"}:
        known |= {"function"}
    return AssistantToolCall(
        id=text(call.get("id")),
        function=AssistantToolCallFunction(
            name=text_at(f"{path}.function.name", function.get("name")),
            arguments=optional_text_at(f"{path}.function.arguments", written) or "",
        ),
        native=native_of(path, call, known, dialect),
    )
