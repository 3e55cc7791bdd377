"""Choose the model that a command uses: the one that flags describe, or one of a configuration file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from casual_llm.cli.flags import ModelFlags, Overrides
from casual_llm.config import ClientConfig, ModelConfig, Provider
from casual_llm.config.assignment import assigned
from casual_llm.config.values import Config, named
from casual_llm.errors import ConfigurationError
from casual_llm.options import Layer, layered, merge
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten, from_paths, parse_path
from casual_llm.shell.client import CodecClient
from casual_llm.shell.config_files import Models, load_config
from casual_llm.shell.factories import create_client
from casual_llm.validation import collect_errors

_EMBEDDED = "smollm2"


@frozen
class Target:
    """A model, and a function that creates its client."""

    connect: Callable[[], CodecClient]
    model: ModelConfig


def resolve(flags: ModelFlags, call: Layer) -> Target:
    """Find the model that the flags select, and merge the options of the call over its own."""
    if flags.config is None:
        return _from_flags(flags, call)
    server_flags = {"provider": flags.provider, "base-url": flags.base_url, "name": flags.name}
    given = [f"--{flag}" for flag, value in server_flags.items() if value is not None]
    if given:
        problem = "already set by the file; remove it, or remove --config"
        raise ConfigurationError(f"{', '.join(given)}: {problem}")
    return _from_file(flags.config, flags.model, call, flags.timeout)


def _from_flags(flags: ModelFlags, call: Layer) -> Target:
    """Build the target that flags describe; the embedded model needs no name."""
    provider = flags.provider or (Provider.OPENAI if flags.base_url else Provider.LOCAL)
    local = provider is Provider.LOCAL
    if local and (flags.base_url or flags.name):
        problem = "the embedded model has no base URL and no API key; use --provider openai"
        raise ConfigurationError(f"--base-url, --name: {problem}")
    name = flags.model or (_EMBEDDED if local else None)
    if name is None:
        raise ConfigurationError(f"--model: no model given; pass the name of one that {provider} serves")
    timeout = 60.0 if flags.timeout is None else flags.timeout
    client = ClientConfig(provider=provider, base_url=flags.base_url, name=flags.name, timeout=timeout)
    return Target(partial(create_client, client), ModelConfig(name=name, default_options=call))


def _from_file(path: Path, model: str | None, call: Layer, timeout: float | None) -> Target:
    """Build the target of a model of a file, with the options of the flags merged over its own."""
    config = load_config(path)
    settings = config.models[choose_model(config, model)]
    if timeout is not None:
        client = evolve(config.clients[settings.client], timeout=timeout)
        config = evolve(config, clients={**config.clients, settings.client: client})
    options = layered(file=settings.config.default_options, call=call)
    connect = partial(Models(config).client, settings.client)
    return Target(connect, ModelConfig(name=settings.name, default_options=options))


def choose_model(config: Config, wanted: str | None) -> str:
    """Choose a model of a file: the named one, or the only one."""
    if wanted is not None:
        named(config.models, wanted, "model")
        return wanted
    if not config.models:
        raise ConfigurationError("--config: the file has no model; add a section [models.NAME]")
    if len(config.models) > 1:
        raise ConfigurationError(
            f"--model: no model given; choose one from the file: {', '.join(config.models)}"
        )
    return next(iter(config.models))


def override_layer(overrides: Overrides) -> Layer:
    """Read the values of --set and --omit as one layer.

    >>> override_layer(Overrides(assignments=["temperature=0.2", "extra.user=u-1"], omitted=["stop"]))
    ChatOptions(temperature=0.2, stop=OMIT, extra={'user': 'u-1'})
    """
    assignments = merge(*collect_errors(assigned, overrides.assignments or (), "--set"))
    paths = collect_errors(parse_path, overrides.omitted or (), "--omit")
    contradicted = [".".join(path) for path in paths if path in flatten(assignments)]
    if contradicted:
        raise ConfigurationError(f"--omit {contradicted[0]}: --set gives it a value; keep one of the two")
    return from_paths((path, OMIT) for path in paths) | assignments
