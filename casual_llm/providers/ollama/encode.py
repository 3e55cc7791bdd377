"""A call as a request to `/api/chat`; what is not set is not sent, but for `stream`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from returns.result import Result

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.providers.ollama.messages import (
    NAMES,
    Body,
    losses_of,
    message_to_ollama,
    normal_message,
)
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded, Normal
from casual_llm.wire.encoding import (
    MODES,
    EncodedMessages,
    EncodedOptions,
    RequestFormat,
    check_message,
    dump_message,
    encode_with,
    without_none,
)
from casual_llm.wire.json import text
from casual_llm.wire.json_schema import plain_name, sent_schema
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix, append
from casual_llm.wire.report import Loss, overlay_native, unsupported
from casual_llm.wire.system_messages import encode_with_merged_system

PATH = "/api/chat"
_SAME = frozenset({"implied", "rewritten"})
"""Kinds of what is said in another form, `implied` being said by leaving it out."""


def encode(call: Call, known: Prefix = EMPTY_PREFIX) -> Result[Encoded, EncodeError]:
    """Write a call as a request, with what Ollama has no word for as losses.

    >>> from casual_llm.messages import UserMessage
    >>> messages = [UserMessage(content="Hi")]
    >>> call = Call(model="llama3.2", messages=messages, options=ChatOptions(temperature=0.0))
    >>> encode(call).unwrap().request.body.decode().partition('"messages"')[0]
    '{"model":"llama3.2","stream":false,"options":{"temperature":0.0},'
    >>> print(encode(Call(model="llama3.2", messages=[])).failure())
    messages: the list is empty; give at least one message
    """
    words = RequestFormat(
        names=NAMES,
        url=PATH,
        settings=_settings,
        conversation=partial(_conversation, known),
        joined=("options",),
    )
    return encode_with(words, call)


def normalize(messages: Sequence[ChatMessage]) -> Normal:
    """Give the messages in the form in which a reader of the request gives them back.

    >>> from casual_llm.messages import UserMessage
    >>> normalize([UserMessage(content=None)]).changes
    (Loss(path='messages[0].content', kind='rewritten', asked=None, applied=''),)
    """
    pairs = [normal_message(message, f"messages[{index}]") for index, message in enumerate(messages)]
    return Normal(
        messages=[message for message, _ in pairs], changes=tuple(loss for _, lost in pairs for loss in lost)
    )


def _conversation(known: Prefix, call: Call, options: ChatOptions) -> EncodedMessages:
    if options.system_message_handling != "merge":
        return EncodedMessages(written=_written(call.messages, known))
    return EncodedMessages(
        written=encode_with_merged_system(_written, call.messages, known, NAMES, marks=False)
    )


def _written(messages: Sequence[ChatMessage], known: Prefix) -> Prefix:
    bodies, losses, changes = list[bytes](), list(known.losses), list(known.changes)
    for index, message in enumerate(messages[known.count :], known.count):
        path = f"messages[{index}]"
        check_message(path, message)
        bodies.append(dump_message(path, message_to_ollama(message, path)))
        losses += losses_of(message, path)
        changes += normal_message(message, path)[1]
    pieces = append(known.pieces, bodies)
    return Prefix(count=len(messages), pieces=pieces, losses=tuple(losses), changes=tuple(changes))


def _settings(call: Call, options: ChatOptions) -> EncodedOptions:
    settings, told = _model_options(options)
    offered, told_tools = _offered(options)
    wanted, told_format = _format(options.response_format)
    body = without_none(
        {
            # Left out it means true (docs/openapi.yaml, ChatRequest.stream), so it is always said.
            "stream": call.stream,
            "format": wanted,
            "options": settings or None,
            "tools": None if offered is None else [tool_to_ollama(tool) for _, tool in offered],
        }
    )
    told += [*told_tools, *told_format]
    told += [loss for index, tool in offered or () for loss in _lost_tool(index, tool)]
    return EncodedOptions(
        body=body,
        losses=tuple(loss for loss in told if loss.kind not in _SAME),
        changes=tuple(loss for loss in told if loss.kind in _SAME),
    )


def _model_options(options: ChatOptions) -> tuple[Body, list[Loss]]:
    # A server refuses a lone text: api/types.go, Options.FromMap, takes an array of strings only.
    stop = [options.stop] if isinstance(options.stop, str) else options.stop
    told = Loss(path="options.stop", kind="rewritten", asked=options.stop, applied=stop)
    settings = without_none(
        {
            "temperature": options.temperature,
            "top_p": options.top_p,
            "top_k": options.top_k,
            "num_predict": options.max_tokens,
            "stop": stop,
            "frequency_penalty": options.frequency_penalty,
            "presence_penalty": options.presence_penalty,
            "seed": options.seed,
        }
    )
    return settings, [told] if stop != options.stop else []


def _offered(options: ChatOptions) -> tuple[list[tuple[int, Tool]] | None, list[Loss]]:
    """Choose the tools to offer: Ollama has no word for `tool_choice`, and models choose freely."""
    choice = options.tool_choice
    offered = None if options.tools is None else list(enumerate(options.tools))
    told = partial(Loss, path="options.tool_choice", asked=choice)
    if choice is None:
        return offered, []
    if choice != "auto" and "tools" in (options.extra or {}):
        return offered, [told(kind="unsupported")]
    if choice == "auto" or (choice == "none" and not offered):
        return offered, [told(kind="implied")]
    if choice == "none":
        return [], [told(kind="replaced", applied="no tools")]
    named = [(index, tool) for index, tool in offered or () if tool.name == choice]
    if choice in MODES or not named:
        return offered, [told(kind="unsupported")]
    return named, [told(kind="replaced", applied=f"{choice} as the only tool")]


def _format(wanted: ResponseFormat | None) -> tuple[Json, list[Loss]]:
    path = "options.response_format"
    if wanted is None or wanted == "json":
        return wanted, []
    if wanted == "text":
        return None, [Loss(path=path, kind="implied", asked=wanted)]
    schema = sent_schema(wanted)
    told = list[Loss]()
    if isinstance(wanted, JsonSchema) and wanted.name != name_of(wanted.schema):
        told.append(
            Loss(path=f"{path}.name", kind="rewritten", asked=wanted.name, applied=name_of(wanted.schema))
        )
    if isinstance(wanted, JsonSchema) and wanted.strict is not None:
        # Every schema becomes a grammar, so no answer can break it.
        told.append(Loss(path=f"{path}.strict", kind="implied", asked=wanted.strict))
    return schema.schema, told


def name_of(schema: Mapping[str, Json]) -> str:
    """Name the schema of a structured answer: the wire has no other place for a name than its title.

    >>> name_of({"title": "Box[Cat]", "type": "object"})
    'Box_Cat'
    """
    return plain_name(text(schema.get("title")))


def tool_to_ollama(tool: Tool) -> Body:
    """Write a tool as Ollama lists it.

    >>> tool_to_ollama(Tool(name="ping"))["type"]
    'function'
    """
    return overlay_native(_listed(tool), tool.native, NAMES, "")[0]


def _listed(tool: Tool) -> Body:
    function = without_none(
        {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}
    )
    return {"type": "function", "function": function}


def _lost_tool(index: int, tool: Tool) -> list[Loss]:
    path, losses = f"options.tools[{index}]", list[Loss]()
    if tool.native is not None:
        losses += overlay_native(_listed(tool), tool.native, NAMES, path, ("function",))[1]
    if tool.strict is not None:
        losses.append(unsupported(f"{path}.strict", tool.strict))
    if tool.cache_control is not None:
        losses.append(unsupported(f"{path}.cache_control", tool.cache_control))
    return losses
