"""What a configuration file may contain: each section as a table of field types.

Both reading a file and the JSON Schema that editors use come from these tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

from attrs import fields

from casual_llm.config.connection import Provider, address_of
from casual_llm.config.timeout import Timeout, check_limit
from casual_llm.frozen import Json, thaw_object
from casual_llm.options import FIELDS
from casual_llm.options.field_types import FieldType, name, one_of
from casual_llm.options.paths import parse_path
from casual_llm.validation import (
    collect_errors,
    expected,
    invalid,
    join_path,
    json_object,
    type_name,
    unknown,
)


def _one_or_more_names(value: object, path: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(item, str) and item for item in names):
        raise expected(path, "a name or a list of names", value)
    duplicates = [item for item, times in Counter(names).items() if times > 1]
    if duplicates:
        raise invalid(path, f"duplicate name {duplicates[0]!r}", "remove one")
    return tuple(names)


def _omitted_paths(value: object, path: str) -> tuple[str, ...]:
    names = _one_or_more_names(value, path)
    return tuple(".".join(option) for option in collect_errors(parse_path, names, path))


def _timeout(value: object, path: str) -> Timeout:
    if isinstance(value, Mapping):
        return Timeout(**dict(collect_errors(partial(_phase, value), value, path)))
    return Timeout.of(value, path)  # type: ignore[arg-type] # it refuses what is not a number


def _phase(seconds: Mapping[str, float], phase: str, path: str) -> tuple[str, float]:
    if phase not in _PHASES:
        raise unknown(path, phase, _PHASES)
    check_limit(seconds[phase], join_path(path, phase))
    return phase, seconds[phase]


def _provider(value: object, path: str) -> Provider:
    return Provider(one_of(*Provider).check(value, path))


def _api_key(value: object, path: str) -> str:
    # The value is not shown: it may be most of a key.
    if not isinstance(value, str) or not value:
        raise invalid(path, "expected a non-empty string", "leave it out to use the key of the environment")
    return value


def _kwargs(value: object, path: str) -> Mapping[str, Json]:
    # The value is not shown here either.
    if not isinstance(value, Mapping):
        raise invalid(path, f"expected a table, got {type_name(value)}", "use keyword arguments as keys")
    return json_object(value, path)


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
    "extends": FieldType(
        check=_one_or_more_names, schema={**_NAMES, "description": "Presets to extend, the lowest first."}
    ),
    "omit": FieldType(check=_omitted_paths, schema={**_NAMES, "description": "Options that are not sent."}),
    **{field: declaration.field_type for field, declaration in FIELDS.items()},
}
"""What every section may set for the options of its calls."""

CLIENT: Final[Mapping[str, FieldType]] = {
    "provider": FieldType(check=_provider, schema={"enum": [*Provider]}),
    "name": FieldType(
        check=name.check,
        schema={
            **_NAME,
            "description": "The API key is read from NAME_API_KEY; the default is the section's name.",
        },
    ),
    "base_url": FieldType(
        check=address_of, schema={"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
    ),
    "api_key": FieldType(
        check=_api_key, schema={**_NAME, "description": "Better set as an environment variable."}
    ),
    "timeout": FieldType(check=_timeout, schema={"anyOf": [_SECONDS, _TIMES], "description": "Seconds."}),
    "extra_kwargs": FieldType(check=_kwargs, schema={"type": "object"}),
    **OPTIONS,
}
MODEL: Final[Mapping[str, FieldType]] = {
    "client": FieldType(
        check=name.check, schema={**_NAME, "description": "The name of a section of clients."}
    ),
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
"""The key with the URL of the JSON Schema, for editors; it has no other meaning."""


def config_schema() -> dict[str, Json]:
    """Build the JSON Schema of configuration files, for editors.

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
        "properties": {key: field_type.schema for key, field_type in SECTIONS[section].items()},
        "required": REQUIRED.get(section, ()),
        "additionalProperties": False,
    }
    return {"type": "object", "additionalProperties": entry}
