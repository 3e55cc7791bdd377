"""The laws of the merge, as functions of any merge.

A law takes a merge and layers, and returns whether it holds for them. The same laws are checked for the
real merge and for broken ones (`mutants.py`): random examples, all small examples, and symbolic values.
The name of an argument determines its values: `a`, `b`, `c` are any layers, `single` is a layer that sets
one path, and `omitted` one that omits one path.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, TypeAlias

from casual_llm.options import ChatOptions, Layer, resolve_for, set_fields
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten

Merge: TypeAlias = Callable[..., Layer]
Law: TypeAlias = Callable[..., bool]


def _sent(options: Layer) -> dict[Path, Any]:
    # What is omitted for one provider stays until that provider is named.
    return {path: value for path, value in flatten(resolve_for(options)).items() if value is not OMIT}


def _beyond(prefix: Path, options: Layer) -> dict[Path, Any]:
    return {path: value for path, value in _sent(options).items() if path[: len(prefix)] != prefix}


def _beneath(prefix: Path, options: Layer) -> dict[Path, Any]:
    return {path: value for path, value in _sent(options).items() if path[: len(prefix)] == prefix}


def left_identity(merge: Merge, a: Layer) -> bool:
    return merge(ChatOptions(), a) == a


def right_identity(merge: Merge, a: Layer) -> bool:
    return merge(a, ChatOptions()) == a


def associativity(merge: Merge, a: Layer, b: Layer, c: Layer) -> bool:
    return merge(merge(a, b), c) == merge(a, merge(b, c))


def idempotence(merge: Merge, a: Layer) -> bool:
    return merge(a, a) == a


def absent_stays_absent(merge: Merge, a: Layer, b: Layer) -> bool:
    return set_fields(merge(a, b)).keys() <= set_fields(a).keys() | set_fields(b).keys()


def later_set_wins(merge: Merge, a: Layer, single: Layer) -> bool:
    return flatten(single).items() <= flatten(merge(a, single)).items()


def nothing_else_changes(merge: Merge, a: Layer, single: Layer) -> bool:
    (path,) = flatten(single)
    return _beyond(path, merge(a, single)) == _beyond(path, a)


def omit_removes(merge: Merge, a: Layer, omitted: Layer) -> bool:
    (path,) = flatten(omitted)
    return not _beneath(path, merge(a, omitted))


def removed_stays_removed(merge: Merge, a: Layer, b: Layer, omitted: Layer) -> bool:
    (path,) = flatten(omitted)
    return not _beneath(path, merge(a, merge(b, omitted)))


LAWS: tuple[Law, ...] = (
    left_identity,
    right_identity,
    associativity,
    idempotence,
    absent_stays_absent,
    later_set_wins,
    nothing_else_changes,
    omit_removes,
    removed_stays_removed,
)


def arguments(law: Law) -> list[str]:
    """Name what a law is asked of, beside the merge."""
    _merge, *names = signature(law).parameters
    return names


def title(law: Law) -> str:
    """Write the name of a law as words."""
    return str(law.__name__).replace("_", " ")
