"""The third state of an option: `OMIT`, which is neither a value nor "not set".

`None` says nothing about a field, so a layer below may still set it. `OMIT` says that nothing is to be
sent, whatever lies below. It is kept by every merge and disappears when a call is encoded.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

from casual_llm.frozen import FrozenDict

_V_co = TypeVar("_V_co", covariant=True)


class Omit(Enum):
    """The type of `OMIT`, its only member; a type checker narrows by `is OMIT`."""

    OMIT = "OMIT"

    def __repr__(self) -> str:
        """Show it as it is written."""
        return self.name

    __str__ = __repr__


OMIT: Final = Omit.OMIT
"""Send nothing, even if a layer below sets this.

>>> import copy, pickle
>>> pickle.loads(pickle.dumps(OMIT)) is copy.deepcopy(OMIT) is OMIT
True
"""


class Replace(FrozenDict[_V_co]):
    """A map that stands in place of all maps below it, instead of adding to them.

    It is what `OMIT` and a map above it make together, so that grouping does not matter:

    >>> Replace({"user": "u-1"})
    Replace({'user': 'u-1'})
    >>> Replace({"user": "u-1"}) == {"user": "u-1"}
    False
    """

    def __eq__(self, other: object) -> bool:
        """Differ from a map that adds: the two merge differently."""
        return isinstance(other, Replace) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        """Say the opposite of `==`."""
        return not self == other

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash((Replace, super().__hash__()))

    def __repr__(self) -> str:
        """Show it as it is written."""
        return f"Replace({super().__repr__()})"
