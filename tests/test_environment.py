"""The base URL and the key of a client, from its arguments and from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from casual_llm import (
    AnthropicClient,
    ClientConfig,
    ConfigurationError,
    OllamaClient,
    OpenAIClient,
    create_client,
)
from casual_llm.providers.openai_chat import Dialect
from casual_llm.providers.openai_chat.dialects import AZURE, COMPATIBLE, GROQ, OPENAI, VLLM
from casual_llm.redaction import Secret
from casual_llm.shell.environment import is_loopback, ollama_base_url, resolve_secret
from casual_llm.shell.vendors import server_key_variables

CLOUD = "https://models.example.com"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.endswith(("_API_KEY", "_BASE_URL")) or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("box", "http://box:11434"),
        ("box:8080", "http://box:8080"),
        ("box:", "http://box:11434"),
        ("box/ollama/", "http://box:11434/ollama"),
        (":8080", "http://127.0.0.1:8080"),
        ("http://box", "http://box"),
        ("http://box:80", "http://box:80"),
        ("https://ollama.example.com", "https://ollama.example.com"),
        ("https://example.com:8443/ollama/", "https://example.com:8443/ollama"),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:11434"),
        ("[::]:8080", "http://[::1]:8080"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("2001:db8::1", "http://[2001:db8::1]:11434"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        (' "box:8080" ', "http://box:8080"),
    ],
)
def test_an_ollama_host_is_read_however_it_is_spelled(
    text: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", text)
    assert ollama_base_url(text) == OllamaClient().base_url == OllamaClient(host=text).base_url == base_url


@pytest.mark.parametrize(
    "text",
    [
        "box:port",
        "box:99999",
        "box:0",
        "[::1",
        "a b",
        "ftp://box",
        "http://",
        "user:secret@box",
        "box?k=secret",
    ],
)
def test_an_ollama_host_that_is_none_is_refused_by_where_it_is_from(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=r"^host: .* is not a valid URL; use one like") as given:
        OllamaClient(host=text)
    monkeypatch.setenv("OLLAMA_HOST", text)
    with pytest.raises(
        ConfigurationError, match=r"^OLLAMA_HOST: .* is not a valid URL; use one like"
    ) as from_environment:
        OllamaClient()
    assert "secret" not in str(given.value) + str(from_environment.value)


def test_a_host_that_is_no_text_is_refused() -> None:
    wrong: Any = 11434
    with pytest.raises(ConfigurationError, match="host: expected a string, got an int"):
        OllamaClient(host=wrong)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://box.localhost", True),
        ("http://127.0.0.1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://[::]:8000/v1", True),
        ("http://localhost.example.com", False),
        ("http://127.example.com", False),
        ("http://[::1234]", False),
        ("http://10.0.0.1", False),
        ("https://example.com/localhost", False),
    ],
)
def test_only_an_address_of_this_machine_needs_no_key(address: str, here: bool) -> None:  # noqa: FBT001 # a table
    config = ClientConfig(provider="openai")
    assert is_loopback(address) is here
    if here:
        assert resolve_secret(config, address, ["OPENAI_API_KEY"]) is None
    else:
        with pytest.raises(
            ConfigurationError, match="api_key: no API key given, and OPENAI_API_KEY is not set"
        ):
            resolve_secret(config, address, ["OPENAI_API_KEY"])


@pytest.mark.parametrize(
    ("client", "variable", "usual"),
    [
        (OpenAIClient, "OPENAI_BASE_URL", "https://api.openai.com/v1"),
        (AnthropicClient, "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    ],
)
def test_an_address_is_the_one_given_else_that_of_the_environment_else_the_vendor_s(
    client: type[OpenAIClient | AnthropicClient], variable: str, usual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client(api_key="sk-x").base_url == usual
    monkeypatch.setenv(variable, f"{CLOUD}/")
    assert client(api_key="sk-x").base_url == CLOUD
    assert (
        client(api_key="sk-x", base_url="https://given.example.com").base_url == "https://given.example.com"
    )
    monkeypatch.setenv(variable, "models.example.com")
    with pytest.raises(ConfigurationError, match=rf"^{variable}: 'models.example.com' is not a valid URL"):
        client(api_key="sk-x")
    monkeypatch.setenv(variable, "")
    assert client(api_key="sk-x", base_url="").base_url == usual


@pytest.mark.parametrize(
    "given", ["https://a.example.com", "https://a.example.com/v1", "https://a.example.com/v1/"]
)
def test_anthropic_s_address_may_end_in_the_version(given: str) -> None:
    assert AnthropicClient(api_key="sk-x", base_url=given).base_url == "https://a.example.com"


def test_a_server_with_an_address_of_its_own_is_not_where_openai_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", CLOUD)
    assert OpenAIClient(api_key="sk-x", dialect=GROQ).base_url == "https://api.groq.com/openai/v1"
    assert OpenAIClient(api_key="sk-x", dialect=OPENAI).base_url == CLOUD
    assert OpenAIClient(api_key="sk-x", dialect=AZURE).base_url == CLOUD


@pytest.mark.parametrize("dialect", [AZURE, COMPATIBLE, Dialect(name="proxy")])
def test_a_server_whose_address_nobody_knows_needs_one(dialect: Dialect) -> None:
    with pytest.raises(
        ConfigurationError, match=r"base_url: no URL given, .* pass base_url=, or set OPENAI_BASE_URL"
    ):
        OpenAIClient(api_key="sk-x", dialect=dialect)


KEYS = {"MY_PROXY_EU_API_KEY": "of-the-name", "GROQ_API_KEY": "of-the-server", "OPENAI_API_KEY": "general"}
GROQ_URL = "https://api.groq.com/openai/v1"


@pytest.mark.parametrize(
    ("given", "environment", "base_url", "key"),
    [
        ("explicit", KEYS, GROQ_URL, "explicit"),
        (None, KEYS, GROQ_URL, "of-the-name"),
        ("", KEYS, GROQ_URL, "of-the-name"),
        (None, {**KEYS, "MY_PROXY_EU_API_KEY": ""}, GROQ_URL, "of-the-server"),
        (None, {**KEYS, "MY_PROXY_EU_API_KEY": ""}, CLOUD, "general"),
        (None, {"OPENAI_API_KEY": " general\n"}, CLOUD, "general"),
    ],
)
def test_a_key_is_the_first_that_is_there(
    given: str | None,
    environment: Mapping[str, str],
    base_url: str,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = ClientConfig(provider="openai", name="my-proxy.eu", api_key=given)
    assert resolve_secret(config, base_url, server_key_variables(config, base_url, None)) == Secret(key)


OPENROUTER_URL = "https://openrouter.ai/api/v1"
MINE = evolve(AZURE, key_variable="MY_AZURE_KEY")
TRIED: dict[str, tuple[str, str | None, str, Dialect | None, list[str]]] = {
    "a known host": ("openai", None, OPENROUTER_URL, None, ["OPENROUTER_API_KEY"]),
    "a host with a dot": ("openai", None, "https://openrouter.ai./v1", None, ["OPENROUTER_API_KEY"]),
    "a known host, in another format": ("anthropic", None, OPENROUTER_URL, None, ["OPENROUTER_API_KEY"]),
    "another vendor's host": ("openai", None, "https://api.anthropic.com/v1", None, ["ANTHROPIC_API_KEY"]),
    "a name, on a known host": ("openai", "my", OPENROUTER_URL, None, ["MY_API_KEY", "OPENROUTER_API_KEY"]),
    "another vendor's name": ("openai", "groq", OPENROUTER_URL, None, ["OPENROUTER_API_KEY"]),
    "another vendor's dialect": ("openai", None, OPENROUTER_URL, GROQ, ["OPENROUTER_API_KEY"]),
    "a known dialect": ("openai", None, CLOUD, GROQ, ["GROQ_API_KEY"]),
    "a known dialect without a variable": ("openai", None, CLOUD, VLLM, []),
    "a dialect with a variable of its own": (
        *("openai", None, "https://a.openai.azure.com/openai/v1", MINE),
        ["MY_AZURE_KEY", "AZURE_OPENAI_API_KEY"],
    ),
    "OpenAI itself": ("openai", None, "https://eu.api.openai.com/v1", None, ["OPENAI_API_KEY"]),
    "an unknown server": ("openai", "my", CLOUD, None, ["MY_API_KEY", "OPENAI_API_KEY"]),
    "an unknown dialect": ("openai", None, CLOUD, Dialect(name="proxy"), ["OPENAI_API_KEY"]),
    "any other dialect": ("openai", None, CLOUD, COMPATIBLE, ["OPENAI_API_KEY"]),
    "Ollama's cloud": ("ollama", None, "https://ollama.com", None, ["OLLAMA_API_KEY"]),
    "the embedded model": ("local", None, "local:", None, []),
}


@pytest.mark.parametrize(("provider", "name", "base_url", "dialect", "tried"), TRIED.values(), ids=TRIED)
def test_a_known_server_never_gets_the_key_of_another_vendor(
    provider: str, name: str | None, base_url: str, dialect: Dialect | None, tried: list[str]
) -> None:
    config = ClientConfig(provider=provider, name=name)
    assert [*server_key_variables(config, base_url, dialect)] == tried


def test_the_variable_of_a_known_server_is_named_where_another_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-general")
    missing = (
        r"^api_key: no API key given, and OPENROUTER_API_KEY is not set; pass api_key=, or set a variable$"
    )
    with pytest.raises(ConfigurationError, match=missing):
        OpenAIClient(base_url=OPENROUTER_URL)
    with pytest.raises(ConfigurationError, match=missing):
        create_client(ClientConfig(provider="openai", name="openrouter"))
    with pytest.raises(ConfigurationError, match=r"^api_key: no API key given; pass api_key=$"):
        OpenAIClient(base_url="https://gpu.example.com/v1", dialect=VLLM)


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_a_blank_key_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with pytest.raises(
        ConfigurationError, match="api_key: no API key given, and ANTHROPIC_API_KEY is not set"
    ):
        AnthropicClient(api_key=key)


def test_all_variables_that_were_tried_are_named() -> None:
    config = ClientConfig(provider="openai", name="my-proxy", base_url=CLOUD)
    with pytest.raises(
        ConfigurationError, match="and MY_PROXY_API_KEY and OPENAI_API_KEY are not set; pass api_key="
    ):
        create_client(config)
