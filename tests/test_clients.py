"""Clients and models as they are made: of arguments, and of configs."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
import pytest
from support.fakes import ASK, JSON, PARIS, WHOLE, FakeTransport

from casual_llm import (
    OMIT,
    AnthropicClient,
    ChatOptions,
    ClientConfig,
    CodecClient,
    ConfigurationError,
    LocalClient,
    Model,
    ModelConfig,
    OllamaClient,
    Omit,
    OpenAIClient,
    Provider,
    SystemMessage,
    Timeout,
    UserMessage,
    create_client,
    create_model,
)
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.providers.openai_chat import DIALECTS


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.endswith(("_API_KEY", "_BASE_URL")) or name == "OLLAMA_HOST":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("provider", "kind"), [("openai", OpenAIClient), ("ANTHROPIC", AnthropicClient), ("Ollama", OllamaClient)]
)
def test_a_provider_names_the_kind_of_the_client(provider: str, kind: type[CodecClient]) -> None:
    assert type(create_client(ClientConfig(provider=provider, api_key="sk-x"))) is kind


@pytest.mark.parametrize(
    ("name", "address"),
    [(row.name, row.base_url) for row in DIALECTS if row.base_url]
    + [("My-Proxy", "https://api.openai.com/v1")],
)
def test_the_name_of_a_known_server_is_enough_to_reach_it(name: str, address: str) -> None:
    config = ClientConfig(name=name, provider="openai", api_key="sk-x")
    assert create_client(config).base_url == address


def test_a_server_known_by_its_name_gets_its_dialect() -> None:
    config = ClientConfig(name="openrouter", provider="openai", api_key="sk-x")
    limited = ChatOptions(max_tokens=5)
    assert b'"max_tokens":5' in create_client(config).plan("m", ASK, limited).body
    assert b'"max_completion_tokens":5' in OpenAIClient(api_key="sk-x").plan("m", ASK, limited).body


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
async def test_options_may_be_given_by_the_name_of_the_config(provider: str) -> None:
    transport = FakeTransport((format_named(provider).write(PARIS).body,), JSON)
    client = create_client(
        ClientConfig(name="proxy", provider=provider, api_key="sk-x", extra_kwargs={"transport": transport})
    )
    own: dict[str, dict[str, Json | Omit]] = {
        "proxy": {"route": "a", "both": 1},
        provider: {"tier": "b", "both": 2},
        "another": {"no": True},
    }
    await Model(client, "m").chat(ASK, ChatOptions(max_tokens=9, provider_options=own))
    body = json.loads(transport.requests[0].body)
    assert {key: body.get(key) for key in ("route", "tier", "both", "no")} == {
        "route": "a",
        "tier": "b",
        "both": 1,
        "no": None,
    }


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
async def test_a_config_says_how_all_calls_of_a_client_begin(provider: str) -> None:
    transport = FakeTransport((format_named(provider).write(PARIS).body,), JSON)
    config = ClientConfig(
        provider=provider,
        api_key="sk-x",
        system_message_handling="merge",
        default_options=ChatOptions(max_tokens=9, temperature=0.0),
        extra_kwargs={"transport": transport},
    )
    await Model(create_client(config), "m").chat(ASK, ChatOptions(temperature=1.0))
    call = format_named(provider).read(transport.requests[0]).unwrap()
    assert call.options == ChatOptions(max_tokens=9, temperature=1.0)
    assert create_client(config).default_options.system_message_handling == "merge"


async def sent(client: OpenAIClient, transport: FakeTransport) -> dict[str, str]:
    await Model(client, "gpt-5").chat([UserMessage(content="Hi")])
    return {**transport.requests[-1].headers, "url": transport.requests[-1].url}


async def test_a_config_by_name_takes_the_key_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-general")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-router")
    transport = FakeTransport((WHOLE,), JSON)
    client = create_client(
        ClientConfig(
            name="openrouter",
            provider="openai",
            base_url="https://openrouter.ai/api/v1",
            extra_kwargs={"transport": transport, "organization": "org"},
            system_message_handling="merge",
        )
    )
    assert isinstance(client, OpenAIClient)
    headers = await sent(client, transport)
    assert headers["authorization"] == "Bearer sk-router"
    assert headers["url"] == "https://openrouter.ai/api/v1/chat/completions"
    assert headers["openai-organization"] == "org"
    assert client.default_options.system_message_handling == "merge"


async def test_settings_for_the_name_of_a_config_are_sent_to_it_over_those_of_its_format() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = create_client(
        ClientConfig(
            name="openrouter",
            provider="openai",
            api_key="sk-x",
            base_url="https://openrouter.ai/api/v1",
            extra_kwargs={"transport": transport},
        )
    )
    own: dict[str, dict[str, Json | Omit]] = {
        "openai": {"user": "u-1", "store": True},
        "openrouter": {"store": OMIT, "route": "fallback"},
        "groq": {"n": 1},
    }
    options = ChatOptions(extra={"logprobs": True, "n": 2}, provider_options=own)
    await Model(client, "m").chat([UserMessage(content="Hi")], options)
    body = json.loads(transport.requests[-1].body)
    assert {key: body[key] for key in body.keys() - {"model", "messages"}} == {
        "logprobs": True,
        "n": 2,
        "user": "u-1",
        "route": "fallback",
    }


@pytest.mark.parametrize(
    "address",
    [
        "localhost:8000",
        "api.openai.com/v1",
        "ftp://x",
        "http://",
        "https://h/v1?k=secret",
        "https://u:secret@h/v1",
        "/v1",
        "http://[::1",
        "http://h:port",
        "http://a b/v1",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"base_url: .* is not a valid URL; use one like") as caught:
        OpenAIClient(api_key="sk-x", base_url=address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "60"])
def test_an_invalid_timeout_is_rejected(timeout: float) -> None:
    with pytest.raises(
        ConfigurationError, match=r"timeout: .* is not a valid timeout; use seconds > 0, or None"
    ):
        OpenAIClient(api_key="sk-x", timeout=timeout)
    with pytest.raises(ConfigurationError, match="timeout"):
        ClientConfig(provider="openai", timeout=timeout)


def test_a_timeout_may_be_given_phase_by_phase() -> None:
    limits = Timeout(connect=1, read=None, total=30)
    assert ClientConfig(provider="local", timeout=limits).timeout == limits


def test_an_unknown_provider_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(
        ValueError, match="Unknown provider 'opnai'; valid providers are: openai, anthropic, ollama, local"
    ):
        ClientConfig(provider="opnai")


@pytest.mark.parametrize("provider", ["local", "LOCAL", Provider.LOCAL])
def test_a_provider_is_recognised_in_any_case(provider: str) -> None:
    assert isinstance(create_client(ClientConfig(provider=provider)), LocalClient)


def test_an_unknown_keyword_for_a_client_is_refused_by_name() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"extra_kwargs\.tempo: LocalClient does not accept this argument; use one of model_path,",
    ):
        create_client(ClientConfig(provider="local", extra_kwargs={"tempo": 1}))


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
def test_every_client_names_the_keywords_that_it_takes(provider: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"extra_kwargs\.tempo: .*Client does not accept this argument; use one of .*http2",
    ):
        create_client(ClientConfig(provider=provider, extra_kwargs={"tempo": 1}))


def test_further_keywords_have_the_last_word() -> None:
    config = ClientConfig(provider="ollama", base_url="http://a.example.com", extra_kwargs={"host": "box"})
    assert create_client(config).base_url == "http://box:11434"


def test_what_is_no_config_is_refused() -> None:
    config: Any = {"provider": "openai"}
    with pytest.raises(ConfigurationError, match="config: expected a ClientConfig, got a dict"):
        create_client(config)


@pytest.mark.parametrize("given", [{"base_url": "http://localhost"}, {"api_key": "sk-x"}])
def test_the_embedded_model_has_neither_address_nor_key(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="the embedded model does not use it; remove it"):
        create_client(ClientConfig(provider="local", **given))


def test_arguments_of_the_wrong_kind_are_refused_by_name() -> None:
    wrong: Any = {"seed": 1}
    number: Any = 5
    with pytest.raises(ConfigurationError, match="base_url: expected a string, got an int"):
        OpenAIClient(api_key="sk-x", base_url=number)
    with pytest.raises(ConfigurationError, match="api_key: expected a str, got an int"):
        AnthropicClient(api_key=number)
    with pytest.raises(ConfigurationError, match="organization: expected a string, got an int"):
        OpenAIClient(api_key="sk-x", organization=number)
    with pytest.raises(ConfigurationError, match=r"dialect: expected a Dialect, such as .*GROQ, got an int"):
        OpenAIClient(api_key="sk-x", dialect=number)
    with pytest.raises(ConfigurationError, match=r"transport: expected a Transport, .*, got an int"):
        OpenAIClient(api_key="sk-x", transport=number)
    with pytest.raises(ConfigurationError, match=r"http_client: expected an AsyncClient of .*, got an int"):
        OpenAIClient(api_key="sk-x", http_client=number)
    with pytest.raises(ConfigurationError, match=r"http_client: expected an AsyncClient of .*, got a Client"):
        OllamaClient(http_client=httpx.Client())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="timeout: 0 is not a valid timeout"):
        OllamaClient(timeout=0)
    with pytest.raises(ConfigurationError, match=r"system_message_handling: expected one of keep, merge"):
        OllamaClient(system_message_handling="drop")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"options: expected ChatOptions"):
        OpenAIClient(api_key="sk-x", default_options=wrong)
    with pytest.raises(ConfigurationError, match="config: expected a ModelConfig, got a dict"):
        create_model(LocalClient(), wrong)


@pytest.mark.parametrize(
    ("argument", "value"),
    [("base_url", None), ("transport", 5), ("authorise", "Bearer x")],
)
def test_a_wrong_part_of_a_client_is_refused_by_name(argument: str, value: object) -> None:
    parts: dict[str, Any] = {"transport": FakeTransport(()), "base_url": "http://localhost", argument: value}
    with pytest.raises(ConfigurationError, match=rf"^{argument}: expected a \w+"):
        CodecClient(format_named("openai"), **parts)


async def test_a_model_is_made_of_a_config() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = OpenAIClient(api_key="sk-x", transport=transport)
    defaults = ChatOptions(temperature=0.7)
    config = ModelConfig(name="gpt-4", default_options=defaults, system_message_handling="merge")
    model = create_model(client, config)
    assert (model.name, model.default_options.temperature) == ("gpt-4", 0.7)
    await model.chat([SystemMessage(content="a"), SystemMessage(content="b"), UserMessage(content="c")])
    assert transport.requests[0].body.count(b'"system"') == 1
