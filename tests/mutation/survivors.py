"""Read a dump of mutation testing, and print each survivor without a written reason.

The reasons are in `reasons.toml` beside this file: for a line of the source, and the operators that may
change it without a test's notice, why nothing can notice.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

REASONS = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text("utf-8"))["reason"]
TRIED = ("killed", "incompetent", "survived")
"""How mutants end that met the tests; one that is skipped was left out by a filter."""


def changed(diff: str) -> tuple[str, str]:
    """Give the line before and after."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    before = [line[1:].strip() for line in lines if line.startswith("-")]
    after = [line[1:].strip() for line in lines if line.startswith("+")]
    return " ".join(before), " ".join(after)


def excused(operator: str, before: str) -> bool:
    """Tell whether a reason is written."""
    return any(
        reason["line"] in before and re.search(reason["operator"], operator) is not None for reason in REASONS
    )


def ended(result: dict[str, Any] | None) -> str:
    """Say how a mutant ended: by its tests, or by what kept it from them, such as a filter."""
    return "not tried" if result is None else str(result["test_outcome"] or result["worker_outcome"])


def survivors(item: dict[str, Any], result: dict[str, Any]) -> Iterator[str]:
    """Show a mutant that survived, unless a reason is written."""
    mutation = item["mutations"][0]
    before, after = changed(result["diff"])
    if not excused(mutation["operator_name"], before):
        place = f"{mutation['module_path']}:{mutation['start_pos'][0]}"
        yield f"{place} {mutation['operator_name']}\n  - {before}\n  + {after}"


def main(dump: Iterable[str]) -> int:
    """Print what survived without a reason, and the figures; what was not tried is no success either."""
    outcomes: Counter[str] = Counter()
    unexcused: list[str] = []
    for line in dump:
        item, result = json.loads(line)
        outcome = ended(result)
        outcomes[outcome] += 1
        if outcome == "survived":
            unexcused += survivors(item, result)
    tried = sum(outcomes[outcome] for outcome in TRIED)
    untried = outcomes.total() - tried - outcomes["skipped"]
    told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common()) or "no mutants"
    figures = f"{told}; {len(unexcused)} survivors without a reason, {untried} without a test"
    sys.stdout.write("\n".join([*unexcused, figures, ""]))
    return 0 if tried and not untried and not unexcused else 1


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
