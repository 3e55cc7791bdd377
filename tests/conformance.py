"""Our codecs compared with recorded traffic, as tables: `just conformance`.

Every recording is read whole and in pieces, cut off at every event, corrupted, and its request encoded again.
Differences from the recorded reading are listed with their reason, or as unexplained.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain

from support.chunking import ENDINGS, boundary_cuts, expect_truncated, inside_cuts, read_all_by_client
from support.comparison import Comparison, Row, compare_all
from support.corpus import FOLDER, Exchange, exchanges
from support.corruption import decode_corrupted, read_corrupted
from support.protocols import PROTOCOLS, Protocol
from support.request_comparison import compare_rewritten_request
from support.sdk_comparison import compare_reading, compare_reading_in_pieces

SIZES = (1, 7, 64, 4096)
CORRUPTIONS = 20


def streams_of(protocol: Protocol, longest: int | None = None) -> list[Exchange]:
    """Return the recorded streams that are complete."""
    return [
        exchange
        for exchange in exchanges(protocol.name)
        if exchange.stream
        and exchange.expected is not None
        and (longest is None or len(exchange.body) <= longest)
    ]


def read_rows(protocol: Protocol) -> Iterator[Row]:
    """Read all answers whole."""
    read = partial(compare_reading, protocol)
    recorded = exchanges(protocol.name)
    yield compare_all("unary", read, [exchange for exchange in recorded if not exchange.stream])
    yield compare_all("streamed, whole", read, [exchange for exchange in recorded if exchange.stream])


def piece_rows(protocol: Protocol, longest: int | None = None) -> Iterator[Row]:
    """Read the streams in network reads of several sizes."""
    for size in SIZES:
        read = partial(compare_reading_in_pieces, protocol, size=size)
        yield compare_all(f"streamed, in pieces of {size}", read, streams_of(protocol, longest))


def cut_rows(protocol: Protocol) -> Iterator[Row]:
    """Read the streams up to each cut."""
    for name, cuts in (("cut between events", boundary_cuts), ("cut inside events", inside_cuts)):
        all_cuts = chain.from_iterable(cuts(protocol, exchange) for exchange in streams_of(protocol))
        yield compare_all(name, expect_truncated, all_cuts)


def interruption_rows(protocol: Protocol, every: int = 1) -> Iterator[Row]:
    """Read streams from a socket that ends too early; of all streams in order of size, one in `every`."""
    streams = sorted(streams_of(protocol), key=lambda exchange: len(exchange.body))[::every]
    for name, ending in ENDINGS.items():
        yield compare_all(name, _raise_exceptions, read_all_by_client(protocol, ending, streams))


def _raise_exceptions(result: Comparison | BaseException) -> Comparison:
    if isinstance(result, BaseException):
        raise result
    return result


def request_row(protocol: Protocol) -> Row:
    """Read all requests and encode them again."""
    requests = [exchange for exchange in exchanges(protocol.name) if exchange.request is not None]
    return compare_all("requests, encoded again", partial(compare_rewritten_request, protocol), requests)


def corruption_rows(protocol: Protocol, times: int) -> Iterator[Row]:
    """Read corrupted recordings; any result is fine, but no exception."""
    recorded = exchanges(protocol.name)
    yield compare_all(
        f"answers, corrupted {times} times each", partial(decode_corrupted, protocol, times=times), recorded
    )
    requests = [exchange for exchange in recorded if exchange.request is not None]
    yield compare_all(
        f"requests, corrupted {times} times each", partial(read_corrupted, protocol, times=times), requests
    )


def rows(protocol: Protocol) -> Iterator[Row]:
    """Compare all recordings of a protocol in all modes."""
    yield from read_rows(protocol)
    yield from piece_rows(protocol)
    yield from cut_rows(protocol)
    yield from interruption_rows(protocol)
    yield request_row(protocol)
    yield from corruption_rows(protocol, CORRUPTIONS)


HEAD = ("records", "equal", "same", "agreed %", "excused", "unexplained", "raised")


def table(protocol: Protocol, results: list[Row]) -> Iterator[str]:
    """Format the rows, and below them the differences."""
    yield f"{protocol.name:<30}" + "".join(f"{name:>12}" for name in HEAD)
    for it in results:
        counts = (it.records, it.count("equal"), it.count("same"), f"{it.share('equal', 'same'):.2f}")
        others = (it.count("excused"), it.count("unexplained"), len(it.raised))
        yield f"{it.mode:<30}" + "".join(f"{figure:>12}" for figure in counts + others)
    for it in results:
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
        results = list(rows(protocol))
        sys.stdout.write("\n".join(table(protocol, results)) + "\n\n")
        worst += sum(it.count("unexplained") + len(it.raised) for it in results)
    return min(worst, 1)


if __name__ == "__main__":
    sys.exit(main())
