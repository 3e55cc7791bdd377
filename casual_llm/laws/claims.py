"""How a law says that it does not hold."""

from __future__ import annotations


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
