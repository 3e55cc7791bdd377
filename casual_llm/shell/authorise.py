"""Add credentials to requests: a function from a request to a request, applied just before it is sent.

A codec never writes secrets, and a request is complete when it comes here, so a function may also sign it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import Attribute, evolve, field, frozen

from casual_llm.errors import ConfigurationError
from casual_llm.redaction import REMOVED, Secret, as_secret
from casual_llm.validation import wrong_type
from casual_llm.wire.codec import Request

Authorise: TypeAlias = Callable[[Request], Request]
"""Returns the request with credentials, such as a key or a signature."""


def _check_key(_: object, __: Attribute[Any], key: object) -> None:
    if not isinstance(key, Secret):
        raise wrong_type("api_key", "a string", key)
    check_header("api_key", key)


def check_header(name: str, value: str | Secret) -> None:
    """Check the value of a header, because an error of the HTTP library would quote it.

    >>> check_header("organization", "org-é")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: organization: contains a character that headers cannot hold; \
check that it was copied whole
    """
    if not isinstance(value, str | Secret):
        raise wrong_type(name, "a string", value)
    if not _fits_header(as_secret(value)):
        problem = "contains a character that headers cannot hold"
        raise ConfigurationError(f"{name}: {problem}; check that it was copied whole")


def _fits_header(value: Secret) -> bool:
    return value.reveal().isascii() and value.reveal().isprintable()


@frozen
class HeaderKey:
    """Write a key into a header; made by `bearer` and `header_key`."""

    header: str
    secret: Secret = field(converter=as_secret, validator=_check_key)
    prefix: str = ""

    def __call__(self, request: Request) -> Request:
        """Return the request with the key in its header."""
        # A new request costs a third of `evolve`, and this is done for each call.
        headers = {**request.headers, self.header: self.prefix + self.secret.reveal()}
        return Request(url=request.url, headers=headers, body=request.body)

    def masked(self, request: Request) -> Request:
        """Return the request with a mark where the key would be."""
        return evolve(request, headers={**request.headers, self.header: self.prefix + REMOVED})


def bearer(key: str | Secret) -> HeaderKey:
    """Build the authorisation by `authorization: Bearer KEY`.

    Args:
        key: The key; a `ConfigurationError` where a header cannot hold it.

    >>> authorise = bearer("sk-secret")
    >>> authorise
    HeaderKey(header='authorization', secret=Secret('***'), prefix='Bearer ')
    >>> authorise(Request(url="/chat", body=b"")).headers["authorization"]
    'Bearer sk-secret'
    """
    key = as_secret(key)  # so that no traceback shows one that is refused
    return HeaderKey("authorization", key, "Bearer ")


def header_key(header: str, key: str | Secret) -> HeaderKey:
    """Build the authorisation by a header that holds the key alone, such as `x-api-key`.

    Args:
        header: The name of the header.
        key: The key; a `ConfigurationError` where a header cannot hold it.

    >>> header_key("x-api-key", "sk-secret")(Request(url="/messages", body=b"")).headers["x-api-key"]
    'sk-secret'
    """
    key = as_secret(key)
    return HeaderKey(header, key)
