"""A Chat Completions stream: server-sent events folded into chunks.

A stream is complete on evidence only, `[DONE]` or a finish reason. What came before an error or a
cut is kept in the state, so that every failure carries the partial reply.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, TypeVar

from attrs import evolve, field, frozen
from pydantic_core import from_json
from returns.result import Failure, Result, Success

from casual_llm.errors import DecodeError, Malformed, Refused, Truncated
from casual_llm.frozen import Json
from casual_llm.providers.openai.decode import Object, Slot, error_in, read_chunk
from casual_llm.providers.openai.dialect import Dialect
from casual_llm.providers.openai.replay import replayed
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import mapping, parse

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
    model: str | None = None
    id: str | None = None
    finished: bool = False
    """Whether a finish reason was seen; usage may follow it."""
    ended: bool = False
    failure: DecodeError | None = None


def start(dialect: Dialect) -> State:
    """Give the state of a stream of which nothing has come yet."""
    return State(dialect=dialect)


def step(state: State, data: bytes) -> Result[tuple[State, Chunks], DecodeError]:
    r"""Take in what the network handed over and give out the chunks that became complete.

    >>> from casual_llm.providers.openai.dialects import OPENAI
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

    >>> from casual_llm.providers.openai.dialects import OPENAI
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


class _Met(NamedTuple):
    """What some events brought."""

    chunks: list[StreamChunk]
    noted: list[Object]
    slots: list[Slot]
    names: tuple[str | None, str | None]
    ended: bool
    failure: Refused | Malformed | None


def _take(state: State, sse: Sse, events: list[Event]) -> tuple[State, Chunks]:
    met = _meet(state, events)
    chunks = tuple(met.chunks)
    after = State(
        dialect=state.dialect,
        sse=sse,
        slots=tuple(met.slots),
        seen=(state.seen, chunks) if chunks else state.seen,
        noted=(state.noted, tuple(met.noted)) if met.noted else state.noted,
        model=met.names[0],
        id=met.names[1],
        finished=state.finished or any(chunk.raw_finish_reason is not None for chunk in chunks),
        ended=met.ended or met.failure is not None,
    )
    if met.failure is None:
        return after, chunks
    return evolve(after, failure=evolve(met.failure, partial=_partial(after))), chunks


def _meet(state: State, events: list[Event]) -> _Met:
    dialect, names = state.dialect, (state.model, state.id)
    chunks, noted, slots = list[StreamChunk](), list[Object](), list(state.slots)
    for name, data in events:
        if data.strip() == b"[DONE]":
            return _Met(chunks, noted, slots, names, ended=True, failure=None)
        body = _read(name, data)
        if body is None:
            continue
        if not isinstance(body, dict):
            return _Met(chunks, noted, slots, names, ended=False, failure=body)
        said, delta = read_chunk(dialect, body, slots)
        names = _once(said, names)
        if said:
            chunks.append(StreamChunk(**said))
        if not dialect.replays.isdisjoint(delta):
            noted.append(delta)
    return _Met(chunks, noted, slots, names, ended=False, failure=None)


def _once(said: dict[str, Any], known: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    """Take the model and the id out, which every chunk of a stream repeats, unless one of them is new."""
    model, identity = known
    told = said.get("model", model), said.get("id", identity)
    if told == known:
        said.pop("model", None)
        said.pop("id", None)
    return told


def _read(name: bytes, data: bytes) -> dict[str, Json] | Refused | Malformed | None:
    """Read the body of an event: an object, an error, or nothing."""
    body = _json(data)
    if isinstance(body, dict) and name in _PLAIN:
        return error_in(body, 200) or body
    plain = data.strip()
    if not plain:
        return None
    error = error_in(mapping(body), 200)
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
