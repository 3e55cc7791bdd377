"""The results of comparisons: agreement, an explained or unexplained difference, or an exception."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Comparison:
    """The result of one comparison: equal, the same by named rules, excused for a reason, or unexplained."""

    kind: Literal["equal", "same", "excused", "unexplained"]
    why: tuple[str, ...] = ()


EQUAL = Comparison("equal")


def same(*rules: str) -> Comparison:
    """Return the result for two values that are the same by these rules."""
    return Comparison("same", rules)


def excused(why: str) -> Comparison:
    """Return the result for a difference with a known reason."""
    return Comparison("excused", (why,))


def unexplained(problem: str) -> Comparison:
    """Return the result for a difference without a known reason."""
    return Comparison("unexplained", (problem,))


@frozen(kw_only=True)
class Row:
    """A row of the table: all records of a protocol, compared in one mode."""

    mode: str
    comparisons: tuple[Comparison, ...]
    raised: tuple[str, ...]

    @property
    def records(self) -> int:
        """The number of compared records."""
        return len(self.comparisons) + len(self.raised)

    def count(self, *kinds: str) -> int:
        """Return the number of results of these kinds."""
        return sum(comparison.kind in kinds for comparison in self.comparisons)

    def share(self, *kinds: str) -> float:
        """Return the share of these kinds in percent."""
        return 100 * self.count(*kinds) / self.records if self.records else 100.0

    def reasons(self, *kinds: str) -> Counter[str]:
        """Count the reasons of the results of these kinds."""
        return Counter(
            why for comparison in self.comparisons if comparison.kind in kinds for why in comparison.why
        )


def compare_all(mode: str, compare: Callable[[T], Comparison], items: Iterable[T]) -> Row:
    """Compare all items, and record an exception as a result."""
    results = [_result_of(compare, item) for item in items]
    return Row(
        mode=mode,
        comparisons=tuple(it for it in results if isinstance(it, Comparison)),
        raised=tuple(it for it in results if isinstance(it, str)),
    )


def _result_of(compare: Callable[[T], Comparison], item: T) -> Comparison | str:
    try:
        return compare(item)
    except Exception as error:  # noqa: BLE001 # decoders must not raise; the row shows it if one does
        return f"{getattr(item, 'id', item)}: {error!r}"
