"""The cost of merging three layers of all options, compared with `a | b | c` on dicts of the same fields.

Both run in turn in one process; medians in microseconds and the ratio are printed. The layers overlap in
every field, and in one of two keys where a field is a map.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import reduce
from operator import or_
from time import perf_counter
from typing import Any

from casual_llm import ChatOptions, Tool, layered, merge

ROUNDS, CALLS = 31, 2_000
_NAMES = ("client", "model", "call")


def fields(name: str) -> dict[str, Any]:
    """Set every field."""
    return {
        "response_format": "json",
        "max_tokens": 100,
        "tools": [Tool(name="weather")],
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "tool_choice": "auto",
        "frequency_penalty": 0.1,
        "presence_penalty": 0.1,
        "seed": 7,
        "top_k": 40,
        "extra": {"user": name, name: 1},
        "provider_options": {"openai": {"user": name, name: 1}},
        "system_message_handling": "merge",
    }


def microseconds(run: Callable[[], object]) -> float:
    """Time one call, as the mean of many."""
    start = perf_counter()
    for _ in range(CALLS):
        run()
    return (perf_counter() - start) / CALLS * 1e6


def main() -> None:
    """Run all in turn and print the figures."""
    dicts = [fields(name) for name in _NAMES]
    layers = [ChatOptions(**options) for options in dicts]
    named = dict(zip(_NAMES, layers, strict=True))
    runs: dict[str, Callable[[], object]] = {
        "a | b | c on dicts": lambda: dicts[0] | dicts[1] | dicts[2],
        "merge(a, b, c)": lambda: merge(*layers),
        "layered(client=a, model=b, call=c)": lambda: layered(**named),
        "a | b | c": lambda: reduce(or_, layers),
        "ChatOptions(...), once": lambda: ChatOptions(**dicts[0]),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            taken[name].append(microseconds(run))
    floor = statistics.median(taken["a | b | c on dicts"])
    for name, times in taken.items():
        median = statistics.median(times)
        sys.stdout.write(f"{name:36}{median:8.2f} us{median / floor:8.1f}\n")


if __name__ == "__main__":
    main()
