"""The command `casual-llm`."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command."""
    if any(find_spec(library) is None for library in ("typer", "prompt_toolkit", "rich")):
        sys.stderr.write('casual-llm needs its extra: pip install "casual-llm[cli]"\n')
        sys.exit(2)
    from casual_llm.cli.app import app

    app(prog_name="casual-llm")
