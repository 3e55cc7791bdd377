"""A person at a terminal: the command in another process, on a pseudo-terminal that controls it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define

_START = (
    "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from casual_llm.cli import main; main()"
)
_PATIENCE = 60.0
CTRL_C, CTRL_D, ENTER, UP = "\x03", "\x04", "\r", "\x1b[A"
PROMPT = "\x1b[?2004h"
"""The sequence that the terminal receives when a prompt opens."""
TYPED = "\x1b[?2004l"
"""The sequence that it receives when the line was entered."""


@define
class Terminal:
    """A process at a pseudo-terminal: its screen and its keys."""

    process: subprocess.Popen[bytes]
    keys: int
    screen: str = ""
    """Output that no call of `see` has returned yet."""
    transcript: str = ""
    """All output that `see` has returned."""

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.keys, keys.encode())

    def see(self, text: str) -> str:
        """Wait until the text is shown; return the output up to its end."""
        end = time.monotonic() + _PATIENCE
        while text not in self.screen:
            left = max(end - time.monotonic(), 0)
            assert select.select([self.keys], [], [], left)[0], f"no {text!r} in {self.screen!r}"
            self.screen += os.read(self.keys, 65536).decode()
        before, separator, self.screen = self.screen.partition(text)
        self.transcript += before + separator
        return before + separator

    def leave(self) -> int:
        """Wait for the end of the command; return its exit code."""
        return self.process.wait(_PATIENCE)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    """Start `casual-llm` at a terminal."""
    person, command = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = subprocess.Popen(  # noqa: S603 # our own command
        [sys.executable, "-c", _START, *arguments],
        stdin=command,
        stdout=command,
        stderr=command,
        start_new_session=True,
        env=environ,
    )
    os.close(command)
    try:
        yield Terminal(process, person)
    finally:
        process.kill()
        process.wait()
        os.close(person)
