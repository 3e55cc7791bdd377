"""How our codecs stand to recorded traffic, as tables: `just conformance`.

Every recording is read whole and in pieces, cut off wherever it can be, and asked again. What differs
from somebody else's reading is listed with its reason, or as unexplained.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain

from support.chunking import ENDINGS, all_seen_by_client, boundary_cuts, cut_off, inside_cuts
from support.comparison import Row, Verdict, row
from support.corpus import FOLDER, Exchange, exchanges
from support.corruption import read_damaged, survived
from support.protocols import PROTOCOLS, Protocol
from support.request_comparison import rewriting
from support.sdk_comparison import reading, reading_in_pieces

SIZES = (1, 7, 64, 4096)
DAMAGES = 20


def streams_of(protocol: Protocol, longest: int | None = None) -> list[Exchange]:
    """Give the streams that come to their end."""
    return [
        exchange
        for exchange in exchanges(protocol.name)
        if exchange.stream
        and exchange.expected is not None
        and (longest is None or len(exchange.body) <= longest)
    ]


def read_rows(protocol: Protocol) -> Iterator[Row]:
    """Read all answers as they came."""
    read = partial(reading, protocol)
    recorded = exchanges(protocol.name)
    yield row("unary", read, [exchange for exchange in recorded if not exchange.stream])
    yield row("streamed, whole", read, [exchange for exchange in recorded if exchange.stream])


def piece_rows(protocol: Protocol, longest: int | None = None) -> Iterator[Row]:
    """Read the streams as a network might hand them over."""
    for size in SIZES:
        read = partial(reading_in_pieces, protocol, size=size)
        yield row(f"streamed, in pieces of {size}", read, streams_of(protocol, longest))


def cut_rows(protocol: Protocol) -> Iterator[Row]:
    """Read the streams as far as a cut."""
    for name, cuts in (("cut between events", boundary_cuts), ("cut inside events", inside_cuts)):
        all_cuts = chain.from_iterable(cuts(protocol, exchange) for exchange in streams_of(protocol))
        yield row(name, cut_off, all_cuts)


def broken_rows(protocol: Protocol, every: int = 1) -> Iterator[Row]:
    """Read the streams from a socket that ends too early; of the streams, by size, one in `every`."""
    streams = sorted(streams_of(protocol), key=lambda exchange: len(exchange.body))[::every]
    for name, ending in ENDINGS.items():
        yield row(name, _given, all_seen_by_client(protocol, ending, streams))


def _given(found: Verdict | BaseException) -> Verdict:
    if isinstance(found, BaseException):
        raise found
    return found


def request_row(protocol: Protocol) -> Row:
    """Read all requests and write them again."""
    asked = [exchange for exchange in exchanges(protocol.name) if exchange.request is not None]
    return row("requests, written again", partial(rewriting, protocol), asked)


def damage_rows(protocol: Protocol, times: int) -> Iterator[Row]:
    """Read what was damaged; whatever it is called afterwards, nothing may be raised."""
    recorded = exchanges(protocol.name)
    yield row(f"damaged, {times} times each", partial(survived, protocol, times=times), recorded)
    asked = [exchange for exchange in recorded if exchange.request is not None]
    yield row(f"requests, {times} times damaged", partial(read_damaged, protocol, times=times), asked)


def rows(protocol: Protocol) -> Iterator[Row]:
    """Try everything."""
    yield from read_rows(protocol)
    yield from piece_rows(protocol)
    yield from cut_rows(protocol)
    yield from broken_rows(protocol)
    yield request_row(protocol)
    yield from damage_rows(protocol, DAMAGES)


HEAD = ("records", "equal", "same", "agreed %", "excused", "unexplained", "raised")


def table(protocol: Protocol, found: list[Row]) -> Iterator[str]:
    """Write the rows, and below them what differs."""
    yield f"{protocol.name:<30}" + "".join(f"{name:>12}" for name in HEAD)
    for it in found:
        counts = (it.records, it.count("equal"), it.count("same"), f"{it.share('equal', 'same'):.2f}")
        others = (it.count("excused"), it.count("unexplained"), len(it.raised))
        yield f"{it.mode:<30}" + "".join(f"{figure:>12}" for figure in counts + others)
    for it in found:
        for kind in ("same", "excused", "unexplained"):
            for why, times in it.reasons(kind).most_common():
                yield f"  {kind}, {it.mode}: {times} x {why}"
        for problem in it.raised:
            yield f"  raised, {it.mode}: {problem}"


def main() -> int:
    """Print the tables; fail if something is unexplained."""
    if not FOLDER.exists():
        sys.stdout.write("there are no recordings at ../shared/corpus\n")
        return 1
    worst = 0
    for protocol in PROTOCOLS:
        found = list(rows(protocol))
        sys.stdout.write("\n".join(table(protocol, found)) + "\n\n")
        worst += sum(it.count("unexplained") + len(it.raised) for it in found)
    return min(worst, 1)


if __name__ == "__main__":
    sys.exit(main())
