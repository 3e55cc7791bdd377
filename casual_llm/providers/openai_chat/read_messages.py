"""The messages of a Chat Completions request, read one by one.

Keys that no field of ours holds are kept in `native`. What is no message at all is an error that
names its place: `ValueError(path, problem)`, which `read` turns into a `ReadError`.
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
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.messages import spoken
from casual_llm.providers.openai_chat.read_parts import objects, read_content, rest
from casual_llm.wire.json import dump, mapping, text

_Object = Mapping[str, Json]
_Names = dict[str, str]


def read_messages(dialect: Dialect, said: Sequence[Json]) -> list[ChatMessage]:
    """Read the messages in order: a tool's result takes its name from the call that it answers."""
    names: _Names = {}
    objects = enumerate(map(mapping, said))
    return [_message(f"messages[{index}]", item, names, dialect) for index, item in objects]


def _message(path: str, message: _Object, names: _Names, dialect: Dialect) -> ChatMessage:
    role = text(message.get("role"))
    reader = _ROLES.get(role)
    if reader is None:
        raise ValueError(f"{path}.role", f"{role!r} is no role; expected system, user, assistant or tool")
    return reader(path, message, names, dialect)


def _user(path: str, message: _Object, _: _Names, dialect: Dialect) -> UserMessage:
    content = read_content(f"{path}.content", message.get("content"), dialect)
    return UserMessage(content=content, native=rest(path, message, {"role", "content"}, dialect))


def _system(path: str, message: _Object, _: _Names, dialect: Dialect) -> SystemMessage:
    told = _told(f"{path}.content", message.get("content"))
    kept = told.kept if told.refusal is None else message.get("content")
    native = rest(path, {**message, "content": kept}, {"role"}, dialect)
    return SystemMessage(content=told.text or "", cache_control=told.mark, native=native)


def _assistant(path: str, message: _Object, names: _Names, dialect: Dialect) -> AssistantMessage:
    told = _told(f"{path}.content", message.get("content"))
    calls, unread = _tool_calls(path, message, dialect)
    names |= {call.id: call.function.name for call in calls}
    refusal = _optional(f"{path}.refusal", message.get("refusal"))
    # Marks and a second refusal have no field here.
    whole = told.mark is not None or (told.refusal is not None and refusal is not None)
    kept = {**message, **unread, "content": message.get("content") if whole else told.kept}
    refusal = told.refusal if refusal is None else refusal
    silent = not told.text and not isinstance(message.get("content"), str)
    native = rest(path, kept, {"role", "refusal"}, dialect)
    asked = calls or unread["tool_calls"] or refusal or (native if told.text is None else None)
    return AssistantMessage(
        content=None if silent and asked else told.text or "",
        tool_calls=calls or None,
        refusal=refusal,
        native=native,
    )


def _tool(path: str, message: _Object, names: _Names, dialect: Dialect) -> ToolResultMessage:
    identity = _string(f"{path}.tool_call_id", message.get("tool_call_id"))
    content = read_content(f"{path}.content", message.get("content"), dialect)
    native = rest(path, message, {"role", "content", "tool_call_id"}, dialect)
    name = names.get(identity, "")
    return ToolResultMessage(name=name, tool_call_id=identity, content=content or "", native=native)


def _function(path: str, message: _Object, names: _Names, dialect: Dialect) -> ToolResultMessage:
    # What answers came to before there were tools: the call that is meant is the last of that name.
    name = _string(f"{path}.name", message.get("name"))
    identity = next((known for known, called in reversed(names.items()) if called == name), "")
    content = read_content(f"{path}.content", message.get("content"), dialect)
    answers = names.get(identity) == name
    native = rest(path, message, {"role", "content", "name"} if answers else {"role", "content"}, dialect)
    return ToolResultMessage(
        name=name if answers else "", tool_call_id=identity, content=content or "", native=native
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
class _Told:
    """What a message says in text: its parts as well, where they say more than their texts."""

    text: str | None
    kept: Json = None
    mark: _Object | None = None
    refusal: str | None = None


def _told(path: str, content: Json) -> _Told:
    if content is None or isinstance(content, str):
        return _Told(text=content)
    parts = [
        {key: value for key, value in part.items() if value is not None} for part in objects(path, content)
    ]
    texts = [part for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str)]
    refusals = [
        text(part["refusal"])
        for part in parts
        if part == {"type": "refusal", "refusal": text(part.get("refusal"))}
    ]
    said = spoken(parts)
    if len(texts) + len(refusals) == len(parts) and all(part.keys() == {"type", "text"} for part in texts):
        return _Told(text=said, refusal="".join(refusals) or None)
    mark = parts[0].get("cache_control") if len(parts) == 1 and texts else None
    if isinstance(mark, Mapping) and parts[0].keys() == {"type", "text", "cache_control"}:
        return _Told(text=said, mark=freeze_object(mark, f"{path}[0].cache_control"))
    return _Told(text=said, kept=freeze(content, path))


def _tool_calls(path: str, message: _Object, dialect: Dialect) -> tuple[list[AssistantToolCall], _Object]:
    """Read the calls, and give what of their keys is kept: a list in which one is no function's, as it is."""
    asked, legacy = message.get("tool_calls"), mapping(message.get("function_call"))
    if not isinstance(asked, list | None):
        raise ValueError(f"{path}.tool_calls", "expected a list")  # noqa: TRY004
    if not asked and legacy:
        index = path.removeprefix("messages[").removesuffix("]")
        called: _Object = {"id": f"call_{index}", "function": legacy}
        nothing: _Object = {"tool_calls": None, "function_call": None}
        return [_tool_call(f"{path}.function_call", called, dialect)], nothing
    calls = [mapping(call) for call in asked or ()]
    if any(call.get("type", "function") != "function" for call in calls):
        return [], {"tool_calls": asked}
    read = [_tool_call(f"{path}.tool_calls[{index}]", call, dialect) for index, call in enumerate(calls)]
    return read, {"tool_calls": None}


def _tool_call(path: str, call: _Object, dialect: Dialect) -> AssistantToolCall:
    function = mapping(call.get("function"))
    arguments = function.get("arguments")
    said = dump(arguments).decode() if isinstance(arguments, Mapping) else arguments
    # Clients echo the `index` of the stream's delta; in a request the order of the calls says it.
    known = {"id", "type", "index"}
    plain = function.keys() <= {"name", "arguments"}
    return AssistantToolCall(
        id=text(call.get("id")),
        function=AssistantToolCallFunction(
            name=_string(f"{path}.function.name", function.get("name")),
            arguments=_optional(f"{path}.function.arguments", said) or "",
        ),
        native=rest(path, call, known | {"function"} if plain else known, dialect),
    )


def _string(path: str, value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(path, "expected a text")  # noqa: TRY004
    return value


def _optional(path: str, value: Json) -> str | None:
    return None if value is None else _string(path, value)
