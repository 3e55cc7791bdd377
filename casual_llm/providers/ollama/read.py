"""Read the messages of a request one by one.

Keys that no field of ours holds stay in `native`. What no message can hold is a `PlacedError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.ollama.content import content_keys, read_content, read_text
from casual_llm.providers.ollama.messages import NAMES
from casual_llm.wire.arguments import compact_arguments
from casual_llm.wire.collect import derived_id
from casual_llm.wire.json import mapping
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import list_at, native_rest, optional_text_at, text_at
from casual_llm.wire.report import PlacedError

_Object = Mapping[str, Json]
_FORMAT = NAMES[0]


def read_messages(messages: Sequence[Json], _: Body) -> list[ChatMessage]:
    """Read the messages in order: where a result does not name the call that it answers, the order does."""
    unanswered = list[AssistantToolCall]()
    return [_message(index, mapping(item), unanswered) for index, item in enumerate(messages)]


def _message(index: int, message: _Object, unanswered: list[AssistantToolCall]) -> ChatMessage:
    path, role = f"messages[{index}]", message.get("role")
    if role == "assistant":
        answer = _assistant(path, message, index)
        unanswered += answer.tool_calls or ()
        return answer
    if role == "tool":
        return _tool_result(path, message, unanswered)
    if role == "user":
        native = native_rest(_FORMAT, message, {"role", *content_keys(message)})
        return UserMessage(content=read_content(path, message), native=native)
    if role == "system":
        native = native_rest(_FORMAT, message, {"role", "content"})
        return SystemMessage(content=read_text(path, message), native=native)
    raise PlacedError(f"{path}.role", f"expected system, user, assistant or tool, got {role!r}")


def _assistant(path: str, message: _Object, index: int) -> AssistantMessage:
    given, content = message.get("tool_calls"), read_text(path, message)
    calls = [
        _tool_call(f"{path}.tool_calls[{number}]", mapping(item), derived_id(str(index), number))
        for number, item in enumerate(() if given is None else list_at(f"{path}.tool_calls", given))
    ]
    return AssistantMessage(
        content=content or (None if calls else ""),
        tool_calls=calls or None,
        native=native_rest(_FORMAT, message, {"role", "content", "tool_calls"}),
    )


def _tool_call(path: str, call: _Object, derived: str) -> AssistantToolCall:
    function, identity = mapping(call.get("function")), call.get("id")
    name, arguments = text_at(f"{path}.function.name", function.get("name")), function.get("arguments")
    if not isinstance(arguments, Mapping | str | None):
        raise PlacedError(f"{path}.function.arguments", "expected an object")
    # The order of the calls means the same as `index`, and the only type is `function`.
    known = {"id", "type"} if function.keys() - {"name", "arguments", "index"} else {"id", "type", "function"}
    return AssistantToolCall(
        id=identity if isinstance(identity, str) else derived,
        function=AssistantToolCallFunction(name=name, arguments=compact_arguments(arguments)),
        native=native_rest(_FORMAT, call, known),
    )


def _tool_result(path: str, message: _Object, unanswered: list[AssistantToolCall]) -> ToolResultMessage:
    identity = optional_text_at(f"{path}.tool_call_id", message.get("tool_call_id"))
    name = optional_text_at(f"{path}.tool_name", message.get("tool_name"))
    fitting = (
        call for call in unanswered if identity in {None, call.id} and name in {None, call.function.name}
    )
    answered = next(fitting, None)
    if answered is not None:
        unanswered.remove(answered)
        identity, name = answered.id, answered.function.name
    return ToolResultMessage(
        name=name or "",
        tool_call_id=identity or "",
        content=read_content(path, message),
        native=native_rest(_FORMAT, message, {"role", "tool_name", "tool_call_id", *content_keys(message)}),
    )
