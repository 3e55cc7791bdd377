"""Read a dump of mutation testing, and print each survivor without a written reason.

The reasons are in `reasons.toml` in this folder: for a line of the source, and the operators that may
change it unnoticed, why no test can notice.
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
"""The outcomes of mutants that the tests ran on; a filter left out one that is `skipped`."""


def changed(diff: str) -> tuple[str, str]:
    """Return the changed line before and after."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    before = [line[1:].strip() for line in lines if line.startswith("-")]
    after = [line[1:].strip() for line in lines if line.startswith("+")]
    return " ".join(before), " ".join(after)


def excused(operator: str, before: str) -> bool:
    """Return whether a reason is written for a survivor."""
    return any(
        reason["line"] in before and re.search(reason["operator"], operator) is not None for reason in REASONS
    )


def ended(result: dict[str, Any] | None) -> str:
    """Return the outcome of a mutant: that of its tests, or the reason why they did not run."""
    return "not tried" if result is None else str(result["test_outcome"] or result["worker_outcome"])


def survivors(item: dict[str, Any], result: dict[str, Any]) -> Iterator[str]:
    """Describe a mutant that survived, unless a reason is written."""
    mutation = item["mutations"][0]
    before, after = changed(result["diff"])
    if not excused(mutation["operator_name"], before):
        position = f"{mutation['module_path']}:{mutation['start_pos'][0]}"
        yield f"{position} {mutation['operator_name']}\n  - {before}\n  + {after}"


def main(dump: Iterable[str]) -> int:
    """Print the survivors without a reason, and the counts; fail also if a mutant was not tried."""
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
    counts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common()) or "no mutants"
    figures = f"{counts}; {len(unexcused)} survivors without a reason, {untried} without a test"
    sys.stdout.write("\n".join([*unexcused, figures, ""]))
    return 0 if tried and not untried and not unexcused else 1


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
