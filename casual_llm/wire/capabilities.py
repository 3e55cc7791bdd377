"""Describe what a model supports as one value, and restrict options to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias, get_args

from attrs import field, frozen

from casual_llm.frozen import Json, thaw
from casual_llm.options import ChatOptions, set_fields
from casual_llm.options.reasoning import Reasoning, ReasoningEffort
from casual_llm.wire.report import Report

Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""The least and the greatest number that a server takes, by the name of the option."""

EFFORTS: Final[tuple[ReasoningEffort, ...]] = get_args(ReasoningEffort)
"""All efforts, from the least to the greatest."""
BUDGETS: Final[Mapping[str, int]] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 32000,
}
"""The tokens that stand for each effort; about what Anthropic's guide suggests for easy and hard tasks."""
_PATH = "options.reasoning"


@frozen(kw_only=True)
class Capabilities:
    """What a model takes; the defaults are those of a model that takes everything."""

    unsupported: Collection[str] = ()
    """Options, and fields of `reasoning` such as `reasoning.show`, that are refused or ignored."""
    ranges: Ranges = field(factory=dict)
    """Options with a range that is narrower than theirs; the nearest number is sent for one outside."""
    unsupported_while_reasoning: Collection[str] = ()
    ranges_while_reasoning: Ranges = field(factory=dict)
    """What holds in addition if the call asks the model to reason."""
    alternatives: Sequence[str] = ()
    """Options of which only one is taken: the first that is set."""
    max_stop_sequences: int | None = None
    forced_calls: bool = True
    """Whether a call of a tool can be required."""
    efforts: Collection[str] = EFFORTS
    """The efforts that the model knows; with no effort and no budgets, it does not reason."""
    budgets: bool = True
    """Whether the model reasons by a budget of tokens."""
    schemas: bool = True
    """Whether the model supports answers that follow a JSON Schema."""

    @property
    def reasons(self) -> bool:
        """Whether the model can be asked to reason."""
        return self.budgets or any(effort != "none" for effort in self.efforts)


def limit_options(options: ChatOptions, capabilities: Capabilities, report: Report) -> ChatOptions:
    """Cut options to what a model takes, and report what is dropped or replaced.

    >>> report = Report()
    >>> limit_options(ChatOptions(temperature=1.5, seed=1), Capabilities(
    ...     unsupported={"seed"}, ranges={"temperature": (0, 1)}), report)
    ChatOptions(temperature=1.0)
    >>> [(loss.path, loss.kind) for loss in report.losses]
    [('options.seed', 'unsupported'), ('options.temperature', 'replaced')]

    What a key of `extra` replaces is left as it is: it is not sent. A call that asks for reasoning and for
    what excludes it, such as a temperature, keeps the reasoning: it changes the answer more.
    """
    update: dict[str, Any] = {}
    given, extra = set_fields(options), options.extra or {}
    unsupported, ranges = {*capabilities.unsupported}, {**capabilities.ranges}
    if options.reasoning is not None and "reasoning" not in unsupported:
        update["reasoning"] = limit_reasoning(Reasoning.of(options.reasoning), capabilities, report)
        if update["reasoning"] is not None and update["reasoning"].effort != "none":
            unsupported.update(capabilities.unsupported_while_reasoning)
            ranges |= capabilities.ranges_while_reasoning
    if options.parallel_tool_calls is not None and not (options.tools or "tools" in extra):
        unsupported.discard("parallel_tool_calls")
        update["parallel_tool_calls"] = None
        report.changed("options.parallel_tool_calls", "implied", options.parallel_tool_calls)
    unsupported.update([name for name in capabilities.alternatives if name in given][1:])
    for name in filter(unsupported.__contains__, given):
        value, update[name] = given[name], None
        report.dropped(f"options.{name}", value.fields if isinstance(value, Reasoning) else value)
    if not capabilities.forced_calls and forces_call(options):
        update["tool_choice"] = "auto"
        report.replaced("options.tool_choice", options.tool_choice, "auto")
    for name, (low, high) in ranges.items():
        value = given.get(name)
        if value is None or name in update or name in extra or low <= value <= high:
            continue
        update[name] = type(value)(max(low, min(high, value)))
        report.replaced(f"options.{name}", value, update[name])
    limit, stop = capabilities.max_stop_sequences, options.stop
    if limit is not None and stop is not None and not isinstance(stop, str) and not {"stop"} & extra.keys():
        update |= _limit_stop(stop, limit, report) if "stop" not in update else {}
    return options.set(**update) if update else options


def forces_call(options: ChatOptions) -> bool:
    """Return whether the answer has to call a tool.

    >>> forces_call(ChatOptions(tool_choice="required")), forces_call(ChatOptions(tool_choice="auto"))
    (True, False)
    """
    return options.tool_choice not in {None, "auto", "none"} and "tool_choice" not in (options.extra or {})


def reasoning_of(options: ChatOptions) -> Reasoning | None:
    """Return how much a model is to reason.

    >>> reasoning_of(ChatOptions(reasoning="high"))
    Reasoning(effort='high')
    """
    return None if options.reasoning is None else Reasoning.of(options.reasoning)


def limit_reasoning(reasoning: Reasoning, capabilities: Capabilities, report: Report) -> Reasoning | None:
    """Return reasoning as a model takes it: an effort it lacks as the nearest, a budget as an effort.

    >>> limit_reasoning(Reasoning(effort="xhigh"), Capabilities(efforts=("low", "high")), Report())
    Reasoning(effort='high')
    >>> limit_reasoning(Reasoning(budget_tokens=2000), Capabilities(budgets=False), Report())
    Reasoning(effort='low')

    An effort for a model that knows budgets alone is left to the format, which knows their limits.
    """
    fields, effort, budget = reasoning.fields, reasoning.effort, reasoning.budget_tokens
    if not (capabilities.reasons or (effort == "none" and effort in capabilities.efforts)):
        if effort == "none" or not any(fields.values()):
            # Nothing is lost: the model does not reason, so there is nothing to turn off or to hide.
            report_fields(reasoning, fields, report, implied=("none", False))
        else:
            report.dropped(_PATH, fields)
        return None
    lacking = [name for name in fields if f"reasoning.{name}" in capabilities.unsupported]
    report_fields(reasoning, lacking, report)
    fields = {name: value for name, value in fields.items() if name not in lacking}
    if effort is not None and effort not in capabilities.efforts:
        fields["effort"] = nearest_effort(effort, capabilities.efforts) or effort
        if fields["effort"] != effort:
            report.replaced(f"{_PATH}.effort", effort, fields["effort"])
    if budget is not None and not capabilities.budgets:
        del fields["budget_tokens"]
        fields["effort"] = nearest_effort(effort_of(budget), capabilities.efforts)
        report.replaced(f"{_PATH}.budget_tokens", budget, {"effort": fields["effort"]})
    return Reasoning.of(fields) if fields else None


def nearest_effort(effort: str, efforts: Collection[str]) -> str | None:
    """Return the next lower effort that is known, or else the lowest; `none` is never the next lower.

    >>> nearest_effort("max", {"none", "low", "high"}), nearest_effort("none", {"low", "high"})
    ('high', 'low')
    >>> nearest_effort("high", {"none"}) is None
    True
    """
    order: Sequence[str] = EFFORTS
    known = [name for name in order if name in efforts and name != "none"]
    lower = [name for name in known if order.index(name) <= order.index(effort)]
    return lower[-1] if lower else next(iter(known), None)


def effort_of(budget: int) -> str:
    """Return the effort whose budget is nearest.

    >>> effort_of(2000), effort_of(100_000)
    ('low', 'max')
    """
    return min(BUDGETS, key=lambda effort: abs(BUDGETS[effort] - budget))


def report_fields(
    reasoning: Reasoning, names: Collection[str], report: Report, implied: Collection[Json] = ()
) -> None:
    """Report those of the named fields that are set as dropped; a value that is implied is no loss.

    >>> report = Report()
    >>> report_fields(Reasoning(effort="low", show=True), ["show"], report)
    >>> report.losses[0].path
    'options.reasoning.show'
    """
    for name, value in reasoning.fields.items():
        if name in names and value in implied:
            report.changed(f"{_PATH}.{name}", "implied", value)
        elif name in names:
            report.dropped(f"{_PATH}.{name}", value)


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
