"""What passes between a client and an Ollama server: calls, replies, streams, and what breaks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies import (
    any_calls,
    base64_texts,
    calls,
    images,
    json_objects,
    json_values,
    names,
    non_empty_texts,
    text_parts,
    texts,
)
from wire_strategies import mutations, replies as openai_replies

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    FileContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema, resolve_for
from casual_llm.providers.ollama import codec
from casual_llm.providers.ollama.messages import canonical_message
from casual_llm.reply import FinishReason, Reply
from casual_llm.wire.arguments import compact_arguments
from casual_llm.wire.codec import Call, Request, Response
from casual_llm.wire.images import image_from_bytes, urls_to_fetch, with_images
from casual_llm.wire.json_schema import plain_name
from casual_llm.wire.report import Report

CODEC = codec()
PIXEL = image_from_bytes(b"GIF89a").unwrap()

# Arguments that are objects, some of them not written as they are read back.
objects: SearchStrategy[str] = json_objects.map(json.dumps) | st.sampled_from(
    ["", "{}", '{"a":1}', ' {"a": 1.0} ']
)


def _with_objects(message: ChatMessage, written: str) -> ChatMessage:
    if not isinstance(message, AssistantMessage) or not message.tool_calls:
        return message
    asked = [
        call.model_copy(
            update={"function": AssistantToolCallFunction(name=call.function.name, arguments=written)}
        )
        for call in message.tool_calls
    ]
    return message.model_copy(update={"tool_calls": tuple(asked)})


def _encodable(call: Call, written: str, settings: dict[str, Any]) -> Call:
    """Do what a client does before it encodes (images are fetched), with arguments that are objects."""
    fetched = with_images(call.messages, dict.fromkeys(urls_to_fetch(call.messages), PIXEL))
    messages = [_with_objects(message, written) for message in fetched]
    more = ChatOptions(extra={"options": settings}) if settings else ChatOptions()
    return evolve(call, messages=messages, options=call.options | more)


_settings = st.dictionaries(
    st.sampled_from(["num_gpu", "mirostat"]) | texts.map("x-".__add__), json_values, max_size=2
)
encodable_calls = st.builds(_encodable, calls, objects, _settings)
"""Calls whose messages can be encoded, though not always without losses."""
any_ollama_calls = any_calls | st.builds(_encodable, any_calls, objects, _settings)


def canonical(messages: Sequence[ChatMessage]) -> tuple[tuple[ChatMessage, ...], Report]:
    """Return messages in the form in which they are read back, and what that changes."""
    report, numbered = Report(), enumerate(messages)
    forms = [canonical_message(message, f"messages[{index}]", {}, report) for index, message in numbered]
    return tuple(forms), report


def _canonical_call(call: Call) -> Call:
    """Return a call in the form in which it is read back."""
    options = resolve_for(call.options.without("tool_choice"), "ollama")
    wanted, stop = options.response_format, options.stop
    if isinstance(wanted, JsonSchema):
        title = wanted.schema.get("title")
        wanted = JsonSchema(name=plain_name(title if isinstance(title, str) else ""), schema=wanted.schema)
    options = options.set(
        response_format=None if wanted == "text" else wanted, stop=[stop] if isinstance(stop, str) else stop
    )
    return evolve(call, messages=canonical(call.messages)[0], options=options)


canonical_calls = encodable_calls.map(_canonical_call)
"""Calls that are encoded without losses, each in the form in which it is read back."""


# What the format cannot express, and what only one format knows.

_natives: SearchStrategy[Any] = st.sampled_from(
    [None, None, {"ollama": {"thinking": "hm"}}, {"anthropic": {"content": []}}]
)
_marks = st.none() | st.just({"type": "ephemeral"})
_other_parts = st.one_of(
    st.builds(FileContent, source=base64_texts),
    st.builds(AudioContent, source=base64_texts),
    st.builds(NativeContent, format=st.sampled_from(["anthropic", "ollama"]), block=json_objects),
    st.builds(TextContent, text=texts, cache_control=_marks, native=_natives),
)
_contents = texts | st.lists(text_parts | images | _other_parts, max_size=3)
_rich_calls = st.lists(
    st.builds(
        AssistantToolCall,
        id=non_empty_texts,
        function=st.builds(AssistantToolCallFunction, name=names, arguments=objects),
        native=_natives,
    ),
    max_size=2,
)
rich_messages: SearchStrategy[ChatMessage] = st.one_of(
    st.builds(UserMessage, content=st.none() | _contents, native=_natives),
    st.builds(SystemMessage, content=texts, cache_control=_marks, native=_natives),
    st.builds(
        AssistantMessage,
        content=st.none() | texts,
        tool_calls=st.none() | _rich_calls,
        refusal=st.none() | texts,
        native=_natives,
    ),
    st.builds(
        ToolResultMessage,
        name=texts,
        tool_call_id=texts,
        content=_contents,
        is_error=st.none() | st.booleans(),
        cache_control=_marks,
        native=_natives,
    ),
)
conversations = st.lists(rich_messages, max_size=3)


def fetched(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Replace every URL by an image."""
    return with_images(messages, dict.fromkeys(urls_to_fetch(messages), PIXEL))


# What a server sends.

_ENDS: tuple[tuple[str | None, FinishReason | None], ...] = (
    (None, None),
    ("stop", "stop"),
    ("length", "length"),
    ("load", None),
    ("fin\u2028", None),
)


def _as_ollama_sends(
    reply: Reply, end: tuple[str | None, FinishReason | None], shown: Sequence[str]
) -> Reply:
    message, (raw, meaning) = reply.message, end
    asked = tuple(
        AssistantToolCall(
            id=call.id,
            function=AssistantToolCallFunction(
                name=call.function.name, arguments=compact_arguments(call.function.arguments)
            ),
        )
        for call in message.tool_calls or ()
    )
    native: dict[str, Json] = {"thinking": reply.reasoning} if reply.reasoning else {}
    native |= {"images": [*shown]} if shown else {}
    answer = AssistantMessage(
        content=message.content,
        tool_calls=asked or None,
        refusal=message.refusal,
        native={"ollama": native} if native else None,
    )
    finish = "tool_calls" if meaning in {"stop", "pause"} and asked else meaning
    return evolve(reply, message=answer, raw_finish_reason=raw, finish_reason=finish)


ollama_replies = st.builds(
    _as_ollama_sends, openai_replies, st.sampled_from(_ENDS), st.just(()) | st.lists(base64_texts, max_size=2)
)
"""Replies in the one form that both ways of asking give."""


# What servers make of it: any part may be missing, null, or of another kind.

_ODD: SearchStrategy[Any] = (
    st.sampled_from([None, "", 0, -1, 1.0, True, [], {}, [None], [[]], [{}], 10**400, 1e308]) | json_values
)


def _odd(usual: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, _ODD)


def _odd_object(**keys: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return _odd(st.fixed_dictionaries({}, optional={key: _odd(usual) for key, usual in keys.items()}))


_function = _odd_object(name=names, arguments=json_objects | objects, index=st.integers(0, 2))
_call = _odd_object(id=st.sampled_from(["", "a", "b"]), function=_function)
_message = _odd_object(
    role=st.sampled_from(["user", "system", "assistant", "tool"]),
    content=texts,
    thinking=texts,
    images=st.lists(base64_texts, max_size=2),
    tool_calls=st.lists(_call, max_size=3),
    tool_name=names,
    tool_call_id=st.sampled_from(["", "a"]),
)
_error = texts | _odd_object(message=texts, code=st.integers(399, 600) | texts)
odd_bodies = _odd_object(
    model=texts,
    message=_message,
    done=st.booleans(),
    done_reason=st.sampled_from(["stop", "length", "load"]),
    prompt_eval_count=st.integers(0, 9),
    eval_count=st.floats(),
    error=st.none() | st.none() | _error,
).map(lambda body: json.dumps(body).encode())
_statuses = st.sampled_from([200, 200, 200, 204, 301, 400, 404, 500])
_broken = ollama_replies.flatmap(lambda reply: mutations(CODEC.write(reply).body))
responses = st.builds(Response, status=_statuses, body=st.binary() | odd_bodies | _broken)
odd_streams = st.lists(odd_bodies.map(lambda body: body + b"\n") | st.binary(max_size=5), max_size=4).map(
    b"".join
) | ollama_replies.flatmap(lambda reply: mutations(b"".join(CODEC.write_stream(reply))))

_tool = _odd_object(
    type=st.just("function"),
    function=_odd_object(name=names, description=texts, parameters=_odd_object(properties=json_objects)),
)
_odd_requests = _odd_object(
    model=texts,
    messages=st.lists(_message, max_size=3),
    tools=st.lists(_tool, max_size=2),
    format=st.just("json") | json_objects,
    options=_odd_object(
        num_predict=st.integers(), stop=texts, temperature=st.floats(), num_ctx=st.integers()
    ),
    stream=st.booleans(),
    think=st.booleans(),
).map(lambda body: json.dumps(body).encode())
requests = st.builds(Request, url=st.just("/api/chat"), body=st.binary() | _odd_requests)
