"""Streams that end too early: cut between events, cut inside one, and broken off by the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from attrs import frozen
from returns.result import Failure
from support.comparison import EQUAL, Verdict, unexplained
from support.corpus import Exchange, answer
from support.protocols import Protocol
from support.servers import END, Script, piece, says, says_and_breaks, serving

from casual_llm import CasualLLMError, ChatOptions, Model, UserMessage
from casual_llm.errors import ReplyError, TransportError
from casual_llm.failures import Truncated
from casual_llm.reply import Reply

_AT_ONCE = 16


@frozen(kw_only=True)
class Cut:
    """What came of a stream, and what would have come."""

    id: str
    read: bytes
    whole: Reply
    end: Callable[[], object]
    """Gives what the decoder says when the bytes end here."""


def begins(partial: Reply, whole: Reply) -> bool:
    """Say whether one reply is what another one begins with."""
    early = [call.function for call in partial.message.tool_calls or ()]
    late = [call.function for call in whole.message.tool_calls or ()]
    return (
        (whole.message.content or "").startswith(partial.message.content or "")
        and [call.name for call in early] == [call.name for call in late[: len(early)]]
        and all(one.arguments.startswith(it.arguments) for it, one in zip(early, late, strict=False))
    )


def boundary_cuts(protocol: Protocol, exchange: Exchange) -> Iterator[Cut]:
    """Cut before the first event and behind each one that comes before the evidence."""
    yield from _cuts(protocol, exchange, lambda event: [0] if event else [])


def inside_cuts(protocol: Protocol, exchange: Exchange) -> Iterator[Cut]:
    """Cut each event in its middle and before its last byte, that which holds the evidence too."""
    yield from _cuts(protocol, exchange, lambda event: sorted({len(event) // 2, len(event.rstrip()) - 1}))


def _cuts(protocol: Protocol, exchange: Exchange, places: Callable[[bytes], Sequence[int]]) -> Iterator[Cut]:
    codec = protocol.codec_for(exchange)
    whole, state, read = answer(codec, exchange).unwrap(), codec.start, 0
    for event in protocol.before_evidence(exchange.body):
        for place in places(event):
            there, data = state, exchange.body[: read + place]

            def end(state: Any = there, rest: bytes = event[:place]) -> object:  # noqa: ANN401 # a codec's own
                return codec.finish(codec.step(state, rest).unwrap()[0])

            yield Cut(id=exchange.id, read=data, whole=whole, end=end)
        state, read = codec.step(state, event).unwrap()[0], read + len(event)


def cut_off(cut: Cut) -> Verdict:
    """Expect a failure that says so and holds what came."""
    ended = cut.end()
    failure = ended.failure() if isinstance(ended, Failure) else None
    if isinstance(failure, Truncated) and begins(failure.partial, cut.whole):
        return EQUAL
    return unexplained(f"{cut.id} cut at {len(cut.read)}: {ended!r:.200}")


def line_breaks(head: bytes, body: bytes) -> Script:
    """Reset the connection in the middle of the body."""
    return says_and_breaks(head, piece(body)) if body else says_and_breaks(head)


def server_ends(head: bytes, body: bytes) -> Script:
    """End the body in good order, as a server or proxy does that gave up."""
    return says(head, piece(body) if body else b"", END)


ENDINGS: Mapping[str, Callable[[bytes, bytes], Script]] = {
    "aborted connections": line_breaks,
    "orderly ends": server_ends,
}


def broken_off(protocol: Protocol, exchange: Exchange) -> Iterator[tuple[Exchange, bytes, Reply]]:
    """Choose where the network breaks: before the first event, behind it, half way, inside the evidence."""
    told = protocol.before_evidence(exchange.body)
    ends = [0, *accumulate(map(len, told))]
    whole = answer(protocol.codec_for(exchange), exchange).unwrap()
    for place in sorted({0, ends[min(1, len(told) - 1)], ends[-2] // 2, ends[-2] + len(told[-1]) // 2}):
        yield exchange, exchange.body[:place], whole


async def seen_by_client(
    protocol: Protocol, ending: Callable[[bytes, bytes], Script], cut: tuple[Exchange, bytes, Reply]
) -> Verdict:
    """Let a client of ours read such a stream from a socket: it must raise, and hand over what came."""
    exchange, body, whole = cut
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {protocol.stream_kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    async with serving(ending(head.encode(), body)) as server, protocol.client(server.url) as client:
        model = Model(client, "m", ChatOptions(max_tokens=9))
        try:
            async for _ in model.stream([UserMessage(content="Hi")]):
                pass
        except (TransportError, ReplyError) as error:
            if error.partial is not None and begins(error.partial, whole):
                return EQUAL
            return unexplained(f"{exchange.id} broken at {len(body)}: {error!r:.200} without what came")
        except CasualLLMError as error:
            return unexplained(f"{exchange.id} broken at {len(body)}: {error!r:.200}")
    return unexplained(f"{exchange.id} broken at {len(body)}: nobody noticed")


def all_seen_by_client(
    protocol: Protocol, ending: Callable[[bytes, bytes], Script], streams: Iterable[Exchange]
) -> list[Verdict | BaseException]:
    """Break off each stream at each place, some at a time."""

    async def run() -> list[Verdict | BaseException]:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(cut: tuple[Exchange, bytes, Reply]) -> Verdict:
            async with turn:
                return await seen_by_client(protocol, ending, cut)

        cuts = [cut for exchange in streams for cut in broken_off(protocol, exchange)]
        return await asyncio.gather(*map(one, cuts), return_exceptions=True)

    return asyncio.run(run())
