"""Parse the data of a configuration file into its values, or into the list of its problems.

Sections are read one by one, each with its problems; then references across sections are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias, TypeVar

from attrs import frozen
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success, safe

from casual_llm.config.connection import ClientConfig
from casual_llm.config.sections import HINT, REQUIRED, SECTIONS
from casual_llm.config.text import EMPTY
from casual_llm.config.values import Config, ModelSettings, stack, undefined
from casual_llm.errors import ConfigurationError
from casual_llm.failures import ConfigProblems
from casual_llm.frozen import (
    DEEPEST,
    NOT_UNICODE,
    TOO_DEEP,
    TOO_LONG,
    FrozenDict,
    Json,
    is_broken,
    is_too_long,
)
from casual_llm.options import FIELDS, ChatOptions, Layer, layered
from casual_llm.options.field_types import FieldType
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten, from_paths, parse_path
from casual_llm.validation import invalid, join_path, type_name, unknown

T = TypeVar("T")


@frozen
class _Section:
    """The values of one section, and the problems of the rest."""

    values: Mapping[str, Any]
    problems: tuple[str, ...]

    @property
    def extends(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self.values.get("extends", ())
        return names


_File: TypeAlias = Mapping[str, Mapping[str, _Section]]


def parse_config(data: object) -> Result[Config, ConfigProblems]:
    """Read the data of a configuration file, as a parser returns it; a `Failure` lists all problems.

    Args:
        data: The parsed file: a dict with the sections `clients`, `models` and `presets`.

    >>> data = {"clients": {"here": {"provider": "local"}},
    ...         "models": {"fast": {"client": "her", "name": "smollm2", "temprature": 0.5}}}
    >>> print(parse_config(data).failure())
    models.fast.temprature: unknown option, did you mean temperature?
    models.fast.client: no client is named 'her', did you mean here?
    """
    if data is None:  # YAML of comments alone
        return Failure(ConfigProblems((EMPTY,)))
    if not isinstance(data, Mapping):
        return Failure(ConfigProblems((f"expected a table of sections, got {type_name(data)}",)))
    file = {section: _sections(section, data.get(section, {})) for section in SECTIONS}
    problems = [*unknown_sections(data), *section_problems(file), *dangling_references(file)]
    return Failure(ConfigProblems(tuple(problems))) if problems else Success(_config(file))


def _unwritable(data: object, path: str, depth: int = 0) -> Iterator[str]:
    """List the values that no error text and no request could contain."""
    if isinstance(data, int) and is_too_long(data):
        yield f"{path}: {TOO_LONG}"
    if isinstance(data, str) and is_broken(data):
        yield f"{path}: {NOT_UNICODE}"
    if depth > DEEPEST:
        yield f"{path[:80]}...: {TOO_DEEP}"
    inner = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, item in inner if depth <= DEEPEST else ():
        item_path = join_path(path, str(key))
        yield from _unwritable(key, item_path)
        yield from _unwritable(item, item_path, depth + 1)


def unknown_sections(data: Mapping[str, object]) -> Iterator[str]:
    """List the top-level keys that are not sections; a file without any section is a problem too."""
    for key in data:
        if key == HINT and not isinstance(data[key], str):
            yield f"{HINT}: expected a string, got {type_name(data[key])}; use the URL of the schema"
        if key not in {*SECTIONS, HINT}:
            yield str(unknown("", key, SECTIONS))
    if not data.keys() & SECTIONS:
        yield "the file has no sections; define at least [clients.NAME] and [models.NAME]"


def _sections(section: str, data: object) -> Mapping[str, _Section]:
    if not isinstance(data, Mapping):
        return {
            "": _Section({}, (f"{section}: expected a table, got {type_name(data)}; use [{section}.NAME]",))
        }
    return {name: _section(section, name, entry) for name, entry in data.items()}


def _section(section: str, name: str, data: object) -> _Section:
    path = join_path(section, name)
    if not isinstance(name, str) or not name:
        return _Section({}, (f"{path}: expected a non-empty string as name, got {name!r}",))
    unwritable = tuple(_unwritable(name, path))
    if unwritable:
        return _Section({}, unwritable)
    if not isinstance(data, Mapping):
        return _Section({}, (f"{path}: expected a table, got {type_name(data)}",))
    results = {key: _value(path, key, value, SECTIONS[section]) for key, value in data.items()}
    values = {key: result.unwrap() for key, result in results.items() if is_successful(result)}
    errors = [str(result.failure()) for result in results.values() if not is_successful(result)]
    invalid_values = [problem for text in errors for problem in text.split("\n")]
    missing = [
        f"{path}.{key}: missing; it is required" for key in REQUIRED.get(section, ()) if key not in data
    ]
    return _Section(values, (*invalid_values, *missing, *_contradictions(path, values)))


@safe(exceptions=(ConfigurationError,))
def _value(section_path: str, key: str, value: Json, known: Mapping[str, FieldType]) -> object:
    if key not in known:
        raise unknown(section_path, key, known)
    path = f"{section_path}.{key}"
    if value is None:
        raise invalid(path, "null is not a value", "remove the key, or list it under omit")
    unwritable = next(_unwritable(value, path), None)
    if unwritable is not None:
        raise ConfigurationError(unwritable)
    return known[key].check(known[key].read(value, path), path)


def _contradictions(path: str, values: Mapping[str, Any]) -> Iterator[str]:
    set_paths = flatten(_options(values))
    for text in values.get("omit", ()):
        if parse_path(text, path) in set_paths:
            yield f"{path}.omit: {text} is set in the same section; remove one of the two"


def section_problems(file: _File) -> Iterator[str]:
    """List the problems of all sections."""
    for sections in file.values():
        for section in sections.values():
            yield from section.problems


def dangling_references(file: _File) -> Iterator[str]:
    """List the references to presets and clients that are not defined, and a cycle of presets."""
    presets = file["presets"]
    for section_type, sections in file.items():
        for name, section in sections.items():
            for preset in section.extends:
                if preset not in presets:
                    yield f"{section_type}.{name}.extends: {undefined(presets, preset, 'preset')}"
            client = section.values.get("client")
            if client is not None and client not in file["clients"]:
                yield f"{section_type}.{name}.client: {undefined(file['clients'], client, 'client')}"
    try:
        _in_order(presets)
    except CycleError as error:
        cycle = error.args[1]
        around = " -> ".join(reversed(cycle))
        yield f"presets.{cycle[0]}.extends: presets extend each other in a cycle: {around}; remove one link"


def _in_order(presets: Mapping[str, _Section]) -> list[str]:
    graph = {
        name: [below for below in section.extends if below in presets] for name, section in presets.items()
    }
    return [*TopologicalSorter(graph).static_order()]


def _options(values: Mapping[str, Any]) -> Layer:
    options = {name: value for name, value in values.items() if name in FIELDS}
    return ChatOptions(**options)


def _layer(section: _Section) -> Layer:
    paths = [parse_path(text, "") for text in section.values.get("omit", ())]
    # A map before its keys, in whatever order they were written.
    omitted = from_paths((path, OMIT) for path in sorted(paths, key=len))
    return omitted | _options(section.values)


def _config(file: _File) -> Config:
    stacks: dict[str, Mapping[str, Layer]] = {}
    for name in _in_order(file["presets"]):
        stacks[name] = _layers(f"presets.{name}", file["presets"][name], stacks)
    clients = {name: _layers(f"clients.{name}", section, stacks) for name, section in file["clients"].items()}
    return Config(
        clients=FrozenDict(
            {name: _client(name, section, clients[name]) for name, section in file["clients"].items()}
        ),
        presets=FrozenDict({name: layered(**stacks[name]) for name in file["presets"]}),
        models=FrozenDict({name: _model(name, section, stacks) for name, section in file["models"].items()}),
        layers=FrozenDict(clients),
    )


def _layers(path: str, section: _Section, presets: Mapping[str, Mapping[str, Layer]]) -> Mapping[str, Layer]:
    below = [presets[name] for name in section.extends]
    return FrozenDict(stack(*below, {path: _layer(section)}))


def _client(name: str, section: _Section, layers: Mapping[str, Layer]) -> ClientConfig:
    connection = {key: value for key, value in section.values.items() if key not in SECTIONS["presets"]}
    return ClientConfig(**{"name": name, **connection}, default_options=layered(**layers))


def _model(name: str, section: _Section, presets: Mapping[str, Mapping[str, Layer]]) -> ModelSettings:
    layers = _layers(f"models.{name}", section, presets)
    return ModelSettings(client=section.values["client"], name=section.values["name"], layers=layers)
