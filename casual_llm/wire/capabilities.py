"""Describe what a model supports as one value, and restrict options to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from casual_llm.frozen import thaw
from casual_llm.options import ChatOptions, set_fields
from casual_llm.options.reasoning import Reasoning
from casual_llm.wire.report import Report

Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""The least and the greatest number that a server takes, by the name of the option."""


@frozen(kw_only=True)
class Capabilities:
    """What a model takes; the defaults are those of a model that takes everything."""

    unsupported: Collection[str] = ()
    """Options that are refused or ignored."""
    ranges: Ranges = field(factory=dict)
    """Options with a range that is narrower than theirs; the nearest number is sent for one outside."""
    max_stop_sequences: int | None = None
    reasoning_effort: bool = True
    """Whether the model reasons by an effort."""
    reasoning_budget: bool = True
    """Whether the model reasons by a budget of tokens."""
    schemas: bool = True
    """Whether the model supports answers that follow a JSON Schema."""


def limit_options(options: ChatOptions, capabilities: Capabilities, report: Report) -> ChatOptions:
    """Cut options to what a model takes, and report what is dropped or replaced.

    >>> report = Report()
    >>> limit_options(ChatOptions(temperature=1.5, seed=1), Capabilities(
    ...     unsupported={"seed"}, ranges={"temperature": (0, 1)}), report)
    ChatOptions(temperature=1.0)
    >>> [(loss.path, loss.kind) for loss in report.losses]
    [('options.seed', 'unsupported'), ('options.temperature', 'replaced')]

    What a key of `extra` replaces is left as it is: it is not sent.
    """
    update: dict[str, Any] = {}
    given = set_fields(options)
    for name in filter(given.__contains__, capabilities.unsupported):
        update[name] = None
    for name in filter(update.__contains__, given):
        value = given[name]
        report.dropped(f"options.{name}", value.fields if isinstance(value, Reasoning) else value)
    extra = options.extra or {}
    for name, (low, high) in capabilities.ranges.items():
        value = given.get(name)
        if value is None or name in update or name in extra or low <= value <= high:
            continue
        update[name] = type(value)(max(low, min(high, value)))
        report.replaced(f"options.{name}", value, update[name])
    limit, stop = capabilities.max_stop_sequences, options.stop
    if limit is not None and stop is not None and not isinstance(stop, str) and not {"stop"} & extra.keys():
        update |= _limit_stop(stop, limit, report) if "stop" not in update else {}
    return options.set(**update) if update else options


def reasoning_of(options: ChatOptions) -> Reasoning | None:
    """Return how much a model is to reason.

    >>> reasoning_of(ChatOptions(reasoning="high"))
    Reasoning(effort='high')
    """
    return None if options.reasoning is None else Reasoning.of(options.reasoning)


def drop_fields(reasoning: Reasoning, names: Collection[str], report: Report) -> None:
    """Report those of the named fields that are set.

    >>> report = Report()
    >>> drop_fields(Reasoning(effort="low", show=True), ["show"], report)
    >>> report.losses[0].path
    'options.reasoning.show'
    """
    for name, value in reasoning.fields.items():
        if name in names:
            report.dropped(f"options.reasoning.{name}", value)


def check_parallel(options: ChatOptions, report: Report) -> bool | None:
    """Return whether one answer may call several tools; without tools it is implied.

    >>> report = Report()
    >>> check_parallel(ChatOptions(parallel_tool_calls=False), report), report.changes[0].kind
    (None, 'implied')
    """
    parallel = options.parallel_tool_calls
    if parallel is None or options.tools or "tools" in (options.extra or {}):
        return parallel
    report.changed("options.parallel_tool_calls", "implied", parallel)
    return None


def _limit_stop(stop: Sequence[str], limit: int, report: Report) -> dict[str, Any]:
    if not stop:
        report.dropped("options.stop", stop)
        return {"stop": None}
    if len(stop) <= limit:
        return {}
    report.replaced("options.stop", tuple(stop), tuple(stop[:limit]))
    return {"stop": tuple(stop[:limit])}


def stop_sequences(stop: str | Sequence[str] | None, report: Report) -> list[str] | None:
    """Return the texts to stop at as a list without blank ones, for servers that refuse those.

    >>> report = Report()
    >>> stop_sequences(["END", " "], report), report.losses[0].kind
    (['END'], 'replaced')
    """
    if stop is None:
        return None
    given = [stop] if isinstance(stop, str) else list(stop)
    sequences = [sequence for sequence in given if sequence.strip()]
    if sequences == given:
        if isinstance(stop, str):
            report.changed("options.stop", "rewritten", stop, sequences)
        return sequences
    if not sequences:
        report.dropped("options.stop", thaw(stop))
        return None
    report.replaced("options.stop", thaw(stop), sequences)
    return sequences
