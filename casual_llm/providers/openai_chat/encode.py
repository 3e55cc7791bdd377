"""A call as a Chat Completions request; what is not set is not sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from returns.result import Result

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.messages import Body, body_of, heard, message_to_openai
from casual_llm.providers.openai_chat.normal import normalized
from casual_llm.providers.openai_chat.schema import schema_of
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.encoding import (
    MODES,
    EncodedMessages,
    EncodedOptions,
    RequestFormat,
    check_message,
    dump_message,
    encode_with,
    limited,
    without_none,
)
from casual_llm.wire.json import dump, mapping
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix, append
from casual_llm.wire.report import Loss, native_for, overlay_native, unsupported
from casual_llm.wire.system_messages import encode_with_merged_system

__all__ = ["PATH", "encode", "message_to_openai", "named_choice", "tool_to_openai"]

PATH = "/chat/completions"
_TWICE = {"max_tokens": "max_completion_tokens", "seed": "random_seed"}
_OTHER = _TWICE | {other: name for name, other in _TWICE.items()}
"""What has two names in this format: each by the other."""
_MESSAGES = frozenset({UserMessage, AssistantMessage, SystemMessage, ToolResultMessage})


def encode(dialect: Dialect, call: Call, known: Prefix = EMPTY_PREFIX) -> Result[Encoded, EncodeError]:
    """Write a call as a request, with what the dialect cannot say as losses.

    >>> from casual_llm.messages import UserMessage
    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> messages = [UserMessage(content="Hi")]
    >>> call = Call(model="gpt-4.1", messages=messages, options=ChatOptions(temperature=0.0))
    >>> encode(OPENAI, call).unwrap().request.body
    b'{"model":"gpt-4.1","temperature":0.0,"messages":[{"role":"user","content":"Hi"}]}'
    >>> print(encode(OPENAI, Call(model="gpt-4.1", messages=[])).failure())
    messages: the list is empty; give at least one message
    """
    words = RequestFormat(
        names=dialect.names,
        url=PATH,
        settings=partial(_settings, dialect),
        conversation=partial(_conversation, dialect, known),
    )
    return encode_with(words, call)


def _conversation(dialect: Dialect, known: Prefix, call: Call, options: ChatOptions) -> EncodedMessages:
    write = partial(_written, dialect)
    if options.system_message_handling != "merge":
        return EncodedMessages(written=write(call.messages, known))
    marks = dialect.cache_control
    return EncodedMessages(
        written=encode_with_merged_system(write, call.messages, known, dialect.names, marks=marks)
    )


def _written(dialect: Dialect, messages: Sequence[ChatMessage], known: Prefix) -> Prefix:
    bodies, losses, changes, names = list[Json](), list(known.losses), list(known.changes), dict(known.names)
    for index, message in enumerate(messages[known.count :], known.count):
        path = f"messages[{index}]"
        if type(message) not in _MESSAGES or not message.content:
            _check(path, message, dialect)
        normal, changed = normalized(message, dialect, path)
        body, lost = body_of(normal, dialect, path, names)
        bodies.append(body)
        losses += lost
        changes += changed
        if normal.role == "assistant" and normal.tool_calls:
            names |= {call.id: call.function.name for call in normal.tool_calls}
    return Prefix(
        count=len(messages),
        pieces=append(known.pieces, _dumped(bodies, known.count)),
        losses=tuple(losses),
        changes=tuple(changes),
        names=names,
    )


def _check(path: str, message: ChatMessage, dialect: Dialect) -> None:
    check_message(path, message)
    if message.native is not None and not native_for(heard(message, dialect, path)[0], dialect.names):
        # What only other formats or servers know of it is not said here.
        check_message(path, message.model_copy(update={"native": None}))


def _dumped(bodies: Sequence[Json], start: int) -> list[bytes]:
    try:
        return [dump(bodies)[1:-1]]  # all at once costs half as much
    except ValueError:
        places = (f"messages[{index}]" for index in range(start, start + len(bodies)))
        return [dump_message(place, mapping(body)) for place, body in zip(places, bodies, strict=True)]


def _settings(dialect: Dialect, call: Call, options: ChatOptions) -> EncodedOptions:
    within, bounded = _within(dialect, options)
    choice, tools, lost = _tools(dialect, options)
    wanted, replaced = _response_format(dialect, options.response_format)
    told: Body = {
        "temperature": within.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
        "max_tokens": options.max_tokens,
        "stop": thaw(within.stop),
        "frequency_penalty": within.frequency_penalty,
        "presence_penalty": within.presence_penalty,
        "seed": within.seed,
        "response_format": wanted,
        "tools": None if tools is None else [tool_to_openai(tool, dialect) for tool in tools],
        "tool_choice": choice,
    }
    asked = without_none(told)
    refused = [name for name in asked if _refuses(dialect, call.model, name)]
    extra = options.extra or {}
    names = {"max_tokens": _word(dialect.token_key, extra), "seed": _word(dialect.seed_key, extra)}
    body = {names.get(name, name): value for name, value in asked.items() if name not in refused}
    if call.stream:
        body["stream"] = True
    if call.stream and dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    left_out = [unsupported(f"options.{name}", getattr(options, name)) for name in refused]
    left_out += [loss for name, loss in bounded.items() if name not in refused]
    return EncodedOptions(body=body, losses=(*lost, *left_out, *replaced))


def _word(ours: str, extra: Collection[str]) -> str:
    """Choose the other name of a wish where a further key says it, so that the key replaces the option."""
    other = _OTHER[ours]
    return other if other in extra else ours


def _within(dialect: Dialect, options: ChatOptions) -> tuple[ChatOptions, dict[str, Loss]]:
    """Keep to what the server takes of numbers and of texts to stop at."""
    within, losses = limited(options, dialect.ranges)
    stop = options.stop
    if (
        dialect.max_stop_sequences is None
        or stop is None
        or isinstance(stop, str)
        or "stop" in (options.extra or {})
    ):
        return within, losses
    if not stop:
        return within.set(stop=None), {**losses, "stop": unsupported("options.stop", stop)}
    if len(stop) <= dialect.max_stop_sequences:
        return within, losses
    first = tuple(stop[: dialect.max_stop_sequences])
    told = Loss(path="options.stop", kind="replaced", asked=tuple(stop), applied=first)
    return within.set(stop=first), {**losses, "stop": told}


def _refuses(dialect: Dialect, model: str, option: str) -> bool:
    models = dialect.unsupported_by_model.get(option)
    return models is not None and models.fullmatch(model) is not None


def _tools(dialect: Dialect, options: ChatOptions) -> tuple[Json, Sequence[Tool] | None, list[Loss]]:
    choice, tools = options.tool_choice, options.tools
    losses = [loss for index, tool in enumerate(tools or ()) for loss in _lost_tool(index, tool, dialect)]
    if choice is not None and not dialect.tool_choice:
        return None, tools, [*losses, unsupported("options.tool_choice", choice)]
    if choice is None or choice in MODES:
        return choice, tools, losses
    if dialect.named_tool_choice:
        return named_choice(choice), tools, losses
    # The same wish without the word for it: offer that tool alone, and require a call.
    named = None if tools is None else [tool for tool in tools if tool.name == choice]
    applied = f"required, with {choice} as the only tool" if named else "required"
    replaced = Loss(path="options.tool_choice", kind="replaced", asked=choice, applied=applied)
    return "required", named, [*losses, replaced]


def named_choice(name: str) -> Body:
    """Write that one tool must be called."""
    return {"type": "function", "function": {"name": name}}


def _response_format(dialect: Dialect, wanted: ResponseFormat | None) -> tuple[Json, list[Loss]]:
    if wanted is None:
        return None, []
    if wanted == "text":
        return {"type": "text"}, []
    if wanted == "json":
        return _json(dialect)
    schema = schema_of(wanted)
    if not dialect.json_schema:
        return _json(dialect, schema.name)
    strict: Body = {} if schema.strict is None or not dialect.strict else {"strict": schema.strict}
    # What was derived from a class asks for no strictness of its own.
    asked = isinstance(wanted, JsonSchema) and schema.strict is not None and not strict
    lost = [unsupported("options.response_format.strict", schema.strict)] if asked else []
    named = {"name": schema.name, **strict, "schema": schema.schema}
    return {"type": "json_schema", "json_schema": named}, lost


def _json(dialect: Dialect, schema: str | None = None) -> tuple[Json, list[Loss]]:
    """Ask for any JSON object, also in place of a schema that the dialect cannot take."""
    path, asked = "options.response_format", schema or "json"
    if dialect.json_mode:
        lost = [] if schema is None else [Loss(path=path, kind="replaced", asked=asked, applied="json")]
        return {"type": "json_object"}, lost
    if not dialect.json_schema:
        return None, [unsupported(path, asked)]
    anything: Body = {"name": "json", "schema": {"type": "object"}}
    lost = [Loss(path=path, kind="replaced", asked=asked, applied="a schema of any object")]
    return {"type": "json_schema", "json_schema": anything}, lost


def tool_to_openai(tool: Tool, dialect: Dialect) -> Body:
    """Write a tool as OpenAI lists it.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> tool_to_openai(Tool(name="ping"), OPENAI)["type"]
    'function'
    """
    return overlay_native(_listed(tool, dialect), tool.native, dialect.names, "")[0]


def _listed(tool: Tool, dialect: Dialect) -> Body:
    function = without_none(
        {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}
    )
    function |= without_none({"strict": tool.strict if dialect.strict else None})
    marks = without_none({"cache_control": thaw(tool.cache_control) if dialect.cache_control else None})
    return {"type": "function", "function": function, **marks}


def _lost_tool(index: int, tool: Tool, dialect: Dialect) -> list[Loss]:
    path, losses = f"options.tools[{index}]", list[Loss]()
    if tool.native is not None:
        losses += overlay_native(_listed(tool, dialect), tool.native, dialect.names, path, ("function",))[1]
    if tool.strict is not None and not dialect.strict:
        losses.append(unsupported(f"{path}.strict", tool.strict))
    if tool.cache_control is not None and not dialect.cache_control:
        losses.append(unsupported(f"{path}.cache_control", tool.cache_control))
    return losses
