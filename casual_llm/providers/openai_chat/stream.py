"""A Chat Completions stream: server-sent events folded into chunks.

A stream is complete on evidence only, `[DONE]` or a finish reason. What came before an error or a
cut is kept in the state, so that every failure carries the partial reply.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from attrs import evolve, field, frozen
from pydantic_core import from_json
from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.frozen import Json
from casual_llm.providers.openai_chat.decode import NAMELESS, Names, Object, Slot, error_in, read_chunk
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.replay import replayed
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect
from casual_llm.wire.error_bodies import error_object
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import parse

_T = TypeVar("_T")
Batches: TypeAlias = "tuple[Batches[_T], tuple[_T, ...]] | None"
"""What each step brought, newest first: adding some costs the same however much there is."""

_PLAIN = frozenset({b"", b"message"})
"""The names of events that carry chunks; what is said under another name means nothing here."""


@frozen(kw_only=True)
class State:
    """Where a stream stands between two network reads."""

    dialect: Dialect
    sse: Sse = Sse()
    slots: tuple[Slot, ...] = ()
    seen: Batches[StreamChunk] = field(default=None, repr=False, eq=False)
    """The chunks handed out so far."""
    noted: Batches[Object] = field(default=None, repr=False, eq=False)
    """The deltas that hold something the server wants to see again."""
    names: Names = NAMELESS
    finished: bool = False
    """Whether a finish reason was seen; usage may follow it."""
    ended: bool = False
    failure: DecodeError | None = None


def start(dialect: Dialect) -> State:
    """Give the state of a stream of which nothing has come yet."""
    return State(dialect=dialect)


def step(state: State, data: bytes) -> Result[tuple[State, Chunks], DecodeError]:
    r"""Take in what the network handed over and give out the chunks that became complete.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> said = b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'
    >>> state, chunks = step(start(OPENAI), said).unwrap()
    >>> chunks[0].content
    'Hi'
    >>> finish(state).failure().partial.message.content
    'Hi'
    """
    if state.ended:
        return Success((state, ()))
    sse, events = sse_step(state.sse, data)
    return Success(_take(state, sse, events))


def finish(state: State) -> Result[Chunks, DecodeError]:
    r"""Say whether the stream was complete, and give what its last bytes hold and the server wants back.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> finish(step(start(OPENAI), b"data: [DONE]\n\n").unwrap()[0])
    <Success: ()>
    """
    after, chunks = (state, ()) if state.ended else _take(state, state.sse, sse_end(state.sse))
    if isinstance(after.failure, Malformed) and not state.ended:
        after, chunks = state, ()  # the end of the bytes cut an event in two: it was never sent
    if after.failure is not None:
        return Failure(after.failure)
    if not (after.finished or after.ended):
        return Failure(Truncated(_partial(after)))
    if after.noted is None:
        return Success(chunks)
    thoughts = "".join([chunk.reasoning for chunk in _all(after.seen)])
    native = replayed(after.dialect, _all(after.noted), thoughts)
    return Success(chunks if native is None else (*chunks, StreamChunk(native=native)))


def _take(state: State, sse: Sse, events: list[Event]) -> tuple[State, Chunks]:
    dialect, names, slots = state.dialect, state.names, list(state.slots)
    said, noted = list[StreamChunk](), list[Object]()
    finished, ended, failure = state.finished, False, None
    for name, data in events:
        if data.strip() == b"[DONE]":
            ended = True
            break
        body = _read(name, data)
        if body is None:
            continue
        if not isinstance(body, dict):
            ended, failure = True, body
            break
        fields, delta = read_chunk(dialect, body, slots, names)
        if fields:
            said.append(StreamChunk(**fields))
            if "id" in fields or "model" in fields:
                names = Names(fields.get("id", names.id), fields.get("model", names.model))
            finished = finished or "raw_finish_reason" in fields
        if not dialect.replayed_fields.isdisjoint(delta):
            noted.append(delta)
    chunks = tuple(said)
    after = State(
        dialect=dialect,
        sse=sse,
        slots=tuple(slots),
        seen=(state.seen, chunks) if chunks else state.seen,
        noted=(state.noted, tuple(noted)) if noted else state.noted,
        names=names,
        finished=finished,
        ended=ended,
    )
    if failure is None:
        return after, chunks
    return evolve(after, failure=evolve(failure, partial=_partial(after))), chunks


def _read(name: bytes, data: bytes) -> dict[str, Json] | ErrorResponse | Malformed | None:
    """Read the body of an event: an object, an error, or nothing."""
    body = _json(data)
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
    return Malformed(f"an event is no JSON object: {plain[:80]!r}") if name in _PLAIN else None


def _json(data: bytes) -> Json:
    try:
        body: Json = from_json(data)  # what `parse` does first, without a `Result` for every event
    except ValueError:
        body = parse(data).value_or("")
    return body


def _all(batches: Batches[_T]) -> list[_T]:
    newest_first = []
    while batches is not None:
        batches, batch = batches
        newest_first.append(batch)
    return [item for batch in reversed(newest_first) for item in batch]


def _partial(state: State) -> Reply:
    return collect(_all(state.seen))
