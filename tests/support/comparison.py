"""What a comparison found: agreement, a difference with a known reason, one without, or an exception."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Verdict:
    """One comparison: equal, the same by rules that are named, excused for a reason, or unexplained."""

    kind: Literal["equal", "same", "excused", "unexplained"]
    why: tuple[str, ...] = ()


EQUAL = Verdict("equal")


def same(*rules: str) -> Verdict:
    return Verdict("same", rules)


def excused(why: str) -> Verdict:
    return Verdict("excused", (why,))


def unexplained(problem: str) -> Verdict:
    return Verdict("unexplained", (problem,))


@frozen(kw_only=True)
class Row:
    """A row of the table: one way of trying all records of a protocol."""

    mode: str
    verdicts: tuple[Verdict, ...]
    raised: tuple[str, ...]

    @property
    def records(self) -> int:
        return len(self.verdicts) + len(self.raised)

    def count(self, *kinds: str) -> int:
        return sum(verdict.kind in kinds for verdict in self.verdicts)

    def share(self, *kinds: str) -> float:
        """Give the share of these kinds in percent."""
        return 100 * self.count(*kinds) / self.records if self.records else 100.0

    def reasons(self, *kinds: str) -> Counter[str]:
        return Counter(why for verdict in self.verdicts if verdict.kind in kinds for why in verdict.why)


def row(mode: str, judge: Callable[[T], Verdict], items: Iterable[T]) -> Row:
    """Try all items, and survive whatever one of them raises: that is a finding too."""
    tried = [_tried(judge, item) for item in items]
    return Row(
        mode=mode,
        verdicts=tuple(it for it in tried if isinstance(it, Verdict)),
        raised=tuple(it for it in tried if isinstance(it, str)),
    )


def _tried(judge: Callable[[T], Verdict], item: T) -> Verdict | str:
    try:
        return judge(item)
    except Exception as error:  # noqa: BLE001 # decoders must not raise, and this is where it would show
        return f"{getattr(item, 'id', item)}: {error!r}"
