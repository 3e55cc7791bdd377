"""The third state of an option: `OMIT`, which is neither a value nor "not set".

`None` leaves a field unset, so that a layer below may still set it. `OMIT` means that nothing is sent,
whatever is below. Every merge preserves it, and it disappears when a call is encoded.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

from casual_llm.frozen import FrozenDict

_V_co = TypeVar("_V_co", covariant=True)


class Omit(Enum):
    """The type of `OMIT`, its only member; a type checker narrows by `is OMIT`.

    >>> from casual_llm import ChatOptions, Layer
    >>> layer: Layer = ChatOptions(stop=OMIT)
    >>> layer.stop is OMIT
    True
    """

    OMIT = "OMIT"

    def __repr__(self) -> str:
        """Show it as it is written in code."""
        return self.name

    __str__ = __repr__


OMIT: Final = Omit.OMIT
"""Send nothing, even if a layer below sets this.

>>> import copy, pickle
>>> pickle.loads(pickle.dumps(OMIT)) is copy.deepcopy(OMIT) is OMIT
True
"""


class Replace(FrozenDict[_V_co]):
    """A dict that replaces the dicts of lower layers, instead of adding to them.

    The merge of `OMIT` with a dict above it is `Replace` of that dict, so that grouping does not matter.

    Args:
        items: the keys and values, as for `dict`

    >>> Replace({"user": "u-1"})
    Replace({'user': 'u-1'})
    >>> Replace({"user": "u-1"}) == {"user": "u-1"}
    False
    """

    def __eq__(self, other: object) -> bool:
        """Differ from a dict that adds: the two merge differently."""
        return isinstance(other, Replace) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        """Return the opposite of `==`."""
        return not self == other

    def __hash__(self) -> int:
        """Return a hash that agrees with `==`."""
        return hash((Replace, super().__hash__()))

    def __repr__(self) -> str:
        """Show it as it is written in code."""
        return f"Replace({super().__repr__()})"
