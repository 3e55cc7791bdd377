"""A Chat Completions stream: server-sent events folded into chunks.

A stream is complete on evidence only, `[DONE]` or a finish reason. What came before an error or a
cut is kept in the state, so that every failure carries the partial reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen
from returns.result import Failure, Result, Success

from casual_llm.errors import DecodeError, Malformed, Refused, Truncated
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
    failure: Refused | Malformed | None = None
    ended = False
    for event in events:
        data = event.data.strip()
        ended = data == b"[DONE]"
        if ended:
            break
        met = _read(event.name, data, slots) if data else None
        if isinstance(met, StreamChunk):
            chunks.append(met)
        elif met is not None:
            failure = met
            break
    after, given = _after(evolve(state, slots=tuple(slots), ended=ended or failure is not None), chunks)
    if failure is not None:
        after = evolve(after, failure=evolve(failure, partial=_partial(after)))
    return after, given


def _read(name: bytes, data: bytes, slots: list[Slot]) -> StreamChunk | Refused | Malformed | None:
    body = parse(data).value_or("")
    error = error_in(mapping(body), 200)
    if error is not None:
        return error
    if name == b"error":
        return error_in({"error": body or data.decode("utf-8", "replace")}, 200)
    if isinstance(body, Mapping):
        return read_chunk(body, slots)
    return Malformed(f"an event is no JSON object: {data[:80]!r}") if name in _PLAIN else None


def _after(state: State, chunks: list[StreamChunk]) -> tuple[State, Chunks]:
    """Take the chunks into the state, and give those that say something new."""
    model, identity, given = state.model, state.id, list[StreamChunk]()
    for chunk in chunks:
        # Every chunk of a stream repeats the model and the id; they are given once.
        known = chunk.model in {None, model} and chunk.id in {None, identity}
        fresh = chunk.model_copy(update={"model": None, "id": None}) if known else chunk
        model, identity = chunk.model or model, chunk.id or identity
        if fresh != _EMPTY:
            given.append(fresh)
    finished = state.finished or any(chunk.raw_finish_reason is not None for chunk in chunks)
    seen = (state.seen, tuple(given)) if given else state.seen
    return evolve(state, model=model, id=identity, finished=finished, seen=seen), tuple(given)


def _partial(state: State) -> Reply:
    batches, seen = list[Chunks](), state.seen
    while seen is not None:
        seen, batch = seen
        batches.append(batch)
    return collect(chunk for batch in reversed(batches) for chunk in batch)
