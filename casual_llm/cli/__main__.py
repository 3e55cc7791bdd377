"""`python -m casual_llm.cli` is `casual-llm`."""

from __future__ import annotations

from casual_llm.cli import main

main()
