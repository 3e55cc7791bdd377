"""Standard output that claims to be a terminal, for a command in this process."""

from __future__ import annotations

import io

import pytest

from casual_llm.cli.app import app


class Screen(io.TextIOWrapper):
    """A terminal that records what is printed on it."""

    def __init__(self, encoding: str) -> None:
        self.shown = io.BytesIO()
        super().__init__(self.shown, encoding=encoding, newline="")

    def isatty(self) -> bool:
        return True


def on_screen(patch: pytest.MonkeyPatch, columns: int, *arguments: str, encoding: str = "utf-8") -> str:
    """Run `casual-llm` on a terminal of this width; return its output, escape sequences included."""
    screen = Screen(encoding)
    patch.setattr("sys.stdout", screen)
    patch.setenv("COLUMNS", str(columns))
    patch.setenv("TERM", "xterm")
    with pytest.raises(SystemExit) as ended:
        app(arguments)
    assert ended.value.code == 0
    return screen.shown.getvalue().decode(encoding)
