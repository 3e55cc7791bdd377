"""How to reach a provider, as values; and which key to use, as a function of config and environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen
from frozendict import frozendict

from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, ChatOptions, Layer, SystemMessageHandling
from casual_llm.validation import invalid, preview, type_name


class Provider(StrEnum):
    """The providers that a `ClientConfig` can name."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OLLAMA = "ollama"
    LOCAL = "local"


def _provider(value: Provider | str) -> Provider:
    try:
        return Provider(str(value).lower())
    except ValueError:
        valid = ", ".join(Provider)
        raise ConfigurationError(f"Unknown provider {preview(value)}; valid providers are: {valid}") from None


_FOREVER = 1e9
"""Seconds; a longer timeout is meant as no limit, and operating systems do not accept it."""


def check_limit(value: object, path: str) -> None:
    """Check the limit of a phase in seconds; `None` is no limit.

    >>> check_limit(0, "read")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: read: 0 is not a valid timeout; use seconds > 0, or None
    """
    if value is not None and not _is_timeout(value):
        raise invalid(path, f"{preview(value)} is not a valid timeout", "use seconds > 0, or None")


def _limit(_: object, attribute: Attribute[Any], value: object) -> None:
    check_limit(value, f"Timeout.{attribute.name}")


def _is_timeout(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _FOREVER


@frozen(kw_only=True)
class Timeout:
    """Seconds allowed for each phase of a request, and for the whole call; `None` is no limit.

    Arguments, all in seconds:
        connect: to open a connection; by default 10
        read: the longest silence between two parts of the answer; by default 60
        write: the longest wait for the server to accept a part of the request; by default 60
        pool: the longest wait for a free connection; by default 60
        total: the whole call, from its start to the last byte; by default no limit

    What is not a number above 0 and below 1e9 is a `ConfigurationError`.

    >>> Timeout(read=120.0).read
    120.0
    >>> Timeout(read=0)
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: Timeout.read: 0 is not a valid timeout; use seconds > 0, or None
    """

    connect: float | None = field(default=10.0, validator=_limit)
    """To open a connection."""
    read: float | None = field(default=60.0, validator=_limit)
    """The longest silence between two parts of the answer."""
    write: float | None = field(default=60.0, validator=_limit)
    """The longest wait for the server to accept a part of the request."""
    pool: float | None = field(default=60.0, validator=_limit)
    """The longest wait for a free connection."""
    total: float | None = field(default=None, validator=_limit)
    """The whole call, from its start to the last byte; for a stream, to the last chunk."""

    @classmethod
    def of(cls, seconds: float | Timeout, path: str = "timeout") -> Timeout:
        """Convert seconds to a limit of each phase, of connecting at most 10; a `Timeout` stays as it is.

        >>> Timeout.of(5).read
        5.0
        >>> Timeout.of(-1)
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: timeout: -1 is not a valid timeout; use seconds > 0, \
or a Timeout
        """
        if isinstance(seconds, Timeout):
            return seconds
        if not _is_timeout(seconds):
            raise invalid(path, f"{preview(seconds)} is not a valid timeout", "use seconds > 0, or a Timeout")
        limit = float(seconds)
        return cls(connect=min(limit, 10.0), read=limit, write=limit, pool=limit)


def _masked(secret: str | None) -> str:
    return "None" if secret is None else "'***'"


def as_timeout(value: float | Timeout) -> Timeout:
    """Convert seconds to a `Timeout`."""
    return Timeout.of(value)


def _masked_url(base_url: str | None) -> str:
    # What is before an @ or after a ? may be a password.
    return "'***'" if re.search(r"[@?]", base_url or "") else preview(base_url)


def _keys_alone(mapping: Mapping[str, object]) -> str:
    return repr([*mapping])


def _frozen(value: Any) -> Any:  # noqa: ANN401 # arguments of a client may be anything
    """Freeze containers, which the caller may still change, and leave objects such as clients alone."""
    if isinstance(value, Mapping):
        return frozendict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _wrong_type(path: str, valid: str, value: object) -> ConfigurationError:
    # The value is not shown, because it may be a key.
    return ConfigurationError(f"{path}: expected {valid}, got {type_name(value)}")


def _frozen_kwargs(value: Mapping[str, object]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong_type("extra_kwargs", "a dict", value)
    kwargs: Mapping[str, Any] = _frozen(value)
    return kwargs


def _must_be(required: type, *, optional: bool = True) -> Callable[[object, Attribute[Any], object], None]:
    """Build a validator that checks a type without showing the value."""

    def check(config: object, attribute: Attribute[Any], value: object) -> None:
        if not (isinstance(value, required) or (optional and value is None)):
            path = f"{type(config).__name__}.{attribute.name}"
            raise _wrong_type(path, f"a {required.__name__}", value)

    return check


def _handling(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        FIELDS[attribute.name].field_type.check(value, f"{type(config).__name__}.{attribute.name}")


@frozen(kw_only=True)
class ClientConfig:
    """How to reach a provider, and the options that all calls of a client start from.

    Arguments:
        provider: a `Provider` or its name in any case: "openai", "anthropic", "ollama", "local"
        name: a name such as "openrouter", whose API key is looked up as `OPENROUTER_API_KEY`
        base_url: where the API is; by default from the environment, or the provider's own
        api_key: the API key; by default from the environment. It is never shown
        timeout: seconds for each phase of a request, or a `Timeout`; by default 60
        extra_kwargs: more keyword arguments for the client; only their names are shown
        system_message_handling: "keep" or "merge"; by default as the provider needs it
        default_options: the lowest layer of the options of every call

    An argument that is not valid is a `ConfigurationError`, which is also a `ValueError`.

    >>> ClientConfig(provider="OpenAI", api_key="sk-secret")
    ClientConfig(provider=<Provider.OPENAI: 'openai'>, name=None, base_url=None, api_key='***', \
timeout=Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0, total=None), extra_kwargs=[], \
system_message_handling=None, default_options=None)
    >>> ClientConfig(provider="opnai")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: Unknown provider 'opnai'; valid providers are: openai, anthropic, \
ollama, local
    """

    provider: Provider = field(converter=_provider)
    """Which API the server speaks."""
    name: str | None = field(default=None, repr=preview, validator=_must_be(str))
    """A name such as `openrouter`; its key is looked up as `OPENROUTER_API_KEY`."""
    base_url: str | None = field(default=None, repr=_masked_url, validator=_must_be(str))
    """Where the API is; `None` is the address in the environment, or the provider's own."""
    api_key: str | None = field(default=None, repr=_masked, validator=_must_be(str))
    """The API key; `None` is the one in the environment."""
    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    """The limits in seconds; a number is the limit of each phase."""
    extra_kwargs: Mapping[str, Any] = field(factory=frozendict, converter=_frozen_kwargs, repr=_keys_alone)
    """More keyword arguments for the client; only their names are shown."""
    system_message_handling: SystemMessageHandling | None = field(default=None, validator=_handling)
    default_options: Layer | None = field(default=None, validator=_must_be(ChatOptions))


@frozen(kw_only=True)
class ModelConfig:
    """A model: its name at the provider, and the options that its calls start from.

    Arguments:
        name: what the provider calls the model; required
        default_options: a layer of options above the client's and below the call's
        system_message_handling: "keep" or "merge"; by default as the client has it

    An argument that is not valid is a `ConfigurationError`.

    >>> ModelConfig(name="gpt-4", default_options=ChatOptions(temperature=0.7)).name
    'gpt-4'
    """

    name: str = field(validator=_must_be(str, optional=False))
    default_options: Layer | None = field(default=None, validator=_must_be(ChatOptions))
    system_message_handling: SystemMessageHandling | None = field(default=None, validator=_handling)


def address_of(text: object, path: str = "base_url") -> str:
    """Check the base URL of a server, and remove the slash at its end.

    >>> address_of("https://api.openai.com/v1/")
    'https://api.openai.com/v1'
    """
    if not isinstance(text, str):
        raise _wrong_type(path, "a string", text)
    try:
        parts = urlsplit(text)
        host, extra = parts.hostname, parts.query or parts.fragment or parts.username or parts.password
        plain = not extra and text.isprintable() and not re.search(r"\s", text)
        valid = parts.scheme in {"http", "https"} and bool(host) and plain and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is not a number
        host, valid = None, False
    if not valid:
        # Of a URL with user name or query only the host is shown: the rest may contain a password.
        shown = preview(text) if "@" not in text and "?" not in text else f"the one at {host}"
        remedy = "use one like https://api.openai.com/v1, without user name or query"
        raise invalid(path, f"{shown} is not a valid URL", remedy)
    return text.rstrip("/")


_PROVIDER_VARIABLE = {
    Provider.OPENAI: "OPENAI_API_KEY",
    Provider.ANTHROPIC: "ANTHROPIC_API_KEY",
    Provider.OLLAMA: "OLLAMA_API_KEY",
}


def key_variables(config: ClientConfig, dialect: str | None = None) -> tuple[str, ...]:
    """List the environment variables that may hold the API key, in the order of their precedence.

    >>> key_variables(ClientConfig(provider="openai", name="my-proxy.eu"))
    ('MY_PROXY_EU_API_KEY', 'OPENAI_API_KEY')

    `dialect` is the variable of a server that is known by its address.
    """
    by_name = re.sub(r"[-.]", "_", config.name).upper() + "_API_KEY" if config.name else None
    variables = (by_name, dialect, _PROVIDER_VARIABLE.get(config.provider))
    return tuple(dict.fromkeys(name for name in variables if name))


def resolve_api_key(
    config: ClientConfig, environ: Mapping[str, str], dialect: str | None = None
) -> str | None:
    """Return the API key: an explicit one, else the first variable that has one, else `None`.

    >>> resolve_api_key(ClientConfig(provider="openai", name="groq"), {"GROQ_API_KEY": "gsk"})
    'gsk'
    >>> resolve_api_key(ClientConfig(provider="openai"), {}) is None
    True
    """
    if config.api_key:
        return config.api_key
    keys = (environ.get(variable) for variable in key_variables(config, dialect))
    return next((key for key in keys if key), None)
