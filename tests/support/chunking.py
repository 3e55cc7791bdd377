"""Streams that end too early: cut between events, cut inside one, and interrupted by the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from attrs import frozen
from returns.result import Failure
from support.comparison import EQUAL, Comparison, unexplained
from support.corpus import Exchange, answer
from support.protocols import Protocol
from support.servers import END, Script, piece, sends, sends_then_resets, serving

from casual_llm import CasualLLMError, ChatOptions, Model, UserMessage
from casual_llm.errors import ReplyError, TransportError
from casual_llm.failures import Truncated
from casual_llm.reply import Reply

_AT_ONCE = 16


@frozen(kw_only=True)
class Cut:
    """A stream that was cut: the bytes that arrived, and the reply of the whole stream."""

    id: str
    read: bytes
    whole: Reply
    end: Callable[[], object]
    """Returns the result of the decoder when the bytes end here."""


def is_prefix(partial: Reply, whole: Reply) -> bool:
    """Return whether one reply is a prefix of another."""
    early = [call.function for call in partial.message.tool_calls or ()]
    late = [call.function for call in whole.message.tool_calls or ()]
    return (
        (whole.message.content or "").startswith(partial.message.content or "")
        and [call.name for call in early] == [call.name for call in late[: len(early)]]
        and all(one.arguments.startswith(it.arguments) for it, one in zip(early, late, strict=False))
    )


def boundary_cuts(protocol: Protocol, exchange: Exchange) -> Iterator[Cut]:
    """Cut before the first event, and after each event before the one that ends the answer."""
    yield from _cuts(protocol, exchange, lambda event: [0] if event else [])


def inside_cuts(protocol: Protocol, exchange: Exchange) -> Iterator[Cut]:
    """Cut each event in its middle and before its last byte, up to the one that ends the answer."""
    yield from _cuts(protocol, exchange, lambda event: sorted({len(event) // 2, len(event.rstrip()) - 1}))


def _cuts(
    protocol: Protocol, exchange: Exchange, positions: Callable[[bytes], Sequence[int]]
) -> Iterator[Cut]:
    codec = protocol.codec_for(exchange)
    whole, state, read = answer(codec, exchange).unwrap(), codec.start, 0
    for event in protocol.before_evidence(exchange.body):
        for position in positions(event):
            state_before, data = state, exchange.body[: read + position]

            def end(state: Any = state_before, rest: bytes = event[:position]) -> object:  # noqa: ANN401 # a codec's own
                return codec.finish(codec.step(state, rest).unwrap()[0])

            yield Cut(id=exchange.id, read=data, whole=whole, end=end)
        state, read = codec.step(state, event).unwrap()[0], read + len(event)


def expect_truncated(cut: Cut) -> Comparison:
    """Expect a failure `Truncated` that holds the part of the reply that arrived."""
    ended = cut.end()
    failure = ended.failure() if isinstance(ended, Failure) else None
    if isinstance(failure, Truncated) and is_prefix(failure.partial, cut.whole):
        return EQUAL
    return unexplained(f"{cut.id} cut at {len(cut.read)}: {ended!r:.200}")


def connection_resets(head: bytes, body: bytes) -> Script:
    """Reset the connection in the middle of the body."""
    return sends_then_resets(head, piece(body)) if body else sends_then_resets(head)


def body_ends(head: bytes, body: bytes) -> Script:
    """End the body in good order, as a server or proxy does that gives up."""
    return sends(head, piece(body) if body else b"", END)


ENDINGS: Mapping[str, Callable[[bytes, bytes], Script]] = {
    "aborted connections": connection_resets,
    "orderly ends": body_ends,
}


def interruptions(protocol: Protocol, exchange: Exchange) -> Iterator[tuple[Exchange, bytes, Reply]]:
    """Yield a stream with its bytes up to each of four interruptions, the last inside its final event."""
    events = protocol.before_evidence(exchange.body)
    ends = [0, *accumulate(map(len, events))]
    whole = answer(protocol.codec_for(exchange), exchange).unwrap()
    inside_last = ends[-2] + len(events[-1]) // 2
    for end in sorted({0, ends[min(1, len(events) - 1)], ends[-2] // 2, inside_last}):
        yield exchange, exchange.body[:end], whole


async def read_by_client(
    protocol: Protocol, ending: Callable[[bytes, bytes], Script], cut: tuple[Exchange, bytes, Reply]
) -> Comparison:
    """Read an interrupted stream from a socket with our client: it must raise, with the partial reply."""
    exchange, body, whole = cut
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {protocol.stream_kind}\r\ntransfer-encoding: chunked\r\n\r\n"
    async with serving(ending(head.encode(), body)) as server, protocol.client(server.url) as client:
        model = Model(client, "m", ChatOptions(max_tokens=9))
        try:
            async for _ in model.stream([UserMessage(content="Hi")]):
                pass
        except (TransportError, ReplyError) as error:
            if error.partial is not None and is_prefix(error.partial, whole):
                return EQUAL
            return unexplained(
                f"{exchange.id} interrupted at {len(body)}: {error!r:.200} without the partial reply"
            )
        except CasualLLMError as error:
            return unexplained(f"{exchange.id} interrupted at {len(body)}: {error!r:.200}")
    return unexplained(f"{exchange.id} interrupted at {len(body)}: no exception")


def read_all_by_client(
    protocol: Protocol, ending: Callable[[bytes, bytes], Script], streams: Iterable[Exchange]
) -> list[Comparison | BaseException]:
    """Interrupt each stream at each position, some of them concurrently."""

    async def read_all() -> list[Comparison | BaseException]:
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(cut: tuple[Exchange, bytes, Reply]) -> Comparison:
            async with limit:
                return await read_by_client(protocol, ending, cut)

        cuts = [cut for exchange in streams for cut in interruptions(protocol, exchange)]
        return await asyncio.gather(*map(one, cuts), return_exceptions=True)

    return asyncio.run(read_all())
