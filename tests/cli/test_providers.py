"""`casual-llm chat` with each provider: its flags, its keys and its wire format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.commands import PARIS, answering, run, stream
from support.servers import response, sends

from casual_llm.formats import format_named

KEY = "sk-ant-0123456789abcdefghij"
PROVIDERS = ["openai", "anthropic", "ollama"]
HEADERS = {
    "openai": f"authorization: bearer {KEY}",
    "anthropic": f"x-api-key: {KEY}",
    "ollama": f"authorization: bearer {KEY}",
}
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/v1/api/chat"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_is_printed_as_it_was_streamed(provider: str) -> None:
    with answering(sends(stream(PARIS, provider))) as server:
        flags = ["--provider", provider, "--base-url", server.url, "-m", "m", "--max-tokens", "9", "--usage"]
        result = run("chat", "Where?", *flags)
    assert (result.stdout, result.exit_code) == ("The capital\nis Paris.\n", 0)
    assert result.stderr == "usage: prompt 9, completion 4, total 13 tokens\n"
    assert server.heads[0].startswith(f"POST {PATHS[provider]} ")
    assert server.bodies[0]["stream"] is True


@pytest.mark.parametrize("provider", PROVIDERS)
def test_json_prints_the_whole_reply(provider: str) -> None:
    with answering(sends(response(format_named(provider).write(PARIS).body))) as server:
        flags = ["--provider", provider, "--base-url", server.url, "-m", "m", "--max-tokens", "9", "--json"]
        result = run("chat", "Where?", *flags)
    reply = json.loads(result.stdout)
    assert (reply["message"]["content"], reply["finish_reason"]) == ("The capital\nis Paris.", "stop")
    assert result.stderr == ""


@pytest.mark.parametrize("variable", ["{}_API_KEY", "MY_PROXY_API_KEY"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_comes_from_the_variable_of_the_provider_or_of_the_name(provider: str, variable: str) -> None:
    environ = {f"{provider.upper()}_API_KEY": "sk-another", variable.format(provider.upper()): KEY}
    with answering(sends(stream(PARIS, provider))) as server:
        flags = ["--provider", provider, "--base-url", server.url, "-m", "m", "--name", "my-proxy"]
        run("chat", "Hi", *flags, **environ)
    assert HEADERS[provider] in server.heads[0].lower()


def test_an_address_comes_from_the_variable_of_the_provider() -> None:
    with answering(sends(stream(PARIS, "ollama"))) as server:
        host = server.url.removeprefix("http://").removesuffix("/v1")
        result = run("chat", "Hi", "--provider", "Ollama", "-m", "m", OLLAMA_HOST=host)
    assert (result.stdout, result.exit_code) == ("The capital\nis Paris.\n", 0)


def test_options_that_anthropic_does_not_support_are_noted_on_stderr() -> None:
    with answering(sends(stream(PARIS, "anthropic"))) as server:
        flags = ["--provider", "anthropic", "--base-url", server.url, "-m", "m", "--seed", "7"]
        result = run("chat", "Hi", *flags)
    assert result.stderr == "note: options.seed was dropped: anthropic does not support it\n"
    assert server.bodies[0]["max_tokens"] == 4096


def test_an_image_is_sent_in_the_provider_s_wire_format(tmp_path: Path) -> None:
    picture = tmp_path / "cat.gif"
    picture.write_bytes(b"GIF89a")
    with answering(sends(stream(PARIS, "ollama"))) as server:
        flags = ["--provider", "ollama", "--base-url", server.url, "-m", "m", "--image", str(picture)]
        run("chat", "What is this?", *flags)
    assert server.bodies[0]["messages"] == [
        {"role": "user", "content": "What is this?", "images": ["R0lGODlh"]}
    ]


def test_an_image_from_inside_the_network_is_not_fetched() -> None:
    flags = ["--provider", "ollama", "-m", "m", "--image", "http://169.254.169.254/latest"]
    result = run("chat", "What is this?", *flags)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: image at 169.254.169.254: its address is the metadata")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (
            ["--provider", "anthropic", "-m", "m"],
            "api_key: no API key given, and ANTHROPIC_API_KEY is not set",
        ),
        (
            ["--provider", "anthropic", "-m", "m", "--name", "my-proxy"],
            "and MY_PROXY_API_KEY and ANTHROPIC_API_KEY are not set",
        ),
        (["--provider", "anthropic"], "--model: no model given; pass the name of one that anthropic serves"),
        (["--provider", "ollama"], "--model: no model given; pass the name of one that ollama serves"),
        (["--provider", "ollama", "-m", "m", "--base-url", "a b"], "host: "),
    ],
)
def test_wrong_use_is_one_line_that_names_the_flag(flags: list[str], problem: str) -> None:
    result = run("chat", "Hi", *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1
