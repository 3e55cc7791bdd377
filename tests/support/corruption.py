"""Recordings with something broken in them: whatever arrives, decoding and reading give a value.

The damage is the same in every run: it is drawn from the body itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from returns.result import Result
from support.comparison import EQUAL, Verdict, unexplained
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
    """Put something else where a value or a key stands."""
    start, end = choose.choice([found.span() for found in _VALUES.finditer(body)] or [(0, 0)])
    return body[:start] + choose.choice(ODD) + body[end:]


def _torn(choose: Random, body: bytes) -> bytes:
    """Leave some bytes out."""
    start = choose.randrange(len(body) + 1)
    return body[:start] + body[start + choose.randrange(1, 60) :]


def _said_twice(choose: Random, body: bytes) -> bytes:
    """Say some bytes twice."""
    start = choose.randrange(len(body) + 1)
    end = start + choose.randrange(1, 200)
    return body[:end] + body[start:]


def _flipped(choose: Random, body: bytes) -> bytes:
    """Change one byte."""
    at = choose.randrange(len(body) + 1)
    return body[:at] + bytes([choose.randrange(256)]) + body[at + 1 :]


WAYS = (_odd_value, _odd_value, _torn, _said_twice, _flipped)


def damaged(body: bytes, times: int) -> Iterator[bytes]:
    """Damage a body in several ways, and then in more than one place."""
    choose = Random(body)  # noqa: S311 # nothing secret is drawn
    for _ in range(times):
        broken = body
        for _ in range(choose.choice((1, 1, 2, 5))):
            broken = choose.choice(WAYS)(choose, broken)
        yield broken


def survived(protocol: Protocol, exchange: Exchange, times: int) -> Verdict:
    """Decode an answer that was damaged, and collect what came of it."""
    codec = protocol.codec_for(exchange)
    for body in damaged(exchange.body, times):
        response = Response(status=exchange.status, headers=exchange.headers, body=body)
        read = streamed(codec, [body]) if exchange.stream else codec.decode(response)
        if not isinstance(read, Result):
            return unexplained(f"{exchange.id}: {read!r}")
    return EQUAL


def read_damaged(protocol: Protocol, exchange: Exchange, times: int) -> Verdict:
    """Read a request that was damaged, and write it again if it is a call."""
    codec = protocol.codec_for(exchange)
    for body in damaged(json.dumps(exchange.request).encode(), times):
        written: Any = codec.read(Request(url="/", body=body)).map(codec.encode)
        if not isinstance(written, Result):
            return unexplained(f"{exchange.id}: {written!r}")
    return EQUAL
