"""A conversation as it was written: bytes that a longer conversation begins with.

Messages do not change, so what was written of a conversation can be gone on with. `Prefix` is the
state of that fold: a codec takes the one of an earlier call, writes the messages that came since,
and gives the next. Whoever keeps none gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen
from frozendict import frozendict

from casual_llm.wire.report import Loss


@frozen(kw_only=True)
class Prefix:
    """The first messages of a conversation as bytes, and what it takes to go on."""

    count: int = 0
    """How many messages are written for good; those after them can still change their bytes."""
    pieces: tuple[bytes, ...] = field(default=(), repr=False)
    """Together, the inside of the array of messages."""
    losses: tuple[Loss, ...] = ()
    changes: tuple[Loss, ...] = ()
    names: Mapping[str, str] = frozendict()
    """The names of the tools that were called, by the ids of the calls."""
    system: tuple[bytes, ...] = ()
    """System blocks, for a format that has them in a place of their own."""


EMPTY_PREFIX = Prefix()
"""Of a conversation that was never written."""


def append(pieces: tuple[bytes, ...], bodies: Iterable[bytes]) -> tuple[bytes, ...]:
    r"""Add the bodies of messages to what is written.

    >>> append((b'{"a":1}',), [b'{"b":2}'])
    (b'{"a":1},{"b":2}',)

    A piece is joined to the one before it unless that one is more than twice as long, so there are few
    pieces, and adding a message does not copy all that came before.
    """
    added = b",".join(bodies)
    if not added:
        return pieces
    kept = [*pieces, b"," + added] if pieces else [added]
    while len(kept) > 1 and len(kept[-2]) <= 2 * len(kept[-1]):
        last = kept.pop()
        kept[-1] += last
    return tuple(kept)


def array(pieces: Sequence[bytes], bodies: Iterable[bytes] = ()) -> tuple[bytes, ...]:
    """Close the array of messages: what is written for good, and what may still change."""
    tail = b",".join(bodies)
    return (b"[", *pieces, b"," if pieces and tail else b"", tail, b"]")
