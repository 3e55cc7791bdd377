"""Decode a Messages stream: fold server-sent events into chunks.

It is complete with `message_stop` and not before. What the events hold of blocks is kept separately:
at the end it shows whether there is more to keep than the chunks hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from frozendict import frozendict

from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.providers.anthropic.decode import (
    Progress,
    ToolCallInProgress,
    append_text,
    arguments_chunk,
    begin_block,
    corrected_by,
    end_block,
    ending_of,
    error_in,
    native_chunks,
    start_message,
    usage_of,
)
from casual_llm.reply import StreamChunk
from casual_llm.wire.block_stream import BlockDelta, blocks_of
from casual_llm.wire.codec import Chunks
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import count, mapping, parse_or, text
from casual_llm.wire.parts import Block
from casual_llm.wire.streaming import Applied, Log, Stream, StreamFormat, entries

_NAMED = frozenset(
    b"message message_start message_delta message_stop content_block_start content_block_delta"
    b" content_block_stop error".split()
)
"""Events that must be JSON; what comes under another name means nothing here."""
_DELTAS: Mapping[str, str] = {"text_delta": "text", "thinking_delta": "thinking"}
"""What a block is whose beginning never came, by the type of a delta."""


class MessageState(NamedTuple):
    """What the next events are read with."""

    calls: Mapping[int | None, ToolCallInProgress] = frozendict()
    """By the index of their block."""
    call_count: int = 0
    figures: Mapping[str, int] = frozendict()
    """Tokens, as the vendor counts them: later events correct earlier ones."""
    started: bool = False
    block_deltas: Log[BlockDelta] = None


State: TypeAlias = Stream[MessageState]


def apply_events(state: MessageState, events: Sequence[Event]) -> Applied[MessageState]:
    """Read the chunks of some events."""
    progress = Progress(dict(state.calls), state.call_count, state.figures, state.started)
    failure = None
    for event in events:
        failure = apply_event(event, progress)
        if failure is not None or progress.ended:
            break
    deltas = tuple(progress.block_deltas)
    after = MessageState(
        calls=progress.calls,
        call_count=progress.call_count,
        figures=progress.figures,
        started=progress.started,
        block_deltas=(state.block_deltas, deltas) if deltas else state.block_deltas,
    )
    return Applied(after, tuple(progress.chunks), progress.ended, progress.ended, failure)


def apply_event(event: Event, progress: Progress) -> ErrorResponse | Malformed | None:
    """Add what an event holds, or return the failure that it is."""
    data = event.data.strip()
    if not data:
        return None
    body = parse_or(data, None)
    if not isinstance(body, Mapping):
        if event.name == b"error":
            return ErrorResponse(200, data.decode("utf-8", "replace"))
        is_malformed = not event.name or event.name in _NAMED
        return Malformed(f"expected a JSON object in an event, got {data[:80]!r}") if is_malformed else None
    kind = body.get("type")
    if kind != "content_block_delta" and (kind == "error" or event.name == b"error" or body.get("error")):
        return error_in({**body, "type": "error"}, 200)
    apply = _EVENTS.get(text(kind) or event.name.decode("utf-8", "replace"))
    if apply is not None:  # others keep the line open, or nobody knows them yet
        apply(body, progress)
    return None


def _apply_delta(body: Block, progress: Progress) -> None:
    index, delta = count(body.get("index")), mapping(body.get("delta"))
    kind = text(delta.get("type"))
    progress.block_deltas.append(BlockDelta(index, _growth(kind, delta)))
    if kind == "input_json_delta":
        arguments, call = text(delta.get("partial_json")), progress.calls.get(index)
        if arguments and call is not None:
            progress.chunks.append(arguments_chunk(call, arguments))
            progress.calls[index] = call._replace(has_arguments=True)
    else:
        append_text(_DELTAS.get(kind), delta, progress)


def _growth(kind: str, delta: Block) -> Block:
    """Return how a block grows; what is not known grows by the same rule as what is."""
    if kind == "citations_delta":
        return {"citations": [delta.get("citation")]}
    keys = {"partial_json": "input"}
    fields = {
        keys.get(key, key): value for key, value in delta.items() if key != "type" and value is not None
    }
    return {**fields, "type": _DELTAS[kind]} if kind in _DELTAS else fields


def _end_message(body: Block, progress: Progress) -> None:
    progress.figures = corrected_by(progress.figures, body.get("usage"))
    ending = ending_of(mapping(body.get("delta")), called=progress.call_count > 0)
    progress.chunks.append(StreamChunk(usage=usage_of(progress.figures), **ending))


def _stop(_: Block, progress: Progress) -> None:
    for index in list(progress.calls):
        end_block({"index": index}, progress)
    progress.ended = True


_EVENTS: Mapping[str, Callable[[Block, Progress], None]] = {
    "message_start": start_message,
    "content_block_start": begin_block,
    "content_block_delta": _apply_delta,
    "content_block_stop": end_block,
    "message_delta": _end_message,
    "message_stop": _stop,
}


def _last(state: MessageState, chunks: Sequence[StreamChunk]) -> Chunks:
    identity = next((chunk.id for chunk in reversed(chunks) if chunk.id is not None), None)
    return native_chunks(blocks_of(entries(state.block_deltas)), identity)


STREAM_FORMAT = StreamFormat(
    start=Stream(state=MessageState(), framing=Sse()),
    split=sse_step,
    rest=sse_end,
    apply=apply_events,
    last=_last,
)
"""How a Messages stream is read."""
