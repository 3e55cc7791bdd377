"""Decode a stream as all formats do: framing, chunks, and the evidence that nothing is missing.

A format adds how events change its own state. The chunks returned so far are kept, so that every failure
carries the partial reply; bytes that end without evidence of completion are a `Truncated` stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from attrs import evolve, field, frozen
from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect

D = TypeVar("D")
_T = TypeVar("_T")
Log: TypeAlias = "tuple[Log[_T], tuple[_T, ...]] | None"
"""What each network read brought, newest first: adding some costs the same however much there is."""


class Applied(NamedTuple, Generic[D]):
    """What some events came to: the format's next state, the chunks, and whether the stream is over."""

    state: D
    chunks: Chunks
    complete: bool = False
    """Whether there is evidence that the answer is complete; more may follow."""
    ended: bool = False
    """Whether nothing after this matters."""
    failure: ErrorResponse | Malformed | None = None


@frozen(kw_only=True)
class Stream(Generic[D]):
    """Where a stream stands between two network reads."""

    state: D
    """The format's own."""
    framing: Any
    """Bytes of an event that is not complete."""
    chunks: Log[StreamChunk] = field(default=None, repr=False, eq=False)
    """The chunks handed out so far."""
    complete: bool = False
    ended: bool = False
    failure: DecodeError | None = None


@frozen(kw_only=True)
class StreamFormat(Generic[D]):
    """How a format streams."""

    start: Stream[D]
    split: Callable[[Any, bytes], tuple[Any, Sequence[Any]]]
    """Takes the framing and what arrived; returns the next framing and the events that became complete."""
    rest: Callable[[Any], Sequence[Any]]
    """Returns the events that the end of the bytes completes."""
    apply: Callable[[D, Sequence[Any]], Applied[D]]
    last: Callable[[D, Sequence[StreamChunk]], Chunks]
    """Takes the state and all chunks at the end; returns what the whole answer adds, such as `native`."""


def step(
    form: StreamFormat[D], stream: Stream[D], data: bytes
) -> Result[tuple[Stream[D], Chunks], DecodeError]:
    """Apply what the network handed over, and return the chunks that became complete."""
    if stream.ended:
        return Success((stream, ()))
    framing, events = form.split(stream.framing, data)
    return Success(_advance(form, stream, framing, events))


def finish(form: StreamFormat[D], stream: Stream[D]) -> Result[Chunks, DecodeError]:
    """Check that the stream was complete, and return the chunks that its last bytes hold."""
    after, chunks = stream, Chunks()
    if not stream.ended:
        after, chunks = _advance(form, stream, stream.framing, form.rest(stream.framing))
        if isinstance(after.failure, Malformed):
            after, chunks = stream, ()  # the end of the bytes cut an event in two: it was never sent
    if after.failure is not None:
        return Failure(after.failure)
    if not after.complete:
        return Failure(Truncated(_partial(after)))
    return Success((*chunks, *form.last(after.state, entries(after.chunks))))


def _advance(
    form: StreamFormat[D],
    stream: Stream[D],
    framing: object,
    events: Sequence[Any],
) -> tuple[Stream[D], Chunks]:
    state, chunks, complete, ended, failure = form.apply(stream.state, events)
    after = Stream(
        state=state,
        framing=framing,
        chunks=(stream.chunks, chunks) if chunks else stream.chunks,
        complete=complete or stream.complete,
        ended=ended or failure is not None,
    )
    if failure is None:
        return after, chunks
    return evolve(after, failure=evolve(failure, partial=_partial(after))), chunks


def entries(log: Log[_T]) -> list[_T]:
    """Return what a log holds, oldest first.

    >>> entries(((None, ("a",)), ("b", "c")))
    ['a', 'b', 'c']
    """
    newest_first = []
    while log is not None:
        log, items = log
        newest_first.append(items)
    return [item for items in reversed(newest_first) for item in items]


def _partial(stream: Stream[D]) -> Reply:
    return collect(entries(stream.chunks))
