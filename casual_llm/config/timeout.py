"""How long a call may take, phase by phase."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from casual_llm.validation import invalid, preview

_FOREVER = 1e9
"""Seconds; a longer timeout is meant as no limit, and operating systems do not accept it."""


def check_limit(value: object, path: str) -> None:
    """Check the limit of a phase in seconds; `None` means no limit.

    >>> check_limit(0, "read")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: read: 0 is not a valid timeout; use seconds > 0, or None
    """
    if value is not None and not _is_timeout(value):
        raise invalid(path, f"{preview(value)} is not a valid timeout", "use seconds > 0, or None")


def _limit(_: object, attribute: Attribute[Any], value: object) -> None:
    check_limit(value, f"Timeout.{attribute.name}")


def _is_timeout(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _FOREVER


@frozen(kw_only=True)
class Timeout:
    """Seconds allowed for each phase of a request, and for the whole call; `None` means no limit.

    Args:
        connect: seconds to open a connection; by default 10
        read: seconds of silence between two parts of the answer; by default 60
        write: seconds until the server accepts a part of the request; by default 60
        pool: seconds until a connection is free; by default 60
        total: seconds for the whole call, from its start to the last byte; by default no limit

    A value that is not a number above 0 and below 1e9 raises a `ConfigurationError`.

    >>> Timeout(read=120.0).read
    120.0
    >>> Timeout(read=0)
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: Timeout.read: 0 is not a valid timeout; use seconds > 0, or None
    """

    connect: float | None = field(default=10.0, validator=_limit)
    """To open a connection."""
    read: float | None = field(default=60.0, validator=_limit)
    """The longest silence between two parts of the answer."""
    write: float | None = field(default=60.0, validator=_limit)
    """The longest wait for the server to accept a part of the request."""
    pool: float | None = field(default=60.0, validator=_limit)
    """The longest wait for a free connection."""
    total: float | None = field(default=None, validator=_limit)
    """The whole call, from its start to the last byte; for a stream, to the last chunk."""

    @classmethod
    def of(cls, seconds: float | Timeout | None, path: str = "timeout") -> Timeout:
        """Convert seconds to a `Timeout`, with this limit for each phase and none for the whole call.

        Args:
            seconds: The limit; connecting gets at most 10. `None` means no limit in any phase, and a
                `Timeout` is returned unchanged.
            path: What an error message calls the value.

        Raises:
            ConfigurationError: The value is not a number above 0 and below 1e9.

        >>> Timeout.of(5)
        Timeout(connect=5.0, read=5.0, write=5.0, pool=5.0, total=None)

        >>> Timeout.of(-1)
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: timeout: -1 is not a valid timeout; use seconds > 0, or None
        """
        if isinstance(seconds, Timeout):
            return seconds
        if seconds is None:
            return cls(connect=None, read=None, write=None, pool=None)
        check_limit(seconds, path)
        limit = float(seconds)
        return cls(connect=min(limit, 10.0), read=limit, write=limit, pool=limit)


def as_timeout(value: float | Timeout | None) -> Timeout:
    """Convert seconds to a `Timeout`."""
    return Timeout.of(value)
