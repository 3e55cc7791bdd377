"""What a call cost, in tokens; unknown is not zero.

Two operations on two meanings: snapshots of one call are joined (`join`), calls are added (`+`).
Both keep what is known: an unknown figure never erases a known one, and a ledger counts the calls
whose tokens are missing in its total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import frozen
from pydantic import NonNegativeInt, computed_field, model_validator

from casual_llm.frozen import FrozenModel

Figure = TypeVar("Figure", bound=int | None)


@frozen(kw_only=True)
class UsageParts:
    """The tokens of a usage by price: all but `reasoning` are disjoint, and `None` is unknown.

    The three parts of the input add up to the prompt tokens, and with `output` to the total.

    Args:
        uncached_input: prompt tokens neither read from a cache nor written to one
        cache_read: prompt tokens read from a cache
        cache_write: prompt tokens written to a cache
        output: all tokens of the answer
        reasoning: the tokens of `output` that were reasoning; already counted there

    >>> Usage(prompt_tokens=100, cached_tokens=60, completion_tokens=7).parts.uncached_input
    40
    """

    uncached_input: int | None
    """Prompt tokens neither read from a cache nor written to one."""
    cache_read: int | None
    """Prompt tokens read from a cache."""
    cache_write: int | None
    """Prompt tokens written to a cache."""
    output: int | None
    """All tokens of the answer."""
    reasoning: int | None
    """The tokens of `output` that were reasoning; already counted there."""


class Usage(FrozenModel):
    """Tokens of one call, or of several added up; `None` is a figure the provider did not report.

    Args:
        prompt_tokens: all tokens of the prompt, including those read from a cache or written to one
        completion_tokens: all tokens of the answer, including those of reasoning
        cached_tokens: the part of the prompt that was read from a cache
        reasoning_tokens: the part of the answer that was reasoning
        cache_write_tokens: the part of the prompt that was written to a cache

    All are `None` by default; a negative number is a pydantic `ValidationError`.

    >>> Usage(prompt_tokens=12, completion_tokens=5).total_tokens
    17
    >>> Usage(prompt_tokens=12).total_tokens is None
    True
    """

    prompt_tokens: NonNegativeInt | None = None
    """All tokens of the prompt, including those read from a cache or written to one."""
    completion_tokens: NonNegativeInt | None = None
    """All tokens of the answer, including those of reasoning."""
    cached_tokens: NonNegativeInt | None = None
    """The part of the prompt that was read from a cache."""
    reasoning_tokens: NonNegativeInt | None = None
    """The part of the answer that was reasoning."""
    cache_write_tokens: NonNegativeInt | None = None
    """The part of the prompt that was written to a cache."""

    @model_validator(mode="before")
    @classmethod
    def _without_total(cls, fields: object) -> object:
        # A dump holds the computed total; reading it back computes it again.
        if isinstance(fields, Mapping) and "total_tokens" in fields:
            return {name: value for name, value in fields.items() if name != "total_tokens"}
        return fields

    @computed_field  # type: ignore[prop-decorator] # mypy does not model decorated properties
    @property
    def total_tokens(self) -> int | None:
        """Prompt and completion together, known when both are."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return self.prompt_tokens + self.completion_tokens

    @property
    def parts(self) -> UsageParts:
        """The tokens by price, each counted once.

        Cache figures that are unknown count as 0 here: what no server reports as cached is billed as
        ordinary input. Figures that contradict each other are limited, so that the known parts of the
        input always add up to the prompt, and reasoning is never more than the output.

        >>> Usage(prompt_tokens=100, cached_tokens=60, cache_write_tokens=30).parts
        UsageParts(uncached_input=10, cache_read=60, cache_write=30, output=None, reasoning=None)
        >>> Usage(prompt_tokens=10, cached_tokens=60).parts.cache_read
        10
        """
        prompt = self.prompt_tokens
        read = _limited(self.cached_tokens, prompt)
        uncached = None if prompt is None else prompt - (read or 0)
        write = _limited(self.cache_write_tokens, uncached)
        return UsageParts(
            uncached_input=None if uncached is None else uncached - (write or 0),
            cache_read=read,
            cache_write=write,
            output=self.completion_tokens,
            reasoning=_limited(self.reasoning_tokens, self.completion_tokens),
        )

    def __add__(self, other: Usage) -> Usage:
        """Add two calls; a figure known in one of them only is that of the sum.

        >>> (Usage(prompt_tokens=1, completion_tokens=2) + Usage(prompt_tokens=3)).total_tokens
        6
        """
        return _combine(_add, self, other)


def join(earlier: Usage | None, later: Usage | None) -> Usage | None:
    """Join two snapshots of one call, figure by figure, as `corrected` does.

    >>> join(Usage(prompt_tokens=9, cached_tokens=2), Usage(prompt_tokens=0, completion_tokens=4))
    Usage(prompt_tokens=9, completion_tokens=4, cached_tokens=2, ..., total_tokens=13)
    """
    if earlier is None or later is None:
        return later or earlier
    return _combine(corrected, earlier, later)


def corrected(earlier: int | None, later: Figure) -> int | Figure:
    """Return the later figure, unless it is unknown, or a zero after a figure that was known.

    Servers end a stream with zeros for what they reported at its beginning.

    >>> corrected(9, 12), corrected(9, 0), corrected(9, None), corrected(None, 0)
    (12, 9, 9, 0)
    """
    return earlier if not later and earlier is not None else later


_NO_TOKENS = Usage(prompt_tokens=0, completion_tokens=0)


@frozen(kw_only=True)
class Ledger:
    """The calls of one model so far: how many, what the last one cost, and the sum of what is known.

    Args:
        calls: all calls, including those that failed or were left early; by default 0
        last: the usage of the most recent call, or `None`
        total: the sum of all reported figures; exact where `unknown` is 0, and else a lower bound
        unknown: the calls whose tokens `total` does not contain in full; by default 0

    >>> record(Ledger(), Usage(prompt_tokens=12, completion_tokens=5)).total.total_tokens
    17
    """

    calls: int = 0
    """All calls, including those that failed or were left early."""
    last: Usage | None = None
    """What the most recent call reported, or `None`."""
    total: Usage = _NO_TOKENS
    """The sum of all reported figures; a part that no call reported is `None`."""
    unknown: int = 0
    """The calls that failed, were left early, or did not report both prompt and completion tokens."""


def record(ledger: Ledger, usage: Usage | None, *, complete: bool = True) -> Ledger:
    """Enter one call into the ledger: what it reported is added, and what it did not changes no sum.

    `usage` is what the call reported, `None` for nothing; `complete=False` marks a call that failed
    or was left early, so that its figures may be too low.

    >>> ledger = record(record(Ledger(), Usage(prompt_tokens=1, completion_tokens=2)), None)
    >>> ledger.calls, ledger.unknown, ledger.total.total_tokens, ledger.last
    (2, 1, 3, None)
    """
    exact = complete and usage is not None and usage.total_tokens is not None
    return Ledger(
        calls=ledger.calls + 1,
        last=usage,
        total=ledger.total if usage is None else ledger.total + usage,
        unknown=ledger.unknown + (not exact),
    )


_FIGURES = tuple(Usage.model_fields)


def _combine(operation: Callable[[int | None, int | None], int | None], left: Usage, right: Usage) -> Usage:
    return Usage(**{name: operation(getattr(left, name), getattr(right, name)) for name in _FIGURES})


def _limited(figure: int | None, limit: int | None) -> int | None:
    return figure if figure is None or limit is None else min(figure, limit)


def _add(left: int | None, right: int | None) -> int | None:
    return right if left is None else left + (right or 0)
