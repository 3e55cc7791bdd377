"""The command `casual-llm`."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command."""
    if find_spec("typer") is None or find_spec("prompt_toolkit") is None:
        sys.stderr.write('casual-llm needs its extra: pip install "casual-llm[cli]"\n')
        sys.exit(2)
    from casual_llm.cli.app import app  # noqa: PLC0415 # it imports the extra

    app(prog_name="casual-llm")
