"""Configuration files: the file is read here, understood below, and its clients are made on first use."""

from __future__ import annotations

from contextlib import AsyncExitStack
from os import PathLike
from pathlib import Path

from returns.pipeline import is_successful

from casual_llm.config.parse import parse_config
from casual_llm.config.text import PARSERS, parse_text
from casual_llm.config.values import Config, named
from casual_llm.errors import ConfigurationError
from casual_llm.options import Layer
from casual_llm.shell.client import CodecClient
from casual_llm.shell.closing import Closing
from casual_llm.shell.factories import create_client, create_model
from casual_llm.shell.model import Model
from casual_llm.validation import wrong_type

_LARGEST = 1_000_000
"""Bytes; a larger file is not read."""


def load_config(path: str | Path) -> Config:
    """Read a configuration file: TOML, JSON or, with the extra `yaml`, YAML.

    Args:
        path: The file; its suffix (`.toml`, `.json`, `.yaml`, `.yml`) decides how it is read.

    Raises:
        ConfigurationError: The file cannot be read, or something in it is wrong: a line for each problem.

    >>> load_config("nowhere.toml")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: nowhere.toml: the file does not exist; give the path of a file
    """
    if not isinstance(path, str | PathLike):
        raise wrong_type("path", "the path of a file", path)
    file = Path(path)
    parsed = parse_text(_text(file), file.suffix.lower()).bind(parse_config)
    if is_successful(parsed):
        return parsed.unwrap()
    problems = parsed.failure().problems
    lines = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n  {problem}" for problem in problems)
    raise ConfigurationError(f"{path}:{lines}")


def _text(file: Path) -> str:
    try:
        problem = _reading_problem(file)
        data = b"" if problem else _start(file)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{str(file)!r}: it cannot be read: {problem}") from None
    if len(data) > _LARGEST:
        problem = f"it is larger than {_LARGEST:,} bytes; check that it is a configuration"
    if problem:
        raise ConfigurationError(f"{file}: {problem}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{file}: byte {error.start} is not valid UTF-8; save the file as UTF-8"
        ) from None


def _start(file: Path) -> bytes:
    # No more than it takes to know that it is too large: a device has no end, and its size is 0.
    with file.open("rb") as opened:
        return opened.read(_LARGEST + 1)


def _reading_problem(file: Path) -> str | None:
    if not file.exists():
        return "the file does not exist; give the path of a file"
    if file.is_dir():
        return "it is a directory; give a file"
    if file.suffix.lower() not in PARSERS:
        return f"unsupported file extension {file.suffix!r}; use one of {', '.join(PARSERS)}"
    return None


class Models(Closing):
    """The models of a configuration; those of one client share its connections.

    Use it as `async with models:`, or call `aclose()` when you are done.

    Args:
        config: The configuration, as `load_config` returns it.

    >>> file = {"clients": {"here": {"provider": "local"}},
    ...         "models": {"small": {"client": "here", "name": "smollm2"}}}
    >>> Models(parse_config(file).unwrap()).model("small")
    Model(LocalClient(base_url='local:'), name='smollm2')
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self._clients: dict[str, CodecClient] = {}

    def __repr__(self) -> str:
        """Show the names of the models."""
        return f"Models({', '.join(self.config.models)})"

    async def aclose(self) -> None:
        """Close the connections of all clients that were created."""
        async with AsyncExitStack() as closing:
            for client in self._clients.values():
                closing.push_async_callback(client.aclose)

    def client(self, name: str) -> CodecClient:
        """Return a client of the configuration; it is created on first use.

        Args:
            name: The name of the client in the configuration.

        Raises:
            ConfigurationError: The configuration has no such client, or its API key is missing.
        """
        config = named(self.config.clients, name, "client")
        if name not in self._clients:
            try:
                self._clients[name] = create_client(config)
            except ConfigurationError as error:
                raise ConfigurationError(f"clients.{name}: {error}") from None
        return self._clients[name]

    def model(self, name: str) -> Model:
        """Return a new model, with a ledger of its own.

        Args:
            name: The name of the model in the configuration.

        Raises:
            ConfigurationError: The configuration has no such model, or the API key of its client is missing.
        """
        settings = named(self.config.models, name, "model")
        return create_model(self.client(settings.client), settings.config)

    def preset(self, name: str) -> Layer:
        """Return the options of a preset, for example to use them for one call.

        Args:
            name: The name of the preset in the configuration.

        Raises:
            ConfigurationError: The configuration has no such preset.
        """
        return named(self.config.presets, name, "preset")


def load(path: str | Path) -> Models:
    """Read a configuration file and return its models: `load("config.toml").model("fast")`.

    A client is created when `model` or `client` first needs it; only then is its key looked up.

    Args:
        path: The file; its suffix (`.toml`, `.json`, `.yaml`, `.yml`) decides how it is read.

    Raises:
        ConfigurationError: The file cannot be read, or something in it is wrong: a line for each problem.

    >>> load("nowhere.toml")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: nowhere.toml: the file does not exist; give the path of a file
    """
    return Models(load_config(path))
