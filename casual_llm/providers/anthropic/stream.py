"""A Messages stream: server-sent events folded into chunks.

It is complete with `message_stop` and not before. What the events hold of blocks is kept beside the chunks:
the end tells from it whether there is more to keep than the chunks hold. A block begins with what it is and
grows: texts of any key are appended, citations are added, the JSON of an input is joined and parsed at the
end. What is not known grows by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from attrs import define, field
from frozendict import frozendict

from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.frozen import Json
from casual_llm.providers.anthropic.decode import (
    ending_of,
    error_in,
    figures_in,
    frozen_native,
    native_of,
    usage_of,
    with_ids,
)
from casual_llm.providers.anthropic.replay import native_of_call
from casual_llm.reply import StreamChunk, ToolCallDelta
from casual_llm.wire.codec import Chunks
from casual_llm.wire.framing import Event, Sse, sse_end, sse_step
from casual_llm.wire.json import count, items, mapping, parse, text
from casual_llm.wire.parts import Block, arguments_of
from casual_llm.wire.streaming import Applied, Log, Stream, StreamFormat, entries

_NAMED = frozenset(
    b"message message_start message_delta message_stop content_block_start content_block_delta"
    b" content_block_stop error".split()
)
"""Events that must be JSON; what comes under another name means nothing here."""
_DELTAS: Mapping[str, str] = {"text_delta": "text", "thinking_delta": "thinking"}
"""What a block is whose beginning never came."""


class ToolCallInProgress(NamedTuple):
    """A tool call of the stream: its number, and what its block began with, until arguments come."""

    number: int
    input: Json
    has_arguments: bool = False


class BlockDelta(NamedTuple):
    """What an event holds of a block: how it begins, or how it grows."""

    block_index: int | None
    fields: Block
    begins: bool


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


@define
class _Progress:
    """What some events add, before it becomes part of the next state."""

    calls: dict[int | None, ToolCallInProgress]
    call_count: int
    figures: Mapping[str, int]
    started: bool
    block_deltas: list[BlockDelta] = field(factory=list[BlockDelta])
    chunks: list[StreamChunk] = field(factory=list[StreamChunk])
    ended: bool = False


def apply_events(state: MessageState, events: Sequence[Event]) -> Applied[MessageState]:
    """Read the chunks of some events."""
    progress = _Progress(dict(state.calls), state.call_count, state.figures, state.started)
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


def apply_event(event: Event, progress: _Progress) -> ErrorResponse | Malformed | None:
    """Add what an event holds, or return the failure that it is."""
    data = event.data.strip()
    if not data:
        return None
    body = parse(data).value_or(None)
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


def _apply_delta(body: Block, progress: _Progress) -> None:
    index, delta = count(body.get("index")), mapping(body.get("delta"))
    progress.block_deltas.append(BlockDelta(index, delta, begins=False))
    kind = delta.get("type")
    if kind == "input_json_delta":
        arguments, call = text(delta.get("partial_json")), progress.calls.get(index)
        if arguments and call is not None:
            progress.chunks.append(_arguments(call, arguments))
            progress.calls[index] = call._replace(has_arguments=True)
    else:
        _append_text(_DELTAS.get(text(kind)), delta, progress)


def _append_text(kind: Json, fields: Block, progress: _Progress) -> None:
    if kind == "text" and text(fields.get("text")):
        progress.chunks.append(StreamChunk(content=text(fields["text"])))
    elif kind == "thinking" and text(fields.get("thinking")):
        progress.chunks.append(StreamChunk(reasoning=text(fields["thinking"])))


def _arguments(call: ToolCallInProgress, arguments: str) -> StreamChunk:
    return StreamChunk(tool_calls=(ToolCallDelta(index=call.number, arguments=arguments),))


def _begin_block(body: Block, progress: _Progress) -> None:
    index, block = count(body.get("index")), mapping(body.get("content_block"))
    progress.block_deltas.append(BlockDelta(index, block, begins=True))
    if block.get("type") != "tool_use":
        _append_text(block.get("type"), block, progress)
        return
    call = ToolCallDelta(
        index=progress.call_count,
        id=text(block.get("id")) or None,
        name=text(block.get("name")) or None,
        native=frozen_native(native_of_call(block)),
    )
    progress.chunks.append(StreamChunk(tool_calls=(call,)))
    progress.calls[index] = ToolCallInProgress(progress.call_count, block.get("input"))
    progress.call_count += 1


def _end_block(body: Block, progress: _Progress) -> None:
    call = progress.calls.pop(count(body.get("index")), None)
    # A call without arguments sends none, or an empty text; some servers begin with all of them.
    if call is not None and not call.has_arguments:
        progress.chunks.append(_arguments(call, arguments_of(call.input)))


def _start_message(body: Block, progress: _Progress) -> None:
    message = mapping(body.get("message"))
    progress.figures = {**progress.figures, **figures_in(message.get("usage"))}
    # Where code of a server tool calls tools of ours, all of an answer stands in its first event.
    content = () if progress.started else items(message.get("content"))
    for index, block in enumerate(content):
        _begin_block({"index": index, "content_block": block}, progress)
        _end_block({"index": index}, progress)
    progress.started = True
    progress.chunks.append(
        StreamChunk(
            usage=usage_of(progress.figures),
            model=text(message.get("model")) or None,
            id=text(message.get("id")) or None,
            **ending_of(message, called=progress.call_count > 0),
        )
    )


def _end_message(body: Block, progress: _Progress) -> None:
    progress.figures = {**progress.figures, **figures_in(body.get("usage"))}
    ending = ending_of(mapping(body.get("delta")), called=progress.call_count > 0)
    progress.chunks.append(StreamChunk(usage=usage_of(progress.figures), **ending))


def _stop(_: Block, progress: _Progress) -> None:
    for index in list(progress.calls):
        _end_block({"index": index}, progress)
    progress.ended = True


_EVENTS: Mapping[str, Callable[[Block, _Progress], None]] = {
    "message_start": _start_message,
    "content_block_start": _begin_block,
    "content_block_delta": _apply_delta,
    "content_block_stop": _end_block,
    "message_delta": _end_message,
    "message_stop": _stop,
}


class BlockInProgress(NamedTuple):
    """A block that grows: what it began with, and what came since."""

    block: dict[str, Json]
    texts: dict[str, list[str]]
    citations: list[Json]


def blocks_of(deltas: Iterable[BlockDelta]) -> list[Block]:
    """Put blocks together, in the order in which they began.

    >>> begun = BlockDelta(0, {"type": "text", "text": ""}, begins=True)
    >>> blocks_of([begun, BlockDelta(0, {"type": "text_delta", "text": "Hi"}, begins=False)])
    [{'type': 'text', 'text': 'Hi'}]
    """
    blocks, by_index = list[BlockInProgress](), dict[int | None, BlockInProgress]()
    for index, fields, begins in deltas:
        kind = _DELTAS.get(text(fields.get("type")))
        if begins or (index not in by_index and kind is not None):
            block: dict[str, Json] = dict(fields) if begins else {"type": kind}
            by_index[index] = BlockInProgress(block, {}, [])
            blocks.append(by_index[index])
        if not begins and index in by_index:
            _grow(by_index[index], fields)
    return [finished_block(block) for block in blocks]


def _grow(progress: BlockInProgress, delta: Block) -> None:
    if delta.get("type") == "citations_delta":
        progress.citations.append(delta.get("citation"))
        return
    for key, value in delta.items():
        if isinstance(value, str) and key != "type":
            progress.texts.setdefault(key, []).append(value)
        elif value is not None and key != "type":
            progress.block[key] = value


def finished_block(progress: BlockInProgress) -> Block:
    """Return a block with all that came for it."""
    block = progress.block
    for key, texts in progress.texts.items():
        if key == "partial_json":
            block |= _input("".join(texts))
        else:
            block[key] = text(block.get(key)) + "".join(texts)
    if progress.citations:
        block["citations"] = [*items(block.get("citations")), *progress.citations]
    return block


def _input(arguments: str) -> dict[str, Json]:
    if not arguments.strip():
        return {}
    value = parse(arguments.encode("utf-8", "replace")).value_or(None)
    # JSON that was cut off is kept as the text it is.
    return {"input": mapping(value) if isinstance(value, Mapping) else arguments}


def _last(state: MessageState, chunks: Sequence[StreamChunk]) -> Chunks:
    blocks = blocks_of(entries(state.block_deltas))
    if native_of(blocks) is None:
        return ()
    identity = next((chunk.id for chunk in reversed(chunks) if chunk.id is not None), None)
    return (StreamChunk(native=native_of(with_ids(blocks, identity))),)


STREAM = StreamFormat(
    start=Stream(state=MessageState(), framing=Sse()),
    split=sse_step,
    rest=sse_end,
    apply=apply_events,
    last=_last,
)
"""How a Messages stream is read."""
