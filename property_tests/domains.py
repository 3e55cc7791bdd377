"""All layers over a few values of one field: small enough to try every triple of them.

`None`, `OMIT`, and three values, falsy ones among them; where a field holds maps, all maps over two keys,
those that add and those that replace. Merging never leads out of a domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from algebra import Law, Merge, arguments
from attrs import frozen
from strategies import Person

from casual_llm.options import FIELDS, ChatOptions, JsonSchema, Layer
from casual_llm.options.omit import OMIT, Replace
from casual_llm.options.paths import at_path, flatten
from casual_llm.tools import Tool

_ABSENT = object()


def _maps(keys: str, values: Iterable[object]) -> list[Mapping[str, Any]]:
    """Give all maps over the keys: of each key nothing, or one of the values; as they are, and replacing."""
    rows = product([_ABSENT, *values], repeat=len(keys))
    maps = [{key: v for key, v in zip(keys, row, strict=True) if v is not _ABSENT} for row in rows]
    return [*maps, *(Replace(items) for items in maps if items)]


_INNER = _maps("xy", [OMIT, 0, 1])
_SMALL = [{}, {"x": 0}, Replace({"x": 0})]
_VALUES: dict[str, list[Any]] = {
    "response_format": ["text", "json", Person, JsonSchema(name="", schema={})],
    "max_tokens": [1, 2, 3],
    "tools": [[], [Tool(name="f")], [Tool(name="g")]],
    "temperature": [0, 0.7, 1.0],
    "top_p": [0.0, 0.5, 1],
    "stop": ["", [], ["a"]],
    "tool_choice": ["auto", "none", "f"],
    "parallel_tool_calls": [True, False],
    "reasoning": ["none", {"budget_tokens": 1}, {"show": False}],
    "frequency_penalty": [0.0, -1, 1.5],
    "presence_penalty": [0, -1.5, 1],
    "seed": [0, -1, 1],
    "top_k": [0, 1, 2],
    "extra": _maps("xy", [OMIT, 0, {"p": 1}, {"q": 2}]),
    "provider_options of one provider": _maps("p", [OMIT, *_INNER]),
    "provider_options of two providers": _maps("pq", [OMIT, *_SMALL]),
    "system_message_handling": ["keep", "merge"],
    "strict": [True, False],
}


@frozen
class Domain:
    """All layers that one field makes, and those among them that set or omit one path."""

    field: str
    a: list[Layer]
    single: list[Layer]
    omitted: list[Layer]

    def cases(self, law: Law) -> Iterator[tuple[Layer, ...]]:
        """Give all that the law can be asked of."""
        of = {"a": self.a, "b": self.a, "c": self.a, "single": self.single, "omitted": self.omitted}
        return product(*(of[argument] for argument in arguments(law)))


def _domain(name: str, values: list[Any]) -> Domain:
    field = name.split(maxsplit=1)[0]
    depth = FIELDS[field].combination.depth
    layers: list[Layer] = [ChatOptions(), *(ChatOptions(**{field: value}) for value in [OMIT, *values])]
    by_text = {
        (path, repr(value)): (path, value) for layer in layers for path, value in flatten(layer).items()
    }
    single = [at_path(path, v) for path, v in by_text.values() if v is not OMIT and len(path) > depth]
    return Domain(field, layers, single, [at_path(path, v) for path, v in by_text.values() if v is OMIT])


DOMAINS = {name: _domain(name, values) for name, values in _VALUES.items()}


def tabled(merge: Merge) -> Merge:
    """Merge two layers once, and look the result up from then on."""
    table: dict[tuple[int, int], tuple[Layer, Layer, Layer]] = {}
    known: dict[str, Layer] = {}

    def looked_up(a: Layer, b: Layer) -> Layer:
        pair = (id(a), id(b))
        if pair not in table:
            merged = merge(a, b)
            # The layers are kept, so that their ids stay theirs.
            table[pair] = (a, b, known.setdefault(repr(merged), merged))
        return table[pair][2]

    return looked_up


def counterexamples(law: Law, merge: Merge, domain: Domain) -> Iterator[tuple[Layer, ...]]:
    """Give all cases for which a law does not hold."""
    looked_up = tabled(merge)
    return (case for case in domain.cases(law) if not law(looked_up, *case))
