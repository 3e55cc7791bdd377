"""How to reach a provider, as values; and which key to use, as a function of config and environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, field, fields, frozen
from frozendict import frozendict

from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, ChatOptions, Layer, SystemMessageHandling
from casual_llm.redaction import Secret, as_secret
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
"""Seconds; anything longer is meant as no limit, and is too large for the operating system."""


def check_limit(value: object, place: str) -> None:
    """Refuse what is no limit of a phase.

    >>> check_limit(0, "read")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: read: 0 is not a valid timeout; use seconds > 0, or None
    """
    if value is not None and not _is_time(value):
        raise invalid(place, f"{preview(value)} is not a valid timeout", "use seconds > 0, or None")


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
    def of(cls, seconds: float | Timeout | None, place: str = "timeout") -> Timeout:
        """Read a plain number as the limit of each phase; to connect, never more than 10 seconds.

        `None` is no limit at all.

        >>> Timeout.of(-1)
        Traceback (most recent call last):
        ...
        casual_llm.errors.ConfigurationError: timeout: -1 is not a valid timeout; use seconds > 0, or None
        """
        if isinstance(seconds, Timeout):
            return seconds
        if seconds is None:
            return cls(connect=None, read=None, write=None, pool=None)
        check_limit(seconds, place)
        limit = float(seconds)
        return cls(connect=min(limit, 10.0), read=limit, write=limit, pool=limit)


def _masked(secret: Secret | None) -> str:
    return "None" if secret is None else "'***'"


def _key(value: str | Secret | None) -> Secret | None:
    if not isinstance(value, str | Secret | None):
        raise invalid("ClientConfig.api_key", f"{type_name(value)} given", "give a str")
    return as_secret(value)


def as_timeout(value: float | Timeout | None) -> Timeout:
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
    secret: Secret | None = field(default=None, repr=_masked, alias="api_key", converter=_key)
    """The key; given as `api_key`, and read as a text from `api_key`."""
    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    extra_kwargs: Mapping[str, Any] = field(factory=frozendict, converter=_frozen_kwargs, repr=_names)
    """Further keyword arguments for the client; only their names are shown."""
    system_message_handling: SystemMessageHandling | None = field(default=None, validator=_handling)
    default_options: Layer | None = field(default=None, validator=_must_be(ChatOptions))

    @property
    def api_key(self) -> str | None:
        """The key as a text."""
        return None if self.secret is None else self.secret.reveal()

    def __repr__(self) -> str:
        shown = (
            f"{a.alias}={(a.repr if callable(a.repr) else repr)(getattr(self, a.name))}"
            for a in fields(ClientConfig)
            if hasattr(self, a.name)  # a traceback with local variables shows one that is half constructed
        )
        return f"ClientConfig({', '.join(shown)})"

    def __reduce__(self) -> tuple[partial[ClientConfig], tuple[()]]:
        # A secret refuses to be pickled. A config holds its key in the pickle, because every value of the
        # package comes back equal from there.
        names = [str(a.alias) for a in fields(ClientConfig)]
        arguments: dict[str, Any] = {name: getattr(self, name) for name in names}
        return partial(ClientConfig, **arguments), ()


def _wrap_key_first(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor so that its frame, which an error in it shows, never holds the key as a text."""

    @wraps(init)
    def construct(self: ClientConfig, **arguments: Any) -> None:  # noqa: ANN401 # the constructor checks them
        arguments["api_key"] = as_secret(arguments.get("api_key"))
        init(self, **arguments)

    return construct


ClientConfig.__init__ = _wrap_key_first(ClientConfig.__init__)  # type: ignore[method-assign]


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


KEY_VARIABLES = {
    Provider.OPENAI: "OPENAI_API_KEY",
    Provider.ANTHROPIC: "ANTHROPIC_API_KEY",
    Provider.OLLAMA: "OLLAMA_API_KEY",
}
"""The environment variable that holds the key of each provider."""


def key_variables(
    config: ClientConfig, server: str | None = None, foreign: Collection[str] = ()
) -> tuple[str, ...]:
    """List the environment variables that may hold the key, in the order they are tried.

    Args:
        config: Its `name` and `provider` choose the variables.
        server: The variable of a server that is known by its address or its dialect.
        foreign: Variables of other vendors, whose keys this server must not get.

    >>> key_variables(ClientConfig(provider="openai", name="my-proxy.eu"))
    ('MY_PROXY_EU_API_KEY', 'OPENAI_API_KEY')
    >>> key_variables(ClientConfig(provider="openai"), "GROQ_API_KEY", foreign={"OPENAI_API_KEY"})
    ('GROQ_API_KEY',)
    """
    named = re.sub(r"[-.]", "_", config.name).upper() + "_API_KEY" if config.name else None
    candidates = (named, server, KEY_VARIABLES.get(config.provider))
    return tuple(dict.fromkeys(name for name in candidates if name and name not in foreign))


def find_key(config: ClientConfig, environ: Mapping[str, str], variables: Iterable[str]) -> Secret | None:
    """Return the key: an explicit one, else that of the first variable that holds one, else `None`.

    >>> find_key(ClientConfig(provider="openai"), {"GROQ_API_KEY": "gsk-secret"}, ["GROQ_API_KEY"])
    Secret('***')
    """
    candidates = (config.secret, *(as_secret(environ.get(variable)) for variable in variables))
    return next((key for key in candidates if key), None)


def resolve_api_key(
    config: ClientConfig, environ: Mapping[str, str], server: str | None = None
) -> str | None:
    """Return the key as a text: an explicit one, else that of the first variable that holds one, else `None`.

    >>> resolve_api_key(ClientConfig(provider="openai", name="groq"), {"GROQ_API_KEY": "gsk"})
    'gsk'
    >>> resolve_api_key(ClientConfig(provider="openai"), {}) is None
    True
    """
    key = find_key(config, environ, key_variables(config, server))
    return key.reveal() if key else None
