"""Corrupted recordings: whatever bytes arrive, decoding and reading return a value and do not raise.

The corruption is the same in every run, because its random numbers are seeded with the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from returns.result import Result
from support.comparison import EQUAL, Comparison, unexplained
from support.corpus import Exchange, streamed
from support.protocols import Protocol

from casual_llm.wire.codec import Request, Response

_VALUES = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.]*|true|false|null|\[\]|\{\}')
ODD = (
    b"null",
    b'""',
    b'"\xe2\x80\xa8"',
    b"[]",
    b"{}",
    b"[null]",
    b'{"a":[]}',
    b"-1",
    b"1e400",
    b"NaN",
    b"true",
)


def _odd_value(choose: Random, body: bytes) -> bytes:
    """Replace a value or a key."""
    start, end = choose.choice([match.span() for match in _VALUES.finditer(body)] or [(0, 0)])
    return body[:start] + choose.choice(ODD) + body[end:]


def _without_some_bytes(choose: Random, body: bytes) -> bytes:
    """Remove some bytes."""
    start = choose.randrange(len(body) + 1)
    return body[:start] + body[start + choose.randrange(1, 60) :]


def _with_repeated_bytes(choose: Random, body: bytes) -> bytes:
    """Repeat some bytes."""
    start = choose.randrange(len(body) + 1)
    end = start + choose.randrange(1, 200)
    return body[:end] + body[start:]


def _with_changed_byte(choose: Random, body: bytes) -> bytes:
    """Change one byte."""
    index = choose.randrange(len(body) + 1)
    return body[:index] + bytes([choose.randrange(256)]) + body[index + 1 :]


CORRUPTIONS = (
    _odd_value,
    _odd_value,
    _without_some_bytes,
    _with_repeated_bytes,
    _with_changed_byte,
)


def corrupted(body: bytes, times: int) -> Iterator[bytes]:
    """Yield variants of a body, each corrupted at one or more positions."""
    choose = Random(body)  # noqa: S311 # nothing secret is drawn
    for _ in range(times):
        variant = body
        for _ in range(choose.choice((1, 1, 2, 5))):
            variant = choose.choice(CORRUPTIONS)(choose, variant)
        yield variant


def decode_corrupted(protocol: Protocol, exchange: Exchange, times: int) -> Comparison:
    """Decode corrupted variants of an answer, and collect each into a reply or failure."""
    codec = protocol.codec_for(exchange)
    for body in corrupted(exchange.body, times):
        response = Response(status=exchange.status, headers=exchange.headers, body=body)
        read = streamed(codec, [body]) if exchange.stream else codec.decode(response)
        if not isinstance(read, Result):
            return unexplained(f"{exchange.id}: {read!r}")
    return EQUAL


def read_corrupted(protocol: Protocol, exchange: Exchange, times: int) -> Comparison:
    """Read corrupted variants of a request, and encode each again that is a call."""
    codec = protocol.codec_for(exchange)
    for body in corrupted(json.dumps(exchange.request).encode(), times):
        written: Any = codec.read(Request(url="/", body=body)).map(codec.encode)
        if not isinstance(written, Result):
            return unexplained(f"{exchange.id}: {written!r}")
    return EQUAL
