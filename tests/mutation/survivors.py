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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

REASONS = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text("utf-8"))["reason"]


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


def main(dump: Iterable[str]) -> int:
    """Print what survived without a reason, and the figures."""
    outcomes: Counter[str] = Counter()
    unexcused = []
    for line in dump:
        item, result = json.loads(line)
        outcome: dict[str, Any] = result or {"test_outcome": "not tried"}
        outcomes[str(outcome["test_outcome"])] += 1
        if outcome["test_outcome"] in {"killed", "incompetent", "not tried"}:
            continue
        mutation = item["mutations"][0]
        before, after = changed(outcome.get("diff", ""))
        if not excused(mutation["operator_name"], before):
            place = f"{mutation['module_path']}:{mutation['start_pos'][0]}"
            unexcused.append(f"{place} {mutation['operator_name']}\n  - {before}\n  + {after}")
    told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
    sys.stdout.write("\n".join([*unexcused, f"{told}; {len(unexcused)} survivors without a reason", ""]))
    return 1 if unexcused else 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
