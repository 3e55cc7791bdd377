"""What a call cost, in tokens; unknown is not zero.

Two operations on two meanings: snapshots of one call are joined (`join`), calls are added (`+`).
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from pydantic import NonNegativeInt, computed_field, model_validator

from casual_llm.frozen import FrozenModel


class Usage(FrozenModel):
    """Tokens of one call, or of several added up; `None` is a figure the provider did not report.

    >>> Usage(prompt_tokens=12, completion_tokens=5).total_tokens
    17
    >>> Usage(prompt_tokens=12).total_tokens is None
    True
    """

    prompt_tokens: NonNegativeInt | None = None
    """All tokens of the prompt, those read from a cache included."""
    completion_tokens: NonNegativeInt | None = None
    """All tokens of the answer, those of reasoning included."""
    cached_tokens: NonNegativeInt | None = None
    """The part of the prompt that was read from a cache."""
    reasoning_tokens: NonNegativeInt | None = None
    """The part of the answer that was reasoning."""

    @model_validator(mode="before")
    @classmethod
    def _without_total(cls, fields: object) -> object:
        # A dump holds the computed total; reading it back computes it again.
        if isinstance(fields, Mapping):
            return {name: value for name, value in fields.items() if name != "total_tokens"}
        return fields

    @computed_field  # type: ignore[prop-decorator] # mypy does not model decorated properties
    @property
    def total_tokens(self) -> int | None:
        """Prompt and completion together, known when both are."""
        return _sum(self.prompt_tokens, self.completion_tokens)

    def __add__(self, other: Usage) -> Usage:
        """Add two calls; a figure unknown in one is unknown in the sum.

        >>> (Usage(prompt_tokens=1, completion_tokens=2) + Usage(prompt_tokens=3)).prompt_tokens
        4
        """
        return Usage(
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            completion_tokens=_sum(self.completion_tokens, other.completion_tokens),
            cached_tokens=_sum(self.cached_tokens, other.cached_tokens),
            reasoning_tokens=_sum(self.reasoning_tokens, other.reasoning_tokens),
        )


def join(earlier: Usage | None, later: Usage | None) -> Usage | None:
    """Join two snapshots of one call: what the later one knows corrects the earlier.

    >>> join(Usage(prompt_tokens=9), Usage(completion_tokens=4))
    Usage(prompt_tokens=9, completion_tokens=4, cached_tokens=None, reasoning_tokens=None, total_tokens=13)
    """
    if earlier is None or later is None:
        return later or earlier
    return Usage(
        prompt_tokens=_later(earlier.prompt_tokens, later.prompt_tokens),
        completion_tokens=_later(earlier.completion_tokens, later.completion_tokens),
        cached_tokens=_later(earlier.cached_tokens, later.cached_tokens),
        reasoning_tokens=_later(earlier.reasoning_tokens, later.reasoning_tokens),
    )


_UNKNOWN = Usage()
_NOTHING = Usage(prompt_tokens=0, completion_tokens=0, cached_tokens=0, reasoning_tokens=0)


@frozen(kw_only=True)
class Ledger:
    """The calls of one model so far: how many, what the last one cost, and all that was reported."""

    calls: int = 0
    last: Usage | None = None
    total: Usage = _NOTHING


def record(ledger: Ledger, usage: Usage | None) -> Ledger:
    """Enter one call into the ledger; a call that reports nothing makes the total unknown.

    >>> record(Ledger(), Usage(prompt_tokens=1, completion_tokens=2)).last.total_tokens
    3
    """
    return Ledger(calls=ledger.calls + 1, last=usage, total=ledger.total + (usage or _UNKNOWN))


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _later(earlier: int | None, later: int | None) -> int | None:
    return earlier if later is None else later
