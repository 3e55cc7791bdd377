from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import JSON, WHOLE, FakeTransport

from casual_llm import (
    OMIT,
    ChatOptions,
    ClientConfig,
    ConfigurationError,
    LocalClient,
    Model,
    ModelConfig,
    Omit,
    OpenAIClient,
    Provider,
    SystemMessage,
    Timeout,
    UserMessage,
    create_client,
    create_model,
)
from casual_llm.frozen import Json


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


async def sent(client: OpenAIClient, transport: FakeTransport) -> dict[str, str]:
    await Model(client, "gpt-5").chat([UserMessage(content="Hi")])
    return {**transport.requests[-1].headers, "url": transport.requests[-1].url}


def test_a_missing_key_is_an_error_that_names_the_variables_tried() -> None:
    with pytest.raises(
        ConfigurationError, match="api_key: none given, and OPENAI_API_KEY not set; give api_key="
    ):
        OpenAIClient()
    config = ClientConfig(provider="openai", name="open-router.ai")
    with pytest.raises(ConfigurationError, match="OPEN_ROUTER_AI_API_KEY and OPENAI_API_KEY not set"):
        create_client(config)


async def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-env\n")
    transport = FakeTransport((WHOLE,), JSON)
    assert (await sent(OpenAIClient(transport=transport), transport))["authorization"] == "Bearer sk-env"


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


async def test_an_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example.com/v1/")
    transport = FakeTransport((WHOLE,), JSON)
    headers = await sent(OpenAIClient(api_key="sk-x", transport=transport), transport)
    assert headers["url"] == "https://models.example.com/v1/chat/completions"
    client = create_client(ClientConfig(provider="openai", api_key="sk-x"))
    assert repr(client) == "OpenAIClient(base_url='https://models.example.com/v1')"


@pytest.mark.parametrize(
    "address", ["http://localhost:8000/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1"]
)
async def test_a_server_on_this_machine_needs_no_key(address: str) -> None:
    transport = FakeTransport((WHOLE,), JSON)
    assert "authorization" not in await sent(OpenAIClient(base_url=address, transport=transport), transport)


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
    with pytest.raises(ConfigurationError, match=r"base_url: .* is no address; give one like") as caught:
        OpenAIClient(api_key="sk-x", base_url=address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "60"])
def test_a_timeout_that_is_no_time_is_refused(timeout: float) -> None:
    with pytest.raises(
        ConfigurationError, match=r"timeout: .* is no time; give seconds above 0, or a Timeout"
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
def test_a_provider_may_be_written_in_any_case(provider: str) -> None:
    assert isinstance(create_client(ClientConfig(provider=provider)), LocalClient)


def test_an_unknown_keyword_for_a_client_is_refused_by_name() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"extra_kwargs\.tempo: LocalClient takes no such argument, but model_path, timeout",
    ):
        create_client(ClientConfig(provider="local", extra_kwargs={"tempo": 1}))


def test_what_is_no_config_is_refused() -> None:
    config: Any = {"provider": "openai"}
    with pytest.raises(ConfigurationError, match="config: dict given; give ClientConfig"):
        create_client(config)


@pytest.mark.parametrize("given", [{"base_url": "http://localhost"}, {"api_key": "sk-x"}])
def test_the_embedded_model_has_neither_address_nor_key(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="the embedded model has none; leave it out"):
        create_client(ClientConfig(provider="local", **given))


def test_arguments_of_the_wrong_kind_are_refused_by_name() -> None:
    wrong: Any = {"seed": 1}
    with pytest.raises(ConfigurationError, match="base_url: an int given; give a string"):
        OpenAIClient(api_key="sk-x", base_url=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"options: .* is a dict; give ChatOptions"):
        OpenAIClient(api_key="sk-x", default_options=wrong)
    with pytest.raises(ConfigurationError, match="config: dict given; give ModelConfig"):
        create_model(LocalClient(), wrong)


async def test_a_model_is_made_of_a_config() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = OpenAIClient(api_key="sk-x", transport=transport)
    defaults = ChatOptions(temperature=0.7)
    config = ModelConfig(name="gpt-4", default_options=defaults, system_message_handling="merge")
    model = create_model(client, config)
    assert (model.name, model.default_options.temperature) == ("gpt-4", 0.7)
    await model.chat([SystemMessage(content="a"), SystemMessage(content="b"), UserMessage(content="c")])
    assert transport.requests[0].body.count(b'"system"') == 1
