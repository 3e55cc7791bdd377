"""The results of comparisons: agreement, an explained or unexplained difference, or an exception."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Verdict:
    """The result of one comparison: equal, the same by named rules, excused for a reason, or unexplained."""

    kind: Literal["equal", "same", "excused", "unexplained"]
    why: tuple[str, ...] = ()


EQUAL = Verdict("equal")


def same(*rules: str) -> Verdict:
    """Return the verdict that two values are the same by these rules."""
    return Verdict("same", rules)


def excused(why: str) -> Verdict:
    """Return the verdict that a difference has a known reason."""
    return Verdict("excused", (why,))


def unexplained(problem: str) -> Verdict:
    """Return the verdict that a difference has no known reason."""
    return Verdict("unexplained", (problem,))


@frozen(kw_only=True)
class Row:
    """A row of the table: all records of a protocol, compared in one mode."""

    mode: str
    verdicts: tuple[Verdict, ...]
    raised: tuple[str, ...]

    @property
    def records(self) -> int:
        """The number of compared records."""
        return len(self.verdicts) + len(self.raised)

    def count(self, *kinds: str) -> int:
        """Return the number of verdicts of these kinds."""
        return sum(verdict.kind in kinds for verdict in self.verdicts)

    def share(self, *kinds: str) -> float:
        """Return the share of these kinds in percent."""
        return 100 * self.count(*kinds) / self.records if self.records else 100.0

    def reasons(self, *kinds: str) -> Counter[str]:
        """Count the reasons of the verdicts of these kinds."""
        return Counter(why for verdict in self.verdicts if verdict.kind in kinds for why in verdict.why)


def compare_all(mode: str, compare: Callable[[T], Verdict], items: Iterable[T]) -> Row:
    """Compare all items, and record an exception as a result."""
    results = [_result_of(compare, item) for item in items]
    return Row(
        mode=mode,
        verdicts=tuple(it for it in results if isinstance(it, Verdict)),
        raised=tuple(it for it in results if isinstance(it, str)),
    )


def _result_of(compare: Callable[[T], Verdict], item: T) -> Verdict | str:
    try:
        return compare(item)
    except Exception as error:  # noqa: BLE001 # decoders must not raise; the row shows it if one does
        return f"{getattr(item, 'id', item)}: {error!r}"
