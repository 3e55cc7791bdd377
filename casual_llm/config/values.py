"""A configuration file as values: its clients, presets and models, each with the layers of its options."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from attrs import frozen

from casual_llm.config.connection import ClientConfig, ModelConfig
from casual_llm.errors import ConfigurationError
from casual_llm.options import Layer, checked, layered
from casual_llm.options.explain import Explanation, explained
from casual_llm.validation import wrong_type

T = TypeVar("T")
_MOST_NAMES = 12
"""In an error text; a longer list would hide the problem."""


@frozen(kw_only=True)
class ModelSettings:
    """A model of a configuration: its client, its name at the provider, and the layers of its options."""

    client: str
    name: str
    layers: Mapping[str, Layer]
    """By path in the file, the lowest first: the presets that it extends, then the model."""

    @property
    def config(self) -> ModelConfig:
        """The model with its layers merged."""
        return ModelConfig(name=self.name, default_options=layered(**self.layers))


@frozen(kw_only=True)
class Config:
    """A configuration file as values, as `load_config` and `parse_config` return it.

    Args:
        clients: the clients of the file, by name
        presets: the options of each preset, merged with those of the presets that it extends
        models: the models of the file, by name
        layers: for each client, the layers of its options by path in the file, the lowest first

    >>> from casual_llm.config.parse import parse_config
    >>> file = {"clients": {"here": {"provider": "local"}}, "presets": {"precise": {"temperature": 0.0}}}
    >>> parse_config(file).unwrap().presets["precise"]
    ChatOptions(temperature=0.0)
    """

    clients: Mapping[str, ClientConfig]
    """The clients of the file, by name."""
    presets: Mapping[str, Layer]
    """The options of each preset, merged with those of the presets that it extends."""
    models: Mapping[str, ModelSettings]
    """The models of the file, by name."""
    layers: Mapping[str, Mapping[str, Layer]]
    """For each client, the layers of its options by path in the file, the lowest first."""

    def explain(self, model: str, /, **more: Layer | None) -> Explanation:
        """Explain for each option of a model which part of the file sets it.

        Args:
            model: The name of a model in the file.
            more: Layers above those of the file, by names of your choice, the lowest first.

        Raises:
            ConfigurationError: The file does not define the model.

        >>> from casual_llm import ChatOptions, parse_config
        >>> file = {"clients": {"here": {"provider": "local", "seed": 1}},
        ...         "models": {"fast": {"client": "here", "name": "smollm2", "temperature": 0.5}}}
        >>> config = parse_config(file).unwrap()
        >>> print(config.explain("fast", call=ChatOptions(temperature=0.0)))
        option       value  from          overrides
        temperature  0.0    call          0.5 (models.fast)
        seed         1      clients.here
        """
        settings = named(self.models, model, "model")
        return explained(stack(self.layers[settings.client], settings.layers, more))


def stack(*stacks: Mapping[str, Layer | None]) -> dict[str, Layer]:
    """Concatenate stacks of named layers; of a layer that occurs again, the upper position counts.

    Only the last occurrence of a layer matters: `a | b | a` is `b | a`.
    """
    layers: dict[str, Layer] = {}
    for given in stacks:
        for name, layer in checked(given).items():
            layers.pop(name, None)
            layers[name] = layer
    return layers


def named(known: Mapping[str, T], name: str, kind: str) -> T:
    """Return the value of a name; the error of a missing one suggests the closest name."""
    if not isinstance(name, str):
        raise wrong_type("name", f"the name of a {kind}", name)
    if name not in known:
        raise ConfigurationError(undefined(known, name, kind))
    return known[name]


def undefined(known: Mapping[str, object], name: str, kind: str) -> str:
    """Write the problem of a name that is not defined."""
    close = get_close_matches(name, map(str, known), n=1)
    hint = f", did you mean {close[0]}?" if close else f"; defined: {_listed(known)}"
    return f"no {kind} is named {name!r}{hint}"


def _listed(known: Mapping[str, object]) -> str:
    first, more = [*known][:_MOST_NAMES], len(known) - _MOST_NAMES
    return ", ".join(map(str, first)) + (f" and {more} more" if more > 0 else "") if known else "none"
