"""Merges that are broken on purpose, each with one bug, to check that the laws find them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import algebra
from algebra import Law, Merge
from attrs import frozen

from casual_llm.frozen import Json
from casual_llm.options import ChatOptions, Layer, merge
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten, from_paths


def _text_by_default(*layers: Layer) -> Layer:
    return merge(ChatOptions(response_format="text"), *layers)


def _deep_extra(*layers: Layer) -> Layer:
    return reduce(_joined, layers, ChatOptions())


def _joined(below: Layer, above: Layer) -> Layer:
    before, after = flatten(below), flatten(above)
    shared = [path for path in after if path[0] == "extra" and path in before and ("extra",) not in after]
    joined = from_paths((path, _deep(before[path], after[path])) for path in shared)
    return merge(below, above, joined)


def _deep(below: Any, above: Any) -> Json:  # noqa: ANN401 # any value of `extra`
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        kept: Json = above
        return kept
    return {**below, **{key: _deep(below.get(key), value) for key, value in above.items()}}


def _omit_dropped_early(*layers: Layer) -> Layer:
    values = flatten(merge(*layers))
    return from_paths((path, value) for path, value in values.items() if value is not OMIT)


def _falsy_as_unset(*layers: Layer) -> Layer:
    flat_layers = [flatten(layer) for layer in layers]
    return merge(
        *(from_paths((path, value) for path, value in values.items() if value) for values in flat_layers)
    )


def _left_wins(*layers: Layer) -> Layer:
    return merge(*reversed(layers))


@frozen
class Mutant:
    """A broken merge, and the laws that it breaks."""

    merge: Merge
    breaks: tuple[Law, ...]


MUTANTS = {
    "text default": Mutant(
        _text_by_default,
        (
            algebra.left_identity,
            algebra.right_identity,
            algebra.associativity,
            algebra.idempotence,
            algebra.absent_stays_absent,
            algebra.nothing_else_changes,
        ),
    ),
    "deep extra": Mutant(_deep_extra, (algebra.associativity, algebra.later_set_wins)),
    "OMIT dropped early": Mutant(
        _omit_dropped_early,
        (
            algebra.left_identity,
            algebra.right_identity,
            algebra.associativity,
            algebra.idempotence,
            algebra.removed_stays_removed,
        ),
    ),
    "falsy as unset": Mutant(
        _falsy_as_unset,
        (
            algebra.left_identity,
            algebra.right_identity,
            algebra.idempotence,
            algebra.later_set_wins,
            algebra.nothing_else_changes,
        ),
    ),
    "left wins": Mutant(
        _left_wins,
        (algebra.later_set_wins, algebra.omit_removes, algebra.removed_stays_removed),
    ),
}
"""Bugs that merges may have, by name."""
