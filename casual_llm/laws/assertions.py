"""Assertions of laws: an `AssertionError` that shows what does not hold."""

from __future__ import annotations

from typing import TypeVar

from returns.pipeline import is_successful
from returns.result import Result

_T = TypeVar("_T")
_E = TypeVar("_E")


def same(actual: object, expected: object) -> None:
    """Raise an `AssertionError` unless two values are equal.

    >>> same(1, 2)
    Traceback (most recent call last):
    ...
    AssertionError: 1
    is not
    2
    """
    # Not `assert`: a law is checked by programs that run without them, too.
    if actual != expected:
        raise AssertionError(f"{actual!r}\nis not\n{expected!r}")


def holds(condition: object, problem: str) -> None:
    """Raise an `AssertionError` with the problem unless the condition is true."""
    if not condition:
        raise AssertionError(problem)


def value_of(result: Result[_T, object]) -> _T:
    """Return the value of a success; raise an `AssertionError` for a failure.

    >>> from returns.result import Failure
    >>> value_of(Failure("messages: the list is empty"))
    Traceback (most recent call last):
    ...
    AssertionError: it fails: messages: the list is empty
    """
    if not is_successful(result):
        raise AssertionError(f"it fails: {result.failure()}")
    return result.unwrap()


def failure_of(result: Result[object, _E]) -> _E:
    """Return the failure of a result; raise an `AssertionError` for a success."""
    if is_successful(result):
        raise AssertionError(f"it does not fail, but gives {result.unwrap()!r}")
    return result.failure()
