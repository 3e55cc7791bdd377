"""The report of a dump of mutants, and when it is a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mutation.survivors import main

DIFF = """--- mutation diff ---
--- acasual_llm/options/paths.py
+++ bcasual_llm/options/paths.py
@@ -1,1 +1,1 @@
-    if BEFORE:
+    if not BEFORE:"""


def result(outcome: str, before: str = "") -> dict[str, str | None]:
    diff = DIFF.replace("BEFORE", before)
    return {"worker_outcome": "normal", "output": "", "test_outcome": outcome, "diff": diff}


def without_test(outcome: str) -> dict[str, str | None]:
    return {"worker_outcome": outcome, "output": None, "test_outcome": None, "diff": None}


KILLED, INCOMPETENT, SURVIVED = result("killed"), result("incompetent"), result("survived", "known")
EXCUSED = result("survived", "value is OMIT")
SKIPPED, NO_TEST, NOT_TRIED = without_test("skipped"), without_test("no-test"), None


def dumped(*results: dict[str, str | None] | None) -> list[str]:
    """Write a dump, a line for each mutant of one line of the source."""
    mutation: dict[str, Any] = {
        "module_path": "casual_llm/options/paths.py",
        "operator_name": "core/ReplaceComparisonOperator_Is_Eq",
        "occurrence": 0,
        "start_pos": [7, 4],
        "end_pos": [7, 9],
        "operator_args": {},
    }
    return [json.dumps([{"job_id": "1", "mutations": [mutation]}, result]) for result in results]


@pytest.mark.parametrize(
    ("results", "code", "report"),
    [
        ([KILLED], 0, "1 killed; 0 survivors without a reason, 0 without a test\n"),
        ([KILLED, INCOMPETENT, KILLED], 0, "2 killed, 1 incompetent; 0 survivors"),
        ([KILLED, EXCUSED], 0, "1 killed, 1 survived; 0 survivors without a reason, 0 without a test\n"),
        ([KILLED, SKIPPED], 0, "1 killed, 1 skipped; 0 survivors without a reason, 0 without a test\n"),
        ([KILLED, NOT_TRIED], 1, "1 killed, 1 not tried; 0 survivors without a reason, 1 without a test\n"),
        ([KILLED, NO_TEST], 1, "1 killed, 1 no-test; 0 survivors without a reason, 1 without a test\n"),
        ([SKIPPED], 1, "1 skipped; 0 survivors without a reason, 0 without a test\n"),
        ([], 1, "no mutants; 0 survivors without a reason, 0 without a test\n"),
        ([SURVIVED], 1, "1 survived; 1 survivors without a reason, 0 without a test\n"),
    ],
)
def test_a_dump_is_a_success_where_every_mutant_was_tried_and_none_survived_without_a_reason(
    capsys: pytest.CaptureFixture[str], results: list[dict[str, str | None] | None], code: int, report: str
) -> None:
    assert main(dumped(*results)) == code
    assert report in capsys.readouterr().out


def test_a_survivor_is_printed_with_its_position_and_its_change(capsys: pytest.CaptureFixture[str]) -> None:
    main(dumped(KILLED, SURVIVED))
    assert capsys.readouterr().out.startswith(
        "casual_llm/options/paths.py:7 core/ReplaceComparisonOperator_Is_Eq\n"
        "  - if known:\n  + if not known:\n"
    )
