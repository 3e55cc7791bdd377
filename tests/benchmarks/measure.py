"""Ways of doing the same, run in turn in one process, and a table of how they compare.

What is measured is the CPU time of this process, so that waiting costs nothing and a server in a
process of its own is not counted. Each round runs every way, beginning with another one.
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
    """One unit of work: what each way took, and how many times another's figure ours may be."""

    unit: str
    figures: Mapping[str, float]
    limits: Mapping[str, float | None]


async def a_round(ways: Mapping[str, Way], number: int, *, calls: int = 1) -> dict[str, float]:
    """Give the microseconds of CPU that a call takes each way; the number says which goes first."""
    turn, taken = deque(ways), dict[str, float]()
    turn.rotate(-number)
    gc.collect()
    gc.freeze()  # what was there before is not searched again between the ways
    for name in turn:
        gc.collect()  # nobody pays for what another left behind
        start = time.process_time()
        for _ in range(calls):
            await ways[name]()
        taken[name] = (time.process_time() - start) / calls * 1e6
    gc.unfreeze()
    return taken


def medians(rounds: Sequence[Mapping[str, float]], units: int = 1) -> dict[str, float]:
    """Give the figure in the middle of all rounds, for each way and of so many units a call."""
    return {name: statistics.median(taken[name] for taken in rounds) / units for name in rounds[0]}


async def agreed(ways: Mapping[str, Callable[[], Awaitable[str]]]) -> None:
    """Run each way once, and see that all of them give the same text."""
    texts = {name: await way() for name, way in ways.items()}
    if len(set(texts.values())) != 1 or not all(texts.values()):
        heads = {name: text[:80] for name, text in texts.items()}
        raise ValueError(f"the ways differ in what they give: {heads}")


def show(measure: str, rows: Sequence[Row]) -> None:
    """Print rows that have the same figures, with the ratios of ours and whether each limit holds."""
    heads = "".join(f"{f'{name} {measure}':>18}" for name in rows[0].figures)
    beside = "".join(f"   {f'{OURS}/{name}':22}" for name in rows[0].limits)
    lines = [f"{'':48}{heads}{beside}", *map(_line, rows)]
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in lines)


def _line(row: Row) -> str:
    figures = "".join(f"{figure:18,.1f}" for figure in row.figures.values())
    return f"{row.unit:48}{figures}" + "".join(f"   {_verdict(row, name):22}" for name in row.limits)


def _verdict(row: Row, name: str) -> str:
    ratio, limit = row.figures[OURS] / row.figures[name], row.limits[name]
    if limit is None:
        return f"{ratio:.3f}"
    return f"{ratio:.3f} (<= {limit} {'holds' if ratio <= limit else 'FAILS'})"
