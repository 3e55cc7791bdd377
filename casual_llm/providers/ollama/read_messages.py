"""The messages of a request to `/api/chat`, read one by one.

Keys that a message of ours has no field for are kept in `native`. What cannot be held is an error that
names its place: `ValueError(path, problem)`, which `read` turns into a `ReadError`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

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
from casual_llm.providers.ollama.arguments import compact
from casual_llm.providers.ollama.messages import UNTOLD, media_type_in
from casual_llm.wire.collect import derived_id
from casual_llm.wire.json import dump, mapping, text
from casual_llm.wire.media import Inline, parse_data_uri

Native = dict[str, dict[str, Json]] | None


def read_messages(spoken: Sequence[Json]) -> list[ChatMessage]:
    """Read the messages in order: where a result does not say which call it answers, the order does."""
    asked: list[AssistantToolCall] = []
    return [_message(f"messages[{index}]", mapping(item), index, asked) for index, item in enumerate(spoken)]


def _message(
    path: str, message: Mapping[str, Json], index: int, asked: list[AssistantToolCall]
) -> ChatMessage:
    role = message.get("role")
    if role == "assistant":
        return _assistant(path, message, index, asked)
    if role == "tool":
        return _tool_result(path, message, asked)
    if role == "user":
        native = _unknown(message, {"role", "content", *_seen(message)})
        return UserMessage(content=_content(path, message), native=native)
    if role == "system":
        native = _unknown(message, {"role", "content"})
        return SystemMessage(content=_text(f"{path}.content", message.get("content")), native=native)
    raise ValueError(f"{path}.role", f"{role!r} is no role; expected system, user, assistant or tool")


def _unknown(found: Mapping[str, Json], known: Collection[str]) -> Native:
    more = {key: value for key, value in found.items() if key not in known}
    return {"ollama": more} if more else None


def _text(path: str, value: Json) -> str:
    if not isinstance(value, str | None):
        raise ValueError(path, "expected a text")  # noqa: TRY004
    return value or ""


def _list(path: str, value: Json) -> Sequence[Json]:
    if not isinstance(value, list | None):
        raise ValueError(path, "expected a list")  # noqa: TRY004
    return value or ()


def _seen(message: Mapping[str, Json]) -> set[str]:
    """Name the key of the images that parts can hold: a list with an empty one is kept as it is."""
    images = message.get("images")
    return set() if isinstance(images, list) and "" in images else {"images"}


def _content(path: str, message: Mapping[str, Json]) -> str | list[ContentPart]:
    said = _text(f"{path}.content", message.get("content"))
    shown = _list(f"{path}.images", message.get("images")) if _seen(message) else ()
    images = [_image(f"{path}.images[{index}]", item) for index, item in enumerate(shown)]
    if not images:
        return said
    return [TextContent(text=said), *images] if said else [*images]


def _image(path: str, data: Json) -> ImageContent:
    # Clients of other formats give data URIs.
    held = parse_data_uri(text(data)) or Inline(UNTOLD, text(data))
    try:
        media_type = media_type_in(held.data) or held.media_type
        return ImageContent(source={"type": "base64", "data": held.data}, media_type=media_type)
    except ValueError:
        raise ValueError(path, "expected an image in base64") from None


def _assistant(
    path: str, message: Mapping[str, Json], index: int, asked: list[AssistantToolCall]
) -> AssistantMessage:
    items = enumerate(_list(f"{path}.tool_calls", message.get("tool_calls")))
    calls = [
        _tool_call(f"{path}.tool_calls[{place}]", mapping(item), derived_id(str(index), place))
        for place, item in items
    ]
    asked += calls
    said = _text(f"{path}.content", message.get("content"))
    return AssistantMessage(
        content=said or (None if calls else ""),
        tool_calls=calls or None,
        native=_unknown(message, {"role", "content", "tool_calls"}),
    )


def _tool_call(path: str, call: Mapping[str, Json], derived: str) -> AssistantToolCall:
    function, identity = mapping(call.get("function")), call.get("id")
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str):
        raise ValueError(f"{path}.function.name", "expected a name")  # noqa: TRY004
    if not isinstance(arguments, Mapping | str | None):
        raise ValueError(f"{path}.function.arguments", "expected an object")  # noqa: TRY004
    spelled = compact(arguments or "") if isinstance(arguments, str | None) else dump(arguments).decode()
    # The order of the calls says what `index` does, and there is no type but `function`.
    more = {key: value for key, value in call.items() if key not in {"id", "type", "function"}}
    if function.keys() - {"name", "arguments", "index"}:
        more["function"] = function
    return AssistantToolCall(
        id=identity if isinstance(identity, str) else derived,
        function=AssistantToolCallFunction(name=name, arguments=spelled),
        native={"ollama": more} if more else None,
    )


def _tool_result(path: str, message: Mapping[str, Json], asked: list[AssistantToolCall]) -> ToolResultMessage:
    identity, name = message.get("tool_call_id"), message.get("tool_name")
    if not isinstance(identity, str | None):
        raise ValueError(f"{path}.tool_call_id", "expected a text")  # noqa: TRY004
    if not isinstance(name, str | None):
        raise ValueError(f"{path}.tool_name", "expected a text")  # noqa: TRY004
    fits = (call for call in asked if identity in {None, call.id} and name in {None, call.function.name})
    answered = next(fits, None)
    if answered is not None:
        asked.remove(answered)
    return ToolResultMessage(
        name=name if name is not None else answered.function.name if answered else "",
        tool_call_id=identity if identity is not None else answered.id if answered else "",
        content=_content(path, message),
        native=_unknown(message, {"role", "content", "tool_name", "tool_call_id", *_seen(message)}),
    )
