"""End a command: print problems on stderr, one a line, and set the exit code.

0 means success, 1 a failed call, 2 wrong use, 130 Ctrl-C.
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
"""ConfigurationError, RequestError and the errors of pydantic are all ValueErrors."""
CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\t"), ord("\n")})
"""Control characters, which on a terminal could do more than show text."""
_OPTION = re.compile(r"^ChatOptions\.(\w+)")


class Commands(TyperGroup):
    """A group of commands that report a failure by its text and an exit code, never by a traceback."""

    def main(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 # what typer passes on
        """Run a command and leave the process."""
        run = partial(super().main, *args, **{**settings, "standalone_mode": False})
        with _losses_as_notes():
            try:
                code = run() or 0
            except Exception as error:  # noqa: BLE001 # nothing above catches it
                print_note("error", *error_lines(error))
                code = 2 if isinstance(error, _WRONG_USE) else 1
        sys.exit(code)


def print_note(label: Literal["error", "note", "usage"], *lines: str) -> None:
    """Print lines on stderr behind a label; a line break inside one, which a server may send, is a space."""
    sys.stderr.write(f"{label}: " + "\n  ".join(map(_one_line, lines)) + "\n")
    sys.stderr.flush()


def _one_line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())


def error_lines(error: Exception) -> list[str]:
    """Describe an error in terms of the command line, a line for each problem.

    >>> error_lines(ValueError("ChatOptions.top_p: 2 is out of range"))
    ['--top-p: 2 is out of range']
    """
    if isinstance(error, TyperException):
        return [error.format_message()]
    text = _OPTION.sub(lambda match: "--" + match[1].replace("_", "-"), str(error) or type(error).__name__)
    return text.split("\n") if isinstance(error, ConfigurationError) else [text]


def print_text(text: str) -> None:
    """Print on standard output; characters that its encoding lacks are written as escapes."""
    encoding = sys.stdout.encoding
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print_note("note", record.getMessage())


def print_body(body: bytes) -> None:
    """Print the bytes of a body unchanged; on a terminal, as text without control characters."""
    if sys.stdout.isatty():
        print_text(body.decode("utf-8", "replace").translate(CONTROLS))
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
