"""A stream played from its bytes to its end, the way the shell plays it."""

from __future__ import annotations

from collections.abc import Iterable

from returns.result import Result

from casual_llm.failures import DecodeError
from casual_llm.laws import playback
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.reply import Reply
from casual_llm.wire.codec import Chunks


def play(reads: Iterable[bytes], dialect: Dialect = OPENAI) -> tuple[Chunks, Result[Chunks, DecodeError]]:
    """Return the chunks that came out while the stream ran, and the result of its end."""
    return playback.play(codec(dialect), reads)


def collected(reads: Iterable[bytes], dialect: Dialect = OPENAI) -> Result[Reply, DecodeError]:
    """Return the reply that a stream adds up to, or its failure."""
    return playback.collect_stream(codec(dialect), reads)
