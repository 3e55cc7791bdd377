"""A call as a Chat Completions request.

`messages` is the last key of the body, so that appending a turn leaves all earlier bytes as they
were: the providers' prompt caches live on this. What is not set is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, singledispatch
from typing import TypeAlias

from pydantic import PydanticUserError
from returns.pipeline import is_successful
from returns.result import Failure, Result, safe

from casual_llm.errors import ConfigurationError, EncodeError
from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    ImageContent,
    Message,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
    is_reference,
    is_url,
)
from casual_llm.options import ChatOptions, ResponseFormat, extra_of, sent
from casual_llm.providers.openai.dialect import Dialect
from casual_llm.providers.openai.schema import json_schema_of
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded, Loss, Request
from casual_llm.wire.extra import place_of
from casual_llm.wire.json import dump
from casual_llm.wire.system import merge_system_messages

Body: TypeAlias = dict[str, Json]
PATH = "/chat/completions"

_UNTOLD = ImageContent.model_fields["media_type"].default
MODES = frozenset({"auto", "none", "required"})
_OURS = frozenset({"model", "messages", "stream"})
"""Keys of the body that `extra` may not set: they are what the call itself says."""


def encode(dialect: Dialect, call: Call) -> Result[Encoded, EncodeError]:
    """Write a call as a request, with what the dialect cannot say as losses.

    >>> from casual_llm.providers.openai.dialect import OPENAI
    >>> call = Call(model="gpt-5", messages=[UserMessage(content="Hi")], options=ChatOptions(temperature=0.0))
    >>> encode(OPENAI, call).unwrap().request.body
    b'{"model":"gpt-5","temperature":0.0,"messages":[{"role":"user","content":"Hi"}]}'
    >>> print(encode(OPENAI, Call(model="gpt-5", messages=[])).failure())
    messages: the list is empty; give at least one message
    """
    options = sent(call.options, *dialect.names)
    place = partial(place_of, call.options, dialect.names)
    problem = _problem(call, options, place)
    if problem is not None:
        return Failure(problem)
    return _written(dialect, call, options, place).alt(partial(_unwritable, call))


@safe(exceptions=(PydanticUserError, ValueError))
def _written(dialect: Dialect, call: Call, options: ChatOptions, place: Callable[[str], str]) -> Encoded:
    settings, losses = _settings(dialect, options)
    extra = extra_of(options)
    streaming: Body = {"stream": True, "stream_options": {"include_usage": True}} if call.stream else {}
    said = {**settings, **streaming}
    overridden = [
        Loss(path=place(key), kind="overridden", asked=said[key], applied=extra[key])
        for key in extra
        if key in said and thaw(said[key]) != thaw(extra[key])
    ]
    body: Body = {"model": call.model, **said, **extra}
    merged = options.system_message_handling == "merge"
    messages = merge_system_messages(call.messages) if merged else call.messages
    body["messages"] = [message_to_openai(message) for message in messages]
    request = Request(url=PATH, headers={"content-type": "application/json"}, body=dump(body))
    return Encoded(request=request, losses=(*losses, *overridden, *_unsaid(call.messages)))


def _unwritable(call: Call, error: Exception) -> EncodeError:
    if isinstance(error, PydanticUserError):
        problem = f"the class has no JSON Schema: {error.message.splitlines()[0]}"
        return EncodeError("options.response_format", problem, "leave out fields that JSON cannot hold")
    if isinstance(error, ConfigurationError):
        return EncodeError("options.response_format", str(error), "change the schema of the class")
    dumped = [safe(exceptions=(ValueError,))(dump)(message_to_openai(message)) for message in call.messages]
    broken = [f"messages[{index}]" for index, result in enumerate(dumped) if not is_successful(result)]
    place = broken[0] if broken else "options"
    return EncodeError(place, f"a text is no Unicode: {error}", "decode its bytes with the right encoding")


def _problem(call: Call, options: ChatOptions, place: Callable[[str], str]) -> EncodeError | None:
    if not call.messages:
        return EncodeError("messages", "the list is empty", "give at least one message")
    for index, message in enumerate(call.messages):
        if not isinstance(message, Message):
            kind = type(message).__name__
            remedy = "give UserMessage(content=...)"
            return EncodeError(f"messages[{index}]", f"{kind} is no message", remedy)
        if _says_nothing(message):
            return EncodeError(f"messages[{index}].content", "there is nothing to say", "give text or parts")
    names = {tool.name for tool in options.tools or ()}
    extra = options.extra or {}
    for key in sorted(_OURS.intersection(extra)):
        return EncodeError(place(key), "the call itself says this", "leave it out")
    if options.tool_choice not in {None, *MODES, *names} and "tools" not in extra:
        listed = ", ".join(sorted(names)) or "no tools"
        problem = f"no tool is called {options.tool_choice!r}"
        return EncodeError("options.tool_choice", problem, f"give auto, none, required or one of: {listed}")
    return None


def _says_nothing(message: ChatMessage) -> bool:
    if message.content is not None and not isinstance(message.content, tuple):
        return False
    return not message.content and not (
        isinstance(message, AssistantMessage) and (message.tool_calls or message.refusal)
    )


def _settings(dialect: Dialect, options: ChatOptions) -> tuple[Body, list[Loss]]:
    choice, tools, losses = _tools(dialect, options)
    if options.top_k is not None and not dialect.top_k:
        losses.append(Loss(path="options.top_k", kind="unsupported", asked=options.top_k))
    known: Body = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k if dialect.top_k else None,
        dialect.token_key: options.max_tokens,
        "stop": thaw(options.stop),
        "frequency_penalty": options.frequency_penalty,
        "presence_penalty": options.presence_penalty,
        "seed": options.seed,
        "response_format": _response_format(options.response_format),
        "tools": None if tools is None else [tool_to_openai(tool) for tool in tools],
        "tool_choice": choice,
    }
    return {key: value for key, value in known.items() if value is not None}, losses


def _tools(dialect: Dialect, options: ChatOptions) -> tuple[Json, Sequence[Tool] | None, list[Loss]]:
    choice, tools = options.tool_choice, options.tools
    if choice is None or choice in MODES:
        return choice, tools, []
    if dialect.named_tool_choice:
        return named_choice(choice), tools, []
    # The same wish without the word for it: offer that tool alone, and require a call.
    named = None if tools is None else [tool for tool in tools if tool.name == choice]
    applied = f"required, with {choice} as the only tool" if named else "required"
    return (
        "required",
        named,
        [Loss(path="options.tool_choice", kind="replaced", asked=choice, applied=applied)],
    )


def named_choice(name: str) -> Body:
    """Write that one tool must be called."""
    return {"type": "function", "function": {"name": name}}


def _response_format(wanted: ResponseFormat | None) -> Json:
    if wanted is None:
        return None
    if wanted == "text":
        return {"type": "text"}
    if wanted == "json":
        return {"type": "json_object"}
    schema = json_schema_of(wanted)
    strict: Body = {} if schema.strict is None else {"strict": schema.strict}
    return {"type": "json_schema", "json_schema": {"name": schema.name, **strict, "schema": schema.schema}}


def tool_to_openai(tool: Tool) -> Body:
    """Write a tool as OpenAI lists it.

    >>> tool_to_openai(Tool(name="ping"))["type"]
    'function'
    """
    described: Body = {} if tool.description is None else {"description": tool.description}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.input_schema}}


@singledispatch
def message_to_openai(message: ChatMessage) -> Body:
    """Write a message as a plain dict; `None` content stays `None`.

    >>> message_to_openai(UserMessage(content="Hi"))
    {'role': 'user', 'content': 'Hi'}
    """
    raise TypeError(f"a {type(message).__name__} is no message; give UserMessage(content=...)")


@message_to_openai.register
def _user(message: UserMessage) -> Body:
    if message.content is None or isinstance(message.content, str):
        return {"role": "user", "content": message.content}
    return {"role": "user", "content": [_part(part) for part in message.content]}


def _part(part: TextContent | ImageContent) -> Body:
    if isinstance(part, TextContent):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": _image_url(part)}}


def _image_url(image: ImageContent) -> str:
    if isinstance(image.source, str):
        if is_reference(image.source):
            return image.source
        return f"data:{image.media_type};base64,{image.source}"
    return f"data:{image.media_type};base64,{image.source['data']}"


@message_to_openai.register
def _system(message: SystemMessage) -> Body:
    return {"role": "system", "content": message.content}


@message_to_openai.register
def _tool_result(message: ToolResultMessage) -> Body:
    return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}


@message_to_openai.register
def _assistant(message: AssistantMessage) -> Body:
    body: Body = {"role": "assistant", "content": message.content}
    if message.refusal is not None:
        body["refusal"] = message.refusal
    if message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": call.type,
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in message.tool_calls
        ]
    return body


def _unsaid(messages: Sequence[ChatMessage]) -> list[Loss]:
    # A tool result names its call by id alone; a name that differs from the call's own is not said.
    called: dict[str, str] = {}
    losses: list[Loss] = []
    for index, message in enumerate(messages):
        if isinstance(message, UserMessage):
            losses.extend(_lost_media_types(f"messages[{index}].content", message))
        elif isinstance(message, AssistantMessage):
            called |= {call.id: call.function.name for call in message.tool_calls or ()}
        elif isinstance(message, ToolResultMessage) and message.name != called.get(message.tool_call_id, ""):
            losses.append(Loss(path=f"messages[{index}].name", kind="unsupported", asked=message.name))
    return losses


def _lost_media_types(path: str, message: UserMessage) -> Iterator[Loss]:
    # An image by URL is of the type that its server says.
    parts = message.content if isinstance(message.content, tuple) else ()
    for index, part in enumerate(parts):
        if isinstance(part, ImageContent) and is_url(part.source) and part.media_type != _UNTOLD:
            yield Loss(path=f"{path}[{index}].media_type", kind="unsupported", asked=part.media_type)
