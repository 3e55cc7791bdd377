"""Where a client goes and with which key, by what it was told and what the environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from casual_llm import (
    AnthropicClient,
    ClientConfig,
    ConfigurationError,
    OllamaClient,
    OpenAIClient,
    create_client,
)
from casual_llm.providers.openai_chat import AZURE, COMPATIBLE, GROQ, OPENAI, Dialect
from casual_llm.shell.environment import is_loopback, key_for, ollama_host

CLOUD = "https://models.example.com"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.endswith(("_API_KEY", "_BASE_URL")) or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("said", "address"),
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
    said: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", said)
    assert ollama_host(said) == OllamaClient().base_url == OllamaClient(host=said).base_url == address


@pytest.mark.parametrize(
    "said",
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
def test_an_ollama_host_that_is_none_is_refused_by_the_place_it_is_from(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=r"^host: .* is not a valid URL; use") as given:
        OllamaClient(host=said)
    monkeypatch.setenv("OLLAMA_HOST", said)
    with pytest.raises(
        ConfigurationError, match=r"^OLLAMA_HOST: .* is not a valid URL; use one like"
    ) as found:
        OllamaClient()
    assert "secret" not in str(given.value) + str(found.value)


def test_a_host_that_is_no_text_is_refused() -> None:
    wrong: Any = 11434
    with pytest.raises(ConfigurationError, match="host: an int given; give a string"):
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
        assert key_for(config, address) is None
    else:
        with pytest.raises(ConfigurationError, match="api_key: none given, and OPENAI_API_KEY not set"):
            key_for(config, address)


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
        ConfigurationError, match=r"base_url: none given, .* give base_url=, or set OPENAI_BASE_URL"
    ):
        OpenAIClient(api_key="sk-x", dialect=dialect)


KEYS = {"MY_PROXY_EU_API_KEY": "of-the-name", "GROQ_API_KEY": "of-the-dialect", "OPENAI_API_KEY": "general"}


@pytest.mark.parametrize(
    ("given", "environment", "key"),
    [
        ("explicit", KEYS, "explicit"),
        (None, KEYS, "of-the-name"),
        ("", KEYS, "of-the-name"),
        (None, {**KEYS, "MY_PROXY_EU_API_KEY": ""}, "of-the-dialect"),
        (None, {"OPENAI_API_KEY": " general\n"}, "general"),
    ],
)
def test_a_key_is_the_first_that_is_there(
    given: str | None, environment: Mapping[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = ClientConfig(provider="openai", name="my-proxy.eu", api_key=given)
    assert key_for(config, CLOUD, "GROQ_API_KEY") == key


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_a_blank_key_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with pytest.raises(ConfigurationError, match="api_key: none given, and ANTHROPIC_API_KEY not set"):
        AnthropicClient(api_key=key)


def test_all_variables_that_were_tried_are_named() -> None:
    config = ClientConfig(provider="openai", name="groq")
    with pytest.raises(
        ConfigurationError, match="and GROQ_API_KEY and OPENAI_API_KEY not set; give api_key="
    ):
        create_client(config)
