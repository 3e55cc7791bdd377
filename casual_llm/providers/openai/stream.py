"""A Chat Completions stream: server-sent events folded into chunks.

A stream is complete on evidence only, `[DONE]` or a finish reason. What came before an error or a
cut is kept in the state, so that every failure carries the partial reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen
from returns.result import Failure, Result, Success

from casual_llm.errors import DecodeError, Malformed, Truncated
from casual_llm.frozen import Json
from casual_llm.providers.openai.decode import Slot, error_in, read_chunk
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import mapping, parse

Seen: TypeAlias = "tuple[Seen, Chunks] | None"
"""The chunks handed out so far, newest first: adding some costs the same however many there are."""

_EMPTY = StreamChunk()
_PLAIN = frozenset({b"", b"message"})
"""The names of events that carry chunks; what is said under another name means nothing here."""


@frozen(kw_only=True)
class State:
    """Where a stream stands between two network reads."""

    sse: Sse = Sse()
    slots: tuple[Slot, ...] = ()
    seen: Seen = field(default=None, repr=False, eq=False)
    model: str | None = None
    id: str | None = None
    finished: bool = False
    """Whether a finish reason was seen; usage may follow it."""
    ended: bool = False
    failure: DecodeError | None = None


START = State()


def step(state: State, data: bytes) -> Result[tuple[State, Chunks], DecodeError]:
    r"""Take in what the network handed over and give out the chunks that became complete.

    >>> state, chunks = step(START, b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n').unwrap()
    >>> chunks[0].content
    'Hi'
    >>> finish(state).failure().partial.message.content
    'Hi'
    """
    if state.ended:
        return Success((state, ()))
    sse, events = sse_step(state.sse, data)
    return Success(_take(evolve(state, sse=sse), events))


def finish(state: State) -> Result[Chunks, DecodeError]:
    r"""Say whether the stream was complete, and give the chunks that its last bytes hold.

    >>> finish(step(START, b"data: [DONE]\n\n").unwrap()[0])
    <Success: ()>
    """
    after, chunks = (state, ()) if state.ended else _take(state, sse_end(state.sse))
    if isinstance(after.failure, Malformed) and not state.ended:
        after, chunks = state, ()  # the end of the bytes cut an event in two: it was never sent
    if after.failure is not None:
        return Failure(after.failure)
    if not (after.finished or after.ended):
        return Failure(Truncated(_partial(after)))
    return Success(chunks)


def _take(state: State, events: list[Event]) -> tuple[State, Chunks]:
    slots, chunks = list(state.slots), list[StreamChunk]()
    model, identity, finished = state.model, state.id, state.finished
    ended, failure = False, None
    for event in events:
        data = event.data.strip()
        if data == b"[DONE]":
            ended = True
            break
        if not data:
            continue
        body = parse(data).value_or("")
        failure = _failure(event.name, data, body)
        if failure is not None:
            break
        chunk = read_chunk(mapping(body), slots)
        finished = finished or chunk.raw_finish_reason is not None
        chunk = _without_repeats(chunk, model, identity)
        model, identity = chunk.model or model, chunk.id or identity
        if chunk != _EMPTY:
            chunks.append(chunk)
    given = tuple(chunks)
    after = evolve(
        state,
        slots=tuple(slots),
        seen=(state.seen, given) if given else state.seen,
        model=model,
        id=identity,
        finished=finished,
        ended=ended or failure is not None,
    )
    return after if failure is None else evolve(
        after, failure=evolve(failure, partial=_partial(after))
    ), given


def _failure(name: bytes, data: bytes, body: Json) -> DecodeError | None:
    error = error_in(mapping(body), 200)
    if error is not None:
        return error
    if name == b"error":
        return error_in({"error": body or data.decode("utf-8", "replace")}, 200)
    if isinstance(body, Mapping) or name not in _PLAIN:
        return None
    return Malformed(f"an event is no JSON object: {data[:80]!r}")


def _without_repeats(chunk: StreamChunk, model: str | None, identity: str | None) -> StreamChunk:
    if chunk.model not in {None, model} or chunk.id not in {None, identity}:
        return chunk
    return chunk.model_copy(update={"model": None, "id": None})


def _partial(state: State) -> Reply:
    batches, seen = list[Chunks](), state.seen
    while seen is not None:
        seen, batch = seen
        batches.append(batch)
    return collect(chunk for batch in reversed(batches) for chunk in batch)
