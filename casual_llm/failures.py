"""What can go wrong, as values that the shell turns into the exceptions of `errors.py`.

A call cannot be encoded, a reply cannot be decoded, an answer does not match its class. Two of the last
group, `NotJson` and `SchemaMismatch`, are mistakes that a model can repair when they are reported to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import evolve, frozen

from casual_llm.redaction import Secret, redact
from casual_llm.reply import FinishReason, Reply
from casual_llm.validation import deprecated_names

CUTS: Mapping[FinishReason, str] = {
    "length": "the answer was cut off at the token limit; raise max_tokens",
    "content_filter": "the provider's content filter ended the answer; change the request",
    "error": "the provider failed while answering; try again",
    "pause": "the model paused its turn; append the message and call again",
}
"""The finish reasons of answers that the model did not end itself, each with the text of the problem."""
_MOST, _LONGEST = 20, 200
_SUCCESS = 200
_IN_A_STREAM = "the provider reported an error inside a 200 response"


@frozen
class Empty:
    """The answer holds no text."""

    def __str__(self) -> str:
        """Name the problem and the remedy."""
        return "the answer is empty; describe in the messages what is wanted, and try again"


@frozen
class ModelRefusal:
    """The model refused to answer; `refusal` is its text."""

    refusal: str

    def __str__(self) -> str:
        """Quote the refusal."""
        return f"the model refused: {self.refusal[:_LONGEST]}; change the request"


@frozen
class Incomplete:
    """The answer was ended before the model ended it."""

    finish_reason: FinishReason

    def __str__(self) -> str:
        """Name what ended it, and the remedy."""
        return CUTS.get(self.finish_reason, f"the answer was cut off ({self.finish_reason}); try again")


@frozen
class CalledTools:
    """The model called tools, by these names, and waits for their results."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """Name the tools and the remedies."""
        remedy = 'append the results and call again, or set tool_choice="none"'
        return f"the model called {', '.join(self.names)} instead of answering; {remedy}"


@frozen
class NotJson:
    """The text of the answer is not one JSON value and nothing else."""

    problem: str
    position: int
    """In the content, counted in characters from 0."""
    excerpt: str
    """The text around it."""

    def __str__(self) -> str:
        """Name the position, the problem and the remedy."""
        remedy = "ask for JSON alone, without text around it"
        return f"the answer is not JSON: {self.details}; {remedy}"

    @property
    def details(self) -> str:
        """What is wrong, and where."""
        return f"{self.problem} at character {self.position}, near {self.excerpt!r}"


@frozen
class SchemaMismatch:
    """The answer is JSON, but does not match the class; each problem begins with its path."""

    name: str
    """The name of the class."""
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Name the class and the remedy, and then each problem in a line."""
        remedy = "describe in the messages, or in the class, what is wanted"
        return f"the answer does not match {self.name}; {remedy}:\n{self.details}"

    @property
    def details(self) -> str:
        """The first problems, each in a line, and how many more there are."""
        more = len(self.problems) - _MOST
        return "\n".join([*self.problems[:_MOST], *([f"and {more} more"] if more > 0 else [])])


Repairable: TypeAlias = NotJson | SchemaMismatch
"""What a model can repair when the problem is reported to it."""

ParseFailure: TypeAlias = Empty | ModelRefusal | Incomplete | CalledTools | Repairable
"""All that an answer can be instead of an instance of its class."""


@frozen
class EncodeError:
    """A call that cannot be encoded as a request."""

    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Name the path, the problem and the remedy."""
        return f"{self.path}: {self.problem}; {self.remedy}"


@frozen
class ConfigProblems:
    """All problems of an invalid configuration.

    Args:
        problems: a line for each problem, which begins with its path

    >>> print(ConfigProblems(("models.fast.client: missing; it is required",)))
    models.fast.client: missing; it is required
    """

    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Return a line for each problem."""
        return "\n".join(self.problems)


@frozen
class ReadError:
    """A request of a wire format that cannot be read as a call."""

    path: str
    problem: str

    def __str__(self) -> str:
        """Name the path and the problem."""
        return f"{self.path}: {self.problem}"


@frozen
class ErrorResponse:
    """The provider answered with an error."""

    status: int
    message: str
    code: str | None = None
    retry_after: float | None = None
    """Seconds to wait before the next attempt, where the provider sends them."""
    partial: Reply | None = None

    def __str__(self) -> str:
        """Return the status, the provider's message and a hint."""
        label = _IN_A_STREAM if self.status == _SUCCESS else f"the provider answered {self.status}"
        hint = _HINTS.get(self.status, "")
        return f"{label}: {self.message or 'no message'}{hint and f' ({hint})'}"


@frozen
class Malformed:
    """An answer that does not follow the provider's format."""

    problem: str
    partial: Reply | None = None

    def __str__(self) -> str:
        """Name the problem and where to look."""
        return f"the reply cannot be read: {self.problem}; check that base_url points at the right API"


@frozen
class Truncated:
    """A stream that ended without evidence that it was complete."""

    partial: Reply

    def __str__(self) -> str:
        """Name the problem and where the received part is."""
        return "the stream ended before it was complete; what was received is in .partial; try again"


DecodeError: TypeAlias = ErrorResponse | Malformed | Truncated
"""All that decoding can return instead of a reply."""

CallFailure: TypeAlias = EncodeError | DecodeError
"""All that encoding and decoding can return instead of their result."""

F = TypeVar("F", bound=CallFailure)


def redact_failure(failure: F, secret: Secret | None) -> F:
    """Remove a key from the texts of a failure that may quote the server.

    OpenAI's 401 quotes parts of the key that was sent, and proxies quote whole headers.

    >>> redact_failure(Malformed("<html>my-secret"), Secret("my-secret"))
    Malformed(problem='<html>[key removed]', partial=None)
    """
    if isinstance(failure, ErrorResponse):
        code = failure.code and redact(failure.code, secret)
        return evolve(failure, message=redact(failure.message, secret), code=code)
    if isinstance(failure, Malformed):
        return evolve(failure, problem=redact(failure.problem, secret))
    return failure


_HINTS = {
    401: "check the API key",
    403: "the API key does not allow this",
    404: "check the model name and base_url",
    429: "slow down, or check the quota",
}

if not TYPE_CHECKING:  # pragma: no branch # a type checker knows the names of today alone
    __getattr__ = deprecated_names(
        __name__,
        {
            "ConfigError": "casual_llm.failures.ConfigProblems",
            "CutOff": "casual_llm.failures.Incomplete",
            "Declined": "casual_llm.failures.ModelRefusal",
            "DoesNotFit": "casual_llm.failures.SchemaMismatch",
            "Mendable": "casual_llm.failures.Repairable",
            "Refused": "casual_llm.failures.ErrorResponse",
        },
    )
