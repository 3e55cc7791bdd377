"""Assertions of laws: an `AssertionError` that shows what does not hold."""

from __future__ import annotations

from typing import TypeVar

from returns.pipeline import is_successful
from returns.result import Result

_T = TypeVar("_T")
_E = TypeVar("_E")


def same(found: object, expected: object) -> None:
    """Claim that two values are equal.

    >>> same(1, 2)
    Traceback (most recent call last):
    ...
    AssertionError: 1
    is not
    2
    """
    # Not `assert`: a law is checked by programs that run without them, too.
    if found != expected:
        raise AssertionError(f"{found!r}\nis not\n{expected!r}")


def holds(condition: object, problem: str) -> None:
    """Claim that something is so."""
    if not condition:
        raise AssertionError(problem)


def value_of(result: Result[_T, object]) -> _T:
    """Claim that something succeeds, and give its value.

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
    """Claim that something fails, and give the failure."""
    if is_successful(result):
        raise AssertionError(f"it does not fail, but gives {result.unwrap()!r}")
    return result.failure()
