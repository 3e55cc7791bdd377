"""What can go wrong: failures as values below the shell, exceptions above it.

Pure functions return a `CallFailure`; the shell turns each into the exception of the same meaning,
with `exception_for`. Every text names the path and the remedy.

    CasualLLMError
    ├── ConfigurationError (also ValueError)   an option, a config, a key or a model file is not valid
    ├── RequestError (also ValueError)         a call that cannot be encoded as a request
    ├── ImageFetchError                        an image that cannot or must not be fetched
    ├── TransportError                         the server was not reached, or the connection broke
    │   └── RequestTimeoutError (also TimeoutError)
    ├── ProviderError                          the provider answered with an error
    │   ├── AuthenticationError                401, 403
    │   ├── NotFoundError                      404
    │   ├── RateLimitError                     429
    │   └── ServerError                        500 and above
    └── ReplyError                             the answer is malformed or cut off
        ├── TruncatedError
        └── StructuredOutputError          the answer does not match the class it was requested as
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casual_llm import failures
from casual_llm.reply import Reply
from casual_llm.validation import CasualLLMError, ConfigurationError, deprecated_names

__all__ = [
    "AuthenticationError",
    "CasualLLMError",
    "ConfigurationError",
    "ImageFetchError",
    "NotFoundError",
    "ProviderError",
    "RateLimitError",
    "ReplyError",
    "RequestError",
    "RequestTimeoutError",
    "ServerError",
    "StructuredOutputError",
    "TransportError",
    "TruncatedError",
    "exception_for",
]


class RequestError(CasualLLMError, ValueError):
    """A call that cannot be encoded as a request."""


class ImageFetchError(CasualLLMError):
    """An image that cannot be fetched, or whose address is not public."""


class TransportError(CasualLLMError):
    """The server was not reached, or the connection broke; `partial` is what a stream had sent."""

    partial: Reply | None = None


class RequestTimeoutError(TransportError, TimeoutError):
    """The server took longer than a timeout allows."""


class ReplyError(CasualLLMError):
    """The answer is malformed or cut off.

    Args:
        failure: the reason as a value

    `partial` is what was received, as a `Reply`, or `None`.
    """

    def __init__(self, failure: failures.Malformed | failures.Truncated) -> None:
        super().__init__(failure)
        self.partial = failure.partial


class TruncatedError(ReplyError):
    """The stream ended before it was complete."""


class StructuredOutputError(ReplyError):
    """The answer does not match the class that was requested.

    Args:
        failure: the reason as a value
        reply: the answer itself, which is also `partial`
    """

    def __init__(self, failure: failures.ParseFailure, reply: Reply) -> None:
        CasualLLMError.__init__(self, failure)
        self.failure = failure
        self.reply = reply
        self.partial = reply

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild it from failure and reply; `args` has the failure alone."""
        return type(self), (self.failure, self.reply), vars(self)


class ProviderError(CasualLLMError):
    """The provider answered with an error.

    Args:
        failure: the error response as a value

    `status` is the HTTP status, `code` the provider's own error code or `None`, `retry_after` the seconds
    that the provider asks to wait or `None`, and `partial` what a stream had sent before the error.

    >>> from casual_llm.failures import ErrorResponse
    >>> ProviderError(ErrorResponse(429, "Slow down.", retry_after=2.0)).retry_after
    2.0
    """

    def __init__(self, failure: failures.ErrorResponse) -> None:
        super().__init__(failure)
        self.status = failure.status
        self.code = failure.code
        self.retry_after = failure.retry_after
        self.partial = failure.partial


class AuthenticationError(ProviderError):
    """The API key is missing, wrong, or not allowed to do this (401, 403)."""


class NotFoundError(ProviderError):
    """The model or the URL does not exist (404)."""


class RateLimitError(ProviderError):
    """Too many requests, or no quota left (429)."""


class ServerError(ProviderError):
    """The provider failed (500 and above)."""


def exception_for(failure: failures.CallFailure) -> CasualLLMError:
    """Return the exception of the same meaning.

    >>> exception_for(failures.ErrorResponse(429, "Slow down."))
    RateLimitError(ErrorResponse(status=429, message='Slow down.', code=None, retry_after=None, partial=None))
    """
    if isinstance(failure, failures.EncodeError):
        return RequestError(failure)
    if isinstance(failure, failures.Truncated):
        return TruncatedError(failure)
    if isinstance(failure, failures.Malformed):
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

if (
    not TYPE_CHECKING
):  # pragma: no branch # failures were importable from here too; a type checker knows their home alone
    __getattr__ = deprecated_names(
        __name__,
        {
            "Refused": "casual_llm.failures.ErrorResponse",
            "EncodeError": "casual_llm.failures.EncodeError",
            "DecodeError": "casual_llm.failures.DecodeError",
            "Malformed": "casual_llm.failures.Malformed",
            "Truncated": "casual_llm.failures.Truncated",
            "ReadError": "casual_llm.failures.ReadError",
            "ConfigError": "casual_llm.failures.ConfigProblems",
            "Failure": "casual_llm.failures.CallFailure",
        },
    )
