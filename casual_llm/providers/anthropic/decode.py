"""A Messages reply, whole; what a stream adds up to is read by the same functions.

The oddities met here are listed in docs/wire-anthropic.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed
from casual_llm.frozen import Json, freeze_object
from casual_llm.messages import Native
from casual_llm.providers.anthropic.content import FORMAT
from casual_llm.providers.anthropic.replay import is_plain, is_unsigned, native_of_call, text_of
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response
from casual_llm.wire.collect import collect, derived_id
from casual_llm.wire.error_bodies import error_message_and_code, error_object, error_response, status_in
from casual_llm.wire.json import count, items, mapping, parse, text
from casual_llm.wire.parts import Block, arguments_of

_OK = range(200, 300)

FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    # Servers in front of other models pass on other words.
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}
"""What servers say, and what it means; a word not listed keeps its raw form and no meaning."""

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
"""The status that each kind of error has of itself (vendor's page "Errors")."""

FIGURES = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


def decode(response: Response) -> Result[Reply, DecodeError]:
    """Read a whole reply.

    >>> body = b'{"content": [{"type": "text", "text": "Paris."}], "stop_reason": "end_turn"}'
    >>> decode(Response(status=200, body=body)).unwrap().message.content
    'Paris.'
    >>> decode(Response(status=401, body=b"")).failure()
    ErrorResponse(status=401, message='', code=None, retry_after=None, partial=None)
    """
    if response.status not in _OK:
        return Failure(error_response(response))
    body = error_object(parse(response.body).value_or({}))
    if not body:
        return Failure(Malformed(f"expected a JSON object, got {response.body[:80]!r}"))
    error = error_in(body, response.status)
    if error is not None:
        return Failure(error)
    if body.get("type") != "message" and not isinstance(body.get("content"), list):
        return Failure(Malformed(f"the object has no content; its keys are {sorted(body)[:20]}"))
    blocks = with_ids([mapping(item) for item in items(body.get("content"))], text(body.get("id")))
    return Success(collect([_chunk(body, blocks)]))


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


def _chunk(body: Mapping[str, Json], blocks: Sequence[Block]) -> StreamChunk:
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    return StreamChunk(
        content=text_of(blocks),
        reasoning=text_of(blocks, "thinking"),
        tool_calls=tuple(
            ToolCallDelta(
                index=index,
                id=text(block.get("id")) or None,
                name=text(block.get("name")) or None,
                arguments=arguments_of(block.get("input")),
                native=frozen_native(native_of_call(block)),
            )
            for index, block in enumerate(calls)
        ),
        usage=usage_of(figures_in(body.get("usage"))),
        model=text(body.get("model")) or None,
        id=text(body.get("id")) or None,
        native=native_of(blocks),
        **ending_of(body, called=bool(calls)),
    )


def ending_of(delta: Mapping[str, Json], *, called: bool) -> dict[str, Any]:
    """Read why the model stopped, and the explanation of a refusal."""
    raw, details = text(delta.get("stop_reason")), mapping(delta.get("stop_details"))
    reason = FINISH_REASONS.get(raw.lower())
    return {
        # Where tools were called, a loop over tools waits for that, whatever word stands with them.
        "finish_reason": "tool_calls" if reason == "stop" and called else reason,
        "raw_finish_reason": raw or None,
        "refusal": text(details.get("explanation")) if details.get("type") == "refusal" else "",
    }


def native_of(blocks: Sequence[Block]) -> Native:
    """Return the blocks if the vendor wants to see something again that no field of a message holds.

    >>> native_of([{"type": "redacted_thinking", "data": "c2ln"}])
    {'anthropic': {'content': ({'type': 'redacted_thinking', 'data': 'c2ln'},)}}
    >>> native_of([{"type": "text", "text": "Hi"}]) is None
    True
    """
    if is_plain(block for block in blocks if not is_unsigned(block)):
        return None
    return frozen_native({FORMAT: {"content": blocks}})


def frozen_native(native: Native) -> Native:
    """Return keys of the wire if they have a JSON form: servers write NaN."""
    try:
        return {name: mapping(keys) for name, keys in freeze_object(native).items()} if native else None
    except ValueError:
        return None


def figures_in(usage: Json) -> dict[str, int]:
    """Read the figures that are known."""
    given = mapping(usage)
    figures = {name: count(given.get(name)) for name in FIGURES}
    figures["thinking_tokens"] = count(mapping(given.get("output_tokens_details")).get("thinking_tokens"))
    return {name: figure for name, figure in figures.items() if figure is not None}


def usage_of(figures: Mapping[str, int]) -> Usage | None:
    """Add up what the vendor counts apart: the prompt is what was read, and what a cache gave and took.

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
    )
