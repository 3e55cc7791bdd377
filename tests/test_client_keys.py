"""A key goes into one header, and nowhere else."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping

import pytest
from support.fakes import ASK, JSON, KEY, PARIS, FakeTransport, model_on
from support.servers import response, sends, serving

from casual_llm import (
    AnthropicClient,
    AuthenticationError,
    ChatOptions,
    ClientConfig,
    CodecClient,
    ConfigurationError,
    Model,
    OllamaClient,
    OpenAIClient,
    ReplyError,
    TransportError,
    create_client,
)
from casual_llm.formats import format_named
from casual_llm.providers.openai_chat.dialects import AZURE, GROQ
from casual_llm.redaction import redact

PROVIDERS = ["openai", "anthropic", "ollama"]


def client_of(provider: str, **arguments: object) -> CodecClient:
    return create_client(ClientConfig(provider=provider, api_key=KEY, extra_kwargs=arguments))


@pytest.mark.parametrize(
    ("provider", "arguments", "keys"),
    [
        ("openai", {}, {"authorization": f"Bearer {KEY}"}),
        (
            "openai",
            {"organization": "org-1"},
            {"authorization": f"Bearer {KEY}", "openai-organization": "org-1"},
        ),
        ("openai", {"dialect": GROQ}, {"authorization": f"Bearer {KEY}"}),
        ("openai", {"dialect": AZURE, "base_url": "https://a.openai.azure.com/openai/v1"}, {"api-key": KEY}),
        ("openai", {"base_url": "https://b.services.ai.azure.com/openai/v1"}, {"api-key": KEY}),
        ("anthropic", {}, {"x-api-key": KEY, "anthropic-version": "2023-06-01"}),
        ("ollama", {"host": "https://ollama.com"}, {"authorization": f"Bearer {KEY}"}),
    ],
)
async def test_a_key_is_sent_as_the_server_wants_it(
    provider: str, arguments: Mapping[str, object], keys: Mapping[str, str]
) -> None:
    transport = FakeTransport((format_named(provider).write(PARIS).body,), JSON)
    client = client_of(provider, transport=transport, **arguments)
    await Model(client, "m").chat(ASK, ChatOptions(max_tokens=9))
    assert transport.requests[0].headers == {"content-type": "application/json", **keys}


@pytest.mark.parametrize(
    "client",
    [
        OpenAIClient(base_url="http://localhost:1/v1"),
        AnthropicClient(base_url="http://[::1]:1"),
        OllamaClient(),
    ],
)
def test_without_a_key_no_header_holds_one(client: CodecClient) -> None:
    headers = client.plan("m", ASK, ChatOptions()).headers
    assert headers.keys() & {"authorization", "x-api-key", "api-key"} == set()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("key", [KEY, "abc", "secret"])
def test_a_key_is_in_no_repr_and_in_no_plan(provider: str, key: str) -> None:
    client = create_client(ClientConfig(provider=provider, api_key=key))
    model = Model(client, "gpt-5")
    planned = model.plan(ASK, ChatOptions(max_tokens=9))
    headers = [value for name, value in planned.headers.items() if name in {"authorization", "x-api-key"}]
    assert headers in (["Bearer [key removed]"], ["[key removed]"])
    assert key not in f"{client!r}{model!r}{client.default_options!r}{planned!r}"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_key_is_in_no_log(provider: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = response(format_named(provider).write(PARIS).body)
    with caplog.at_level(logging.DEBUG):
        async with serving(sends(answer)) as server:
            config = ClientConfig(provider=provider, api_key=KEY, base_url=server.url)
            async with create_client(config) as client:
                await Model(client, "m").chat(ASK, ChatOptions(top_k=3, seed=1))
    assert KEY in server.received[0].head
    assert KEY not in caplog.text


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_key_is_in_no_error_of_a_server_that_is_not_there(provider: str) -> None:
    config = ClientConfig(provider=provider, api_key=KEY, base_url="http://127.0.0.1:1")
    async with create_client(config) as client:
        with pytest.raises(TransportError) as caught:
            await Model(client, "m").chat(ASK, ChatOptions(max_tokens=9))
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("echo", [KEY, "sk-proj-abc***1234", KEY[:12] + "...", KEY[:4] + " to 1234"])
async def test_no_part_of_a_key_reaches_an_exception(echo: str, provider: str) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {echo}.", "code": echo}}).encode()
    client = client_of(provider, transport=FakeTransport((body,), JSON, status=401))
    with pytest.raises(AuthenticationError) as caught:
        await Model(client, "m").chat(ASK, ChatOptions(max_tokens=9))
    assert "[key removed]" in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "sk-" not in repr(caught.value) + str(caught.value.code)


async def test_no_part_of_a_key_reaches_an_exception_about_a_malformed_reply() -> None:
    with pytest.raises(ReplyError) as caught:
        await model_on(FakeTransport((f"Bearer {KEY}".encode(),), JSON)).chat(ASK)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("client", [OpenAIClient, AnthropicClient])
@pytest.mark.parametrize("key", ["sk-proj\nabc", "sk-prøj", "sk\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(
    key: str, client: type[OpenAIClient | AnthropicClient]
) -> None:
    with pytest.raises(
        ConfigurationError, match="api_key: contains a character that headers cannot hold"
    ) as caught:
        client(api_key=key)
    assert key not in str(caught.value)


def test_the_key_of_an_ollama_server_is_checked_as_well() -> None:
    with pytest.raises(ConfigurationError, match="api_key: contains a character that headers cannot hold"):
        OllamaClient(api_key="sk-prøj")


@pytest.mark.parametrize("quoted", ["ends in ijkl6789", "was sk-proj-%2Babcdefghijkl6789", "ends in 6789"])
def test_what_a_provider_quotes_of_a_key_is_removed(quoted: str) -> None:
    key = "sk-proj-+abcdefghijkl6789"
    assert "6789" not in redact(f"The key {quoted}.", key)
    assert redact("The code is 16789.", key) == "The code is 16789."


def test_a_password_in_an_address_is_not_shown() -> None:
    shown = repr(ClientConfig(provider="openai", base_url="http://user:secret@box/v1"))
    assert "secret" not in shown
    assert "http://box/v1" in repr(ClientConfig(provider="openai", base_url="http://box/v1"))
