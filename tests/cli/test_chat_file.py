"""`casual-llm chat` with a configuration file, and options that have no flag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.commands import CODEC, PARIS, answering, beginning, run, stream
from support.servers import response, sends, sends_then_hangs

File = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Write a file of one client and one model, `fast`; return its path."""

    def write(url: str, client: str = "", more: str = "") -> str:
        path = tmp_path / "models.toml"
        path.write_text(
            f'[clients.there]\nprovider = "openai"\nbase_url = "{url}"\n{client}\n'
            f'[models.fast]\nclient = "there"\nname = "gpt"\ntemperature = 0.2\nseed = 7\n{more}'
        )
        return str(path)

    return write


def test_the_model_of_the_file_is_called_with_its_options(file: File) -> None:
    with answering(sends(stream(PARIS))) as server:
        result = run("chat", "Hi", "--config", file(server.url, "max_tokens = 5"))
    assert (result.stdout, result.stderr, result.exit_code) == ("The capital\nis Paris.\n", "", 0)
    assert server.bodies == [
        {
            "model": "gpt",
            "max_tokens": 5,
            "temperature": 0.2,
            "seed": 7,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": "Hi"}],
        }
    ]


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        ("--temperature 0", {"temperature": 0.0, "seed": 7}),
        ("--set temperature=0", {"temperature": 0, "seed": 7}),
        ("--temperature 1 --set temperature=0", {"temperature": 0, "seed": 7}),
        ("--omit temperature", {"seed": 7}),
        ("--set extra.user=u-1 --omit seed", {"temperature": 0.2, "user": "u-1"}),
    ],
)
def test_flags_override_the_options_of_the_file(file: File, flags: str, sent: dict[str, object]) -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Hi", "--config", file(server.url), *flags.split())
    always_sent = {"model", "stream", "stream_options", "messages"}
    assert {key: value for key, value in server.bodies[0].items() if key not in always_sent} == sent


def test_a_model_of_the_file_is_chosen_by_its_name(file: File) -> None:
    another = '[models.other]\nclient = "there"\nname = "gpt-other"'
    with answering(sends(response(CODEC.write(PARIS).body))) as server:
        run("chat", "Hi", "--config", file(server.url, more=another), "-m", "other", "--json")
    assert (server.bodies[0]["model"], "seed" in server.bodies[0]) == ("gpt-other", False)


def test_a_file_can_use_the_embedded_model(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(
        '{"clients": {"here": {"provider": "local"}}, "models": {"m": {"client": "here", "name": "smollm2"}}}'
    )
    result = run("chat", "What is the capital of France?", "--config", str(path))
    assert (result.stdout, result.exit_code) == ("The capital of France is Paris.\n", 0)


@pytest.mark.parametrize(
    ("client", "flags"),
    [("timeout = 0.2", []), ("timeout = 60", ["--timeout", "0.2"]), ("", ["--timeout", "0.2"])],
)
def test_the_timeout_is_the_flag_s_or_else_the_file_s(file: File, client: str, flags: list[str]) -> None:
    with answering(sends_then_hangs(beginning("Once"))) as server:
        result = run("chat", "Hi", "--config", file(server.url, client), *flags)
    assert "took longer than allowed" in result.stderr
    assert result.exit_code == 1


def test_options_without_a_flag_can_be_set_without_a_file() -> None:
    sets = ["--set", "extra.user=u-1", "--set", "tool_choice=none", "--set", "seed=1", "--omit", "stop"]
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--seed", "7", "--stop", "END", *sets)
    assert [server.bodies[0].get(key) for key in ("user", "tool_choice", "seed", "stop")] == [
        "u-1",
        "none",
        1,
        None,
    ]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("--base-url http://localhost/v1", "--base-url: already set by the file"),
        ("--provider local --name groq", "--provider, --name: already set by the file"),
        ("--model fst", "no model is named 'fst', did you mean fast?"),
        ("--set temprature=1", "did you mean temperature?"),
        ("--temperature nan", "--temperature: nan is not finite"),
        ("--timeout 0", "timeout: 0.0 is not a valid timeout"),
    ],
)
def test_wrong_use_with_a_file_is_one_line(file: File, flags: str, problem: str) -> None:
    result = run("chat", "Hi", "--config", file("http://127.0.0.1:1/v1"), *flags.split())
    assert (result.stdout, result.stderr.count("\n"), result.exit_code) == ("", 1, 2)
    assert result.stderr.startswith("error: ")
    assert problem in result.stderr


def test_a_missing_key_is_reported_with_its_client(file: File) -> None:
    result = run("chat", "Hi", "--config", file("https://example.org/v1"))
    assert result.stderr.startswith("error: clients.there: api_key: no API key given, and THERE_API_KEY")
    assert result.exit_code == 2


def test_the_key_of_a_client_comes_from_the_variable_of_its_section(file: File) -> None:
    with answering(sends(stream(PARIS))) as server:
        run("chat", "Hi", "--config", file(server.url), THERE_API_KEY="key-1")
    assert "authorization: bearer key-1" in server.heads[0].lower()


def test_all_problems_of_a_file_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text('[clients.there]\nprovider = "opnai"\n[models.fast]\nclient = "their"\nname = "gpt"')
    result = run("chat", "Hi", "--config", str(path))
    assert result.stderr == (
        f"error: {path}:\n"
        "  clients.there.provider: expected one of openai, anthropic, ollama, local, got 'opnai'\n"
        "  models.fast.client: no client is named 'their', did you mean there?\n"
    )
    assert result.exit_code == 2
