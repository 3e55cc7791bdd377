"""How two layers combine in one field: the definition from which the merge is made.

A combination only asks whether a layer says something, says `OMIT`, or replaces a map. It never looks
inside a value, so what holds for a handful of values holds for all (docs/laws.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from casual_llm.frozen import FrozenDict
from casual_llm.options.omit import OMIT, Replace

Path: TypeAlias = tuple[str, ...]
"""The place of a value in options: a field, and a key or two where the field holds maps."""


@frozen
class Combination:
    """The later value stands; or, with an inner combination, maps join key by key.

    How deep maps are joined belongs to the field and not to its value. A merge that looked into values,
    and joined wherever it found two maps, would not be associative: with `{x: {p: 1}}`, `{x: 5}` and
    `{x: {q: 2}}` the two groupings disagree about `p`.
    """

    inner: Combination | None = None
    """How the values of one key combine, where the field holds maps."""

    @property
    def depth(self) -> int:
        """How many levels of keys are joined.

        >>> LAST.depth, BY_KEY.depth, BY_PROVIDER_AND_KEY.depth
        (0, 1, 2)
        """
        return 0 if self.inner is None else 1 + self.inner.depth

    def combine(self, *values: Any) -> Any:  # noqa: ANN401 # of a field's own type
        """Combine what layers set, the lowest first.

        >>> LAST.combine(0.7, 1.0, 0.0)
        0.0
        >>> dict(BY_KEY.combine({"a": 1, "b": 1}, {"b": 2}))
        {'a': 1, 'b': 2}
        >>> BY_KEY.combine({"a": 1}, OMIT, {"b": 2})
        Replace({'b': 2})
        """
        if self.inner is None:
            return values[-1]
        maps: list[Mapping[str, Any]] = []
        replaces = False
        for value in values:
            if value is OMIT:
                maps, replaces = [], True
            elif type(value) is Replace:
                maps, replaces = [value], True
            else:
                maps.append(value)
        joined: dict[str, Any] = {}
        for items in maps:
            joined |= items
        if self.inner is not LAST:
            for key in joined:
                said = [items[key] for items in maps if key in items]
                if len(said) > 1:
                    joined[key] = self.inner.combine(*said)
        return FrozenDict(joined) if not replaces else Replace(joined) if joined else OMIT

    def sent(self, value: Any) -> Any:  # noqa: ANN401 # of a field's own type
        """Take out what says `OMIT`; where nothing is left, that is `OMIT` as well.

        >>> BY_KEY.sent(Replace({"a": 1, "b": OMIT}))
        {'a': 1}
        """
        if self.inner is None or value is OMIT:
            return value
        stripped = {key: self.inner.sent(item) for key, item in value.items()}
        kept = {key: item for key, item in stripped.items() if item is not OMIT}
        return FrozenDict(kept) if kept else OMIT

    def leaves(self, value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
        """List what a field says, place by place; a map that replaces others says `OMIT` first.

        >>> list(BY_KEY.leaves(Replace({"a": 1}), ("extra",)))
        [(('extra',), OMIT), (('extra', 'a'), 1)]
        """
        if self.inner is None or value is OMIT or not value:
            yield path, value
            return
        if isinstance(value, Replace):
            yield path, OMIT
        for key, item in value.items():
            yield from self.inner.leaves(item, (*path, key))


LAST: Final = Combination()
"""The later value stands."""
BY_KEY: Final = Combination(LAST)
"""Maps join; of each key the later value stands."""
BY_PROVIDER_AND_KEY: Final = Combination(BY_KEY)
"""Maps of maps join; of each key of each provider the later value stands."""
