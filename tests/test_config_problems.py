"""Configuration files that are wrong: the message names the file, the place and a remedy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from textwrap import dedent

import pytest

from casual_llm import ConfigurationError, load, load_config

DEEP = 100_000
KEY = "sk-proj-abcdefghijklmnop1234"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "A_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def problems_in(path: Path, text: str | bytes) -> list[str]:
    """What is said of a file, after its name: a line for each problem."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}:")
    return [line.strip() for line in str(caught.value).removeprefix(f"{path}:").strip().split("\n")]


TEXTS = [
    # what is no text of its format
    ("a.toml", "", "the file is empty; define at least [clients.NAME] and [models.NAME]"),
    ("a.yaml", " \r\n\t", "the file is empty; define at least [clients.NAME] and [models.NAME]"),
    ("a.toml", "# nothing\n", "the file has no sections; define at least [clients.NAME] and [models.NAME]"),
    ("a.json", "{}", "the file has no sections; define at least [clients.NAME] and [models.NAME]"),
    ("a.json", "null", "the file is empty; define at least [clients.NAME] and [models.NAME]"),
    ("a.yaml", "- presets", "expected a table of sections, got a list"),
    ("a.json", '{"presets": {}', "Expecting ',' delimiter: line 1 column 15 (char 14)"),
    ("a.toml", "[presets.a]\nseed = \n", "Invalid value (at line 2, column 8)"),
    ("a.ini", "[presets]", "unsupported file extension '.ini'; use one of .toml, .json, .yaml, .yml"),
    ("a", "[presets]", "unsupported file extension ''; use one of .toml, .json, .yaml, .yml"),
    ("a.toml", b"[presets.\xe9]", "byte 9 is not valid UTF-8; save the file as UTF-8"),
    ("a.toml", "[presets.a]\n".encode("utf-16"), "byte 0 is not valid UTF-8; save the file as UTF-8"),
    ("a.toml", f"a = {'[' * DEEP}", "nested more than 128 levels deep"),
    ("a.json", "[" * DEEP, "nested more than 128 levels deep"),
    ("a.json", '{"a":' * DEEP, "nested more than 128 levels deep"),
    ("a.yaml", "[" * DEEP, "nested more than 128 levels deep"),
    ("a.yaml", "- " * DEEP, "nested more than 128 levels deep"),
    # keys that stand twice
    ("a.json", '{"presets": {"a": {"seed": 1, "seed": 2}}}', "presets.a.seed: duplicate key; remove"),
    ("a.json", '{"presets": {}, "presets": {}}', "presets: duplicate key; remove one"),
    ("a.toml", "[presets.a]\n[presets.a]\n", "Cannot declare ('presets', 'a') twice (at line 2, column 11)"),
    ("a.toml", "[presets.a]\nseed = 1\nseed = 2\n", "Cannot overwrite a value (at line 3, column 9)"),
    # sections
    ("a.json", '{"presets": []}', "presets: expected a table, got a list; use [presets.NAME]"),
    ("a.json", '{"presets": null}', "presets: expected a table, got None; use [presets.NAME]"),
    ("a.toml", "[[presets]]\n", "presets: expected a table, got a list; use [presets.NAME]"),
    ("a.toml", "presets.a = 5", "presets.a: expected a table, got an int"),
    ("a.json", '{"presets": {"": {}}}', "presets.: expected a non-empty string as name, got ''"),
    ("a.yaml", "presets: {1: {}}", "presets.1: expected a non-empty string as name, got 1"),
    ("a.toml", "[preset.a]\n[presets]", "preset: unknown option, did you mean presets?"),
    # values
    ("a.toml", "presets.a.temperature = nan", "presets.a.temperature: nan is not finite; use a finite"),
    ("a.json", '{"presets": {"a": {"top_p": NaN}}}', "presets.a.top_p: nan is not finite; use a finite"),
    ("a.json", '{"presets": {"a": {"top_p": 1e999}}}', "presets.a.top_p: inf is not finite; use a"),
    ("a.yaml", "presets: {a: {top_p: -.inf}}", "presets.a.top_p: -inf is not finite; use a finite number"),
    ("a.toml", "presets.a.extra.x = [inf]", "presets.a.extra.x[0]: inf has no JSON form; use a finite"),
    ("a.toml", "presets.a.extra.x = 2020-01-01", "presets.a.extra.x: date has no JSON form; use str, number"),
    ("a.yaml", "presets: {a: {extra: {x: 2020-01-01}}}", "presets.a.extra.x: date has no JSON form; use str"),
    (
        "a.toml",
        "presets.a.seed = 2020-01-01T00:00:00",
        "presets.a.seed: expected a number, got datetime",
    ),
    (
        "a.yaml",
        "presets: {a: {extra: {1: 2}}}",
        "presets.a.extra: key 1 is of type int; use a string",
    ),
    ("a.toml", "presets.a.seed = true", "presets.a.seed: expected a number, got True"),
    ("a.toml", "presets.a.top_k = -1", "presets.a.top_k: -1 is out of range; use a number of at least 0"),
    ("a.toml", "presets.a.max_tokens = 0", "presets.a.max_tokens: 0 is out of range; use a number of at"),
    ("a.json", '{"presets": {"a": {"stop": null}}}', "presets.a.stop: null is not a value; remove the key,"),
    ("a.toml", "presets.a.temprature = 1", "presets.a.temprature: unknown option, did you mean temperature?"),
    ("a.toml", "presets.a.omit = ['extra.']", "presets.a.omit.extra.: extra has no such path; use"),
    ("a.toml", "presets.a.tools = [{nam = 'x'}]", "presets.a.tools[0].nam: unknown option, did you mean"),
    ("a.toml", "clients.a.provider = 'opnai'", "clients.a.provider: expected one of openai"),
    ("a.toml", "clients.a.name = 'x'", "clients.a.provider: missing; it is required"),
    (
        "a.toml",
        "clients.a = {provider = 'local', timeout = -1}",
        "clients.a.timeout: -1 is not a valid timeout; use",
    ),
    ("a.toml", "clients.a = {provider = 'local', timeout.read = 0}", "clients.a.timeout.read: 0 is no"),
    ("a.toml", "clients.a = {provider = 'openai', base_url = 'x'}", "clients.a.base_url: 'x' is no"),
    (
        "a.toml",
        "clients.a = {provider = 'openai', api_key = 5}",
        "clients.a.api_key: expected a non-empty string",
    ),
    # names of other sections
    ("a.toml", "presets.a.extends = 'b'", "presets.a.extends: no preset is named 'b'; defined: a"),
    ("a.toml", "presets.a.extends = 'a'", "presets.a.extends: presets extend each other in a cycle: a -> a;"),
    (
        "a.toml",
        "presets = {a.extends = 'b', b.extends = 'a'}",
        "presets.a.extends: presets extend each other in a cycle",
    ),
    ("a.toml", "presets = {ab.seed = 1, b.extends = 'abc'}", "presets.b.extends: no preset is named"),
    ("a.toml", "models.a = {client = 'b', name = 'c'}", "models.a.client: no client is named 'b'; defined"),
]


@pytest.mark.parametrize(("name", "text", "problem"), TEXTS, ids=range(len(TEXTS)))
def test_a_file_that_is_wrong_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str | bytes, problem: str
) -> None:
    (line,) = problems_in(tmp_path / name, text)
    assert line.startswith(problem)


YAML = [
    ("presets: {a: {}, a: {}}", r"duplicate key|found duplicate key"),
    ("presets:\n  a:\n    seed: 1\n    seed: 1\n", r"line 4"),
    ("presets: !!python/object/apply:os.system [exit]", r"line 1"),
    ("presets: !mine {}", r"line 1"),
    ("presets:\n\ta: {}\n", r"found character '\\t' that cannot start any token \(at line 2\)"),
    ("presets: {a: @b}", r"found character '@' that cannot start any token \(at line 1\)"),
    ("presets: {[]: 1, {}: 2}", r"unhashable key \(at line 1\)"),
    ("presets: {}\n---\nmodels: {}", r"expected a single document.*line 2"),
    ("presets: {a: {stop: !!bool x}}", r"line 1"),
    ("presets:\n  a: {seed: !!int ''}", r"line 2"),
    ("presets:\n  a: {seed: !!int x}", r"line 2"),
    ('presets:\n  a: {stop: "\\UFFFFFFFF"}', r""),
    ("presets:\n  a: {seed: 2020-13-41}", r"line 2"),
    ("presets:\n  a: \x07", r""),
]


@pytest.mark.parametrize(("text", "problem"), YAML, ids=range(len(YAML)))
def test_yaml_that_cannot_be_read_is_reported_by_its_line(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = problems_in(tmp_path / "a.yaml", text)
    assert re.search(problem, line)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    text = """
        [presets.a]
        temprature = 1
        seed = "1"
        extends = "b"
        [clients.c]
        [models.m]
        client = "d"
        [modles]
    """
    assert problems_in(tmp_path / "a.toml", dedent(text)) == [
        "modles: unknown option, did you mean models?",
        "clients.c.provider: missing; it is required",
        "presets.a.temprature: unknown option, did you mean temperature?",
        "presets.a.seed: expected a number, got '1'",
        "models.m.name: missing; it is required",
        "presets.a.extends: no preset is named 'b'; defined: a",
        "models.m.client: no client is named 'd'; defined: c",
    ]


# Files that cannot be read.


@pytest.mark.parametrize("path", ["nowhere.toml", "no/where.toml"])
def test_a_missing_file_is_reported(path: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^{path}: the file does not exist; give the path of a file$"
    ):
        load(path)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: it is a directory; give a file"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    assert problems_in(tmp_path / "a.toml", b"#" * 1_000_001) == [
        "it is larger than 1,000,000 bytes; check that it is a configuration"
    ]


@pytest.mark.parametrize("path", [{}, None, 5, b"a.toml", ["a.toml"]])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^path: expected the path of a file, got (an? \w+|None)$"):
        load(path)  # type: ignore[arg-type] # as an untyped caller might


@pytest.mark.parametrize("path", ["a\0b.toml", f"{'a' * 5000}.toml", "/dev/null/a.toml"])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"it cannot be read: \w+|the file does not exist; "):
        load(path)


LIMITED = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
from casual_llm import load
"""


def program(text: str) -> str:
    # A program of its own may be short of memory and time.
    whole = LIMITED + dedent(text)
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout + done.stderr


def test_a_file_without_end_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("/dev/zero")
    output = program(f"""
        load({str(tmp_path / "a.toml")!r})
    """)
    assert "a.toml: it is larger than 1,000,000 bytes; check that it is a configuration" in output


def test_without_the_extra_the_error_of_a_yaml_file_says_how_to_read_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("presets: {}")
    output = program(f"""
        sys.modules["ruamel.yaml"] = None
        load({str(tmp_path / "a.yaml")!r})
    """)
    assert f'{tmp_path}/a.yaml: YAML is an extra: pip install "casual-llm[yaml]", or write TOML' in output


# Clients that cannot be made.

CLIENTS = [
    (
        {"provider": "openai"},
        "api_key: no API key given, and A_API_KEY and OPENAI_API_KEY are not set; pass api_key=",
    ),
    ({"provider": "openai", "api_key": "sk-é"}, "api_key: contains a character that headers cannot hold"),
    ({"provider": "local", "api_key": KEY}, "api_key: the embedded model does not use it; remove it"),
    (
        {"provider": "local", "base_url": "http://localhost"},
        "base_url: the embedded model does not use it; remove",
    ),
    (
        {"provider": "local", "extra_kwargs": {"tempo": 1}},
        "extra_kwargs.tempo: LocalClient does not accept this argument",
    ),
    ({"provider": "local", "extra_kwargs": {"context_size": "x"}}, "context_size: 'x' is out of range; give"),
    ({"provider": "openai", "api_key": KEY, "extra_kwargs": {"organization": 5}}, "organization: "),
    ({"provider": "openai", "api_key": KEY, "extra_kwargs": {"dialect": "x"}}, "dialect: "),
]


@pytest.mark.parametrize(("section", "problem"), CLIENTS, ids=range(len(CLIENTS)))
def test_a_client_that_cannot_be_made_names_its_section(
    tmp_path: Path, section: dict[str, object], problem: str
) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"clients": {"a": section}, "models": {"m": {"client": "a", "name": "n"}}}))
    with pytest.raises(ConfigurationError) as caught:
        load(file).model("m")
    assert str(caught.value).startswith(f"clients.a: {problem}")
    assert "abcdef" not in str(caught.value)


@pytest.mark.parametrize("kind", ["client", "model", "preset"])
def test_an_unknown_name_gets_a_suggestion(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.toml").write_text(
        "clients.fast.provider = 'local'\npresets.fast.seed = 1\nmodels.fast = {client = 'fast', name = 'x'}"
    )
    models = load(tmp_path / "a.toml")
    with pytest.raises(ConfigurationError, match=rf"no {kind} is named 'fsat', did you mean fast\?"):
        getattr(models, kind)("fsat")


# What a hostile file tries.


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    doubling = "".join(f"      k{index + 1}: &k{index + 1} [*k{index}, *k{index}]\n" for index in range(40))
    (tmp_path / "a.yaml").write_text(f"presets:\n  a:\n    extra:\n      k0: &k0 [x]\n{doubling}")
    output = program(f"load({str(tmp_path / 'a.yaml')!r})")
    assert "ConfigurationError" in output
    assert "alias" in output


def test_an_anchor_that_stands_twice_gives_no_warning(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("presets:\n  a: {stop: &x a}\n  b: {stop: &x b}\n")
    with warnings.catch_warnings(record=True) as given:
        assert load(tmp_path / "a.yaml").preset("b").stop == "b"
    assert given == []


@pytest.mark.parametrize("key", ["seed", "top_p", "stop", "tools"])
@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("a.json", '{"presets": {"a": {"KEY": NUMBER}}}', ""),
        ("a.yaml", "presets: {a: {KEY: NUMBER}}", ""),
        ("a.yaml", "presets: {a: {KEY: NUMBER}}", "0x"),
        ("a.toml", "presets.a.KEY = NUMBER", ""),
        ("a.toml", "presets.a.KEY = NUMBER", "0x"),
    ],
)
def test_a_number_of_more_digits_than_can_be_written_is_refused(
    tmp_path: Path, name: str, text: str, start: str, key: str
) -> None:
    (line,) = problems_in(tmp_path / name, text.replace("KEY", key).replace("NUMBER", f"{start}{'9' * 5000}"))
    assert len(line) < 300


@pytest.mark.parametrize(
    "text",
    [
        '{"presets": {"HALF": {}}}',
        '{"presets": {"a": {"stop": "HALF"}}}',
        '{"presets": {"a": {"stop": ["HALF"]}}}',
        '{"presets": {"a": {"tool_choice": "HALF"}}}',
        '{"presets": {"a": {"HALF": 1}}}',
        '{"presets": {"a": {"extra": {"x": ["HALF"]}}}}',
        '{"presets": {"a": {"extends": "HALF"}}}',
        '{"clients": {"a": {"provider": "openai", "name": "HALF"}}}',
        '{"clients": {"a": {"provider": "openai", "api_key": "HALF"}}}',
        '{"clients": {"a": {"provider": "openai", "base_url": "https://HALF"}}}',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_half_a_character_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (line,) = problems_in(tmp_path / name, text.replace("HALF", r"a\ud800b"))
    assert line.isprintable()


@pytest.mark.parametrize("character", ["\\u0001", "\\u0000"])
@pytest.mark.parametrize("address", ["Xhttps://example.com", "https://exaXmple.com"])
def test_an_address_with_a_character_that_cannot_be_seen_is_refused(
    tmp_path: Path, address: str, character: str
) -> None:
    client = f'{{"provider": "openai", "base_url": "{address.replace("X", character)}"}}'
    (line,) = problems_in(tmp_path / "a.json", f'{{"clients": {{"a": {client}}}}}')
    assert line.startswith("clients.a.base_url: ")


def test_what_may_hold_a_key_is_not_shown(tmp_path: Path) -> None:
    clients = f"clients: {{a: {{provider: openai, api_key: !!int {KEY}, extra_kwargs: {KEY}}}}}"
    doubled = f"clients:\n  a:\n    api_key: {KEY}\n    api_key: {KEY}\n"
    whole = f"clients.a = '{KEY}'\nclients.b.api_key = ['{KEY}']\nclients.c.extra_kwargs = '{KEY}'"
    texts = {"a.yaml": clients, "b.yaml": doubled, "a.toml": whole}
    assert not any(
        "abcdef" in line for name, text in texts.items() for line in problems_in(tmp_path / name, text)
    )


@pytest.mark.parametrize("character", ["\\n", "\\r", "\\u2028", "\\u0085", "\\u001b"])
def test_a_name_with_a_line_break_is_shown_on_one_line(tmp_path: Path, character: str) -> None:
    (line,) = problems_in(tmp_path / "a.json", f'{{"presets": {{"a{character}b": {{"temprature": 1}}}}}}')
    assert line.isprintable()
