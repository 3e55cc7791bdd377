"""What can go wrong: failures as values below the shell, exceptions above it.

Pure functions return a `Failure`; the shell turns each into the exception of the same meaning,
in one place (`exception_for`). Every text names the place and the remedy.

    CasualLLMError
    ├── ConfigurationError (also ValueError)   an option, a config, a key or the weights are wrong
    ├── RequestError (also ValueError)         a call that cannot be put on the wire
    ├── ImageFetchError                        an image that cannot or must not be fetched
    ├── TransportError                         the server was not reached, or the line broke
    │   └── RequestTimeoutError (also TimeoutError)
    ├── ProviderError                          the provider answered with an error
    │   ├── AuthenticationError                401, 403
    │   ├── NotFoundError                      404
    │   ├── RateLimitError                     429
    │   └── ServerError                        500 and above
    └── ReplyError                             the answer is not one: malformed or cut off
        ├── TruncatedError
        └── StructuredOutputError          the answer is no instance of the class that was asked for
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from casual_llm.misfits import ParseFailure
from casual_llm.reply import Reply


@frozen
class EncodeError:
    """A call that cannot be put on the wire."""

    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Name the place, the problem and the remedy."""
        return f"{self.path}: {self.problem}; {self.remedy}"


@frozen
class ConfigError:
    """A configuration that cannot be used: all its problems, each a line that begins with its place."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Give a line for each problem."""
        return "\n".join(self.problems)


@frozen
class ReadError:
    """A request of a wire format that cannot be read as a call."""

    path: str
    problem: str

    def __str__(self) -> str:
        """Name the place and the problem."""
        return f"{self.path}: {self.problem}"


@frozen
class Refused:
    """The provider answered with an error."""

    status: int
    message: str
    code: str | None = None
    retry_after: float | None = None
    """Seconds the provider asks to wait."""
    partial: Reply | None = None

    def __str__(self) -> str:
        """Give the status, the provider's message and a hint."""
        label = f"the provider answered {self.status}"
        hint = _HINTS.get(self.status, "")
        return f"{label}: {self.message or 'no message'}{hint and f' ({hint})'}"


@frozen
class Malformed:
    """An answer that does not follow the provider's format."""

    problem: str
    partial: Reply | None = None

    def __str__(self) -> str:
        """Say what was wrong and where to look."""
        return f"the reply cannot be read: {self.problem}; check that base_url points at the right API"


@frozen
class Truncated:
    """A stream that ended without evidence that it was complete."""

    partial: Reply

    def __str__(self) -> str:
        """Say that the stream broke and where the received part is."""
        return "the stream ended before it was complete; what was received is in .partial; try again"


DecodeError: TypeAlias = Refused | Malformed | Truncated
"""All that decoding can say instead of a reply."""

Failure: TypeAlias = EncodeError | DecodeError
"""All that a pure function can say instead of its result."""

_HINTS = {
    401: "check the API key",
    403: "the API key may not do this",
    404: "check the model name and base_url",
    429: "slow down, or check the quota",
}


class CasualLLMError(Exception):
    """Everything that casual_llm raises on purpose."""


class ConfigurationError(CasualLLMError, ValueError):
    """An option, a config, a key or the weights are wrong."""


class RequestError(CasualLLMError, ValueError):
    """A call that cannot be put on the wire."""


class ImageFetchError(CasualLLMError):
    """An image that cannot be fetched, or from an address that must not be asked."""


class TransportError(CasualLLMError):
    """The server was not reached, or the connection broke; `partial` holds what a stream had sent."""

    partial: Reply | None = None


class RequestTimeoutError(TransportError, TimeoutError):
    """The server took longer than the timeouts allow."""


class ReplyError(CasualLLMError):
    """The answer is malformed or cut off; `partial` holds what was received."""

    def __init__(self, failure: Malformed | Truncated) -> None:
        super().__init__(failure)
        self.partial = failure.partial


class TruncatedError(ReplyError):
    """The stream ended before it was complete."""


class StructuredOutputError(ReplyError):
    """The answer is no instance of the class that was asked for.

    `failure` says what it is instead; `reply`, which is also `partial`, is the answer itself.
    """

    def __init__(self, failure: ParseFailure, reply: Reply) -> None:
        CasualLLMError.__init__(self, failure)
        self.failure = failure
        self.reply = reply
        self.partial = reply

    def __reduce__(self) -> tuple[object, ...]:
        """Make it of both again; what an exception shows is the failure alone."""
        return type(self), (self.failure, self.reply), vars(self)


class ProviderError(CasualLLMError):
    """The provider answered with an error; `partial` holds what a stream had sent before it."""

    def __init__(self, failure: Refused) -> None:
        super().__init__(failure)
        self.status = failure.status
        self.code = failure.code
        self.retry_after = failure.retry_after
        self.partial = failure.partial


class AuthenticationError(ProviderError):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class NotFoundError(ProviderError):
    """There is no such model or address (404)."""


class RateLimitError(ProviderError):
    """Too many requests, or no quota left (429)."""


class ServerError(ProviderError):
    """The provider failed (500 and above)."""


def exception_for(failure: Failure) -> CasualLLMError:
    """Choose the exception of the same meaning.

    >>> exception_for(Refused(429, "Slow down."))
    RateLimitError(Refused(status=429, message='Slow down.', code=None, retry_after=None, partial=None))
    """
    if isinstance(failure, EncodeError):
        return RequestError(failure)
    if isinstance(failure, Truncated):
        return TruncatedError(failure)
    if isinstance(failure, Malformed):
        return ReplyError(failure)
    if failure.status >= _SERVER_ERRORS:
        return ServerError(failure)
    return _BY_STATUS.get(failure.status, ProviderError)(failure)


_SERVER_ERRORS = 500
_BY_STATUS = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitError,
}
