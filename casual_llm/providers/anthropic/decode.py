"""Decode a whole Messages reply; what a stream adds up to is read by the same functions.

The oddities met here are listed in docs/wire-anthropic.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import define, field
from returns.result import Result

from casual_llm.failures import DecodeError, ErrorResponse
from casual_llm.frozen import Json
from casual_llm.providers.anthropic.content import FORMAT
from casual_llm.providers.anthropic.replay import is_plain, is_unsigned, native_of_call
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage, corrected
from casual_llm.wire.arguments import compact_arguments
from casual_llm.wire.block_stream import BlockDelta
from casual_llm.wire.codec import Chunks, Response
from casual_llm.wire.collect import derived_id
from casual_llm.wire.decoding import OUR_REASONS, decode_with, finish_reason_of
from casual_llm.wire.error_bodies import error_message_and_code, status_in
from casual_llm.wire.json import count, items, mapping, text
from casual_llm.wire.parts import Block, frozen_native

FINISH_REASONS: Mapping[str, FinishReason] = {
    **OUR_REASONS,
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "pause",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""The finish reasons of servers and their meanings; one not listed stays in `raw_finish_reason` alone."""

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each kind of error (vendor's page "Errors")."""

FIGURES = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
"""The keys of a usage that hold a number of tokens."""

UNKNOWN = "unknown"
"""A key of ours in a usage: which of the figures that the format requires are not known, and so are 0."""


def decode(response: Response) -> Result[Reply, DecodeError]:
    """Read a whole reply.

    >>> body = b'{"content": [{"type": "text", "text": "Paris."}], "stop_reason": "end_turn"}'
    >>> decode(Response(status=200, body=body)).unwrap().message.content
    'Paris.'
    >>> decode(Response(status=401, body=b"")).failure()
    ErrorResponse(status=401, message='', code=None, retry_after=None, partial=None)
    """
    return decode_with(
        response,
        error_in=error_in,
        is_reply=lambda body: body.get("type") == "message" or isinstance(body.get("content"), list),
        content="content",
        chunks=_chunks,
    )


def _chunks(body: Block) -> Chunks:
    # A whole reply is read as a stream whose first event holds all of it, so the two cannot differ.
    progress = Progress()
    start_message({"message": body}, progress)
    blocks = [delta.fields for delta in progress.block_deltas]
    return (*progress.chunks, *native_chunks(blocks, text(body.get("id"))))


def error_in(body: Mapping[str, Json], status: int) -> ErrorResponse | None:
    """Read the error in a body that came with a success status, and in an event of a stream."""
    if body.get("type") != "error" and not body.get("error"):
        return None
    message, code = error_message_and_code(body if body.get("error") else {"error": body})
    return ErrorResponse(STATUSES.get(code or "") or status_in(code, status), message, code)


def with_ids(blocks: Iterable[Block], identity: str | None) -> list[Block]:
    """Put the id that is derived for a call into calls without one, so that all places agree.

    >>> with_ids([{"type": "tool_use", "name": "now", "input": {}}], "msg_1")[0]["id"]
    'call_msg_1_0'
    """
    identified, calls = list[Block](), 0
    for block in blocks:
        is_call = block.get("type") == "tool_use"
        lacks_id = is_call and not text(block.get("id"))
        identified.append({**block, "id": derived_id(identity, calls)} if lacks_id else block)
        calls += is_call
    return identified


class ToolCallInProgress(NamedTuple):
    """A tool call of the stream: its number, and what its block began with, until arguments come."""

    number: int
    input: Json
    has_arguments: bool = False


@define
class Progress:
    """What some events add, before it becomes part of the next state."""

    calls: dict[int | None, ToolCallInProgress] = field(factory=dict[int | None, ToolCallInProgress])
    call_count: int = 0
    figures: Mapping[str, int] = field(factory=dict[str, int])
    started: bool = False
    block_deltas: list[BlockDelta] = field(factory=list[BlockDelta])
    chunks: list[StreamChunk] = field(factory=list[StreamChunk])
    ended: bool = False


def start_message(body: Block, progress: Progress) -> None:
    """Add the head of an answer, and its blocks where it holds some."""
    message = mapping(body.get("message"))
    progress.figures = corrected_by(progress.figures, message.get("usage"))
    # Where code of a server tool calls tools of ours, all of an answer stands in its first event.
    content = () if progress.started else items(message.get("content"))
    for index, block in enumerate(content):
        begin_block({"index": index, "content_block": block}, progress)
        end_block({"index": index}, progress)
    progress.started = True
    progress.chunks.append(
        StreamChunk(
            usage=usage_of(progress.figures),
            model=text(message.get("model")) or None,
            id=text(message.get("id")) or None,
            **ending_of(message, called=progress.call_count > 0),
        )
    )


def begin_block(body: Block, progress: Progress) -> None:
    """Add how a block begins."""
    index, block = count(body.get("index")), mapping(body.get("content_block"))
    progress.block_deltas.append(BlockDelta(index, block, begins=True))
    if block.get("type") != "tool_use":
        append_text(block.get("type"), block, progress)
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


def end_block(body: Block, progress: Progress) -> None:
    """Add what a block still lacks at its end."""
    call = progress.calls.pop(count(body.get("index")), None)
    # A call without arguments sends none, or an empty text; some servers begin with all of them.
    if call is not None and not call.has_arguments:
        progress.chunks.append(arguments_chunk(call, compact_arguments(call.input)))


def append_text(kind: Json, fields: Block, progress: Progress) -> None:
    """Add a piece of text or of thinking, if there is any."""
    if kind == "text" and text(fields.get("text")):
        progress.chunks.append(StreamChunk(content=text(fields["text"])))
    elif kind == "thinking" and text(fields.get("thinking")):
        progress.chunks.append(StreamChunk(reasoning=text(fields["thinking"])))


def arguments_chunk(call: ToolCallInProgress, arguments: str) -> StreamChunk:
    """Return a piece of the arguments of a call."""
    return StreamChunk(tool_calls=(ToolCallDelta(index=call.number, arguments=arguments),))


def ending_of(delta: Mapping[str, Json], *, called: bool) -> dict[str, Any]:
    """Read why the model stopped, and the explanation of a refusal."""
    raw, details = text(delta.get("stop_reason")), mapping(delta.get("stop_details"))
    reason = FINISH_REASONS.get(raw.lower())
    return {
        "finish_reason": finish_reason_of(reason, has_tool_calls=called),
        "raw_finish_reason": raw or None,
        "refusal": text(details.get("explanation")) if details.get("type") == "refusal" else "",
    }


def native_chunks(blocks: Sequence[Block], identity: str | None) -> Chunks:
    """Return the blocks if the vendor wants to see something again that no field of a message holds.

    >>> native_chunks([{"type": "redacted_thinking", "data": "c2ln"}], "msg_1")[0].native
    {'anthropic': {'content': ({'type': 'redacted_thinking', 'data': 'c2ln'},)}}
    >>> native_chunks([{"type": "text", "text": "Hi"}], "msg_1")
    ()
    """
    if is_plain(block for block in blocks if not is_unsigned(block)):
        return ()
    native = frozen_native({FORMAT: {"content": with_ids(blocks, identity)}})
    return () if native is None else (StreamChunk(native=native),)


def figures_in(usage: Json) -> dict[str, int]:
    """Read the figures that are known.

    >>> figures_in({"input_tokens": 9, "output_tokens": 0, "unknown": ["output_tokens"]})
    {'input_tokens': 9}
    """
    given = mapping(usage)
    figures = {name: count(given.get(name)) for name in FIGURES}
    figures["thinking_tokens"] = count(mapping(given.get("output_tokens_details")).get("thinking_tokens"))
    unknown = items(given.get(UNKNOWN))
    return {name: figure for name, figure in figures.items() if figure is not None and name not in unknown}


def corrected_by(figures: Mapping[str, int], usage: Json) -> Mapping[str, int]:
    """Correct the figures of a stream so far by those of a later event.

    >>> corrected_by({"input_tokens": 25}, {"input_tokens": 0, "output_tokens": 7})
    {'input_tokens': 25, 'output_tokens': 7}
    """
    later = figures_in(usage)
    return {**figures, **{name: corrected(figures.get(name), later[name]) for name in later}}


def usage_of(figures: Mapping[str, int]) -> Usage | None:
    """Add up what the vendor counts apart: uncached input, cache reads and cache writes are the prompt.

    >>> usage_of({"input_tokens": 3, "cache_read_input_tokens": 40, "output_tokens": 7}).prompt_tokens
    43
    """
    if not figures:
        return None
    uncached = figures.get("input_tokens")
    cached, written = figures.get("cache_read_input_tokens"), figures.get("cache_creation_input_tokens")
    return Usage(
        prompt_tokens=None if uncached is None else uncached + (cached or 0) + (written or 0),
        completion_tokens=figures.get("output_tokens"),
        cached_tokens=cached,
        reasoning_tokens=figures.get("thinking_tokens"),
        cache_write_tokens=written,
    )
