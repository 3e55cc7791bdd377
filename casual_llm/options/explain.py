"""Explain which layer each merged value came from, path by path.

An explanation is computed from the values of each layer. The merge can be computed from the explanation in
turn: without the layers' names it is the merge, which is a law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from warnings import warn

from attrs import frozen

from casual_llm.options.chat_options import FIELDS, Layer
from casual_llm.options.layers import checked, merge
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT, Replace
from casual_llm.options.paths import flatten, from_paths, same
from casual_llm.tools import Tool
from casual_llm.validation import truncate


@frozen
class Row:
    """One path of merged options: its value, the layer that set it, and the values that it overrides.

    Args:
        path: the name of the option and, inside a dict, its keys
        value: the merged value, or `OMIT`
        layer: the name of the layer that set it
        overridden: the layers below that also set it, the nearest first, each with its value

    >>> Row(("seed",), 2, "call", (("client", 1),)).cells
    ('seed', '2', 'call', '1 (client)')
    """

    path: Path
    """The name of the option and, inside a dict, its keys."""
    value: Any
    """The merged value, or `OMIT`."""
    layer: str
    """The name of the layer that set the value."""
    overridden: tuple[tuple[str, Any], ...] = ()
    """The layers below that set this path, the nearest first, each with the value it set."""

    @property
    def dotted_path(self) -> str:
        """The path as text, as a configuration file writes it.

        >>> Row(("extra", "user"), "u-1", "client").dotted_path
        'extra.user'
        """
        return ".".join(self.path)

    @property
    def place(self) -> str:
        """Return `dotted_path`, under its name in the previous release."""
        warn("Row.place is deprecated; use Row.dotted_path", DeprecationWarning, stacklevel=2)
        return self.dotted_path

    @property
    def overrode(self) -> tuple[tuple[str, Any], ...]:
        """Return `overridden`, under its name in the previous release."""
        warn("Row.overrode is deprecated; use Row.overridden", DeprecationWarning, stacklevel=2)
        return self.overridden

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as four short texts: path, value, layer, and what is overridden."""
        below = ", ".join(f"{_short(value)} ({printable(layer)})" for layer, value in self.overridden)
        return printable(self.dotted_path), _short(self.value), printable(self.layer), below


HEADINGS = ("option", "value", "from", "overrides")
"""The titles of the cells of a row."""
_WIDTH = 48


def printable(name: str) -> str:
    """Escape characters that break a line or control a terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name)


def text_of(value: object) -> str:
    """Format a value; tools and classes by their names.

    >>> text_of("END"), text_of((Tool(name="weather"),))
    ("'END'", '[weather]')
    """
    if isinstance(value, tuple) and value and all(isinstance(item, Tool) for item in value):
        return f"[{', '.join(tool.name for tool in value)}]"
    return value.__name__ if isinstance(value, type) else repr(value)


def _short(value: object) -> str:
    return truncate(text_of(value), _WIDTH)


def aligned(table: Sequence[tuple[str, ...]]) -> str:
    """Format rows of equally many cells in columns that are as wide as they must be.

    >>> print(aligned([("option", "value"), ("seed", "1")]))
    option  value
    seed    1
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in table)


@frozen
class Explanation:
    """Merged options with the origin of each value; as a string, it is a table.

    Args:
        rows: a row for each path that a layer sets

    >>> from casual_llm import ChatOptions
    >>> explain(client=ChatOptions(seed=1), call=ChatOptions(seed=2))["seed"].overridden
    (('client', 1),)
    """

    rows: tuple[Row, ...]
    """A row for each path that a layer sets, in the order of the options."""

    @property
    def options(self) -> Layer:
        """The merged options, computed from the rows."""
        return from_paths((row.path, row.value) for row in self.rows)

    @property
    def unset(self) -> tuple[str, ...]:
        """The options that no layer sets, which are not sent."""
        set_names = {row.path[0] for row in self.rows}
        return tuple(name for name in FIELDS if name not in set_names)

    def __getitem__(self, path: str) -> Row:
        """Return the row of a path, such as `extra.user`; where no layer sets it, raise `KeyError`."""
        for row in self.rows:
            if row.dotted_path == path:
                return row
        raise KeyError(f"{path}: no layer sets it")

    def __str__(self) -> str:
        """Format the rows as a table."""
        return aligned([HEADINGS, *(row.cells for row in self.rows)])


def explain(**layers: Layer | None) -> Explanation:
    """Explain for each path of the merged layers which layer won, and over what.

    Args:
        layers: The layers by names of your choice, the lowest first; `None` is a layer that sets nothing.

    Raises:
        ConfigurationError: A layer is neither options nor `None`; the text has its name.

    >>> from casual_llm import OMIT, ChatOptions
    >>> client = ChatOptions(temperature=0.0, stop="END")
    >>> print(explain(client=client, model=ChatOptions(stop=OMIT), call=ChatOptions(temperature=0.9)))
    option       value  from   overrides
    temperature  0.9    call   0.0 (client)
    stop         OMIT   model  'END' (client)
    """
    return explained(layers)


def explained(layers: Mapping[str, Layer | None]) -> Explanation:
    """Explain layers whose names are in a mapping."""
    given = checked(layers)
    values = {name: flatten(layer) for name, layer in given.items()}
    merged = flatten(merge(*given.values()))
    return Explanation(tuple(_row(path, value, given, values) for path, value in merged.items()))


def _row(
    path: Path, merged: object, layers: Mapping[str, Layer], values: Mapping[str, Mapping[Path, Any]]
) -> Row:
    winner = [name for name, flat in values.items() if path in flat and same(flat[path], merged)][-1]
    below = reversed([*layers][: [*layers].index(winner)])
    overridden = [(name, value) for name in below for value in _values_at(path, layers[name])]
    return Row(path, values[winner][path], winner, tuple(overridden))


def _values_at(path: Path, layer: Layer) -> list[Any]:
    """Return the value of a layer at a path, if it sets or omits that path."""
    name, *keys = path
    value = getattr(layer, name)
    if value is None:
        return []
    for key in keys:
        if value is OMIT:
            return [OMIT]
        if key not in value:
            return [OMIT] if type(value) is Replace else []
        value = value[key]
    return [value]
