"""A stream of `/api/chat`: lines of JSON folded into chunks.

A stream is complete on evidence only, `"done": true`. What came before an error or a cut is kept in
the state, so that every failure carries the partial reply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import evolve, field, frozen
from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.frozen import Json
from casual_llm.providers.ollama.decode import error_in, read_chunk, replayed
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect
from casual_llm.wire.framing import Pieces, ndjson_end, ndjson_step
from casual_llm.wire.json import parse

Seen: TypeAlias = "tuple[Seen, Chunks] | None"
"""The chunks handed out so far, newest first: adding some costs the same however many there are."""


@frozen(kw_only=True)
class State:
    """Where a stream stands between two network reads."""

    tail: Pieces = field(default=None, repr=False)
    """The line that is not complete."""
    seen: Seen = field(default=None, repr=False, eq=False)
    calls: int = 0
    """The tool calls met so far."""
    model: str | None = None
    id: str | None = None
    ended: bool = False
    failure: DecodeError | None = None


START = State()


def step(state: State, data: bytes) -> Result[tuple[State, Chunks], DecodeError]:
    r"""Take in what the network handed over and give out the chunks that became complete.

    >>> state, chunks = step(START, b'{"message": {"content": "Hi"}}\n').unwrap()
    >>> chunks[0].content
    'Hi'
    >>> finish(state).failure().partial.message.content
    'Hi'
    """
    if state.ended:
        return Success((state, ()))
    tail, lines = ndjson_step(state.tail, data)
    return Success(_take(state, tail, lines))


def finish(state: State) -> Result[Chunks, DecodeError]:
    r"""Say whether the stream was complete, and give the chunks that its last bytes hold.

    >>> finish(step(START, b'{"done": true}\n').unwrap()[0])
    <Success: ()>
    """
    after, chunks = (state, ()) if state.ended else _take(state, None, ndjson_end(state.tail))
    if isinstance(after.failure, Malformed) and not state.ended:
        after, chunks = state, ()  # the end of the bytes cut a line in two: it was never sent
    if after.failure is not None:
        return Failure(after.failure)
    if not after.ended:
        return Failure(Truncated(_partial(after)))
    return Success((*chunks, *replayed(_all(after))))


def _take(state: State, tail: Pieces, lines: list[bytes]) -> tuple[State, Chunks]:
    chunks, calls, model, identity = list[StreamChunk](), state.calls, state.model, state.id
    failure: ErrorResponse | Malformed | None = None
    ended = False
    for line in lines:
        body = _object(line)
        if isinstance(body, ErrorResponse | Malformed):
            failure, ended = body, True
            break
        chunk = read_chunk(body, calls, model, identity)
        if chunk is not None:
            chunks.append(chunk)
            calls += len(chunk.tool_calls)
            model, identity = chunk.model or model, chunk.id or identity
        ended = body.get("done") is True
        if ended:
            break
    given = tuple(chunks)
    seen = (state.seen, given) if given else state.seen
    after = State(tail=tail, seen=seen, calls=calls, model=model, id=identity, ended=ended)
    if failure is not None:
        after = evolve(after, failure=evolve(failure, partial=_partial(after)))
    return after, given


def _object(line: bytes) -> Mapping[str, Json] | ErrorResponse | Malformed:
    body = parse(line).value_or(None)
    if not isinstance(body, Mapping):
        return Malformed(f"a line is no JSON object: {line[:80]!r}")
    return error_in(body, 200) or body


def _all(state: State) -> Iterator[StreamChunk]:
    batches, seen = list[Chunks](), state.seen
    while seen is not None:
        seen, batch = seen
        batches.append(batch)
    return (chunk for batch in reversed(batches) for chunk in batch)


def _partial(state: State) -> Reply:
    return collect(_all(state))
