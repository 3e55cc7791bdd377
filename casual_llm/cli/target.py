"""Which model is meant: the one that flags describe, or one of a configuration file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from casual_llm.cli.flags import Answering, Overrides
from casual_llm.config import ClientConfig, ModelConfig, Provider
from casual_llm.config.assignment import assigned
from casual_llm.config.parse import Config, named
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
    """A model, and how its client is made."""

    connect: Callable[[], CodecClient]
    model: ModelConfig


def of(answering: Answering, call: Layer) -> Target:
    """Take the model that the flags mean, and lay the options of the call over its own."""
    if answering.config is None:
        return _of_flags(answering, call)
    named = {"provider": answering.provider, "base-url": answering.base_url, "name": answering.name}
    given = [f"--{flag}" for flag, value in named.items() if value is not None]
    if given:
        problem = "the file says who answers; leave it out, or leave out --config"
        raise ConfigurationError(f"{', '.join(given)}: {problem}")
    return _of_file(answering.config, answering.model, call, answering.timeout)


def _of_flags(answering: Answering, call: Layer) -> Target:
    """Take the model that flags describe; the embedded one needs no name."""
    chosen = answering.provider or (Provider.OPENAI if answering.base_url else Provider.LOCAL)
    local = chosen is Provider.LOCAL
    if local and (answering.base_url or answering.name):
        problem = "the embedded model has no address and no key; give --provider openai"
        raise ConfigurationError(f"--base-url, --name: {problem}")
    name = answering.model or (_EMBEDDED if local else None)
    if name is None:
        raise ConfigurationError(f"--model: none given; name one that {chosen} serves")
    limit = 60.0 if answering.timeout is None else answering.timeout
    client = ClientConfig(provider=chosen, base_url=answering.base_url, name=answering.name, timeout=limit)
    return Target(partial(create_client, client), ModelConfig(name=name, default_options=call))


def _of_file(path: Path, model: str | None, call: Layer, timeout: float | None) -> Target:
    """Take a model of a file, and lay what the flags say over it."""
    config = load_config(path)
    settings = config.models[model_of(config, model)]
    if timeout is not None:
        hasty = evolve(config.clients[settings.client], timeout=timeout)
        config = evolve(config, clients={**config.clients, settings.client: hasty})
    options = layered(file=settings.config.default_options, call=call)
    connect = partial(Models(config).client, settings.client)
    return Target(connect, ModelConfig(name=settings.name, default_options=options))


def model_of(config: Config, wanted: str | None) -> str:
    """Choose a model of a file: the one that is named, or the only one."""
    if wanted is not None:
        named(config.models, wanted, "model")
        return wanted
    if not config.models:
        raise ConfigurationError("--config: the file has no model; give it one as [models.NAME]")
    if len(config.models) > 1:
        raise ConfigurationError(f"--model: none given; name one of the file: {', '.join(config.models)}")
    return next(iter(config.models))


def overrides(over: Overrides) -> Layer:
    """Read what is set and what is omitted as one layer.

    >>> overrides(Overrides(assignments=["temperature=0.2", "extra.user=u-1"], omitted=["stop"]))
    ChatOptions(temperature=0.2, stop=OMIT, extra={'user': 'u-1'})
    """
    said = merge(*collect_errors(assigned, over.assignments or (), "--set"))
    paths = collect_errors(parse_path, over.omitted or (), "--omit")
    contradicted = [".".join(path) for path in paths if path in flatten(said)]
    if contradicted:
        raise ConfigurationError(f"--omit {contradicted[0]}: --set gives it a value; keep one of the two")
    return from_paths((path, OMIT) for path in paths) | said
