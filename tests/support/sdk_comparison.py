"""Comparison of our readings of recorded answers with those of other programs: what may differ, and why.

An excuse identifies by the form of an answer, never by its id, where the other reading is naive, and it
holds only if our reading agrees with the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen
from returns.result import Failure, Result, Success
from support.comparison import EQUAL, Comparison, excused, same, unexplained
from support.corpus import OK, Exchange, answer, disagreements
from support.protocols import ANTHROPIC, OPENAI, Protocol

from casual_llm.failures import DecodeError, ErrorResponse
from casual_llm.reply import Reply


@frozen
class Excuse:
    """The fields in which two readings may differ, and a condition."""

    differs: frozenset[str]
    holds: Callable[[Exchange, Reply], bool]


def json_bodies(exchange: Exchange) -> Iterator[Any]:
    """Yield the JSON value of a whole answer, or those of all events of a stream."""
    if not exchange.stream:
        yield json.loads(exchange.body)
        return
    for line in exchange.body.splitlines():
        text = line.removeprefix(b"data:").strip()
        if text.startswith(b"{"):
            yield json.loads(text)


def _counted_by_groq(exchange: Exchange, reply: Reply) -> bool:
    usages = [
        body["x_groq"]["usage"] for body in json_bodies(exchange) if body.get("x_groq", {}).get("usage")
    ]
    counted = [(usage["prompt_tokens"], usage["completion_tokens"]) for usage in usages]
    return reply.usage is not None and counted[-1:] == [
        (reply.usage.prompt_tokens, reply.usage.completion_tokens)
    ]


def _counted_with_cache(exchange: Exchange, reply: Reply) -> bool:
    usage: dict[str, int] = {}
    for body in json_bodies(exchange):
        usage |= {**(body.get("message", {}).get("usage") or {}), **(body.get("usage") or {})}
    keys = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return reply.usage is not None and reply.usage.prompt_tokens == sum(usage.get(key) or 0 for key in keys)


SAME: Mapping[str, Mapping[str, Excuse]] = {
    ANTHROPIC.name: {
        "the tokens of a prompt include those read from a cache or written to one": Excuse(
            frozenset({"input tokens"}), _counted_with_cache
        ),
    },
}
"""Differences that the rules of the comparison allow."""
EXCUSES: Mapping[str, Mapping[str, Excuse]] = {
    OPENAI.name: {
        "usage is under x_groq, which the other reading ignores": Excuse(
            frozenset({"input tokens", "output tokens"}), _counted_by_groq
        ),
    },
}
"""Differences where our reading is the better one."""
SPLICED = "several answers in one recording: we read the first, the other reading has none"


def compare_reading(protocol: Protocol, exchange: Exchange) -> Comparison:
    """Compare our reading of an answer with the recorded reading of another program."""
    read = answer(protocol.codec_for(exchange), exchange)
    if exchange.expected is None:
        return _error(protocol, exchange, read)
    if not isinstance(read, Success):
        return unexplained(f"{exchange.id}: {read.failure()}")
    reply = read.unwrap()
    differs = disagreements(reply, exchange.expected)
    if not differs:
        return EQUAL
    for table, comparison in ((SAME, same), (EXCUSES, excused)):
        for why, it in table.get(protocol.name, {}).items():
            if differs == it.differs and it.holds(exchange, reply):
                return comparison(why)
    return unexplained(f"{exchange.id}: {sorted(differs)}")


def _error(protocol: Protocol, exchange: Exchange, read: Result[Reply, DecodeError]) -> Comparison:
    failure = read.failure() if isinstance(read, Failure) else None
    if isinstance(failure, ErrorResponse) and (exchange.status in (OK, failure.status)):
        return EQUAL
    if isinstance(read, Success) and len(protocol.evidence.findall(exchange.body)) > 1:
        return excused(SPLICED)
    return unexplained(f"{exchange.id}: an error was read as {read}")


def compare_reading_in_pieces(protocol: Protocol, exchange: Exchange, size: int) -> Comparison:
    """Compare our reading of a stream that arrives in network reads of `size` bytes."""
    codec = protocol.codec_for(exchange)
    if answer(codec, exchange, size) != answer(codec, exchange):
        return unexplained(f"{exchange.id}: read differently in reads of {size} bytes")
    return compare_reading(protocol, exchange)
