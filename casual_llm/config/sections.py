"""What may stand in a configuration file: each section as a table of kinds.

Reading a file, and the JSON Schema that editors use, are both made of these tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

from attrs import fields

from casual_llm.config.connection import Provider, Timeout, address_of, check_limit
from casual_llm.frozen import Json, thaw_object
from casual_llm.options import FIELDS
from casual_llm.options.field_types import FieldType, name, one_of
from casual_llm.options.paths import parse_path
from casual_llm.validation import collect_errors, invalid, join_path, json_object, preview, type_name, unknown


def _names(value: object, place: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(item, str) and item for item in names):
        raise invalid(place, f"{preview(value)} is no name", "give a name or a list of names")
    twice = [item for item, times in Counter(names).items() if times > 1]
    if twice:
        raise invalid(place, f"{twice[0]!r} stands there twice", "name it once")
    return tuple(names)


def _omitted(value: object, place: str) -> tuple[str, ...]:
    return tuple(".".join(path) for path in collect_errors(parse_path, _names(value, place), place))


def _timeout(value: object, place: str) -> Timeout:
    if isinstance(value, Mapping):
        return Timeout(**dict(collect_errors(partial(_phase, value), value, place)))
    return Timeout.of(value, place)  # type: ignore[arg-type] # what is no number, it refuses


def _phase(seconds: Mapping[str, float], phase: str, place: str) -> tuple[str, float]:
    if phase not in _PHASES:
        raise unknown(place, phase, _PHASES)
    check_limit(seconds[phase], join_path(place, phase))
    return phase, seconds[phase]


def _provider(value: object, place: str) -> Provider:
    return Provider(one_of(*Provider).check(value, place))


def _key(value: object, place: str) -> str:
    # The value is not shown: it may be most of a key.
    if not isinstance(value, str) or not value:
        raise invalid(place, "no text", "leave it out to take the key from the environment")
    return value


def _kwargs(value: object, place: str) -> Mapping[str, Json]:
    # The value is not shown here either.
    if not isinstance(value, Mapping):
        raise invalid(place, f"{type_name(value)} given", "give a table")
    return json_object(value, place)


_PHASES: Final = {phase.name: phase for phase in fields(Timeout)}
_SECONDS: Final[Mapping[str, Json]] = {"type": "number", "exclusiveMinimum": 0}
_NAME: Final[Mapping[str, Json]] = {"type": "string", "minLength": 1}
_NAMES: Final[Mapping[str, Json]] = {"anyOf": [_NAME, {"type": "array", "items": _NAME}]}
_TIMES: Final[Mapping[str, Json]] = {
    "type": "object",
    "properties": {phase: {**_SECONDS, "type": ["number", "null"]} for phase in _PHASES},
    "additionalProperties": False,
}

OPTIONS: Final[Mapping[str, FieldType]] = {
    "extends": FieldType(check=_names, schema={**_NAMES, "description": "Presets that lie below."}),
    "omit": FieldType(check=_omitted, schema={**_NAMES, "description": "Places at which nothing is sent."}),
    **{field: declared.kind for field, declared in FIELDS.items()},
}
"""What every section may say of the options of its calls."""

CLIENT: Final[Mapping[str, FieldType]] = {
    "provider": FieldType(check=_provider, schema={"enum": [*Provider]}),
    "name": FieldType(
        check=name.check, schema={**_NAME, "description": "Where the key is found; else the section's name."}
    ),
    "base_url": FieldType(
        check=address_of, schema={"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
    ),
    "api_key": FieldType(check=_key, schema={**_NAME, "description": "Better left to the environment."}),
    "timeout": FieldType(check=_timeout, schema={"anyOf": [_SECONDS, _TIMES], "description": "Seconds."}),
    "extra_kwargs": FieldType(check=_kwargs, schema={"type": "object"}),
    **OPTIONS,
}
MODEL: Final[Mapping[str, FieldType]] = {
    "client": FieldType(check=name.check, schema={**_NAME, "description": "A section of clients."}),
    "name": FieldType(check=name.check, schema={**_NAME, "description": "The model's name at the provider."}),
    **OPTIONS,
}

SECTIONS: Final[Mapping[str, Mapping[str, FieldType]]] = {
    "clients": CLIENT,
    "presets": OPTIONS,
    "models": MODEL,
}
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {"clients": ("provider",), "models": ("client", "name")}
HINT: Final = "$schema"
"""The key by which a JSON file tells its editor where the schema is; it says nothing to us."""


def config_schema() -> dict[str, Json]:
    """Make the JSON Schema of configuration files, for editors.

    >>> [*config_schema()["properties"]]
    ['$schema', 'clients', 'presets', 'models']
    """
    schema: dict[str, Json] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "casual_llm configuration",
        "type": "object",
        "properties": {HINT: {"type": "string"}, **{section: _table(section) for section in SECTIONS}},
        "additionalProperties": False,
    }
    return thaw_object(schema)


def _table(section: str) -> Json:
    entry: dict[str, Json] = {
        "type": "object",
        "properties": {key: kind.schema for key, kind in SECTIONS[section].items()},
        "required": REQUIRED.get(section, ()),
        "additionalProperties": False,
    }
    return {"type": "object", "additionalProperties": entry}
