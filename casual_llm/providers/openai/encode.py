"""A call as a Chat Completions request; what is not set is not sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import evolve
from returns.result import Result

from casual_llm.errors import EncodeError
from casual_llm.frozen import Json, thaw
from casual_llm.messages import AssistantMessage, ChatMessage
from casual_llm.options import ChatOptions, ResponseFormat
from casual_llm.providers.openai.dialect import Dialect
from casual_llm.providers.openai.messages import message_to_openai
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded, Normal
from casual_llm.wire.loss import Loss, foreign, own, unsupported
from casual_llm.wire.requests import (
    MODES,
    Conversation,
    Settings,
    Words,
    check_message,
    dump_message,
    encode_with,
    said,
)
from casual_llm.wire.schema import sent_schema
from casual_llm.wire.system import merge_system_messages
from casual_llm.wire.written import NOTHING, Written, more

Body = dict[str, Json]
PATH = "/chat/completions"
_SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty")


def encode(dialect: Dialect, call: Call, known: Written = NOTHING) -> Result[Encoded, EncodeError]:
    """Write a call as a request, with what the dialect cannot say as losses.

    >>> from casual_llm.messages import UserMessage
    >>> from casual_llm.providers.openai.dialect import OPENAI
    >>> messages = [UserMessage(content="Hi")]
    >>> call = Call(model="gpt-4.1", messages=messages, options=ChatOptions(temperature=0.0))
    >>> encode(OPENAI, call).unwrap().request.body
    b'{"model":"gpt-4.1","temperature":0.0,"messages":[{"role":"user","content":"Hi"}]}'
    >>> print(encode(OPENAI, Call(model="gpt-4.1", messages=[])).failure())
    messages: the list is empty; give at least one message
    """
    words = Words(
        names=dialect.names,
        url=PATH,
        settings=partial(_settings, dialect),
        conversation=partial(_conversation, dialect, known),
    )
    return encode_with(words, call)


def normalize(messages: Sequence[ChatMessage]) -> Normal:
    """Give the messages as they are: each stands for itself on the wire."""
    return Normal(messages=messages)


def _conversation(dialect: Dialect, known: Written, call: Call, options: ChatOptions) -> Conversation:
    merged = options.system_message_handling == "merge"
    messages = merge_system_messages(call.messages) if merged else call.messages
    if len(messages) == len(call.messages):
        return Conversation(written=_written(dialect, messages, known))
    # Joined messages stand elsewhere than in the call, so nothing that is known of it fits them.
    joined = _written(dialect, messages, NOTHING)
    return Conversation(written=evolve(joined, count=0))


def _written(dialect: Dialect, messages: Sequence[ChatMessage], known: Written) -> Written:
    bodies, losses, names = list[bytes](), list(known.losses), dict(known.names)
    for index, message in enumerate(messages[known.count :], known.count):
        path = f"messages[{index}]"
        check_message(path, message)
        body, lost = message_to_openai(message, dialect, path, names)
        bodies.append(dump_message(path, body))
        losses += lost
        if isinstance(message, AssistantMessage):
            names |= {call.id: call.function.name for call in message.tool_calls or ()}
    pieces = more(known.pieces, bodies)
    return Written(count=len(messages), pieces=pieces, losses=tuple(losses), names=names)


def _settings(dialect: Dialect, call: Call, options: ChatOptions) -> Settings:
    choice, tools, losses = _tools(dialect, options)
    refused = {*_refused(dialect, call.model), *([] if dialect.top_k else ["top_k"])}
    losses += [
        unsupported(f"options.{name}", getattr(options, name))
        for name in sorted(refused)
        if getattr(options, name) is not None
    ]
    wanted, replaced = _response_format(dialect, options.response_format)
    streaming: Body = {"stream": True} if call.stream else {}
    if call.stream and dialect.stream_options:
        streaming["stream_options"] = {"include_usage": True}
    body = said(
        {
            "temperature": options.temperature,
            "top_p": options.top_p,
            "top_k": options.top_k,
            dialect.token_key: options.max_tokens,
            "stop": thaw(options.stop),
            "frequency_penalty": options.frequency_penalty,
            "presence_penalty": options.presence_penalty,
            dialect.seed_key: options.seed,
            "response_format": wanted,
            "tools": None if tools is None else [tool_to_openai(tool, dialect) for tool in tools],
            "tool_choice": choice,
        }
    )
    kept = {key: value for key, value in body.items() if key not in refused}
    return Settings(body={**kept, **streaming}, losses=(*losses, *replaced))


def _refused(dialect: Dialect, model: str) -> Sequence[str]:
    pattern = dialect.fixed_sampling
    return _SAMPLING if pattern is not None and pattern.fullmatch(model) else ()


def _tools(dialect: Dialect, options: ChatOptions) -> tuple[Json, Sequence[Tool] | None, list[Loss]]:
    choice, tools = options.tool_choice, options.tools
    losses = [loss for index, tool in enumerate(tools or ()) for loss in _lost_tool(index, tool, dialect)]
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
    if wanted == "json" and dialect.json_mode:
        return {"type": "json_object"}, []
    if wanted == "json":
        anything: Body = {"name": "json", "schema": {"type": "object"}}
        lost = Loss(path="options.response_format", kind="replaced", asked="json", applied="any object")
        return {"type": "json_schema", "json_schema": anything}, [lost]
    schema = sent_schema(wanted)
    strict: Body = {} if schema.strict is None else {"strict": schema.strict}
    return {
        "type": "json_schema",
        "json_schema": {"name": schema.name, **strict, "schema": schema.schema},
    }, []


def tool_to_openai(tool: Tool, dialect: Dialect) -> Body:
    """Write a tool as OpenAI lists it.

    >>> from casual_llm.providers.openai.dialect import OPENAI
    >>> tool_to_openai(Tool(name="ping"), OPENAI)["type"]
    'function'
    """
    function = said({"name": tool.name, "description": tool.description, "parameters": tool.input_schema})
    function |= said({"strict": tool.strict if dialect.strict else None})
    marks = said({"cache_control": thaw(tool.cache_control) if dialect.cache_control else None})
    return {"type": "function", "function": function, **marks, **own(tool.native, dialect.names)}


def _lost_tool(index: int, tool: Tool, dialect: Dialect) -> list[Loss]:
    path = f"options.tools[{index}]"
    losses = list(foreign(path, tool.native, dialect.names))
    if tool.strict is not None and not dialect.strict:
        losses.append(unsupported(f"{path}.strict", tool.strict))
    if tool.cache_control is not None and not dialect.cache_control:
        losses.append(unsupported(f"{path}.cache_control", tool.cache_control))
    return losses
