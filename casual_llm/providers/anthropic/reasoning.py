"""Write reasoning as `thinking` and `output_config.effort`, and read it back.

Models from 4.6 on think adaptively, by an effort; those from 3.7 to 4.6 by a budget (vendor's pages
"Adaptive thinking", "Extended thinking"). What a model cannot do in the way that is asked for is put in the
other way and reported, or dropped.
"""

from __future__ import annotations

from collections.abc import Mapping

from casual_llm.frozen import Json
from casual_llm.options.reasoning import Reasoning
from casual_llm.wire.capabilities import Capabilities, drop_fields
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import Report

_LEAST_BUDGET = 1024
_BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 32000,
}
"""For models that know budgets alone; about what the vendor's guide suggests for easy and hard tasks."""
_DISPLAY: Mapping[bool, str] = {True: "summarized", False: "omitted"}
_PATH = "options.reasoning"


def budget_of(reasoning: Reasoning | None, model: Capabilities) -> int | None:
    """Return how many tokens a model may think, for models whose reasoning is set by a budget.

    >>> budget_of(Reasoning(effort="low"), Capabilities(reasoning_effort=False))
    2048
    """
    if reasoning is None or not model.reasoning_budget:
        return None
    if reasoning.budget_tokens is not None:
        return max(reasoning.budget_tokens, _LEAST_BUDGET)
    return None if model.reasoning_effort else _BUDGETS.get(reasoning.effort or "")


def write_reasoning(
    reasoning: Reasoning | None, limit: int | None, model: Capabilities, report: Report
) -> tuple[Body | None, str | None]:
    """Return `thinking` and the effort; a budget stays below the limit of the answer.

    >>> write_reasoning(Reasoning(effort="high"), 4096, Capabilities(), Report())
    ({'type': 'adaptive'}, 'high')
    """
    if reasoning is None:
        return None, None
    can_reason = model.reasoning_effort or model.reasoning_budget
    if reasoning.effort == "none":
        drop_fields(reasoning, ("show", "between_tools"), report)
        if not can_reason:
            report.changed(f"{_PATH}.effort", "implied", "none")
        return {"type": "disabled"} if can_reason else None, None
    budget = budget_of(reasoning, model)
    if budget is not None:
        return _enabled(reasoning, budget, limit, report)
    if model.reasoning_effort:
        return _adaptive(reasoning, report)
    report.dropped(_PATH, reasoning.fields)
    return None, None


def _adaptive(reasoning: Reasoning, report: Report) -> tuple[Body | None, str | None]:
    effort = "low" if reasoning.effort == "minimal" else reasoning.effort
    if effort != reasoning.effort:
        report.replaced(f"{_PATH}.effort", reasoning.effort, effort)
    if reasoning.budget_tokens is not None:
        report.replaced(f"{_PATH}.budget_tokens", reasoning.budget_tokens, "adaptive")
    if reasoning.between_tools:
        drop_fields(reasoning, ("show",), report)
        return {"type": "between_tools"}, effort
    drop_fields(reasoning, ("between_tools",), report)
    if reasoning.show is None and not effort and reasoning.budget_tokens is None:
        return None, None
    display = None if reasoning.show is None else _DISPLAY[reasoning.show]
    return without_none({"type": "adaptive", "display": display}), effort


def _enabled(
    reasoning: Reasoning, budget: int, limit: int | None, report: Report
) -> tuple[Body | None, str | None]:
    drop_fields(reasoning, ("between_tools",), report)
    if limit is not None and limit <= _LEAST_BUDGET:
        report.dropped(_PATH, reasoning.fields)
        return None, None
    allowed = budget if limit is None else min(budget, limit - 1)
    if reasoning.effort is not None:
        report.replaced(f"{_PATH}.effort", reasoning.effort, {"budget_tokens": allowed})
    elif allowed != reasoning.budget_tokens:
        report.replaced(f"{_PATH}.budget_tokens", reasoning.budget_tokens, allowed)
    display = None if reasoning.show is None else _DISPLAY[reasoning.show]
    return without_none({"type": "enabled", "budget_tokens": allowed, "display": display}), None


def read_reasoning(thinking: Json, effort: Json) -> Reasoning | None:
    """Read `thinking` and the effort; `None` where they hold more than an option can express.

    >>> read_reasoning({"type": "adaptive"}, "high")
    Reasoning(effort='high')
    """
    fields = dict(mapping(thinking))
    kind, display = text(fields.pop("type", None)), fields.pop("display", None)
    show = {name: value for value, name in _DISPLAY.items()}.get(text(display))
    given: Body = {"show": show, "effort": effort}
    if kind == "disabled" and effort is None:
        given["effort"] = "none"
    elif kind == "enabled" and effort is None:
        given["budget_tokens"] = fields.pop("budget_tokens", None)
    elif kind == "between_tools":
        given["between_tools"] = True
    elif kind != "adaptive":
        return None
    try:
        read = None if fields or (display and show is None) else Reasoning.of(without_none(given))
    except ValueError:
        return None
    return read if read is not None and _is_whole(read, thinking, effort) else None


def _is_whole(reasoning: Reasoning, thinking: Json, effort: Json) -> bool:
    """Return whether writing the options restores what was read."""
    return write_reasoning(reasoning, None, Capabilities(), Report()) == (thinking, effort)
