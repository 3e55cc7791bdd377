"""How a command ends: what went wrong on stderr, a line for each problem, and the exit code.

0 is an answer, 1 a call that failed, 2 wrong use, 130 Ctrl-C.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from typer import TyperException
from typer.core import TyperGroup

from casual_llm.errors import ConfigurationError

_WRONG_USE = (ValueError, TyperException)
"""ConfigurationError, RequestError and what pydantic raises are all ValueErrors."""
CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\t"), ord("\n")})
"""Control characters: on a terminal they could do more than show text."""
_OPTION = re.compile(r"^ChatOptions\.(\w+)")


class Commands(TyperGroup):
    """A group of commands in which a failure is told by its text and an exit code, never a traceback."""

    def main(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 # what typer passes on
        """Run a command and leave the process."""
        run = partial(super().main, *args, **{**settings, "standalone_mode": False})
        with _losses_as_notes():
            try:
                code = run() or 0
            except Exception as error:  # noqa: BLE001 # the last place where one can be caught
                tell("error", *described(error))
                code = 2 if isinstance(error, _WRONG_USE) else 1
        sys.exit(code)


def tell(kind: Literal["error", "note", "usage"], *lines: str) -> None:
    """Print on stderr, each line as one whatever it holds: a server may have written it."""
    sys.stderr.write(f"{kind}: " + "\n  ".join(map(_one_line, lines)) + "\n")
    sys.stderr.flush()


def _one_line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())


def described(error: Exception) -> list[str]:
    """Say what went wrong in the words of the command line, a line for each problem.

    >>> described(ValueError("ChatOptions.top_p: 2 is out of range"))
    ['--top-p: 2 is out of range']
    """
    if isinstance(error, TyperException):
        return [error.format_message()]
    text = _OPTION.sub(lambda place: "--" + place[1].replace("_", "-"), str(error) or type(error).__name__)
    return text.split("\n") if isinstance(error, ConfigurationError) else [text]


def show(text: str) -> None:
    """Print on standard output; what its encoding lacks is written as an escape."""
    encoding = sys.stdout.encoding
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell("note", record.getMessage())


def show_body(body: bytes) -> None:
    """Print bytes of the wire as they are; on a terminal as text, without what could command it."""
    if sys.stdout.isatty():
        show(body.decode("utf-8", "replace").translate(CONTROLS))
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


@contextmanager
def _losses_as_notes() -> Generator[None, None, None]:
    logger, notes = logging.getLogger("casual_llm"), _Notes(logging.WARNING)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)
