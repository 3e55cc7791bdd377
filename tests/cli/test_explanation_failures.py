"""What `casual-llm explain` refuses: wrong flags and wrong files, each reported with its path."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import run
from cli.model_files import ANOTHER, FILE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(FILE)
    return path


def assert_refused(arguments: list[str], *problems: str) -> None:
    result = run("explain", *arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    lines = result.stderr.splitlines()
    assert len(lines) == len(problems)
    assert all(problem in line for problem, line in zip(problems, lines, strict=True))
    assert lines[0].startswith("error: ")
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("--set temperature", "--set: 'temperature' has no value"),
        ("--set temperature=hot", "--set temperature: expected a number, got 'hot'"),
        ("--set temprature=1", "did you mean temperature?"),
        ("--set temperature=NaN", "--set temperature: nan is not finite"),
        ("--set temperature=", "--set temperature: expected a number, got ''"),
        ("--set temperature=-1", "--set temperature: -1 is out of range"),
        ("--set temperature.high=1", "temperature has no keys"),
        ("--set =1", "unknown option"),
        ("--set max_tokens=true", "--set max_tokens: expected a number, got True"),
        ("--set", "requires an argument"),
        ("--omit temprature", "did you mean temperature?"),
        ("--omit seed --set seed=1", "--omit seed: --set gives it a value"),
        ("--omit extra.a --set extra.a=1", "--omit extra.a: --set gives it a value"),
        ("--model fst", "no model is named 'fst', did you mean fast?"),
        ("--temperature 1", "No such option: --temperature"),
    ],
)
def test_a_wrong_flag_is_one_line(file: Path, flags: str, problem: str) -> None:
    assert_refused(["--config", str(file), *flags.split()], problem)


def test_all_wrong_assignments_are_reported_at_once(file: Path) -> None:
    wrong = ["--set", "temperature=hot", "--set", "seed=1", "--set", "seed=x"]
    assert_refused(
        ["--config", str(file), *wrong], "--set temperature", "--set seed: expected a number, got 'x'"
    )


def test_a_file_is_needed() -> None:
    assert_refused([], "--config")


def test_of_several_models_one_must_be_named(file: Path) -> None:
    file.write_text(FILE + ANOTHER)
    assert_refused(
        ["--config", str(file)], "--model: no model given; choose one from the file: fast, playful"
    )


def test_a_file_without_a_model_has_nothing_to_explain(file: Path) -> None:
    file.write_text('[clients.here]\nprovider = "local"')
    assert_refused(["--config", str(file)], "--config: the file has no model")


def test_a_file_with_several_problems_shows_all(file: Path) -> None:
    file.write_text(FILE.replace('"local"', '"locl"').replace("seed", "sed"))
    problems = [
        "models.toml:",
        "clients.here.provider: expected one of",
        "presets.precise.sed: unknown option",
    ]
    assert_refused(["--config", str(file)], *problems)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("absent.toml", None, "absent.toml: the file does not exist"),
        ("empty.toml", b"", "the file is empty"),
        ("broken.toml", b"[models", "broken.toml: Expected ']'"),
        ("latin.toml", b"# caf\xe9", "not valid UTF-8"),
        ("models.ini", b"x = 1", "unsupported file extension"),
        ("number.json", b"7", "expected a table of sections, got an int"),
        ("\x1b[31m.toml", None, "the file does not exist"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, name: str, data: bytes | None, problem: str
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    assert_refused(["--config", str(path)], problem)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert_refused(["--config", str(tmp_path)], "it is a directory; give a file")
