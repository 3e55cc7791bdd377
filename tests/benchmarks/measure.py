"""Several ways of the same work, run in turn in one process, and a table that compares them.

The CPU time of this process is measured, so that neither waiting nor a server in another process counts.
Each round runs every way, and begins with a different one.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import frozen

Way = Callable[[], Awaitable[object]]
OURS = "ours"


@frozen
class Row:
    """One unit of work: the figure of each way, and the largest allowed ratio of ours to another."""

    unit: str
    figures: Mapping[str, float]
    limits: Mapping[str, float | None]


async def run_round(ways: Mapping[str, Way], number: int, *, calls: int = 1) -> dict[str, float]:
    """Return the microseconds of CPU per call of each way; the number rotates which way runs first."""
    turn, taken = deque(ways), dict[str, float]()
    turn.rotate(-number)
    gc.collect()
    gc.freeze()  # older objects are not searched again between the ways
    for name in turn:
        gc.collect()  # no way pays for the garbage of another
        start = time.process_time()
        for _ in range(calls):
            await ways[name]()
        taken[name] = (time.process_time() - start) / calls * 1e6
    gc.unfreeze()
    return taken


def medians(rounds: Sequence[Mapping[str, float]], units: int = 1) -> dict[str, float]:
    """Return the median of all rounds for each way, divided by the units of a call."""
    return {name: statistics.median(taken[name] for taken in rounds) / units for name in rounds[0]}


async def check_agreement(ways: Mapping[str, Callable[[], Awaitable[str]]]) -> None:
    """Run each way once; raise a ValueError unless all return the same text."""
    texts = {name: await way() for name, way in ways.items()}
    if len(set(texts.values())) != 1 or not all(texts.values()):
        heads = {name: text[:80] for name, text in texts.items()}
        raise ValueError(f"the ways return different texts: {heads}")


def print_table(measure: str, rows: Sequence[Row]) -> None:
    """Print rows of the same ways, with the ratios of ours and whether each limit holds."""
    figures = "".join(f"{f'{name} {measure}':>18}" for name in rows[0].figures)
    ratios = "".join(f"   {f'{OURS}/{name}':22}" for name in rows[0].limits)
    lines = [f"{'':48}{figures}{ratios}", *map(_line, rows)]
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in lines)


def _line(row: Row) -> str:
    figures = "".join(f"{figure:18,.1f}" for figure in row.figures.values())
    return f"{row.unit:48}{figures}" + "".join(f"   {_outcome(row, name):22}" for name in row.limits)


def _outcome(row: Row, name: str) -> str:
    ratio, limit = row.figures[OURS] / row.figures[name], row.limits[name]
    if limit is None:
        return f"{ratio:.3f}"
    return f"{ratio:.3f} (<= {limit} {'holds' if ratio <= limit else 'FAILS'})"
