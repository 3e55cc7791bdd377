"""Data on the wire: replies, requests and streams, valid ones and broken ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies import (
    arguments,
    json_objects,
    json_values,
    names,
    non_empty_texts,
    texts,
    tool_call_lists,
    usages,
)

from casual_llm.frozen import Json
from casual_llm.messages import AssistantMessage, AssistantToolCall
from casual_llm.providers.openai_chat import DIALECTS, Dialect, codec
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.wire.codec import Request, Response

write, write_stream = codec(OPENAI).write, codec(OPENAI).write_stream
dialects = st.sampled_from(DIALECTS)

# Raw finish reasons and their meaning; `stop` and `pause` mean something else next to tool calls.
_ENDS: tuple[tuple[str | None, FinishReason | None], ...] = (
    (None, None),
    ("stop", "stop"),
    ("STOP", "stop"),
    ("eos", "stop"),
    ("model_length", "length"),
    ("tool_calls", "tool_calls"),
    ("content_filter", "content_filter"),
    ("error", "error"),
    ("pause", "pause"),
    ("fin\u2028", None),
)


# At least one figure is known: an empty usage is not written at all.
_reported = st.builds(
    lambda usage, prompt: usage.model_copy(update={"prompt_tokens": prompt}), usages, st.integers(0, 9)
)


@st.composite
def _replies(draw: st.DrawFn, ends: Sequence[tuple[str | None, FinishReason | None]]) -> Reply:
    calls = draw(st.none() | tool_call_lists)
    refusal = draw(st.none() | non_empty_texts)
    raw, meaning = draw(st.sampled_from(ends))
    return Reply(
        message=AssistantMessage(
            content=draw(st.none() | non_empty_texts if calls or refusal else texts),
            tool_calls=calls,
            refusal=refusal,
        ),
        usage=draw(st.none() | _reported),
        finish_reason="tool_calls" if meaning in {"stop", "pause"} and calls else meaning,
        raw_finish_reason=raw,
        reasoning=draw(st.none() | non_empty_texts),
        model=draw(st.none() | non_empty_texts),
        id=draw(st.none() | non_empty_texts),
    )


replies = _replies(_ENDS)
"""Replies in the form that whole and streamed answers have in common: an empty field is absent."""
ended_replies = _replies([end for end in _ENDS if end[0]])


_signed = non_empty_texts.map(lambda text: {"google": {"thought_signature": text}})
_details = st.lists(
    st.builds(
        lambda more, kind, index: {"type": kind, **index, **more},
        json_objects,
        st.sampled_from(["reasoning.text", "reasoning.summary", "reasoning.encrypted"]),
        st.sampled_from([{}, {"index": 0}, {"index": 1}]),
    ),
    min_size=1,
    max_size=3,
)
_REPLAYED: dict[str, SearchStrategy[Any]] = {
    "audio": non_empty_texts.map(lambda text: {"id": text}),
    "reasoning_details": _details,
    "extra_content": _signed,
}


def _content(reply: Reply) -> dict[str, Json]:
    """Build reasoning and text as content parts, as Mistral does."""
    thought: Json = {"type": "thinking", "thinking": [{"type": "text", "text": reply.reasoning}]}
    text_parts: list[Json] = (
        [{"type": "text", "text": reply.message.content}] if reply.message.content else []
    )
    return {"content": [thought, *text_parts]}


@st.composite
def answers_in(draw: st.DrawFn, dialect: Dialect) -> Reply:
    """Build replies as a server of the dialect sends them, with the fields that are replayed to it."""
    reply = draw(replies)
    keys = {
        key: draw(_REPLAYED[key])
        for key in sorted(_REPLAYED.keys() & dialect.replayed_fields)
        if draw(st.booleans())
    }
    if reply.reasoning and "content" in dialect.replayed_fields:
        keys |= _content(reply)
    texts_of = sorted(dialect.replayed_fields & {"reasoning", "reasoning_content"})
    if reply.reasoning and texts_of and draw(st.booleans()):
        keys |= {draw(st.sampled_from(texts_of)): reply.reasoning}
    signed = (
        {dialect.name: {"extra_content": draw(_signed)}}
        if "extra_content" in dialect.replayed_fields
        else None
    )
    calls = [
        AssistantToolCall(id=call.id, function=call.function, native=draw(st.none() | st.just(signed)))
        for call in reply.message.tool_calls or ()
    ]
    message = AssistantMessage(
        content=reply.message.content,
        refusal=reply.message.refusal,
        tool_calls=calls or None,
        native={dialect.name: keys} if keys else None,
    )
    return evolve(reply, message=message)


answers: SearchStrategy[tuple[Dialect, Reply]] = dialects.flatmap(
    lambda dialect: st.tuples(st.just(dialect), answers_in(dialect))
)
chunks = st.builds(
    StreamChunk,
    content=texts,
    reasoning=texts,
    usage=st.none() | usages,
    tool_calls=st.lists(st.builds(ToolCallDelta, index=st.integers(0, 1), arguments=texts), max_size=2),
)


@st.composite
def chunkings(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Split bytes as a network does: anywhere, with empty reads."""
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=6).map(sorted))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


def with_chunking(data: bytes) -> SearchStrategy[tuple[bytes, list[bytes]]]:
    """Build a pair of bytes and the same bytes in chunks."""
    return st.tuples(st.just(data), chunkings(data))


streamed_replies = replies.flatmap(
    lambda reply: st.tuples(st.just(reply), chunkings(b"".join(write_stream(reply))))
)


# Odd data from servers: any value may be missing, null, or of another type.

_ODD: SearchStrategy[Any] = (
    st.sampled_from([None, "", 0, -1, 1.0, True, [], {}, [None], [[]], [{}], 10**400, 1e308]) | json_values
)


def _odd(usual: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, _ODD)


def _odd_object(**keys: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return _odd(st.fixed_dictionaries({}, optional={key: _odd(usual) for key, usual in keys.items()}))


_function = _odd_object(name=names, arguments=arguments)
_extra = _odd_object(google=_odd_object(thought=st.booleans(), thought_signature=texts))
_call = _odd_object(
    index=st.integers(0, 2), id=st.sampled_from(["", "a", "b"]), function=_function, extra_content=_extra
)
_thought = texts | st.lists(_odd_object(type=st.just("text"), text=texts), max_size=2)
_part = _odd_object(type=st.sampled_from(["text", "thinking"]), text=texts, thinking=_thought)
_detail = _odd_object(
    type=st.sampled_from(["reasoning.text", "reasoning.encrypted"]),
    index=st.integers(0, 1),
    text=texts,
    data=texts,
)
_DELTA: dict[str, SearchStrategy[Any]] = {
    "role": st.just("assistant"),
    "content": texts | st.lists(_part, max_size=2),
    "reasoning_content": texts,
    "reasoning": texts,
    "reasoning_details": st.lists(_detail, max_size=2),
    "extra_content": _extra,
    "audio": _odd_object(id=texts, data=texts),
    "refusal": texts,
    "tool_calls": st.lists(_call, max_size=3),
    "function_call": _function,
}
_delta = _odd_object(**_DELTA)
deltas = st.lists(st.fixed_dictionaries({}, optional=_DELTA), min_size=1, max_size=3)
"""Deltas as servers send them: their keys are known, the values may be of any type."""
_error = texts | _odd_object(message=texts, code=st.integers(399, 600) | texts, detail=st.lists(texts))
_choice = _odd_object(
    index=st.just(0),
    delta=_delta,
    message=_delta,
    finish_reason=st.sampled_from(["stop", "tool_calls", "", "weird"]),
    error=st.none() | _error,
    text=texts,
)
_usage = _odd_object(
    prompt_tokens=st.integers(0, 9),
    completion_tokens=st.floats(),
    prompt_tokens_details=_odd_object(cached_tokens=st.integers(0, 9), cache_write_tokens=st.integers(0, 9)),
)
odd_bodies = _odd_object(
    id=texts,
    model=texts,
    choices=st.lists(_choice, max_size=2),
    usage=_usage,
    x_groq=_odd_object(usage=_usage),
    error=st.none() | _error,
    message=texts,
).map(lambda body: json.dumps(body).encode())


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """Replace a part of valid data."""
    start, end = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
    return data[:start] + draw(st.binary(max_size=3)) + data[end:]


_broken_bodies = replies.flatmap(lambda reply: mutations(write(reply).body))
_statuses = st.sampled_from([200, 201, 204, 301, 400, 401, 404, 429, 500, 529])
_headers = st.dictionaries(st.sampled_from(["Retry-After", "retry-after-ms", "date"]), texts, max_size=2)
responses = st.builds(
    Response, status=_statuses, headers=_headers, body=st.binary() | odd_bodies | _broken_bodies
)

_frames = st.one_of(
    odd_bodies.map(lambda body: b"data: " + body + b"\n\n"),
    odd_bodies.map(lambda body: b"event: error\rdata:" + body + b"\r\r"),
    st.sampled_from([b": hello\n\n", b"\xef\xbb\xbf", b"data\n\n", b"id: 1\r\n\r\n", b"data: [DONE]\n\n"]),
    st.binary(max_size=5),
)
odd_streams = st.lists(_frames, max_size=4).map(b"".join) | replies.flatmap(
    lambda reply: mutations(b"".join(write_stream(reply)))
)

_media_part = _odd_object(
    type=st.sampled_from(["text", "image_url", "file", "document_url", "input_audio", "refusal"]),
    text=texts,
    image_url=texts | _odd_object(url=texts | st.just("data:image/png;base64,aGk="), detail=texts),
    file=_odd_object(filename=texts, file_data=texts | st.just("data:application/pdf;base64,aGk=")),
    document_url=texts | st.just("https://example.com/a.pdf"),
    document_name=texts,
    input_audio=_odd_object(data=texts, format=st.sampled_from(["wav", "mp3", "mpeg", ""])),
    refusal=texts,
    cache_control=_odd_object(type=texts),
)
_message = _odd_object(
    role=st.sampled_from(["user", "system", "developer", "assistant", "tool", "function"]),
    content=texts | st.lists(_media_part, max_size=2),
    name=names,
    function_call=_function,
    tool_calls=st.lists(_call, max_size=2),
    tool_call_id=st.sampled_from(["", "a"]),
    refusal=texts,
)
_tool = _odd_object(
    type=st.just("function"),
    cache_control=_odd_object(type=texts),
    function=_odd_object(
        name=names,
        description=texts,
        strict=st.booleans(),
        parameters=_odd_object(
            type=st.just("object"),
            properties=_odd_object(a=_odd_object(type=texts)),
            required=st.lists(texts),
        ),
    ),
)
_odd_requests = _odd_object(
    model=texts,
    messages=st.lists(_message, max_size=3),
    tools=st.lists(_tool, max_size=2),
    tool_choice=_odd_object(type=st.just("function"), function=_function),
    response_format=_odd_object(type=st.just("json_schema"), json_schema=_odd_object(name=texts)),
    stop=texts,
    seed=st.integers(),
    random_seed=st.integers(),
    temperature=st.floats(),
    max_tokens=st.integers(),
    stream=st.booleans(),
).map(lambda body: json.dumps(body).encode())
requests = st.builds(Request, url=st.just("/chat/completions"), body=st.binary() | _odd_requests)
