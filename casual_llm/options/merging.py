"""How two layers combine in one field: the definition from which the merge is built.

A combination only distinguishes a value, `OMIT`, and a dict that replaces others. It never looks inside a
value, so what holds for a handful of values holds for all (docs/laws.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from casual_llm.frozen import FrozenDict
from casual_llm.options.omit import OMIT, Replace

Path: TypeAlias = tuple[str, ...]
"""Where a value is in options: a field, and a key or two where the field holds dicts."""


@frozen
class Combination:
    """The later value wins; or, with an inner combination, dicts merge key by key.

    How deep dicts are merged depends on the field and not on its value. A merge that looked into values,
    and merged wherever it met two dicts, would not be associative: with `{x: {p: 1}}`, `{x: 5}` and
    `{x: {q: 2}}` the two groupings disagree about `p`.
    """

    inner: Combination | None = None
    """How the values of one key combine, where the field holds dicts."""

    @property
    def depth(self) -> int:
        """How many levels of keys are merged.

        >>> LAST.depth, BY_KEY.depth, BY_PROVIDER_AND_KEY.depth
        (0, 1, 2)
        """
        return 0 if self.inner is None else 1 + self.inner.depth

    def combine(self, *values: Any) -> Any:  # noqa: ANN401 # of the type of the field
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
        merged: dict[str, Any] = {}
        for items in maps:
            merged |= items
        if self.inner is not LAST:
            for key in merged:
                values_of_key = [items[key] for items in maps if key in items]
                if len(values_of_key) > 1:
                    merged[key] = self.inner.combine(*values_of_key)
        return FrozenDict(merged) if not replaces else Replace(merged) if merged else OMIT

    def without_omit(self, value: Any) -> Any:  # noqa: ANN401 # of the type of the field
        """Remove what is `OMIT`; where nothing is left, the result is `OMIT` as well.

        >>> BY_KEY.without_omit(Replace({"a": 1, "b": OMIT}))
        {'a': 1}
        """
        if self.inner is None or value is OMIT:
            return value
        stripped = {key: self.inner.without_omit(item) for key, item in value.items()}
        remaining = {key: item for key, item in stripped.items() if item is not OMIT}
        return FrozenDict(remaining) if remaining else OMIT

    def flatten(self, value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
        """List the values of a field with their paths; a dict that replaces others begins with `OMIT`.

        >>> list(BY_KEY.flatten(Replace({"a": 1}), ("extra",)))
        [(('extra',), OMIT), (('extra', 'a'), 1)]
        """
        if self.inner is None or value is OMIT or not value:
            yield path, value
            return
        if isinstance(value, Replace):
            yield path, OMIT
        for key, item in value.items():
            yield from self.inner.flatten(item, (*path, key))


LAST: Final = Combination()
"""The later value wins."""
BY_KEY: Final = Combination(LAST)
"""Maps merge; of each key the later value wins."""
BY_PROVIDER_AND_KEY: Final = Combination(BY_KEY)
"""Dicts of dicts merge; of each key of each provider the later value wins."""
