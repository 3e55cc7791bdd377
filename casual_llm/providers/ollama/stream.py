"""Decode a stream: fold lines of JSON into chunks.

A stream is complete only on evidence, `"done": true`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.frozen import Json
from casual_llm.providers.ollama.decode import error_in, read_chunk, replayed
from casual_llm.reply import StreamChunk
from casual_llm.wire.codec import Chunks
from casual_llm.wire.framing import ndjson_end, ndjson_step
from casual_llm.wire.json import parse_or
from casual_llm.wire.streaming import Applied, Stream, StreamFormat


class OllamaState(NamedTuple):
    """What the next lines are read with."""

    calls: int = 0
    """The tool calls so far."""
    model: str | None = None
    id: str | None = None


State: TypeAlias = Stream[OllamaState]


def apply_lines(state: OllamaState, lines: Sequence[bytes]) -> Applied[OllamaState]:
    """Read the chunks of some lines."""
    chunks, (calls, model, identity) = list[StreamChunk](), state
    done, failure = False, None
    for line in lines:
        body = _read(line)
        if not isinstance(body, Mapping):
            failure = body
            break
        chunk = read_chunk(body, calls, model, identity)
        if chunk is not None:
            chunks.append(chunk)
            calls += len(chunk.tool_calls)
            model, identity = chunk.model or model, chunk.id or identity
        done = body.get("done") is True
        if done:
            break
    return Applied(OllamaState(calls, model, identity), tuple(chunks), done, done, failure)


def _read(line: bytes) -> Mapping[str, Json] | ErrorResponse | Malformed:
    body = parse_or(line, None)
    if not isinstance(body, Mapping):
        return Malformed(f"expected a JSON object in a line, got {line[:80]!r}")
    return error_in(body, 200) or body


def _last(_: OllamaState, chunks: Sequence[StreamChunk]) -> Chunks:
    return replayed(chunks)


STREAM_FORMAT = StreamFormat(
    start=Stream(state=OllamaState(), framing=None),
    split=ndjson_step,
    rest=ndjson_end,
    apply=apply_lines,
    last=_last,
)
