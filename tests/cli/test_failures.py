"""What goes wrong is one line on stderr and an exit code: 1 where the call failed, 2 for wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import answering, beginning, run
from support.servers import (
    END,
    STREAM_HEAD,
    Script,
    piece,
    response,
    sends,
    sends_then_hangs,
    sends_then_resets,
)
from typer.testing import Result

KEY = "sk-proj-0123456789abcdefghij"


def assert_failed(result: Result, code: int, *phrases: str) -> None:
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for phrase in phrases:
        assert phrase in result.stderr


@pytest.mark.parametrize(
    ("script", "phrase"),
    [
        (sends(response(b'{"error": {"message": "Bad key."}}', "401 Unauthorized")), "401: Bad key."),
        (sends(response(b'{"error": "no such model"}', "404 Not Found")), "check the model name"),
        (sends(response(b"slow\ndown", "429 Too Many Requests", "text/plain")), "429: slow down"),
        (sends(response(b"\x1b[31m<html>", "500 Internal Server Error", "text/html")), "500: [31m<html>"),
        (sends(response(b"", "503 Service Unavailable")), "503: no message"),
        (sends(response(b'{"choices": 7}')), "cannot be read"),
        (sends(STREAM_HEAD, piece(b"data: {]\n\n"), END), "cannot be read"),
        (sends(beginning("Once"), END), "ended before it was complete"),
        (sends_then_resets(beginning("Once")), "broke"),
        (sends(b"SSH-2.0-OpenSSH\r\n\r\n"), "did not answer in HTTP"),
    ],
)
def test_a_call_that_fails_is_one_line(script: Script, phrase: str) -> None:
    with answering(script) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt")
    assert_failed(result, 1, phrase)


def test_what_came_before_a_failure_is_printed() -> None:
    with answering(sends_then_resets(beginning("Once upon a time"))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt")
    assert result.stdout == "Once upon a time\n"


def test_a_call_that_fails_at_once_prints_no_answer() -> None:
    with answering(sends(response(b"no", "500 Internal Server Error"))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt")
    assert result.stdout == ""


def test_a_silent_server_runs_into_the_timeout() -> None:
    with answering(sends_then_hangs(beginning("Once"))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt", "--timeout", "0.2")
    assert_failed(result, 1, "took longer than allowed")


def test_an_unreachable_server_is_named() -> None:
    assert_failed(
        run("chat", "Hi", "--base-url", "http://127.0.0.1:1/v1", "-m", "gpt"), 1, "http://127.0.0.1:1"
    )


@pytest.mark.parametrize("flags", [[], ["--json"], ["--usage"]])
def test_the_key_is_never_shown(flags: list[str]) -> None:
    echo = f'{{"error": {{"message": "Incorrect API key provided: {KEY}.", "code": "{KEY}"}}}}'.encode()
    with answering(sends(response(echo, "401 Unauthorized"))) as server:
        result = run("chat", "Hi", "--base-url", server.url, "-m", "gpt", *flags, OPENAI_API_KEY=KEY)
    assert KEY in server.heads[0]
    assert KEY not in result.output
    assert_failed(result, 1, "401", "check the API key")


def test_a_missing_key_is_looked_for_in_the_environment() -> None:
    result = run("chat", "Hi", "--base-url", "https://example.org/v1", "-m", "gpt", "--name", "my.proxy")
    assert_failed(result, 2, "MY_PROXY_API_KEY", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("flags", "phrases"),
    [
        ("--temperature nan", ["--temperature: nan is not finite"]),
        ("--temperature warm", ["'--temperature'"]),
        ("--top-p 2", ["--top-p: 2.0 is out of range"]),
        ("--max-tokens 0", ["--max-tokens: 0 is out of range"]),
        ("--timeout 0", ["timeout: 0.0 is not a valid timeout"]),
        ("--provider openia", ["'--provider'", "openai", "local"]),
        ("--provider openai", ["--model: no model given"]),
        ("--provider local --base-url http://localhost/v1", ["--base-url", "--provider openai"]),
        ("--name groq", ["--name", "--provider openai"]),
        ("--base-url localhost -m gpt", ["base_url: 'localhost' is not a valid URL"]),
        ("--image missing.png", ["missing.png: No such file"]),
        ("--api-key sk-1", ["No such option: --api-key"]),
    ],
)
def test_wrong_use_is_one_line_that_names_the_flag(flags: str, phrases: list[str]) -> None:
    assert_failed(run("chat", "Hi", *flags.split()), 2, *phrases)


def test_a_file_that_is_not_an_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("Dear diary")
    assert_failed(run("chat", "Hi", "--image", str(tmp_path / "notes.png")), 2, "notes.png: not a PNG")


def test_an_unknown_command_is_named() -> None:
    assert_failed(run("chart"), 2, "No such command 'chart'")


@pytest.mark.parametrize("piped", ["", " \n"])
@pytest.mark.parametrize("arguments", [["chat"], ["chat", ""]])
def test_a_question_is_needed(arguments: list[str], piped: str) -> None:
    assert_failed(run(*arguments, piped=piped), 2, "question: no question given")


def test_piped_bytes_that_are_not_text_are_refused() -> None:
    assert_failed(run("chat", "What is this?", piped=b"\x89PNG\xff"), 2, "standard input", "--image")


def test_text_that_is_not_valid_unicode_is_refused() -> None:
    assert_failed(run("chat", "broken: \udcff"), 2)


def test_weights_that_are_not_there_are_named() -> None:
    assert_failed(run("chat", "Hi", CASUAL_LLM_GGUF="missing.gguf"), 2, "CASUAL_LLM_GGUF", "missing.gguf")
