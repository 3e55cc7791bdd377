"""Write reasoning as `thinking` and `output_config.effort`, and read it back.

Models from 4.6 on think adaptively, by an effort; those from 3.7 to 4.6 by a budget (vendor's pages
"Adaptive thinking", "Extended thinking"). What a model cannot do in the way that is asked for is put in the
other way and reported, or dropped. A `thinking` of type `between_tools` is the least that some models do: no
reasoning before the answer, and notes between calls of tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.options.reasoning import Reasoning
from casual_llm.providers.anthropic.models import capabilities
from casual_llm.wire.capabilities import BUDGETS, Capabilities, nearest_effort, report_fields
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import Report

LEAST_BUDGET = 1024
_DISPLAY: Mapping[bool, str] = {True: "summarized", False: "omitted"}
_PATH = "options.reasoning"


def write_reasoning(
    reasoning: Reasoning | None,
    limit: int | None,
    model: Capabilities,
    report: Report,
    off: Sequence[str] = ("disabled", "between_tools"),
) -> tuple[Body | None, str | None]:
    """Return `thinking` and the effort; `off` are the types that turn it off, of which the first is usual.

    >>> write_reasoning(Reasoning(effort="high"), 4096, Capabilities(), Report())
    ({'type': 'adaptive'}, 'high')
    """
    if reasoning is None:
        return None, None
    if reasoning.effort == "none":
        return _off(reasoning, off, report), None
    display = None if reasoning.show is None else _DISPLAY[reasoning.show]
    budget = _budget(reasoning, model)
    if budget is not None:
        # Thinking between calls of tools is a beta for models that think by a budget.
        report_fields(reasoning, ("between_tools",), report, implied=(False,))
        allowed = _allowed(reasoning, budget, limit, report)
        return without_none({"type": "enabled", "budget_tokens": allowed, "display": display}), None
    if nearest_effort("max", model.efforts) is None:
        # Without a budget this model does not think, so there is nothing to show.
        report_fields(reasoning, reasoning.fields, report, implied=(False,))
        return None, None
    # Adaptive thinking goes on between calls of tools ("Adaptive thinking", Interleaved thinking).
    report_fields(reasoning, ("between_tools",), report, implied=(True,))
    if reasoning.fields == {"between_tools": False}:
        return None, None
    return without_none({"type": "adaptive", "display": display}), reasoning.effort


def _budget(reasoning: Reasoning, model: Capabilities) -> int | None:
    """Return the budget that is asked for, or that stands for an effort the model does not know."""
    if reasoning.effort in model.efforts:
        return None
    return BUDGETS.get(reasoning.effort or "", reasoning.budget_tokens)


def _off(reasoning: Reasoning, off: Sequence[str], report: Report) -> Body:
    wanted = "between_tools" if reasoning.between_tools else "disabled"
    applied = wanted if wanted in off else off[0]
    report_fields(reasoning, ("show",), report, implied=(False,))
    if applied == "disabled":
        report_fields(reasoning, ("between_tools",), report, implied=(False,))
    elif wanted == "disabled":
        report.replaced(f"{_PATH}.effort", reasoning.effort, applied)
    return {"type": applied}


def _allowed(reasoning: Reasoning, budget: int, limit: int | None, report: Report) -> int:
    """Return the budget that leaves room for an answer."""
    allowed = max(budget, LEAST_BUDGET) if limit is None else min(max(budget, LEAST_BUDGET), limit - 1)
    if reasoning.effort is not None:
        report.replaced(f"{_PATH}.effort", reasoning.effort, {"budget_tokens": allowed})
    elif allowed != budget:
        report.replaced(f"{_PATH}.budget_tokens", budget, allowed)
    return allowed


def reasoning_tokens(thinking: Json, effort: Json) -> int:
    """Return how many tokens of the answer are for reasoning; an effort stands for a budget.

    >>> reasoning_tokens({"type": "enabled", "budget_tokens": 2000}, None)
    2000
    >>> reasoning_tokens({"type": "adaptive"}, "low"), reasoning_tokens({"type": "disabled"}, None)
    (2048, 0)
    """
    budget = mapping(thinking).get("budget_tokens")
    if mapping(thinking).get("type") == "adaptive":
        return BUDGETS.get(text(effort) or "high", 0)  # the vendor's default is `high`
    return budget if isinstance(budget, int) else 0


def read_reasoning(thinking: Json, effort: Json) -> Reasoning | None:
    """Read `thinking` and the effort; `None` where they hold more than an option can express.

    >>> read_reasoning({"type": "adaptive"}, "high")
    Reasoning(effort='high')
    """
    fields = dict(mapping(thinking))
    kind, display = text(fields.pop("type", None)), fields.pop("display", None)
    show = {name: value for value, name in _DISPLAY.items()}.get(text(display))
    given: Body = {"show": show, "effort": effort}
    if kind in {"disabled", "between_tools"} and effort is None:
        given |= {"effort": "none", "between_tools": True if kind == "between_tools" else None}
    elif kind == "enabled" and effort is None:
        given["budget_tokens"] = fields.pop("budget_tokens", None)
    elif kind != "adaptive":
        return None
    try:
        read = None if fields or (display and show is None) else Reasoning.of(without_none(given))
    except ValueError:
        return None
    return read if read is not None and _is_whole(read, thinking, effort) else None


def _is_whole(reasoning: Reasoning, thinking: Json, effort: Json) -> bool:
    """Return whether writing the options restores what was read."""
    return write_reasoning(reasoning, None, capabilities(""), Report()) == (thinking, effort)
