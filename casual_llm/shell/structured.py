"""Structured output over a model: the loop of repairs, and the stream of partials.

The schema, the parsing of an answer and the text of a repair are pure, in `casual_llm.structured`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from returns.pipeline import is_successful

from casual_llm.errors import StructuredOutputError
from casual_llm.failures import NotJson, SchemaMismatch
from casual_llm.messages import Message
from casual_llm.options import Layer
from casual_llm.reply import Reply, StreamChunk
from casual_llm.structured import (
    Arriving,
    Partial,
    T,
    parse,
    partial_end,
    partial_step,
    repair_turn,
    reply_of,
    shaped,
)
from casual_llm.validation import expected

Complete: TypeAlias = Callable[[Sequence[Message], Layer], Awaitable[Reply]]
"""Sends a conversation, and returns the whole reply."""


async def ask_as(
    complete: Complete, into: type[T], messages: Sequence[Message], options: Layer | None, repairs: int
) -> T:
    """Return an answer that fits, after at most `repairs` repairs; other failures are not repaired."""
    if isinstance(repairs, bool) or not isinstance(repairs, int) or repairs < 0:
        raise expected("repairs", "a number of turns, 0 or more", repairs)
    conversation, layer = messages, shaped(into, options)
    while True:
        reply = await complete(conversation, layer)
        outcome = parse(reply, into)
        if is_successful(outcome):
            return outcome.unwrap()
        failure = outcome.failure()
        if not repairs or not isinstance(failure, NotJson | SchemaMismatch):
            raise StructuredOutputError(failure, reply)
        conversation, repairs = [*conversation, *repair_turn(reply, failure)], repairs - 1


async def partials_of(
    chunks: AsyncGenerator[StreamChunk, None], into: type[T]
) -> AsyncGenerator[Partial[T], None]:
    """Yield the object as it arrives; the last partial holds the value."""
    state = Arriving(into=into)
    async with aclosing(chunks):
        async for chunk in chunks:
            state, partial = partial_step(state, chunk)
            if partial is not None:
                yield partial
    outcome = partial_end(state)
    if not is_successful(outcome):
        raise StructuredOutputError(outcome.failure(), reply_of(state))
    yield outcome.unwrap()
