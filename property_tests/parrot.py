"""The toy format of docs/adding-a-provider.md, taken from the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from casual_llm.wire.codec import Codec

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-provider.md"


def _program() -> str:
    before_the_laws = PAGE.read_text("utf-8").partition("## The laws")[0]
    return "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```", before_the_laws))


def _run(program: str) -> Mapping[str, Any]:
    names: dict[str, Any] = {"__name__": "parrot_of_the_page"}
    exec(compile(program, str(PAGE), "exec", dont_inherit=True), names)  # noqa: S102 # our own page
    return names


PROGRAM = _program()
NAMES = _run(PROGRAM)
"""The names that the program of the page defines."""
PARROT: Codec[Any] = NAMES["parrot"]
