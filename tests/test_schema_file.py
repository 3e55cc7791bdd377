"""The JSON Schema of configuration files, as it is shipped for editors."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from cli.commands import run
from jsonschema import Draft202012Validator
from returns.pipeline import is_successful

from casual_llm import parse_config

TEXT = (files("casual_llm.config") / "config.schema.json").read_text("utf-8")
SCHEMA = json.loads(TEXT)
EDITOR = Draft202012Validator(SCHEMA)
GOOD = {
    "$schema": "config.schema.json",
    "clients": {
        "here": {"provider": "local", "stop": ["END"], "timeout": {"read": 5}},
        "there": {"provider": "openai", "base_url": "https://example.com/v1", "timeout": 30.5},
    },
    "presets": {"precise": {"temperature": 0, "provider_options": {"openai": {"store": True}}}},
    "models": {
        "fast": {
            "client": "here",
            "name": "smollm2",
            "extends": "precise",
            "omit": ["stop", "extra.user"],
            "response_format": {"name": "Age", "schema": {"type": "integer"}},
            "tools": [{"name": "weather", "parameters": {"type": "object"}}],
        }
    },
}


def with_value(path: str, value: object) -> dict[str, Any]:
    """Put a value into the good file."""
    data: dict[str, Any] = json.loads(json.dumps(GOOD))
    *sections, key = path.split(".")
    within = data
    for section in sections:
        within = within[section]
    within[key] = value
    return data


def test_it_is_what_the_command_prints() -> None:
    result = run("schema")
    assert (result.stdout, result.stderr, result.exit_code) == (TEXT, "", 0)
    assert TEXT.endswith("}\n")


def test_it_is_a_schema_itself() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


def test_it_accepts_a_good_file() -> None:
    assert EDITOR.is_valid(GOOD)
    assert is_successful(parse_config(GOOD))


@pytest.mark.parametrize(
    ("path", "value", "reported_path"),
    [
        ("models.fast.temprature", 0.5, "models.fast"),
        ("models.fast.temperature", "hot", "models.fast.temperature"),
        ("models.fast.temperature", -1, "models.fast.temperature"),
        ("models.fast.max_tokens", 2.5, "models.fast.max_tokens"),
        ("models.fast.response_format", "jsn", "models.fast.response_format"),
        ("models.fast.name", "", "models.fast.name"),
        ("models.slow", {"client": "here"}, "models.slow"),
        ("clients.here.provider", "locl", "clients.here.provider"),
        ("clients.here.timeout", {"raed": 5}, "clients.here.timeout"),
        ("clients.there.base_url", "localhost", "clients.there.base_url"),
        ("presets.precise.client", "here", "presets.precise"),
        ("model", {}, ""),
    ],
)
def test_an_invalid_value_is_reported_at_its_path(path: str, value: object, reported_path: str) -> None:
    file = with_value(path, value)
    assert [".".join(map(str, error.absolute_path)) for error in EDITOR.iter_errors(file)] == [reported_path]
    assert not is_successful(parse_config(file))
