"""Decode a whole reply: the envelope that all formats share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from returns.result import Failure, Result, Success

from casual_llm.failures import DecodeError, ErrorResponse, Malformed
from casual_llm.frozen import Json
from casual_llm.reply import FinishReason, Reply, StreamChunk
from casual_llm.wire.codec import Response
from casual_llm.wire.collect import collect
from casual_llm.wire.error_bodies import error_object, error_response
from casual_llm.wire.json import parse

OK = range(200, 300)
"""The statuses of success."""

OUR_REASONS: Mapping[str, FinishReason] = {reason: reason for reason in get_args(FinishReason)}
"""Our finish reasons, which servers in front of other models pass on as they are."""


def finish_reason_of(reason: FinishReason | None, *, has_tool_calls: bool) -> FinishReason | None:
    """Return why the model stopped: servers send `stop` where what happened is that tools were called.

    >>> finish_reason_of("stop", has_tool_calls=True)
    'tool_calls'
    """
    return "tool_calls" if reason in {"stop", "pause"} and has_tool_calls else reason


def decode_with(
    response: Response,
    *,
    error_in: Callable[[Mapping[str, Json], int], ErrorResponse | None],
    is_reply: Callable[[Mapping[str, Json]], bool],
    content: str,
    chunks: Callable[[Mapping[str, Json]], Iterable[StreamChunk]],
) -> Result[Reply, DecodeError]:
    """Read a reply as the chunks that it comes to, or find out what it is instead.

    `content` names what a reply holds, for the text of a failure.
    """
    if response.status not in OK:
        return Failure(error_response(response))
    body = error_object(parse(response.body).value_or({}))
    if not body:
        return Failure(Malformed(f"expected a JSON object, got {response.body[:80]!r}"))
    error = error_in(body, response.status)
    if error is not None:
        return Failure(error)
    if not is_reply(body):
        is_there = f"{content} is empty, or of the wrong type"
        is_missing = f"the object has no {content}; its keys are {sorted(body)[:20]}"
        return Failure(Malformed(is_there if content in body else is_missing))
    return Success(collect(chunks(body)))
