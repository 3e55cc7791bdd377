"""Decode a stream: fold server-sent events into chunks.

A stream is complete only on evidence, `[DONE]` or a finish reason; usage may follow a finish reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.frozen import Json
from casual_llm.providers.openai_chat.decode import (
    NO_IDS,
    Object,
    ResponseIds,
    ToolCallInProgress,
    error_in,
    read_chunk,
)
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.replay import replayed
from casual_llm.reply import StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.error_bodies import error_object
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import parse_or
from casual_llm.wire.streaming import Applied, Log, Stream, StreamFormat, entries

_PLAIN = frozenset({b"", b"message"})
"""The names of events that carry chunks; what comes under another name means nothing here."""


class ChatState(NamedTuple):
    """What the next chunks are read with."""

    dialect: Dialect
    calls: tuple[ToolCallInProgress, ...] = ()
    ids: ResponseIds = NO_IDS
    replay_deltas: Log[Object] = None
    """The deltas that hold something the server wants to see again."""


State: TypeAlias = Stream[ChatState]


def stream_format(dialect: Dialect) -> StreamFormat[ChatState]:
    """Return how a dialect streams."""
    return StreamFormat(
        start=Stream(state=ChatState(dialect), framing=Sse()),
        split=sse_step,
        rest=sse_end,
        apply=apply_events,
        last=_replay,
    )


def apply_events(state: ChatState, events: Sequence[Event]) -> Applied[ChatState]:
    """Read the chunks of some events."""
    dialect, ids, calls = state.dialect, state.ids, list(state.calls)
    chunks, deltas = list[StreamChunk](), list[Object]()
    complete, ended, failure = False, False, None
    for name, data in events:
        if data.strip() == b"[DONE]":
            complete = ended = True
            break
        body = _read(name, data)
        if body is None:
            continue
        if not isinstance(body, dict):
            failure = body
            break
        fields, delta = read_chunk(dialect, body, calls, ids)
        if fields:
            chunks.append(StreamChunk(**fields))
            if "id" in fields or "model" in fields:
                ids = ResponseIds(fields.get("id", ids.id), fields.get("model", ids.model))
            complete = complete or "raw_finish_reason" in fields
        if not dialect.replayed_fields.isdisjoint(delta):
            deltas.append(delta)
    if calls or deltas or ids is not state.ids:  # most reads bring text alone
        log = (state.replay_deltas, tuple(deltas)) if deltas else state.replay_deltas
        state = ChatState(dialect, tuple(calls), ids, log)
    return Applied(state, tuple(chunks), complete, ended, failure)


def _replay(state: ChatState, chunks: Sequence[StreamChunk]) -> Chunks:
    if state.replay_deltas is None:
        return ()
    reasoning = "".join([chunk.reasoning for chunk in chunks])
    native = replayed(state.dialect, entries(state.replay_deltas), reasoning)
    return () if native is None else (StreamChunk(native=native),)


def _read(name: bytes, data: bytes) -> dict[str, Json] | ErrorResponse | Malformed | None:
    """Read the body of an event: an object, an error, or nothing."""
    body = parse_or(data, "")
    if isinstance(body, dict) and name in _PLAIN:
        return error_in(body, 200) or body
    plain = data.strip()
    if not plain:
        return None
    error = error_in(error_object(body), 200)
    if error is not None:
        return error
    if name == b"error":
        return error_in({"error": body or plain.decode("utf-8", "replace")}, 200)
    if isinstance(body, dict):
        return body
    return Malformed(f"expected a JSON object in an event, got {plain[:80]!r}") if name in _PLAIN else None
