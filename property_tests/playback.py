"""A stream played from its bytes to its end, the way the shell plays it."""

from __future__ import annotations

from collections.abc import Iterable

from returns.result import Result

from casual_llm.failures import DecodeError
from casual_llm.providers.openai_chat import OPENAI, Dialect
from casual_llm.providers.openai_chat.stream import finish, start, step
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.collect import collect


def play(reads: Iterable[bytes], dialect: Dialect = OPENAI) -> tuple[Chunks, Result[Chunks, DecodeError]]:
    """Give the chunks that came out while the stream ran, and what its end said."""
    state, given = start(dialect), list[StreamChunk]()
    for data in reads:
        state, chunks = step(state, data).unwrap()
        given.extend(chunks)
    return tuple(given), finish(state)


def collected(reads: Iterable[bytes], dialect: Dialect = OPENAI) -> Result[Reply, DecodeError]:
    """Give the reply that a stream spells, or its failure."""
    given, end = play(reads, dialect)
    return end.map(lambda rest: collect([*given, *rest]))
