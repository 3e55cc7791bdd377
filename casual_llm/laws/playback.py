"""A stream played from its bytes to its end, the way a client plays it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from returns.pipeline import is_successful
from returns.result import Result

from casual_llm.failures import DecodeError
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Chunks, Codec
from casual_llm.wire.collect import collect


def play(codec: Codec[Any], reads: Iterable[bytes]) -> tuple[Chunks, Result[Chunks, DecodeError]]:
    """Return the chunks that came out while the stream ran, and the result of its end."""
    state, given = codec.start, list[StreamChunk]()
    for data in reads:
        stepped = codec.step(state, data)
        if not is_successful(stepped):
            return tuple(given), stepped.map(lambda after: after[1])
        state, chunks = stepped.unwrap()
        given.extend(chunks)
    return tuple(given), codec.finish(state)


def collect_stream(codec: Codec[Any], reads: Iterable[bytes]) -> Result[Reply, DecodeError]:
    """Return the reply that a stream adds up to, or its failure."""
    given, end = play(codec, reads)
    return end.map(lambda rest: collect([*given, *rest]))
