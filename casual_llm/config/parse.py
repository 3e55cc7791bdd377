"""From the data of a configuration file to its values, or to all that is wrong with it.

Sections are read one by one, each with the problems it has; then names are looked up across sections.
Only a file without a problem becomes a `Config`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias, TypeVar

from attrs import frozen
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success, safe

from casual_llm.config.connection import ClientConfig, ModelConfig
from casual_llm.config.sections import HINT, REQUIRED, SECTIONS
from casual_llm.config.text import EMPTY
from casual_llm.errors import ConfigurationError
from casual_llm.failures import ConfigProblems
from casual_llm.frozen import DEEPEST, FrozenDict, Json, is_broken, is_too_long
from casual_llm.options import FIELDS, ChatOptions, Layer, checked, layered
from casual_llm.options.explain import Explanation, explained
from casual_llm.options.field_types import FieldType
from casual_llm.options.omit import OMIT
from casual_llm.options.paths import flatten, from_paths, parse_path
from casual_llm.validation import join_path, type_name, unknown

T = TypeVar("T")
_SHOWN = 12
"""Names; a longer list would hide what is said."""


@frozen(kw_only=True)
class ModelSettings:
    """A model of a configuration: its client, its name there, and the layers of its options."""

    client: str
    name: str
    layers: Mapping[str, Layer]
    """By place in the file, the lowest first: the presets that it extends, then its own."""

    @property
    def config(self) -> ModelConfig:
        """The same with its layers merged."""
        return ModelConfig(name=self.name, default_options=layered(**self.layers))


@frozen(kw_only=True)
class Config:
    """A configuration file as values."""

    clients: Mapping[str, ClientConfig]
    presets: Mapping[str, Layer]
    """The options of each preset, with those of the presets it extends."""
    models: Mapping[str, ModelSettings]
    layers: Mapping[str, Mapping[str, Layer]]
    """For each client, the layers of its options by place in the file, the lowest first."""

    def explain(self, model: str, /, **more: Layer | None) -> Explanation:
        """Tell for each option of a model which part of the file sets it; `more` are layers above.

        >>> file = {"clients": {"here": {"provider": "local", "seed": 1}},
        ...         "models": {"fast": {"client": "here", "name": "smollm2", "temperature": 0.5}}}
        >>> config = parse_config(file).unwrap()
        >>> print(config.explain("fast", call=ChatOptions(temperature=0.0)))
        option       value  from          overrides
        temperature  0.0    call          0.5 (models.fast)
        seed         1      clients.here
        """
        settings = named(self.models, model, "model")
        return explained(_stack(self.layers[settings.client], settings.layers, more))


def _stack(*stacks: Mapping[str, Layer | None]) -> dict[str, Layer]:
    """Lay stacks of named layers over each other; of one that comes again, the upper place counts.

    Only the last occurrence of a layer matters: `a | b | a` is `b | a`.
    """
    whole: dict[str, Layer] = {}
    for stack in stacks:
        for name, layer in checked(stack).items():
            whole.pop(name, None)
            whole[name] = layer
    return whole


def named(known: Mapping[str, T], name: str, kind: str) -> T:
    """Look a name up, or tell which was meant."""
    if name not in known:
        raise ConfigurationError(_missing(known, name, kind))
    return known[name]


def _missing(known: Mapping[str, object], name: str, kind: str) -> str:
    close = get_close_matches(name, map(str, known), n=1)
    hint = f", did you mean {close[0]}?" if close else f"; there is {_listed(known)}"
    return f"no {kind} is called {name!r}{hint}"


def _listed(known: Mapping[str, object]) -> str:
    first, more = [*known][:_SHOWN], len(known) - _SHOWN
    return ", ".join(map(str, first)) + (f" and {more} more" if more > 0 else "") if known else "none"


@frozen
class _Section:
    """What could be read of one section, and what could not."""

    said: Mapping[str, Any]
    problems: tuple[str, ...]

    @property
    def extends(self) -> tuple[str, ...]:
        names: tuple[str, ...] = self.said.get("extends", ())
        return names


_File: TypeAlias = Mapping[str, Mapping[str, _Section]]


def parse_config(data: object) -> Result[Config, ConfigProblems]:
    """Read the data of a configuration file.

    >>> wrong = {"clients": {"here": {"provider": "local"}},
    ...          "models": {"fast": {"client": "her", "name": "smollm2", "temprature": 0.5}}}
    >>> print(parse_config(wrong).failure())
    models.fast.temprature: unknown option, did you mean temperature?
    models.fast.client: no client is called 'her', did you mean here?
    """
    if data is None:  # YAML of comments alone
        return Failure(ConfigProblems((EMPTY,)))
    if not isinstance(data, Mapping):
        return Failure(ConfigProblems((f"the file holds {type_name(data)}; give a table of sections",)))
    file = {section: _sections(section, data.get(section, {})) for section in SECTIONS}
    problems = [*_strangers(data), *_misread(file), *_unlinked(file)]
    return Failure(ConfigProblems(tuple(problems))) if problems else Success(_config(file))


def _unwritable(data: object, place: str, depth: int = 0) -> Iterator[str]:
    """Find what no message and no request could show."""
    if isinstance(data, int) and is_too_long(data):
        yield f"{place}: a number of more digits than can be written; give it as text"
    if isinstance(data, str) and is_broken(data):
        yield f"{place}: half a character; write it whole"
    if depth > DEEPEST:
        yield f"{place[:80]}...: it is nested too deep; no option is"
    inner = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, item in inner if depth <= DEEPEST else ():
        inside = join_path(place, str(key))
        yield from _unwritable(key, inside)
        yield from _unwritable(item, inside, depth + 1)


def _strangers(data: Mapping[str, object]) -> Iterator[str]:
    for key in data:
        if key == HINT and not isinstance(data[key], str):
            yield f"{HINT}: no text; give the address of the schema"
        if key not in {*SECTIONS, HINT}:
            yield str(unknown("", key, SECTIONS))
    if not data.keys() & SECTIONS:
        yield "the file has no section; give at least [clients.NAME] and [models.NAME]"


def _sections(section: str, data: object) -> Mapping[str, _Section]:
    if not isinstance(data, Mapping):
        return {"": _Section({}, (f"{section}: {type_name(data)} given; give [{section}.NAME]",))}
    return {name: _section(section, name, entry) for name, entry in data.items()}


def _section(section: str, name: str, data: object) -> _Section:
    place = join_path(section, name)
    if not isinstance(name, str) or not name:
        return _Section({}, (f"{place}: {name!r} is no name; give a text",))
    unwritable = tuple(_unwritable(name, place))
    if unwritable:
        return _Section({}, unwritable)
    if not isinstance(data, Mapping):
        return _Section({}, (f"{place}: {type_name(data)} given; give a table",))
    read = {key: _value(place, key, value, SECTIONS[section]) for key, value in data.items()}
    said = {key: result.unwrap() for key, result in read.items() if is_successful(result)}
    refused = [str(result.failure()) for result in read.values() if not is_successful(result)]
    wrong = [problem for text in refused for problem in text.split("\n")]
    missing = [
        f"{place}.{key}: missing; it is needed" for key in REQUIRED.get(section, ()) if key not in data
    ]
    return _Section(said, (*wrong, *missing, *_contradictions(place, said)))


@safe(exceptions=(ConfigurationError,))
def _value(place: str, key: str, value: Json, known: Mapping[str, FieldType]) -> object:
    if key not in known:
        raise unknown(place, key, known)
    if value is None:
        raise ConfigurationError(f"{place}.{key}: null sets nothing; leave it out, or name it under omit")
    unwritable = next(_unwritable(value, f"{place}.{key}"), None)
    if unwritable is not None:
        raise ConfigurationError(unwritable)
    return known[key].check(known[key].read(value, f"{place}.{key}"), f"{place}.{key}")


def _contradictions(place: str, said: Mapping[str, Any]) -> Iterator[str]:
    own = flatten(_set(said))
    for text in said.get("omit", ()):
        if parse_path(text, place) in own:
            yield f"{place}.omit: {text} is set in the same section; keep one of the two"


def _misread(file: _File) -> Iterator[str]:
    for sections in file.values():
        for section in sections.values():
            yield from section.problems


def _unlinked(file: _File) -> Iterator[str]:
    presets = file["presets"]
    for kind, sections in file.items():
        for name, section in sections.items():
            for preset in section.extends:
                if preset not in presets:
                    yield f"{kind}.{name}.extends: {_missing(presets, preset, 'preset')}"
            client = section.said.get("client")
            if client is not None and client not in file["clients"]:
                yield f"{kind}.{name}.client: {_missing(file['clients'], client, 'client')}"
    try:
        _in_order(presets)
    except CycleError as error:
        cycle = error.args[1]
        yield f"presets.{cycle[0]}.extends: a circle, {' -> '.join(reversed(cycle))}; take one link out"


def _in_order(presets: Mapping[str, _Section]) -> list[str]:
    graph = {name: [below for below in own.extends if below in presets] for name, own in presets.items()}
    return [*TopologicalSorter(graph).static_order()]


def _set(said: Mapping[str, Any]) -> Layer:
    own = {name: value for name, value in said.items() if name in FIELDS}
    return ChatOptions(**own)


def _own(section: _Section) -> Layer:
    paths = [parse_path(text, "") for text in section.said.get("omit", ())]
    # A map before its keys, in whatever order they were written.
    omitted = from_paths((path, OMIT) for path in sorted(paths, key=len))
    return omitted | _set(section.said)


def _config(file: _File) -> Config:
    stacks: dict[str, Mapping[str, Layer]] = {}
    for name in _in_order(file["presets"]):
        stacks[name] = _layers(f"presets.{name}", file["presets"][name], stacks)
    clients = {name: _layers(f"clients.{name}", own, stacks) for name, own in file["clients"].items()}
    return Config(
        clients=FrozenDict(
            {name: _client(name, own, clients[name]) for name, own in file["clients"].items()}
        ),
        presets=FrozenDict({name: layered(**stacks[name]) for name in file["presets"]}),
        models=FrozenDict({name: _model(name, own, stacks) for name, own in file["models"].items()}),
        layers=FrozenDict(clients),
    )


def _layers(place: str, section: _Section, presets: Mapping[str, Mapping[str, Layer]]) -> Mapping[str, Layer]:
    below = [presets[name] for name in section.extends]
    return FrozenDict(_stack(*below, {place: _own(section)}))


def _client(name: str, section: _Section, layers: Mapping[str, Layer]) -> ClientConfig:
    own = {key: value for key, value in section.said.items() if key not in SECTIONS["presets"]}
    return ClientConfig(**{"name": name, **own}, default_options=layered(**layers))


def _model(name: str, section: _Section, presets: Mapping[str, Mapping[str, Layer]]) -> ModelSettings:
    layers = _layers(f"models.{name}", section, presets)
    return ModelSettings(client=section.said["client"], name=section.said["name"], layers=layers)
