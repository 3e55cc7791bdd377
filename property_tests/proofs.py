"""Three ways to look for a counterexample to a law: random layers, all small layers, symbolic values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from algebra import Law, Merge, arguments
from attrs import frozen
from domains import DOMAINS, counterexamples
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from hypothesis.strategies import SearchStrategy
from mutants import Mutant
from strategies import omissions, options, sayings

from casual_llm.options import ChatOptions, Layer
from casual_llm.options.omit import OMIT

RANDOM = {"a": options, "b": options, "c": options, "single": sayings, "omitted": omissions}
"""What each argument of a law may be; those of the laws in test_options.py."""

# Concrete in shape and symbolic in the leaves, so that CrossHair can follow. The layers of a case speak of
# one field, and maps among their values have different keys, so that it need not look for those that meet.
_numbers = st.integers()
_words = st.sampled_from(["text", "json"])
_omit: SearchStrategy[Any] = st.just(OMIT)
_gap: SearchStrategy[Any] = st.just({"x": OMIT})
_states: SearchStrategy[Any] = st.sampled_from([None, OMIT])
_field = st.sampled_from(["extra", "seed", "extra", "response_format"])
_shared_field = st.shared(_field)


def _entry(key: str) -> SearchStrategy[dict[str, Any]]:
    values: SearchStrategy[Any] = _numbers | st.fixed_dictionaries({key: _numbers})
    return st.fixed_dictionaries({"x": values})


def _saying(
    field: SearchStrategy[str],
    extra: SearchStrategy[Any],
    seed: SearchStrategy[Any],
    word: SearchStrategy[Any],
) -> SearchStrategy[Layer]:
    values = {"extra": extra, "seed": seed, "response_format": word}
    return field.flatmap(lambda name: values[name].map(lambda value: ChatOptions(**{name: value})))


def _layers(key: str) -> SearchStrategy[Layer]:
    extra = _entry(key) | st.sampled_from([None, OMIT, {"x": OMIT}])
    return _saying(_shared_field, extra, _numbers | _states, _words | _states)


SYMBOLIC = {
    "a": _layers("p"),
    "b": _layers("p"),
    "c": _layers("q"),
    "single": _saying(_field, _entry("q"), _numbers, _words),
    "omitted": _saying(_field, _gap | _omit, _omit, _omit),
}


@frozen
class Proof:
    """A way to look for a counterexample; `finds` tells whether there is one to a law of a merge."""

    name: str
    finds: Callable[[Law, Merge], bool]


def _enumerated(law: Law, merge: Merge) -> bool:
    return any(any(True for _ in counterexamples(law, merge, domain)) for domain in DOMAINS.values())


def _tried(strategies: Mapping[str, SearchStrategy[Layer]], tries: settings, law: Law, merge: Merge) -> bool:
    @settings(tries, phases=[Phase.generate], database=None)
    @given(st.fixed_dictionaries({argument: strategies[argument] for argument in arguments(law)}))
    def holds(case: dict[str, Layer]) -> None:
        assert law(merge, **case)

    try:
        holds()
    except AssertionError:
        return True
    return False


# The same examples each time, and as many as it takes.
_random = settings(
    backend="hypothesis",
    derandomize=True,
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SOLVER = os.environ.get("HYPOTHESIS_PROFILE") == "crosshair"
"""Whether this run has a solver; without it, random examples of the same kind stand in."""
_solver: dict[str, Any] = (
    {"backend": "crosshair", "derandomize": False, "max_examples": 500} if SOLVER else {}
)
BY_EXAMPLES = Proof("random examples", partial(_tried, RANDOM, _random))
BY_ENUMERATION = Proof("all small layers", _enumerated)
BY_SYMBOLS = Proof("symbolic values", partial(_tried, SYMBOLIC, settings(_random, **_solver)))
PROOFS = (BY_EXAMPLES, BY_ENUMERATION, BY_SYMBOLS)


def refuted(proof: Proof, mutant: Mutant) -> list[Law]:
    """Give the laws, of those that a mutant breaks, of which a proof finds that they are broken."""
    return [law for law in mutant.breaks if proof.finds(law, mutant.merge)]
