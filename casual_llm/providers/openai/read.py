"""A Chat Completions request as a call: what a server, a translation and the laws need.

Keys that no option can say in full are kept in `extra`; what a message cannot hold is an error
that names the place. Nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from returns.result import Result, safe

from casual_llm.errors import ReadError
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
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.json import dump, items, mapping, parse, text

_SAME = ("temperature", "top_p", "top_k", "stop", "frequency_penalty", "presence_penalty", "seed")
_T = TypeVar("_T")
_DATA_URI = re.compile(r"data:(image/[\w.+-]+);base64,(.*)", re.DOTALL)


def read(request: Request) -> Result[Call, ReadError]:
    """Read a request.

    >>> body = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "user": "u1"}'
    >>> read(Request(url="/chat/completions", body=body)).unwrap().options
    ChatOptions(extra=frozendict.frozendict({'user': 'u1'}))
    >>> print(read(Request(url="/chat/completions", body=b"[]")).failure())
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
    rest = {key: value for key, value in body.items() if key not in {"model", "messages", "stream"}}
    stream = body.get("stream") is True
    if stream and rest.get("stream_options") == {"include_usage": True}:
        del rest["stream_options"]
    names: dict[str, str] = {}
    messages = [
        _message(f"messages[{index}]", mapping(item), names)
        for index, item in enumerate(items(body.get("messages")))
    ]
    return Call(model=text(body.get("model")), messages=messages, options=_options(rest), stream=stream)


def _options(rest: dict[str, Json]) -> ChatOptions:
    said: dict[str, Json] = {key: rest.pop(key) for key in _SAME if key in rest}
    tokens = [key for key in ("max_completion_tokens", "max_tokens") if rest.get(key) is not None]
    return ChatOptions(
        **cast("dict[str, None]", said),  # the validators of ChatOptions tell the types apart
        max_tokens=cast("int | None", rest.pop(tokens[0]) if tokens else None),
        tools=_said("tools", rest, _tools),
        tool_choice=_said("tool_choice", rest, _tool_choice),
        response_format=_said("response_format", rest, _response_format),
        extra=rest or None,
    )


def _said(key: str, rest: dict[str, Json], reader: Callable[[Json], _T | None]) -> _T | None:
    """Take a key out of the rest, if the option of that name can say all of it."""
    found = reader(rest[key]) if key in rest else None
    if found is not None:
        del rest[key]
    return found


def _tools(value: Json) -> tuple[Tool, ...] | None:
    functions = [mapping(mapping(tool).get("function")) for tool in items(value)]
    if any(
        not function.keys() <= {"name", "description", "parameters"} or not function for function in functions
    ):
        return None
    return tuple(
        Tool.from_input_schema(
            text(function.get("name")),
            cast("str | None", function.get("description")),
            mapping(function.get("parameters")),
        )
        for function in functions
    )


def _tool_choice(value: Json) -> str | None:
    if isinstance(value, str):
        return value if value in {"auto", "none", "required"} else None
    return text(mapping(mapping(value).get("function")).get("name")) or None


def _response_format(value: Json) -> ResponseFormat | None:
    kind, schema = mapping(value).get("type"), mapping(mapping(value).get("json_schema"))
    if kind == "text":
        return "text"
    if kind == "json_object":
        return "json"
    if kind != "json_schema" or not schema.keys() <= {"name", "schema", "strict"}:
        return None
    strict = schema.get("strict")
    return JsonSchema(
        name=text(schema.get("name")),
        schema=mapping(schema.get("schema")),
        strict=strict if isinstance(strict, bool) else None,
    )


def _message(path: str, message: Mapping[str, Json], names: dict[str, str]) -> ChatMessage:
    role, content = message.get("role"), message.get("content")
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
        identity = text(message.get("tool_call_id"))
        said = _text(f"{path}.content", content) or ""
        return ToolResultMessage(name=names.get(identity, ""), tool_call_id=identity, content=said)
    raise ValueError(f"{path}.role", f"{role!r} is no role; expected system, user, assistant or tool")


def _only(path: str, found: Mapping[str, Json], known: set[str]) -> None:
    for key in found.keys() - known:
        raise ValueError(f"{path}.{key}", "a message of ours cannot hold this")


def _assistant(path: str, message: Mapping[str, Json], names: dict[str, str]) -> AssistantMessage:
    _only(path, message, {"role", "content", "refusal", "tool_calls"})
    calls = tuple(_tool_call(mapping(call)) for call in items(message.get("tool_calls")))
    names |= {call.id: call.function.name for call in calls}
    refusal = message.get("refusal")
    return AssistantMessage(
        content=_text(f"{path}.content", message.get("content")),
        tool_calls=calls or None,
        refusal=refusal if isinstance(refusal, str) else None,
    )


def _tool_call(call: Mapping[str, Json]) -> AssistantToolCall:
    function = mapping(call.get("function"))
    arguments = function.get("arguments")
    return AssistantToolCall(
        id=text(call.get("id")),
        function=AssistantToolCallFunction(
            name=text(function.get("name")),
            arguments=arguments if isinstance(arguments, str) else dump(mapping(arguments)).decode(),
        ),
    )


def _text(path: str, content: Json) -> str | None:
    if content is None or isinstance(content, str):
        return content
    parts = [mapping(part) for part in items(content)]
    for index, part in enumerate(parts):
        if part.keys() != {"type", "text"}:
            raise ValueError(f"{path}[{index}]", f"{part.get('type')!r} is no text")
    return "".join(text(part["text"]) for part in parts)


def _user_content(path: str, content: Json) -> str | tuple[ContentPart, ...] | None:
    if content is None or isinstance(content, str):
        return content
    return tuple(_part(f"{path}[{index}]", mapping(part)) for index, part in enumerate(items(content)))


def _part(path: str, part: Mapping[str, Json]) -> ContentPart:
    if part.keys() == {"type", "text"}:
        return TextContent(text=text(part["text"]))
    image = mapping(part.get("image_url"))
    if part.keys() != {"type", "image_url"} or image.keys() != {"url"}:
        raise ValueError(path, f"a part of type {part.get('type')!r} cannot be held in full")
    inline = _DATA_URI.fullmatch(text(image["url"]))
    if inline is None:
        return ImageContent(source=text(image["url"]))
    return ImageContent(source={"type": "base64", "data": inline[2]}, media_type=inline[1])
