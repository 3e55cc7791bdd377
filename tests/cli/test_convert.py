"""`casual-llm convert`: a body on standard input, translated into another format."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cli.commands import CODEC, PARIS, run

from casual_llm.formats import format_named

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Où?"}]}
TO_ANTHROPIC = ["--from", "openai", "--to", "anthropic"]


def test_a_request_is_printed_in_the_other_format() -> None:
    result = run("convert", *TO_ANTHROPIC, piped=json.dumps(ASKED))
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout == (
        '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"Où?"}]}]}\n'
    )


def test_a_reply_is_printed_in_the_other_format() -> None:
    result = run(
        "convert", "--from", "openai", "--to", "ollama", "--kind", "reply", piped=CODEC.write(PARIS).body
    )
    assert (result.stderr, result.exit_code) == ("", 0)
    assert json.loads(result.stdout) == {
        "model": "scripted",
        "id": "chatcmpl-1",
        "message": {"role": "assistant", "content": "The capital\nis Paris."},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 9,
        "eval_count": 4,
    }


def test_a_stream_is_printed_as_a_stream() -> None:
    frames = b"".join(CODEC.write_stream(PARIS))
    result = run("convert", *TO_ANTHROPIC, "--kind", "stream", piped=frames)
    ours = format_named("anthropic")
    state, _ = ours.step(ours.start, result.stdout.encode()).unwrap()
    assert (result.stderr, result.exit_code, state.ended) == ("", 0, True)
    assert result.stdout.endswith("\n\n")


def test_a_server_s_name_is_a_format_too() -> None:
    result = run("convert", "--from", "anthropic", "--to", "groq", piped=json.dumps(ASKED))
    assert json.loads(result.stdout) == ASKED


def test_what_is_lost_is_noted_on_stderr() -> None:
    asked = {**ASKED, "seed": 7, "logprobs": True, "max_tokens": None}
    result = run("convert", *TO_ANTHROPIC, piped=json.dumps(asked))
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "note: logprobs was dropped: anthropic does not support it",
        "note: options.seed was dropped: anthropic does not support it",
        "note: options.max_tokens was set to 4096: anthropic requires a value",
    ]
    assert json.loads(result.stdout)["max_tokens"] == 4096


def test_bytes_are_read_and_printed_as_they_are_whatever_the_locale() -> None:
    command = [sys.executable, "-m", "casual_llm.cli", "convert", *TO_ANTHROPIC]
    piped = json.dumps(ASKED, ensure_ascii=False).encode()
    ended = subprocess.run(  # noqa: S603 # our own command
        command, input=piped, capture_output=True, check=False, env={"LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    assert (ended.stderr, ended.returncode) == (b"", 0)
    assert "Où?".encode() in ended.stdout


@pytest.mark.parametrize(
    ("flags", "piped", "problem"),
    [
        (TO_ANTHROPIC, b"", "standard input: empty; pipe a body in"),
        (TO_ANTHROPIC, b" \n", "standard input: empty; pipe a body in"),
        (TO_ANTHROPIC, b"{", "standard input: body: expected a JSON object"),
        (TO_ANTHROPIC, b"[]", "standard input: body: expected a JSON object"),
        (TO_ANTHROPIC, b"\xff\xfe", "standard input: body: expected a JSON object"),
        (TO_ANTHROPIC, b'{"messages": 5}', "standard input: messages: expected an array"),
        (TO_ANTHROPIC, b'{"messages": []}', "standard input: messages: "),
        ([*TO_ANTHROPIC, "--kind", "reply"], b"{}", "standard input: cannot be read: expected "),
        (
            [*TO_ANTHROPIC, "--kind", "reply"],
            b'{"error": "No."}',
            "standard input: the provider reported an error inside a 200",
        ),
        (
            [*TO_ANTHROPIC, "--kind", "stream"],
            b"data: {]\n\n",
            "standard input: cannot be read: expected a JSON object",
        ),
        ([*TO_ANTHROPIC, "--kind", "stream"], b": hi\n\n", "standard input: the stream ends before it is"),
        (["--from", "opnai", "--to", "ollama"], b"{}", "--from opnai: unknown format, did you mean openai?"),
        (["--from", "openai", "--to", "x"], b"{}", "--to x: unknown format; use one of openai, anthropic"),
        ([*TO_ANTHROPIC, "--kind", "answer"], b"{}", "'--kind'"),
        (["--to", "openai"], b"{}", "Missing option '--from'"),
    ],
)
def test_a_body_that_cannot_be_converted_is_wrong_use(flags: list[str], piped: bytes, problem: str) -> None:
    result = run("convert", *flags, piped=piped)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


def test_closed_standard_input_is_reported() -> None:
    command = f"{sys.executable} -m casual_llm.cli convert --from openai --to ollama <&-"
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)  # noqa: S603 # as above
    assert ended.stderr == b"error: standard input: empty; pipe a body in\n"
    assert ended.returncode == 2
