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
"""Seconds; what is longer is meant as no limit, and cannot be told to the system."""


def check_limit(value: object, place: str) -> None:
    """Refuse what is no limit of a phase.

    >>> check_limit(0, "read")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: read: 0 is no time; give seconds above 0, or None for no limit
    """
    if value is not None and not _is_time(value):
        raise invalid(place, f"{preview(value)} is no time", "give seconds above 0, or None for no limit")


def _limit(_: object, attribute: Attribute[Any], value: object) -> None:
    check_limit(value, f"Timeout.{attribute.name}")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _FOREVER


@frozen(kw_only=True)
class Timeout:
    """Seconds allowed for each phase of a request, and for the whole call; `None` is no limit.

    >>> Timeout.of(5).read
    5.0
    """

    connect: float | None = field(default=10.0, validator=_limit)
    read: float | None = field(default=60.0, validator=_limit)
    """The longest silence between two pieces of the answer."""
    write: float | None = field(default=60.0, validator=_limit)
    pool: float | None = field(default=60.0, validator=_limit)
    total: float | None = field(default=None, validator=_limit)
    """The whole call, from its start to the last byte; for a stream, to the last chunk."""

    @classmethod
    def of(cls, seconds: float | Timeout, place: str = "timeout") -> Timeout:
        """Read a plain number as the limit of each phase; to connect, never more than 10 seconds.

        >>> Timeout.of(-1)
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: timeout: -1 is no time; give seconds above 0, or a Timeout
        """
        if isinstance(seconds, Timeout):
            return seconds
        if not _is_time(seconds):
            raise invalid(place, f"{preview(seconds)} is no time", "give seconds above 0, or a Timeout")
        limit = float(seconds)
        return cls(connect=min(limit, 10.0), read=limit, write=limit, pool=limit)


def _masked(secret: str | None) -> str:
    return "None" if secret is None else "'***'"


def as_timeout(value: float | Timeout) -> Timeout:
    """Read a plain number of seconds as a `Timeout`."""
    return Timeout.of(value)


def _shown(address: str | None) -> str:
    # What stands before an @ or behind a ? may be a password.
    return "'***'" if re.search(r"[@?]", address or "") else preview(address)


def _names(mapping: Mapping[str, object]) -> str:
    return repr([*mapping])


def _frozen(value: Any) -> Any:  # noqa: ANN401 # arguments of a client may be anything
    """Freeze the containers that callers share with us, and leave objects such as clients alone."""
    if isinstance(value, Mapping):
        return frozendict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _frozen_kwargs(value: Mapping[str, object]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid("extra_kwargs", f"{type_name(value)} given", "give a dict")
    kwargs: Mapping[str, Any] = _frozen(value)
    return kwargs


def _must_be(kind: type, *, optional: bool = True) -> Callable[[object, Attribute[Any], object], None]:
    """Check a type without showing the value, which may be a key."""

    def check(owner: object, attribute: Attribute[Any], value: object) -> None:
        if not (isinstance(value, kind) or (optional and value is None)):
            place = f"{type(owner).__name__}.{attribute.name}"
            raise invalid(place, f"{type_name(value)} given", f"give a {kind.__name__}")

    return check


def _handling(owner: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        FIELDS[attribute.name].kind.check(value, f"{type(owner).__name__}.{attribute.name}")


@frozen(kw_only=True)
class ClientConfig:
    """The connection settings of a client.

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
    name: str | None = field(default=None, repr=preview, validator=_must_be(str))
    """A name such as `openrouter`; its key is looked up as `OPENROUTER_API_KEY`."""
    base_url: str | None = field(default=None, repr=_shown, validator=_must_be(str))
    api_key: str | None = field(default=None, repr=_masked, validator=_must_be(str))
    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    extra_kwargs: Mapping[str, Any] = field(factory=frozendict, converter=_frozen_kwargs, repr=_names)
    """Further keyword arguments for the client; only their names are shown."""
    system_message_handling: SystemMessageHandling | None = field(default=None, validator=_handling)
    default_options: Layer | None = field(default=None, validator=_must_be(ChatOptions))


@frozen(kw_only=True)
class ModelConfig:
    """The settings of a model: its name at the provider, and what its calls start from.

    >>> ModelConfig(name="gpt-4", default_options=ChatOptions(temperature=0.7)).name
    'gpt-4'
    """

    name: str = field(validator=_must_be(str, optional=False))
    default_options: Layer | None = field(default=None, validator=_must_be(ChatOptions))
    system_message_handling: SystemMessageHandling | None = field(default=None, validator=_handling)


def address_of(text: object, place: str = "base_url") -> str:
    """Check the address of a server, and take the slash off its end.

    >>> address_of("https://api.openai.com/v1/")
    'https://api.openai.com/v1'
    """
    if not isinstance(text, str):
        raise invalid(place, f"{type_name(text)} given", "give a string")
    try:
        parts = urlsplit(text)
        host, extra = parts.hostname, parts.query or parts.fragment or parts.username or parts.password
        plain = not extra and text.isprintable() and not re.search(r"\s", text)
        valid = parts.scheme in {"http", "https"} and bool(host) and plain and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        host, valid = None, False
    if not valid:
        # Of an address with more than a host only the host is shown: the rest may hold a password.
        seen = preview(text) if "@" not in text and "?" not in text else f"the one at {host}"
        remedy = "give one like https://api.openai.com/v1, without user name or query"
        raise invalid(place, f"{seen} is no address", remedy)
    return text.rstrip("/")


_OWN_VARIABLE = {
    Provider.OPENAI: "OPENAI_API_KEY",
    Provider.ANTHROPIC: "ANTHROPIC_API_KEY",
    Provider.OLLAMA: "OLLAMA_API_KEY",
}


def key_variables(config: ClientConfig, dialect: str | None = None) -> tuple[str, ...]:
    """List the environment variables that may hold the key, in the order they are tried.

    >>> key_variables(ClientConfig(provider="openai", name="my-proxy.eu"))
    ('MY_PROXY_EU_API_KEY', 'OPENAI_API_KEY')

    `dialect` is the variable of a server that is known by its address.
    """
    named = re.sub(r"[-.]", "_", config.name).upper() + "_API_KEY" if config.name else None
    tried = (named, dialect, _OWN_VARIABLE.get(config.provider))
    return tuple(dict.fromkeys(name for name in tried if name))


def resolve_api_key(
    config: ClientConfig, environ: Mapping[str, str], dialect: str | None = None
) -> str | None:
    """Choose the key: an explicit one, else the first variable that holds one, else `None`.

    >>> resolve_api_key(ClientConfig(provider="openai", name="groq"), {"GROQ_API_KEY": "gsk"})
    'gsk'
    >>> resolve_api_key(ClientConfig(provider="openai"), {}) is None
    True
    """
    if config.api_key:
        return config.api_key
    found = (environ.get(variable) for variable in key_variables(config, dialect))
    return next((key for key in found if key), None)
