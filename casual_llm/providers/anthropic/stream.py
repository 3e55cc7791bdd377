"""A Messages stream: server-sent events folded into chunks.

A stream is complete with `message_stop` and not before. What came is kept twice: as the chunks that
were handed out, so that every failure carries the partial reply, and as the pieces of blocks, from
which the end tells whether there is more to keep than the chunks say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from attrs import define, evolve, field, frozen
from frozendict import frozendict
from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.frozen import Json
from casual_llm.providers.anthropic.assistant import arguments_of
from casual_llm.providers.anthropic.decode import (
    beside,
    corrected_by,
    ending_of,
    error_in,
    named,
    native_of,
    usage_of,
)
from casual_llm.providers.anthropic.pieces import Piece, blocks_of
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import count, items, mapping, parse, text

Batches: TypeAlias = "tuple[Batches, Chunks, tuple[Piece, ...]] | None"
"""What each read gave, newest first: adding some costs the same however much there is."""

_NAMED = frozenset(
    b"message message_start message_delta message_stop content_block_start content_block_delta"
    b" content_block_stop error".split()
)
"""Events that must be JSON; what is said under another name means nothing here."""


class Slot(NamedTuple):
    """A tool call of the stream: its number, and what its block began with, until arguments come."""

    number: int
    given: Json
    silent: bool


@frozen(kw_only=True)
class State:
    """Where a stream stands between two network reads."""

    sse: Sse = Sse()
    slots: Mapping[int | None, Slot] = frozendict()
    """Tool calls, by the index of their block."""
    figures: Mapping[str, int] = frozendict()
    """Tokens, as the vendor counts them: later events correct earlier ones."""
    called: int = 0
    headed: bool = False
    seen: Batches = field(default=None, repr=False, eq=False)
    ended: bool = False
    failure: DecodeError | None = None


START = State()


@define
class _Read:
    """What one network read adds, before it becomes part of the next state."""

    slots: dict[int | None, Slot]
    figures: Mapping[str, int]
    called: int
    headed: bool
    pieces: list[Piece] = field(factory=list[Piece])
    chunks: list[StreamChunk] = field(factory=list[StreamChunk])
    ended: bool = False


def step(state: State, data: bytes) -> Result[tuple[State, Chunks], DecodeError]:
    r"""Take in what the network handed over and give out the chunks that became complete.

    >>> event = b'{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}'
    >>> state, chunks = step(START, b"data: " + event + b"\n\n").unwrap()
    >>> chunks[0].content
    'Hi'
    >>> finish(state).failure().partial.message.content
    'Hi'
    """
    if state.ended:
        return Success((state, ()))
    sse, events = sse_step(state.sse, data)
    return Success(_take(evolve(state, sse=sse), events) if events else (evolve(state, sse=sse), ()))


def finish(state: State) -> Result[Chunks, DecodeError]:
    r"""Say whether the stream was complete, and give what its last bytes and all its blocks hold.

    >>> finish(step(START, b'data: {"type": "message_stop"}\n\n').unwrap()[0])
    <Success: ()>
    """
    after, chunks = (state, ()) if state.ended else _take(state, sse_end(state.sse))
    if isinstance(after.failure, Malformed) and not state.ended:
        after, chunks = state, ()  # the end of the bytes cut an event in two: it was never sent
    if after.failure is not None:
        return Failure(after.failure)
    if not after.ended:
        return Failure(Truncated(_partial(after)))
    blocks = blocks_of(piece for _, pieces in _in_order(after) for piece in pieces)
    native = native_of(blocks) and native_of(named(blocks, _partial(after).id))
    return Success(chunks if native is None else (*chunks, StreamChunk(native=native)))


def _take(state: State, events: list[Event]) -> tuple[State, Chunks]:
    now = _Read(dict(state.slots), state.figures, state.called, state.headed)
    failure: ErrorResponse | Malformed | None = None
    for event in events:
        failure = _hear(event, now)
        if failure is not None or now.ended:
            break
    chunks = tuple(now.chunks)
    after = evolve(
        state,
        slots=now.slots,
        figures=now.figures,
        called=now.called,
        headed=now.headed,
        seen=(state.seen, chunks, tuple(now.pieces)) if chunks or now.pieces else state.seen,
        ended=now.ended or failure is not None,
    )
    if failure is not None:
        after = evolve(after, failure=evolve(failure, partial=_partial(after)))
    return after, chunks


def _hear(event: Event, now: _Read) -> ErrorResponse | Malformed | None:
    data = event.data.strip()
    if not data:
        return None
    body = parse(data).value_or(None)
    if not isinstance(body, Mapping):
        if event.name == b"error":
            return ErrorResponse(200, data.decode("utf-8", "replace"))
        malformed = not event.name or event.name in _NAMED
        return Malformed(f"an event is no JSON object: {data[:80]!r}") if malformed else None
    kind = body.get("type")
    if kind == "content_block_delta":
        _delta(count(body.get("index")), mapping(body.get("delta")), now)
        return None
    if kind == "error" or event.name == b"error" or body.get("error"):
        return error_in({**body, "type": "error"}, 200)
    _OTHER.get(text(kind) or event.name.decode("utf-8", "replace"), _nothing)(body, now)
    return None


def _delta(index: int | None, delta: Mapping[str, Json], now: _Read) -> None:
    now.pieces.append(Piece(index, delta, begins=False))
    kind = delta.get("type")
    if kind == "text_delta":
        said = text(delta.get("text"))
        if said:
            now.chunks.append(StreamChunk(content=said))
    elif kind == "thinking_delta":
        said = text(delta.get("thinking"))
        if said:
            now.chunks.append(StreamChunk(reasoning=said))
    elif kind == "input_json_delta":
        said, slot = text(delta.get("partial_json")), now.slots.get(index)
        if said and slot is not None:
            now.chunks.append(_arguments(slot, said))
            if slot.silent:
                now.slots[index] = slot._replace(silent=False)


def _arguments(slot: Slot, said: str) -> StreamChunk:
    return StreamChunk(tool_calls=(ToolCallDelta(index=slot.number, arguments=said),))


def _begin(body: Mapping[str, Json], now: _Read) -> None:
    index, block = count(body.get("index")), mapping(body.get("content_block"))
    now.pieces.append(Piece(index, block, begins=True))
    kind = block.get("type")
    if kind == "tool_use":
        call = ToolCallDelta(
            index=now.called,
            id=text(block.get("id")) or None,
            name=text(block.get("name")) or None,
            native=beside(block),
        )
        now.chunks.append(StreamChunk(tool_calls=(call,)))
        now.slots[index] = Slot(now.called, block.get("input"), silent=True)
        now.called += 1
    elif kind == "text" and block.get("text"):
        now.chunks.append(StreamChunk(content=text(block.get("text"))))
    elif kind == "thinking" and block.get("thinking"):
        now.chunks.append(StreamChunk(reasoning=text(block.get("thinking"))))


def _end(body: Mapping[str, Json], now: _Read) -> None:
    slot = now.slots.pop(count(body.get("index")), None)
    # A call without arguments sends none, or an empty text; some servers begin with all of them.
    if slot is not None and slot.silent:
        now.chunks.append(_arguments(slot, arguments_of(slot.given)))


def _head(body: Mapping[str, Json], now: _Read) -> None:
    message = mapping(body.get("message"))
    now.figures = corrected_by(now.figures, message.get("usage"))
    # Where code of a server tool calls tools of ours, all of an answer stands in its first event.
    content = () if now.headed else items(message.get("content"))
    for index, block in enumerate(content):
        _begin({"index": index, "content_block": block}, now)
        _end({"index": index}, now)
    now.headed = True
    now.chunks.append(
        StreamChunk(
            usage=usage_of(now.figures),
            model=text(message.get("model")) or None,
            id=text(message.get("id")) or None,
            **ending_of(message, called=now.called > 0),
        )
    )


def _tail(body: Mapping[str, Json], now: _Read) -> None:
    now.figures = corrected_by(now.figures, body.get("usage"))
    ending = ending_of(mapping(body.get("delta")), called=now.called > 0)
    now.chunks.append(StreamChunk(usage=usage_of(now.figures), **ending))


def _stop(_: Mapping[str, Json], now: _Read) -> None:
    for index in list(now.slots):
        _end({"index": index}, now)
    now.ended = True


def _nothing(_: Mapping[str, Json], now: _Read) -> None:
    """Pass over what keeps the line open, and what nobody knows yet."""


_OTHER: Mapping[str, Callable[[Mapping[str, Json], _Read], None]] = {
    "message_start": _head,
    "content_block_start": _begin,
    "content_block_stop": _end,
    "message_delta": _tail,
    "message_stop": _stop,
}


def _in_order(state: State) -> list[tuple[Chunks, tuple[Piece, ...]]]:
    batches, seen = list[tuple[Chunks, tuple[Piece, ...]]](), state.seen
    while seen is not None:
        seen, chunks, pieces = seen
        batches.append((chunks, pieces))
    return batches[::-1]


def _partial(state: State) -> Reply:
    return collect(chunk for chunks, _ in _in_order(state) for chunk in chunks)
