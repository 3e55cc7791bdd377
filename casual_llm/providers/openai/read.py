"""A Chat Completions request as a call: what a server, a translation and the laws need.

Keys that no option can say in full are kept in `extra`; what a message cannot hold is an error
that names the place. Nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
    model, spoken = body.get("model", ""), body.get("messages", [])
    if not isinstance(model, str):
        raise ValueError("model", "expected a name")  # noqa: TRY004
    if not isinstance(spoken, list):
        raise ValueError("messages", "expected an array")  # noqa: TRY004
    rest = {key: value for key, value in body.items() if key not in {"model", "messages", "stream"}}
    stream = body.get("stream") is True
    if stream and rest.get("stream_options") == {"include_usage": True}:
        del rest["stream_options"]
    names: dict[str, str] = {}
    messages = [
        _message(f"messages[{index}]", mapping(item), names) for index, item in enumerate(items(spoken))
    ]
    return Call(model=model, messages=messages, options=_options(rest), stream=stream)


def _options(rest: dict[str, Json]) -> ChatOptions:
    said: dict[str, Json] = {key: rest.pop(key) for key in _SAME if key in rest and _holds(key, rest[key])}
    limits = ("max_completion_tokens", "max_tokens")
    tokens = [key for key in limits if rest.get(key) is not None and _holds("max_tokens", rest[key])]
    return ChatOptions(
        **cast("dict[str, None]", said),  # the validators of ChatOptions tell the types apart
        max_tokens=cast("int | None", rest.pop(tokens[0]) if tokens else None),
        tools=_said("tools", rest, _tools),
        tool_choice=_said("tool_choice", rest, _tool_choice),
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
    tools = [mapping(tool) for tool in items(value)]
    functions = [mapping(tool.get("function")) for tool in tools]
    plain = all(
        tool.get("type", "function") == "function" and tool.keys() <= {"type", "function"} for tool in tools
    )
    if not plain or not all(f and f.keys() <= {"name", "description", "parameters"} for f in functions):
        return None
    return _functions(functions).value_or(None)


@safe(exceptions=(ValueError,))
def _functions(functions: Sequence[Mapping[str, Json]]) -> tuple[Tool, ...]:
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
    choice = mapping(value)
    named = choice.get("type", "function") == "function" and choice.keys() <= {"type", "function"}
    return (text(mapping(choice.get("function")).get("name")) or None) if named else None


def _response_format(value: Json) -> ResponseFormat | None:
    wanted, schema = mapping(value), mapping(mapping(value).get("json_schema"))
    if wanted == {"type": "text"}:
        return "text"
    if wanted == {"type": "json_object"}:
        return "json"
    if wanted.keys() != {"type", "json_schema"} or not schema.keys() <= {"name", "schema", "strict"}:
        return None
    strict = schema.get("strict")
    return JsonSchema(
        name=text(schema.get("name")),
        schema=mapping(schema.get("schema")),
        strict=strict if isinstance(strict, bool) else None,
    )


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
        identity = text(message.get("tool_call_id"))
        said = _text(f"{path}.content", content) or ""
        return ToolResultMessage(name=names.get(identity, ""), tool_call_id=identity, content=said)
    raise ValueError(f"{path}.role", f"{role!r} is no role; expected system, user, assistant or tool")


def _only(path: str, found: Mapping[str, Json], known: set[str]) -> None:
    for key in sorted(found.keys() - known):
        raise ValueError(f"{path}.{key}", "a message of ours cannot hold this")


def _assistant(path: str, message: Mapping[str, Json], names: dict[str, str]) -> AssistantMessage:
    _only(path, message, {"role", "content", "refusal", "tool_calls"})
    calls = tuple(
        _tool_call(f"{path}.tool_calls[{index}]", mapping(call))
        for index, call in enumerate(items(message.get("tool_calls")))
    )
    names |= {call.id: call.function.name for call in calls}
    refusal = message.get("refusal")
    return AssistantMessage(
        content=_text(f"{path}.content", message.get("content")),
        tool_calls=calls or None,
        refusal=refusal if isinstance(refusal, str) else None,
    )


def _tool_call(path: str, call: Mapping[str, Json]) -> AssistantToolCall:
    # Clients echo the `index` of the stream's delta; in a request the order of the calls says it.
    _only(path, call, {"id", "type", "function", "index"})
    function = mapping(call.get("function"))
    _only(f"{path}.function", function, {"name", "arguments"})
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
    try:
        return _image(text(image["url"]))
    except ValueError:
        raise ValueError(f"{path}.image_url.url", "neither a URL nor an image in base64") from None


def _image(url: str) -> ImageContent:
    inline = _DATA_URI.fullmatch(url)
    if inline is None:
        return ImageContent(source=url)
    return ImageContent(source={"type": "base64", "data": inline[2]}, media_type=inline[1])
