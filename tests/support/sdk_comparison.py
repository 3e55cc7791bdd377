"""How our readings of recorded answers stand to somebody else's: what may differ, and why.

An excuse says by the shape of an answer, never by its name, where the other reading is naive, and
holds only if ours is what the bytes say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen
from returns.result import Failure, Result, Success
from support.comparison import EQUAL, Verdict, excused, same, unexplained
from support.corpus import OK, Exchange, answer, disagreements
from support.protocols import ANTHROPIC, OPENAI, Protocol

from casual_llm.failures import DecodeError, ErrorResponse
from casual_llm.reply import Reply


@frozen
class Excuse:
    """Which parts of two readings may differ, and when."""

    differs: frozenset[str]
    holds: Callable[[Exchange, Reply], bool]


def bodies(exchange: Exchange) -> Iterator[Any]:
    """Give the JSON values of an answer: one, or those of all events."""
    if not exchange.stream:
        yield json.loads(exchange.body)
        return
    for line in exchange.body.splitlines():
        text = line.removeprefix(b"data:").strip()
        if text.startswith(b"{"):
            yield json.loads(text)


def _counted_by_groq(exchange: Exchange, reply: Reply) -> bool:
    told = [body["x_groq"]["usage"] for body in bodies(exchange) if body.get("x_groq", {}).get("usage")]
    counted = [(usage["prompt_tokens"], usage["completion_tokens"]) for usage in told]
    return reply.usage is not None and counted[-1:] == [
        (reply.usage.prompt_tokens, reply.usage.completion_tokens)
    ]


def _counted_with_cache(exchange: Exchange, reply: Reply) -> bool:
    told: dict[str, int] = {}
    for body in bodies(exchange):
        told |= {**(body.get("message", {}).get("usage") or {}), **(body.get("usage") or {})}
    kinds = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return reply.usage is not None and reply.usage.prompt_tokens == sum(told.get(kind) or 0 for kind in kinds)


SAME: Mapping[str, Mapping[str, Excuse]] = {
    ANTHROPIC.name: {
        "the tokens of a prompt are counted with those that a cache gave or took": Excuse(
            frozenset({"input tokens"}), _counted_with_cache
        ),
    },
}
"""Differences that are none, by the rules of the comparison."""
EXCUSES: Mapping[str, Mapping[str, Excuse]] = {
    OPENAI.name: {
        "usage stands under x_groq, where the other reading does not look": Excuse(
            frozenset({"input tokens", "output tokens"}), _counted_by_groq
        ),
    },
}
"""Differences in which ours is the better reading."""
SPLICED = "several answers in one recording: the first is read, the other reading has none"


def reading(protocol: Protocol, exchange: Exchange) -> Verdict:
    """Compare our reading of an answer with the other one."""
    read = answer(protocol.codec_for(exchange), exchange)
    if exchange.expected is None:
        return _error(protocol, exchange, read)
    if not isinstance(read, Success):
        return unexplained(f"{exchange.id}: {read.failure()}")
    reply = read.unwrap()
    differs = disagreements(reply, exchange.expected)
    if not differs:
        return EQUAL
    for table, verdict in ((SAME, same), (EXCUSES, excused)):
        for why, it in table.get(protocol.name, {}).items():
            if differs == it.differs and it.holds(exchange, reply):
                return verdict(why)
    return unexplained(f"{exchange.id}: {sorted(differs)}")


def _error(protocol: Protocol, exchange: Exchange, read: Result[Reply, DecodeError]) -> Verdict:
    failure = read.failure() if isinstance(read, Failure) else None
    if isinstance(failure, ErrorResponse) and (exchange.status in (OK, failure.status)):
        return EQUAL
    if isinstance(read, Success) and len(protocol.evidence.findall(exchange.body)) > 1:
        return excused(SPLICED)
    return unexplained(f"{exchange.id}: an error was read as {read}")


def reading_in_pieces(protocol: Protocol, exchange: Exchange, size: int) -> Verdict:
    """Compare our reading of a stream that the network cut into pieces."""
    codec = protocol.codec_for(exchange)
    if answer(codec, exchange, size) != answer(codec, exchange):
        return unexplained(f"{exchange.id}: read otherwise in pieces of {size}")
    return reading(protocol, exchange)
