"""What an answer can be instead of the value that was asked for: a closed union of failures.

Two of them, `NotJson` and `DoesNotFit`, are mistakes that a model can mend when it is told of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from casual_llm.reply import FinishReason

CUTS: Mapping[FinishReason, str] = {
    "length": "the answer was cut off at the limit of tokens; raise max_tokens",
    "content_filter": "the provider's filter ended the answer; change what is asked",
    "error": "the provider failed within the answer; try again",
}
"""The finish reasons of an answer that the model did not end itself, and what to do about each."""
_MOST, _LONGEST = 20, 200


@frozen
class Empty:
    """There is no text in the answer."""

    def __str__(self) -> str:
        """Name the problem and the remedy."""
        return "the answer is empty; say in the messages what is wanted, and try again"


@frozen
class Declined:
    """The model refuses, in these words."""

    refusal: str

    def __str__(self) -> str:
        """Quote the refusal."""
        return f"the model refuses: {self.refusal[:_LONGEST]}; change what is asked"


@frozen
class CutOff:
    """The answer was ended before the model had done so."""

    finish_reason: FinishReason

    def __str__(self) -> str:
        """Tell by what, and the remedy."""
        return CUTS.get(self.finish_reason, f"the answer was cut off ({self.finish_reason}); try again")


@frozen
class CalledTools:
    """The model calls tools, by these names, and waits for their results."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """Name the tools and the remedies."""
        remedy = 'append the results and ask again, or set tool_choice="none"'
        return f"the model calls {', '.join(self.names)} instead of answering; {remedy}"


@frozen
class NotJson:
    """The text of the answer is not one JSON value and nothing else."""

    problem: str
    position: int
    """In the content, counted in characters from 0."""
    excerpt: str
    """The text around it."""

    def __str__(self) -> str:
        """Name the place, the problem and the remedy."""
        remedy = "ask for JSON alone, without text around it"
        return f"the answer is not JSON: {self.details}; {remedy}"

    @property
    def details(self) -> str:
        """What is wrong, and where."""
        return f"{self.problem} at character {self.position}, near {self.excerpt!r}"


@frozen
class DoesNotFit:
    """The answer is JSON, but no instance of the class; each problem begins with its place."""

    name: str
    """Of the class."""
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Name the class and the remedy, and then each problem in a line."""
        remedy = "describe in the messages, or in the class, what is wanted"
        return f"the answer does not fit {self.name}; {remedy}:\n{self.details}"

    @property
    def details(self) -> str:
        """The first problems, each in a line, and how many more there are."""
        more = len(self.problems) - _MOST
        return "\n".join([*self.problems[:_MOST], *([f"and {more} more"] if more > 0 else [])])


Mendable: TypeAlias = NotJson | DoesNotFit
"""What a model can mend when it is told."""

ParseFailure: TypeAlias = Empty | Declined | CutOff | CalledTools | Mendable
"""All that an answer can be instead of a value."""
