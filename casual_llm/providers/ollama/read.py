"""A request to `/api/chat` as a call: what a server, a translation and the laws need.

Keys that no option can say in full are kept in `extra`, settings among them in `extra["options"]`.
Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from returns.result import Result, safe

from casual_llm.failures import ReadError
from casual_llm.frozen import Json, freeze_object
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.providers.ollama.encode import name_of
from casual_llm.providers.ollama.read_messages import read_messages
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.json import mapping, parse, text

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "num_predict": "max_tokens",
    "stop": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
}
"""Settings that an option can say, and the name of the option."""


def read(request: Request) -> Result[Call, ReadError]:
    """Read a request.

    >>> body = b'{"model": "llama3.2", "messages": [], "options": {"num_predict": 9, "num_ctx": 4096}}'
    >>> call = read(Request(url="/api/chat", body=body)).unwrap()
    >>> call.options, call.stream
    (ChatOptions(max_tokens=9, extra={'options': {'num_ctx': 4096}}), True)
    >>> print(read(Request(url="/api/chat", body=b"[]")).failure())
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
    return Call(
        model=model, messages=read_messages(spoken), options=_options(rest), stream=stream is not False
    )


def _options(rest: dict[str, Json]) -> ChatOptions:
    settings = mapping(rest.get("options"))
    known = {name: key for key, name in _SETTINGS.items() if key in settings and _holds(name, settings[key])}
    if known:
        more = {key: value for key, value in settings.items() if key not in known.values()}
        rest = {key: value for key, value in rest.items() if key != "options"} | (
            {"options": more} if more else {}
        )
    tools, wanted = _tools(rest.get("tools")), _format(rest.get("format"))
    said = {key for key, found in (("tools", tools), ("format", wanted)) if found is not None}
    return ChatOptions(
        **cast("dict[str, None]", {name: settings[key] for name, key in known.items()}),
        tools=tools,
        response_format=wanted,
        extra={key: value for key, value in rest.items() if key not in said} or None,
    )


def _holds(name: str, value: Json) -> bool:
    """Whether the option of that name takes the value: servers know more than we do, such as -1 for all."""
    try:
        ChatOptions(**cast("dict[str, None]", {name: value}))
    except ValueError:
        return False
    return True


def _tools(value: Json) -> tuple[Tool, ...] | None:
    if not isinstance(value, list):
        return None
    found = [_tool(mapping(item)) for item in value]
    tools = tuple(tool for tool in found if tool is not None)
    return tools if len(tools) == len(found) else None


def _tool(tool: Mapping[str, Json]) -> Tool | None:
    function = mapping(tool.get("function"))
    known = function.keys() <= {"name", "description", "parameters"}
    known &= isinstance(function.get("parameters"), Mapping | None)
    if not known or not function or tool.get("type", "function") != "function":
        return None
    description = cast("str | None", function.get("description"))  # what is no text, Tool refuses
    schema = mapping(function.get("parameters"))
    read_tool = safe(exceptions=(ValueError,))(Tool.from_input_schema)
    found = read_tool(text(function.get("name")), description, schema).value_or(None)
    more = {key: item for key, item in tool.items() if key not in {"type", "function"}}
    native = freeze_object({"ollama": more}) if more else None
    return None if found is None else found.model_copy(update={"native": native})


def _format(value: Json) -> ResponseFormat | None:
    if value == "json":
        return "json"
    return JsonSchema(name=name_of(value), schema=value) if isinstance(value, Mapping) else None
