"""Replies, streams and requests of Anthropic Messages as bytes: well written, and as servers break them."""

from __future__ import annotations

import json
from typing import Any

from anthropic_strategies import CODEC, answered_blocks, inputs, marks, vendors_ids
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies import arguments, base64_texts, json_objects, media_types, names, non_empty_texts, texts
from wire_strategies import mutations

from casual_llm.frozen import Json
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.reply import FinishReason, Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Request, Response

_ENDS: tuple[tuple[str | None, FinishReason | None], ...] = (
    (None, None),
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("pause_turn", "pause"),
    ("pause", "pause"),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "length"),
    ("tool_use", "tool_calls"),
    ("refusal", "content_filter"),
    ("length", "length"),
    ("fin\u2028", None),
)
_figures = st.none() | st.integers(0, 9)


def _usage(uncached: int | None, read: int | None, written: int | None, more: dict[str, int | None]) -> Usage:
    prompt = None if uncached is None else uncached + (read or 0) + (written or 0)
    return Usage(prompt_tokens=prompt, cached_tokens=read, cache_write_tokens=written, **more)


# At least one figure is known: a usage that knows nothing is none.
_usages = st.builds(
    _usage,
    _figures,
    _figures,
    _figures,
    st.fixed_dictionaries({"completion_tokens": st.integers(0, 9), "reasoning_tokens": _figures}),
) | st.builds(_usage, st.integers(0, 9), _figures, _figures, st.just({}))
_compact = st.sampled_from(
    ["{}", '{"a":1}', '{"a":', "[1]", "null", "1", '"{}"', '{"a": "\ud83e"}'[:0] or "{"]
)
_answered_calls = st.lists(
    st.builds(
        AssistantToolCall,
        id=vendors_ids,
        function=st.builds(AssistantToolCallFunction, name=names, arguments=_compact),
        native=st.sampled_from([None, {"anthropic": {"caller": {"type": "code"}}}]),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda call: call.id,
)


@st.composite
def _replies(draw: st.DrawFn) -> Reply:
    tool_calls, refusal = draw(st.none() | _answered_calls), draw(st.none() | non_empty_texts)
    raw, meaning = draw(st.sampled_from(_ENDS))
    return Reply(
        message=AssistantMessage(
            content=draw(st.none() | non_empty_texts if tool_calls or refusal else texts),
            tool_calls=tool_calls,
            refusal=refusal,
        ),
        usage=draw(st.none() | _usages),
        finish_reason="tool_calls" if meaning in {"stop", "pause"} and tool_calls else meaning,
        raw_finish_reason=raw,
        reasoning=draw(st.none() | non_empty_texts),
        model=draw(st.none() | non_empty_texts),
        id=draw(st.none() | non_empty_texts),
    )


def whole(body: Json) -> Response:
    """Give a body as a response that went well."""
    return Response(status=200, body=json.dumps(body).encode())


plain_replies = _replies()
"""Replies whose fields say all."""
_kept_replies = answered_blocks.map(lambda blocks: CODEC.decode(whole({"content": blocks})).unwrap())
replies = plain_replies | _kept_replies
"""Replies in the one form that both ways of asking give."""

# What servers make of it: any part may be missing, null, or of another kind.

_ODD: SearchStrategy[Any] = st.sampled_from(
    [None, "", 0, -1, 1.0, True, [], {}, [None], [[]], [{}], 10**400, 1e308, float("nan"), "\ud83e"]
)


def _odd(usual: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, usual, _ODD)


def _odd_object(**keys: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return _odd(st.fixed_dictionaries({}, optional={key: _odd(usual) for key, usual in keys.items()}))


_KINDS = [
    "text",
    "thinking",
    "tool_use",
    "server_tool_use",
    "redacted_thinking",
    "tool_result",
    "image",
    "document",
]
_odd_blocks = _odd(answered_blocks.map(lambda blocks: blocks[0])) | _odd_object(
    type=st.sampled_from(_KINDS),
    text=texts,
    thinking=texts,
    signature=texts,
    citations=st.lists(texts, max_size=1),
    id=st.sampled_from(["", "a"]),
    name=names,
    input=inputs | arguments,
    caller=st.just({"type": "direct"}),
    tool_use_id=st.sampled_from(["", "a"]),
    content=texts | st.lists(_odd_object(type=st.just("text"), text=texts), max_size=2),
    is_error=st.booleans(),
    title=texts,
    cache_control=marks,
    source=_odd_object(
        type=st.sampled_from(["base64", "url", "text"]), data=base64_texts, media_type=media_types, url=texts
    ),
)
_odd_usage = _odd_object(
    input_tokens=st.integers(0, 9),
    cache_read_input_tokens=st.integers(0, 9),
    cache_creation_input_tokens=st.integers(0, 9),
    unknown=st.lists(st.sampled_from(["input_tokens", "output_tokens", "x"]), max_size=2),
    output_tokens=st.floats(),
    output_tokens_details=_odd_object(thinking_tokens=st.integers(0, 9)),
)
_odd_details = _odd_object(type=st.just("refusal"), explanation=texts)
_odd_error = texts | _odd_object(type=st.sampled_from(["overloaded_error", "x"]), message=texts)
_odd_message = _odd_object(
    type=st.sampled_from(["message", "message", "message", "error"]),
    id=texts,
    model=texts,
    content=st.lists(_odd_blocks, max_size=3),
    stop_reason=st.sampled_from(["end_turn", "tool_use", "", "weird"]),
    stop_details=_odd_details,
    usage=_odd_usage,
    error=st.none() | _odd_error,
)
odd_bodies = _odd_message.map(lambda body: json.dumps(body).encode())
odd_responses = st.builds(
    Response, status=st.sampled_from([200, 204, 400, 529]), body=odd_bodies | st.binary()
) | replies.flatmap(lambda reply: mutations(CODEC.write(reply).body)).map(
    lambda body: Response(status=200, body=body)
)
_odd_delta = _odd_object(
    type=st.sampled_from(
        [
            "text_delta",
            "thinking_delta",
            "input_json_delta",
            "signature_delta",
            "citations_delta",
            "new_delta",
        ]
    ),
    text=texts,
    thinking=texts,
    partial_json=arguments,
    signature=texts,
    citation=texts,
    stop_reason=st.sampled_from(["end_turn", "tool_use"]),
    stop_details=_odd_details,
)
_EVENTS = [
    "message_start",
    "message_delta",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
]
_odd_event = _odd_object(
    type=st.sampled_from([*_EVENTS, *_EVENTS, "ping", "message_stop", "error"]),
    index=st.integers(0, 1),
    message=_odd_message,
    content_block=_odd_blocks,
    delta=_odd_delta,
    usage=_odd_usage,
    error=st.none() | _odd_error,
)
_frames = st.one_of(
    _odd_event.map(lambda body: b"data: " + json.dumps(body).encode() + b"\n\n"),
    _odd_event.map(lambda body: b"event: error\rdata:" + json.dumps(body).encode() + b"\r\r"),
    st.sampled_from([b": hello\n\n", b"event: ping\ndata: pong\n\n", b"event: message_stop\ndata: {}\n\n"]),
    st.binary(max_size=5),
)
odd_streams = st.lists(_frames, max_size=5).map(b"".join) | replies.flatmap(
    lambda reply: mutations(b"".join(CODEC.write_stream(reply)))
)
_odd_requests = _odd_object(
    model=texts,
    system=texts | st.lists(_odd_blocks, max_size=2),
    messages=st.lists(
        _odd_object(
            role=st.sampled_from(["user", "assistant", "system"]),
            content=texts | st.lists(_odd_blocks, max_size=3),
        ),
        max_size=3,
    ),
    tools=st.lists(
        _odd_object(
            name=names,
            description=texts,
            type=st.sampled_from(["custom", "web_search_20250305"]),
            strict=st.booleans(),
            input_schema=_odd_object(
                type=st.just("object"), properties=_odd_object(a=_odd_object(type=texts))
            ),
        ),
        max_size=2,
    ),
    tool_choice=_odd_object(type=st.sampled_from(["auto", "any", "tool"]), name=names),
    output_config=_odd_object(
        format=_odd_object(type=st.just("json_schema"), schema=json_objects), effort=texts
    ),
    stop_sequences=st.lists(texts, max_size=2),
    temperature=st.floats(),
    max_tokens=st.integers(),
    stream=st.booleans(),
).map(lambda body: json.dumps(body).encode())
# Requests whose shape is right but for single keys.
_shown_blocks = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["image", "document"]),
        "source": st.fixed_dictionaries(
            {
                "type": st.sampled_from(["base64", "text"]),
                "media_type": st.sampled_from(["text/plain", "text/csv", "image/png"]),
                "data": base64_texts,
            }
        ),
    },
    optional={"cache_control": marks | st.just(1), "title": texts},
)
_result_blocks = st.fixed_dictionaries(
    {"type": st.just("tool_result"), "tool_use_id": st.sampled_from(["a", "a", "a", 1])},
    optional={
        "is_error": st.sampled_from([True, None, 1]),
        "content": texts | st.lists(_shown_blocks, max_size=1),
    },
)
_text_block: SearchStrategy[dict[str, Any]] = st.builds(dict, type=st.just("text"), text=texts)
_nearly_sound_requests = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "user", "user", "assistant", "system"]),
            "content": texts | st.lists(_text_block | _shown_blocks | _result_blocks, max_size=3),
        },
        optional={"further": st.just(1)},
    ),
    min_size=1,
    max_size=2,
).map(lambda messages: json.dumps({"messages": messages}).encode())
odd_requests = st.builds(
    Request, url=st.just("/messages"), body=st.binary() | _odd_requests | _nearly_sound_requests
)

# Streams of blocks that come whole.


def event(kind: str, **keys: Json) -> bytes:
    """Give an event of a stream."""
    return b"data: " + json.dumps({"type": kind, **keys}).encode() + b"\n\n"


_SILENT: dict[Json, Json] = {
    "text": {"type": "text_delta", "text": ""},
    "thinking": {"type": "thinking_delta", "thinking": ""},
}


def silent(block: dict[str, Json]) -> Json:
    """Give a delta that adds nothing to a block."""
    return _SILENT.get(block["type"], {"type": "input_json_delta", "partial_json": ""})
