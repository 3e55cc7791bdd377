"""A Messages request as a call: what a server, a translation and the laws need.

Keys that no option can say in full are kept in `extra`; what a message cannot hold is an error
that names the place. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from returns.result import Result, safe

from casual_llm.failures import ReadError
from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage, Native
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.anthropic.blocks import NAME
from casual_llm.providers.anthropic.encode import CHOICES, tool_choice_to_anthropic
from casual_llm.providers.anthropic.read_messages import read_messages, read_system
from casual_llm.providers.anthropic.schema import UNNAMED
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.json import mapping, parse, text

_SAME = ("max_tokens", "temperature", "top_p", "top_k")
_T = TypeVar("_T")


def read(request: Request) -> Result[Call, ReadError]:
    """Read a request.

    >>> body = b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}'
    >>> read(Request(url="/messages", body=body)).unwrap().options
    ChatOptions(max_tokens=9)
    >>> print(read(Request(url="/messages", body=b"[]")).failure())
    body: expected a JSON object
    """
    return safe(exceptions=(ValueError,))(_call)(request).alt(_located)


def _located(error: ValueError) -> ReadError:
    path, problem = error.args if len(error.args) == 2 else ("body", str(error))  # noqa: PLR2004
    return ReadError(path, problem)


def _call(request: Request) -> Call:
    body = parse(request.body).value_or(None)
    if not isinstance(body, Mapping):
        raise ValueError("body", "expected a JSON object")  # noqa: TRY004
    model, spoken, stream = body.get("model", ""), body.get("messages", []), body.get("stream")
    if not isinstance(model, str):
        raise ValueError("model", "expected a name")  # noqa: TRY004
    if not isinstance(spoken, list):
        raise ValueError("messages", "expected an array")  # noqa: TRY004
    if not isinstance(stream, bool | None):
        raise ValueError("stream", "expected true or false")  # noqa: TRY004
    rest = {key: value for key, value in body.items() if key not in {"model", "messages", "stream"}}
    system = _said("system", rest, _system) or []
    messages = [*system, *read_messages(spoken)]
    return Call(model=model, messages=messages, options=_options(rest), stream=bool(stream))


def _options(rest: dict[str, Json]) -> ChatOptions:
    said: dict[str, Json] = {key: rest.pop(key) for key in _SAME if key in rest and _holds(key, rest[key])}
    config = rest.get("output_config")
    wanted = _said("output_config", rest, _shape)
    further = {key: value for key, value in mapping(config).items() if key != "format"}
    return ChatOptions(
        **cast("dict[str, None]", said),  # the validators of ChatOptions tell the types apart
        stop=_said("stop_sequences", rest, _stop),
        tools=_said("tools", rest, _tools),
        tool_choice=_said("tool_choice", rest, _tool_choice),
        response_format=wanted,
        extra={**rest, **({"output_config": further} if wanted and further else {})} or None,
    )


def _holds(key: str, value: Json) -> bool:
    """Whether the option of that name takes the value."""
    made = safe(exceptions=(ValueError,))(lambda: ChatOptions(**cast("dict[str, None]", {key: value})))
    return value is not None and made().map(bool).value_or(False)  # noqa: FBT003


def _said(key: str, rest: dict[str, Json], reader: Callable[[Json], _T | None]) -> _T | None:
    """Take a key out of the rest, if the option of that name can say all of it."""
    found = reader(rest[key]) if key in rest else None
    if found is not None:
        del rest[key]
    return found


def _system(value: Json) -> list[ChatMessage] | None:
    return safe(exceptions=(ValueError,))(read_system)("system", value).value_or(None)


def _stop(value: Json) -> tuple[str, ...] | None:
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else None
    return tuple(texts) if texts is not None and texts == value else None


def _shape(value: Json) -> JsonSchema | None:
    wanted = mapping(mapping(value).get("format"))
    schema = wanted.get("schema")
    if (
        wanted.keys() != {"type", "schema"}
        or wanted["type"] != "json_schema"
        or not isinstance(schema, Mapping)
    ):
        return None
    return safe(exceptions=(ValueError,))(JsonSchema)(name=UNNAMED, schema=schema).value_or(None)


def _tools(value: Json) -> tuple[Tool, ...] | None:
    if not isinstance(value, list):
        return None
    return safe(exceptions=(ValueError,))(lambda: tuple(_tool(mapping(item)) for item in value))().value_or(
        None
    )


def _tool(tool: Mapping[str, Json]) -> Tool:
    known = {"name", "description", "input_schema", "strict", "cache_control"}
    further = {key: value for key, value in tool.items() if key not in known}
    schema, strict, mark = tool.get("input_schema"), tool.get("strict"), tool.get("cache_control")
    plain = (
        isinstance(schema, Mapping) and isinstance(strict, bool | None) and isinstance(mark, Mapping | None)
    )
    if not plain or tool.get("type", "custom") != "custom":
        raise ValueError("this is no plain tool")
    description = cast("str | None", tool.get("description"))  # what is no text, Tool refuses
    native: Native = {NAME: further} if further else None
    made = Tool.from_input_schema(text(tool.get("name")), description, mapping(schema))
    return Tool.model_validate({**dict(made), "strict": strict, "cache_control": mark, "native": native})


def _tool_choice(value: Json) -> str | None:
    modes = {kind: mode for mode, kind in CHOICES.items()}
    told = mapping(value)
    name = modes.get(text(told.get("type")), text(told.get("name")))
    is_ours = name in CHOICES or text(told.get("type")) == "tool"
    return name if name and is_ours and value == tool_choice_to_anthropic(name) else None
