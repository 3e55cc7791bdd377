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

from casual_llm.config.timeout import Timeout, as_timeout
from casual_llm.errors import ConfigurationError
from casual_llm.options import FIELDS, ChatOptions, Layer, SystemMessageHandling
from casual_llm.redaction import Secret, as_secret
from casual_llm.validation import invalid, preview, wrong_type


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


def _masked(secret: Secret | None) -> str:
    return "None" if secret is None else "'***'"


def _key(value: str | Secret | None) -> Secret | None:
    if not isinstance(value, str | Secret | None):
        raise wrong_type("ClientConfig.api_key", "a str", value)
    return as_secret(value)


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


def _frozen_kwargs(value: Mapping[str, object]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong_type("extra_kwargs", "a dict", value)
    kwargs: dict[str, Any] = {name: _frozen(item) for name, item in value.items()}
    if "api_key" in kwargs:
        kwargs["api_key"] = as_secret(kwargs["api_key"])
    return frozendict(kwargs)


def _must_be(required: type, *, optional: bool = True) -> Callable[[object, Attribute[Any], object], None]:
    """Build a validator that checks a type without showing the value."""

    def check(config: object, attribute: Attribute[Any], value: object) -> None:
        if not (isinstance(value, required) or (optional and value is None)):
            path = f"{type(config).__name__}.{attribute.name}"
            raise wrong_type(path, f"a {required.__name__}", value)

    return check


def _handling(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        FIELDS[attribute.name].field_type.check(value, f"{type(config).__name__}.{attribute.name}")


@frozen(kw_only=True)
class ClientConfig:
    """How to reach a provider, and the options that all calls of a client start from.

    Args:
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
    secret: Secret | None = field(default=None, repr=_masked, alias="api_key", converter=_key)
    """The API key, given as `api_key` and read as text from `api_key`; `None` is that of the environment."""
    timeout: Timeout = field(default=Timeout.of(60.0), converter=as_timeout)
    """The limits in seconds; a number is the limit of each phase."""
    extra_kwargs: Mapping[str, Any] = field(factory=frozendict, converter=_frozen_kwargs, repr=_keys_alone)
    """More keyword arguments for the client; only their names are shown."""
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

    def __copy__(self) -> ClientConfig:
        return self

    def __deepcopy__(self, memo: object) -> ClientConfig:
        return self

    def __reduce__(self) -> tuple[partial[ClientConfig], tuple[()]]:
        if self.secret is not None:
            variable = KEY_VARIABLES.get(self.provider, "a variable of the environment")
            remedy = f"leave api_key out, and set {variable} where it is unpickled"
            raise TypeError(f"a ClientConfig with an API key cannot be pickled; {remedy}")
        arguments: dict[str, Any] = {str(a.alias): getattr(self, a.name) for a in fields(ClientConfig)}
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
    """A model: its name at the provider, and the options that its calls start from.

    Args:
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
        raise wrong_type(path, "a string", text)
    try:
        parts = urlsplit(text)
        host, extra = parts.hostname, parts.query or parts.fragment or parts.username or parts.password
        plain = not extra and text.isprintable() and not re.search(r"\s", text)
        valid = parts.scheme in {"http", "https"} and bool(host) and plain and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is not a number
        host, valid = None, False
    if not valid:
        # Of a URL with user name or query only the host is shown: the rest may contain a password.
        secret = "@" in text or "?" in text
        shown = f"the one at {host}" if secret else preview(text)
        remedy = f"use one like https://llm.example.com/v1{', without user name or query' if secret else ''}"
        raise invalid(path, f"{shown} is not a valid URL", remedy)
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
