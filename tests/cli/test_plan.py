"""`casual-llm plan`: the request of a call as it would go over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli.commands import PARIS, answering, run, stream
from cli.screen import Screen, on_screen
from support.builders import PNG_SIGNATURE, PNG_SIGNATURE_BASE64
from support.servers import sends

from casual_llm.cli.app import app

KEY = "sk-proj-0123456789abcdefghij"
MODEL_FLAGS = {
    "openai": ["--provider", "openai", "-m", "gpt"],
    "anthropic": ["--provider", "anthropic", "-m", "claude"],
    "ollama": ["--provider", "ollama", "-m", "llama"],
}


def planned(*flags: str, **environ: str) -> tuple[list[str], dict[str, Any]]:
    """Plan a call without losses; return the lines of its head, and its body."""
    result = run("plan", *flags, **environ)
    assert (result.stderr, result.exit_code) == ("", 0)
    head, _, body = result.stdout.partition("\n\n")
    return head.splitlines(), json.loads(body)


def test_a_request_is_printed_as_it_would_be_sent() -> None:
    result = run(
        "plan", "Hi", *MODEL_FLAGS["openai"], "--system", "Be brief.", "--seed", "7", OPENAI_API_KEY=KEY
    )
    assert (result.stderr, result.exit_code) == ("", 0)
    assert result.stdout == (
        "POST https://api.openai.com/v1/chat/completions\n"
        "authorization: Bearer [key removed]\n"
        "content-type: application/json\n"
        "\n"
        '{"model":"gpt","seed":7,"messages":[{"role":"system","content":"Be brief."},'
        '{"role":"user","content":"Hi"}]}\n'
    )


@pytest.mark.parametrize(
    ("provider", "head", "body"),
    [
        (
            "anthropic",
            [
                "POST https://api.anthropic.com/v1/messages",
                "anthropic-version: 2023-06-01",
                "content-type: application/json",
                "x-api-key: [key removed]",
            ],
            {
                "model": "claude",
                "max_tokens": 5,
                "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
            },
        ),
        (
            "ollama",
            ["POST http://localhost:11434/api/chat", "content-type: application/json"],
            {
                "model": "llama",
                "stream": False,
                "options": {"num_predict": 5},
                "messages": [{"role": "user", "content": "Hi"}],
            },
        ),
    ],
)
def test_each_provider_s_request_is_in_its_wire_format(
    provider: str, head: list[str], body: dict[str, Any]
) -> None:
    flags = ["Hi", *MODEL_FLAGS[provider], "--max-tokens", "5"]
    assert planned(*flags, ANTHROPIC_API_KEY=KEY) == (head, body)


@pytest.mark.parametrize("provider", MODEL_FLAGS)
@pytest.mark.parametrize("key", [KEY, "hunter2", "abc"])
def test_no_key_is_ever_printed(provider: str, key: str) -> None:
    variable = f"{provider.upper()}_API_KEY"
    result = run("plan", "Hi", *MODEL_FLAGS[provider], "--stream", "--max-tokens", "5", **{variable: key})
    assert "[key removed]" in result.stdout
    assert key not in result.output


@pytest.mark.parametrize(
    ("provider", "streamed"),
    [
        ("openai", {"stream": True, "stream_options": {"include_usage": True}}),
        ("anthropic", {"stream": True}),
        ("ollama", {"stream": True}),
    ],
)
def test_a_stream_is_planned_where_it_is_asked_for(provider: str, streamed: dict[str, Any]) -> None:
    keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    _, body = planned("Hi", *MODEL_FLAGS[provider], "--max-tokens", "5", "--stream", **keys)
    assert {key: body[key] for key in streamed} == streamed


def test_what_is_planned_is_what_chat_sends() -> None:
    flags = [
        "Hi",
        "-m",
        "gpt",
        "--temperature",
        "0",
        "--stop",
        "a",
        "--set",
        "extra.user=u",
        "--omit",
        "seed",
    ]
    with answering(sends(stream(PARIS))) as server:
        run("chat", *flags, "--base-url", server.url)
        head, body = planned(*flags, "--base-url", server.url, "--stream")
        assert server.bodies == [body]
        assert head[0] == f"POST {server.url}/chat/completions"


def test_the_embedded_model_s_request_can_be_planned_without_starting_it() -> None:
    head, body = planned("Hi", CASUAL_LLM_GGUF="missing.gguf")
    assert head == ["POST local:/chat/completions", "content-type: application/json"]
    assert body["model"] == "smollm2"


def test_a_model_of_a_file_is_planned_with_its_options(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(
        '[clients.groq]\nprovider = "openai"\n'
        '[models.fast]\nclient = "groq"\nname = "llama"\ntemperature = 0.2\nseed = 7\n'
    )
    head, body = planned(
        "Hi", "--config", str(file), "--temperature", "0.5", "--omit", "seed", GROQ_API_KEY=KEY
    )
    assert head[:2] == [
        "POST https://api.groq.com/openai/v1/chat/completions",
        "authorization: Bearer [key removed]",
    ]
    assert body == {"model": "llama", "temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]}


def test_an_image_and_piped_text_are_part_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(PNG_SIGNATURE)
    result = run(
        "plan",
        "What is this?",
        *MODEL_FLAGS["ollama"],
        "--image",
        str(tmp_path / "cat.png"),
        piped="Tell me.\n",
    )
    assert json.loads(result.stdout.partition("\n\n")[2])["messages"] == [
        {"role": "user", "content": "What is this?\n\nTell me.", "images": [PNG_SIGNATURE_BASE64]}
    ]


def test_options_that_a_provider_does_not_support_are_noted_on_stderr() -> None:
    result = run("plan", "Hi", *MODEL_FLAGS["anthropic"], "--seed", "7", ANTHROPIC_API_KEY=KEY)
    assert result.exit_code == 0
    assert result.stderr == (
        "note: options.seed was dropped: anthropic does not support it\n"
        "note: options.max_tokens was set to 4096: anthropic requires a value\n"
    )
    assert "seed" not in result.stdout


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["Hi", *MODEL_FLAGS["openai"]], "api_key: no API key given, and OPENAI_API_KEY is not set"),
        (["Hi", *MODEL_FLAGS["anthropic"]], "api_key: no API key given, and ANTHROPIC_API_KEY is not set"),
        (
            ["Hi", "--provider", "anthropic"],
            "--model: no model given; pass the name of one that anthropic serves",
        ),
        (["", *MODEL_FLAGS["ollama"]], "question: no question given"),
        ([*MODEL_FLAGS["ollama"]], "question: no question given"),
        (
            ["Hi", *MODEL_FLAGS["ollama"], "--base-url", "box:port"],
            "host: 'http://box:port' is not a valid URL",
        ),
        (["Hi", *MODEL_FLAGS["ollama"], "--image", "https://example.com/a.png"], "messages[0].content[1]: "),
        (
            ["Hi", *MODEL_FLAGS["ollama"], "--set", "strict=true", "--set", "tool_choice=x"],
            "options.tool_choice: there is no tool",
        ),
        (
            ["Hi", *MODEL_FLAGS["ollama"], "--set", "strict=true", "--set", "extra.model=x"],
            "options.extra.model: ",
        ),
        (["Hi", "--config", "missing.toml"], "missing.toml"),
    ],
)
def test_a_call_that_cannot_be_planned_is_wrong_use(flags: list[str], problem: str) -> None:
    result = run("plan", *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


def test_on_a_terminal_a_plan_is_text_that_cannot_command_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    shown = on_screen(monkeypatch, 80, "plan", "\x9b2JOù?", *MODEL_FLAGS["ollama"])
    assert '"content":"2JOù?"' in shown


def test_at_a_terminal_a_question_is_needed_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Screen("utf-8"))
    with pytest.raises(SystemExit) as ended:
        app(["plan", *MODEL_FLAGS["ollama"]])
    assert ended.value.code == 2
