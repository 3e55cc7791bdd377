"""The command itself: its help, its version, and the ways to start it."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest
from cli.commands import answering, beginning, run
from support.servers import sends_then_hangs

import casual_llm
from casual_llm.cli import main

COMMAND = [sys.executable, "-m", "casual_llm.cli"]


def test_without_arguments_it_prints_its_help() -> None:
    result = run()
    assert result.exit_code == 0
    assert "Usage: casual-llm" in result.stdout
    assert "chat" in result.stdout


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_the_variables_of_keys(flag: str) -> None:
    result = run("chat", flag)
    assert result.exit_code == 0
    assert "OPENAI_API_KEY" in result.stdout
    assert "--api-key" not in result.stdout


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"casual-llm {casual_llm.__version__}\n"


def test_main_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["casual-llm", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"casual-llm {casual_llm.__version__}\n")


def test_the_package_can_be_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["__main__.py", "chat", "--help"])
    with pytest.raises(SystemExit):
        runpy.run_module("casual_llm.cli")
    assert "Usage: casual-llm chat" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["typer", "prompt_toolkit", "rich"])
def test_without_its_extra_it_prints_how_to_install_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == 'casual-llm needs its extra: pip install "casual-llm[cli]"\n'


def process(*arguments: str, piped: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, input=piped, capture_output=True, check=False)  # noqa: S603 # our own command


@pytest.mark.parametrize(
    "arguments", ["", "chat --help", "explain --help", "plan --help", "convert --help", "schema"]
)
def test_help_loads_neither_the_network_nor_the_terminal(arguments: str) -> None:
    program = (
        "import atexit, sys; from casual_llm.cli import main\n"
        "heavy = {'httpx', 'prompt_toolkit', 'rich', 'xllamacpp'}\n"
        "atexit.register(lambda: print(heavy & sys.modules.keys()))\n"
        "main()"
    )
    started = [sys.executable, "-c", program, *arguments.split()]
    ended = subprocess.run(started, capture_output=True, check=True)  # noqa: S603 # our own program
    assert ended.stdout.endswith(b"\nset()\n")


def test_a_question_piped_to_a_process_is_answered() -> None:
    ended = process("chat", piped=b"What is the capital of France?\n")
    assert (ended.stdout, ended.stderr, ended.returncode) == (b"The capital of France is Paris.\n", b"", 0)


def test_nothing_piped_is_wrong_use() -> None:
    ended = process("chat")
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"error: question")


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    lines = "".join(f"{number}\n" for number in range(10_000))
    with answering(sends_then_hangs(beginning(lines))) as server:
        command = [*COMMAND, "chat", "Count.", "--base-url", server.url, "-m", "gpt"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe) as started:  # noqa: S603 # our own command
            assert started.stdout is not None
            assert started.stderr is not None
            assert started.stdout.readline() == b"0\n"
            started.stdout.close()
            assert started.stderr.read() == b""
        assert server.client_hung_up()
