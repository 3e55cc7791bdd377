"""A configuration file of any format is parsed to its data or to a list of problems."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from jsonschema import Draft202012Validator
from returns.pipeline import is_successful
from settings_strategies import (
    Data,
    any_data,
    api_keys,
    files,
    misspelled,
    mutated,
    names,
    toml_file,
    written,
)

from casual_llm.config.parse import parse_config
from casual_llm.config.sections import config_schema
from casual_llm.config.text import PARSERS, parse_text
from casual_llm.frozen import TOO_DEEP

SCHEMA = Draft202012Validator(config_schema())
NEEDED: Data = {"clients": {"provider": "local"}, "presets": {}, "models": {"client": "here", "name": "n"}}
endings = st.sampled_from([*PARSERS])
_texts = files().map(toml_file) | files().map(written)


def local(**more: Data) -> Data:
    return {"clients": {"here": {"provider": "local"}}, **more}


def parts(key: str) -> list[str]:
    return [key[start : start + 5] for start in range(3, len(key) - 4)]


def within(path: list[str], text: str) -> str:
    return "".join(f"{{{written(name)}: " for name in path) + text + "}" * len(path)


@given(files())
def test_a_file_means_the_same_in_any_format(file: Data) -> None:
    texts = {".toml": toml_file(file), ".json": written(file), ".yaml": written(file)}
    assert [parse_text(text, ending).unwrap() for ending, text in texts.items()] == [file] * 3


@given(st.text() | mutated(_texts), endings)
@example("presets: {a: &a {}, b: *a}", ".yaml")
@example("presets: {a: {stop: !!bool x}}", ".yaml")
@example("presets: {a: {stop: !!int ''}}", ".yaml")
def test_any_text_is_data_or_a_list_of_problems(text: str, ending: str) -> None:
    assert str(parse_text(text, ending).bind(parse_config))


@given(api_keys, endings)
def test_a_duplicate_key_in_a_text_is_not_shown(key: str, ending: str) -> None:
    line = f"api_key = {written(key)}\n" if ending == ".toml" else f'"api_key": {written(key)}'
    text = f"[clients.c]\n{line * 2}" if ending == ".toml" else f'{{"clients": {{"c": {{{line}, {line}}}}}}}'
    problem = str(parse_text(text, ending).failure())
    assert not any(part in problem for part in parts(key))


@given(st.lists(names, max_size=4), names)
def test_a_duplicate_key_in_json_is_reported_by_its_path(path: list[str], key: str) -> None:
    text = within(path, f"{{{written(key)}: 1, {written(key)}: 2}}")
    problem = str(parse_text(text, ".json").failure())
    assert problem == f"{'.'.join([*path, key])}: duplicate key; remove one"


@given(st.lists(names, max_size=4), names, st.integers(0, 3))
def test_a_duplicate_key_in_yaml_is_reported_by_its_line(path: list[str], key: str, line: int) -> None:
    doubled = within(path, f"{{{written(key)}: 1, {written(key)}: 2}}")
    assert f"(at line {line + 1})" in str(parse_text("\n" * line + doubled, ".yaml").failure())


@given(st.lists(names, max_size=4), names, st.integers(0, 3))
def test_a_duplicate_key_in_toml_is_reported_by_its_line(path: list[str], key: str, line: int) -> None:
    doubled = ".".join(map(written, ["top", *path, key]))
    text = "\n" * line + f"{doubled} = 1\n{doubled} = 2\n"
    assert f"(at line {line + 2}" in str(parse_text(text, ".toml").failure())


@given(st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_a_duplicate_key_in_a_list_is_reported_by_its_path(path: list[int]) -> None:
    text = '{"a": 1, "a": 2}'
    for index in reversed(path):
        text = f"[{'1, ' * index}{text}]"
    assert str(parse_text(text, ".json").failure()).startswith(f"{'.'.join(map(str, path))}.a: ")


@given(st.text(" \t\r\n"), endings)
def test_a_blank_text_is_an_empty_file(text: str, ending: str) -> None:
    assert str(parse_text(text, ending).failure()).startswith("the file is empty; ")


@given(st.text(max_size=4))
def test_an_unknown_file_extension_is_rejected_and_the_known_ones_are_listed(ending: str) -> None:
    (problem,) = parse_text("{}", f".x{ending}").failure().problems
    assert problem.endswith("; use one of .toml, .json, .yaml, .yml")


@pytest.mark.parametrize("ending", [".toml", ".json", ".yaml"])
def test_data_that_is_nested_too_deep_is_rejected(ending: str) -> None:
    text = f"{'a = ' if ending == '.toml' else ''}{'[' * 1100}{']' * 1100}"
    assert str(parse_text(text, ending).failure()) == TOO_DEEP


@given(mutated(_texts), endings)
@example("presets: {a: {stop: \x07}}", ".yaml")
def test_each_problem_of_a_text_is_on_its_own_line(text: str, ending: str) -> None:
    problem = parse_text(text, ending).alt(str).swap().value_or("none")
    assert all(line == line.strip() for line in problem.splitlines())


def test_without_the_extra_the_error_says_how_to_read_yaml(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "casual_llm.config.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    assert 'pip install "casual-llm[yaml]"' in str(parse_text("presets: {}", ".yaml").failure())


# What an editor knows.


def test_the_published_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(config_schema())


@given(files())
def test_every_file_that_can_be_read_follows_the_schema(file: Data) -> None:
    assert is_successful(parse_config(file))
    SCHEMA.validate(file)


@given(any_data)
@example({"clients": {"a": {"provider": "local", "timeout": {"read": None}}}})
@example({"presets": {"a": {"tools": [{"name": "x", "description": None}]}}})
@example({"presets": {"a": {"response_format": {"name": "x", "schema": {}, "strict": None}}}})
@example({"presets": {}, "$schema": 5})
def test_a_file_that_the_schema_rejects_is_rejected(data: Any) -> None:  # noqa: ANN401
    assert SCHEMA.is_valid(data) or not is_successful(parse_config(data))


@given(misspelled, st.sampled_from(["clients", "presets", "models"]))
def test_the_schema_rejects_a_misspelled_key(slip_and_meant: tuple[str, str], kind: str) -> None:
    assert SCHEMA.is_valid({kind: {"a": NEEDED[kind]}})
    assert not SCHEMA.is_valid({kind: {"a": {**NEEDED[kind], slip_and_meant[0]: 1}}})
