"""A base class for objects that hold connections and are used with `async with`."""

from __future__ import annotations

from abc import abstractmethod
from types import TracebackType
from typing import Self


class Closing:
    """Closed at the end of the `async with` block it is used in, by `aclose()`."""

    async def __aenter__(self) -> Self:
        """Return the object itself; connections are made on first use."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections."""
