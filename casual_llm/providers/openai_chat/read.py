"""A Chat Completions request as a call: what a server, a translation and the laws need.

Keys that no option can say in full are kept in `extra`, those that no field of a message can in its
`native`. Nothing is dropped; what is no request at all is an error that names the place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeVar, cast

from returns.result import Result, safe

from casual_llm.failures import ReadError
from casual_llm.frozen import Json
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.providers.openai_chat.encode import named_choice
from casual_llm.providers.openai_chat.read_messages import read_messages
from casual_llm.providers.openai_chat.read_parts import rest
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.encoding import MODES
from casual_llm.wire.json import mapping, parse, text

_SAME = ("temperature", "top_p", "top_k", "stop", "frequency_penalty", "presence_penalty", "seed")
_TWINS = frozenset({"max_completion_tokens", "max_tokens", "random_seed", "seed"})
"""Words for what another word says as well: `null` under one of them must not hide the other."""
_T = TypeVar("_T")


def read(dialect: Dialect, request: Request) -> Result[Call, ReadError]:
    """Read a request.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> body = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "user": "u1"}'
    >>> read(OPENAI, Request(url="/chat/completions", body=body)).unwrap().options
    ChatOptions(extra={'user': 'u1'})
    >>> print(read(OPENAI, Request(url="/chat/completions", body=b"[]")).failure())
    body: expected a JSON object
    """
    return safe(exceptions=(ValueError,))(_call)(dialect, request).alt(_located)


def _located(error: ValueError) -> ReadError:
    path, problem = error.args if len(error.args) == 2 else ("body", str(error))  # noqa: PLR2004
    return ReadError(path, problem)


def _call(dialect: Dialect, request: Request) -> Call:
    body = parse(request.body).value_or(None)
    if not isinstance(body, Mapping):
        raise ValueError("body", "expected a JSON object")  # noqa: TRY004
    model, spoken = body.get("model", ""), body.get("messages", [])
    if not isinstance(model, str):
        raise ValueError("model", "expected a name")  # noqa: TRY004
    if not isinstance(spoken, list):
        raise ValueError("messages", "expected an array")  # noqa: TRY004
    keys = {
        key: value
        for key, value in body.items()
        if key not in {"model", "messages", "stream"} and (value is not None or key not in _TWINS)
    }
    stream = body.get("stream")
    if not isinstance(stream, bool | None):
        raise ValueError("stream", "expected true or false")  # noqa: TRY004
    if stream and dialect.stream_options and keys.get("stream_options") == {"include_usage": True}:
        del keys["stream_options"]
    messages = read_messages(dialect, spoken)
    return Call(model=model, messages=messages, options=_options(keys), stream=bool(stream))


def _options(rest: dict[str, Json]) -> ChatOptions:
    said: dict[str, Json] = {key: rest.pop(key) for key in _SAME if key in rest and _holds(key, rest[key])}
    limits = ("max_completion_tokens", "max_tokens")
    tokens = [key for key in limits if key in rest and _holds("max_tokens", rest[key])]
    # Mistral's name for the seed.
    if "seed" not in said and "random_seed" in rest and _holds("seed", rest["random_seed"]):
        said["seed"] = rest.pop("random_seed")
    tools = _said("tools", rest, _tools)
    listed = None if "tools" in rest else {tool.name for tool in tools or ()}
    return ChatOptions(
        **cast("dict[str, None]", said),  # the validators of ChatOptions tell the types apart
        max_tokens=cast("int | None", rest.pop(tokens[0]) if len(tokens) == 1 else None),
        tools=tools,
        tool_choice=_said("tool_choice", rest, partial(_tool_choice, listed)),
        response_format=_said("response_format", rest, _response_format),
        extra=rest or None,
    )


def _holds(key: str, value: Json) -> bool:
    """Whether the option of that name takes the value: servers know more than we do, such as top_k -1."""
    try:
        ChatOptions(**cast("dict[str, None]", {key: value}))
    except ValueError:
        return False
    return True


def _said(key: str, rest: dict[str, Json], reader: Callable[[Json], _T | None]) -> _T | None:
    """Take a key out of the rest, if the option of that name can say all of it."""
    found = reader(rest[key]) if key in rest else None
    if found is not None:
        del rest[key]
    return found


def _tools(value: Json) -> tuple[Tool, ...] | None:
    if not isinstance(value, list):
        return None
    found = [_tool(mapping(item)) for item in value]
    tools = tuple(tool for tool in found if tool is not None)
    return tools if len(tools) == len(found) else None


def _tool(tool: Mapping[str, Json]) -> Tool | None:
    function, mark = mapping(tool.get("function")), tool.get("cache_control")
    known = function.keys() <= {"name", "description", "parameters", "strict"}
    if not known or not function or tool.get("type", "function") != "function":
        return None
    strict = function.get("strict")
    if not isinstance(strict, bool | None) or not isinstance(mark, Mapping | None):
        return None
    native = rest("tools", tool, {"type", "function", "cache_control"}, OPENAI)
    more = {"strict": strict, "cache_control": mark, "native": native}
    read_tool = safe(exceptions=(ValueError,))(Tool.from_input_schema)
    description = cast("str | None", function.get("description"))  # what is no text, Tool refuses
    schema = mapping(function.get("parameters"))
    found = read_tool(text(function.get("name")), description, schema)
    return found.map(lambda plain: Tool.model_validate({**dict(plain), **more})).value_or(None)


def _tool_choice(names: Collection[str] | None, value: Json) -> str | None:
    """Read a mode, or the name of a tool: of those that are listed, if it is known which are."""
    if isinstance(value, str):
        return value if value in MODES else None
    name = text(mapping(mapping(value).get("function")).get("name"))
    known = name not in MODES and (names is None or name in names)
    return name if known and value == named_choice(name) else None


def _response_format(value: Json) -> ResponseFormat | None:
    wanted, schema = mapping(value), mapping(mapping(value).get("json_schema"))
    if wanted == {"type": "text"}:
        return "text"
    if wanted == {"type": "json_object"}:
        return "json"
    name, shape, strict = schema.get("name"), schema.get("schema"), schema.get("strict")
    known = wanted.keys() == {"type", "json_schema"} and schema.keys() <= {"name", "schema", "strict"}
    if not known or not isinstance(name, str) or not isinstance(shape, Mapping):
        return None
    return JsonSchema(name=name, schema=shape, strict=strict) if isinstance(strict, bool | None) else None
