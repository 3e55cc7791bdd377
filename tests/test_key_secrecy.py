"""No traceback with local variables and no log shows a key, whichever way a call fails."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from functools import partial
from traceback import TracebackException
from typing import Any

import pytest
from support.fakes import ASK, JSON, KEY, FakeTransport
from support.libraries import each_library
from support.servers import (
    STREAM_HEAD,
    Script,
    piece,
    response,
    sends,
    sends_then_hangs,
    sends_then_resets,
    serving,
)

from casual_llm import (
    AnthropicClient,
    AuthenticationError,
    CasualLLMError,
    ChatOptions,
    ClientConfig,
    CodecClient,
    ConfigurationError,
    Model,
    OllamaClient,
    OpenAIClient,
    create_client,
)
from casual_llm.shell.authorise import bearer, header_key
from casual_llm.shell.http_library import HttpLibrary
from casual_llm.shell.transport import HttpTransport, OpenResponse
from casual_llm.wire.codec import Request

library = each_library
CLIENTS = [OpenAIClient, AnthropicClient, OllamaClient]
Client = type[OpenAIClient] | type[AnthropicClient] | type[OllamaClient]


def client_at(client: Client, base_url: str, **arguments: Any) -> CodecClient:  # noqa: ANN401
    address = {"host" if client is OllamaClient else "base_url": base_url}
    return client(**{"api_key": KEY, **address, **arguments})


def shown(error: BaseException) -> str:
    """Format a traceback with all local variables but those of the test."""
    text, chain = "", [TracebackException.from_exception(error, capture_locals=True)]
    while chain:
        one = chain.pop()
        text += "".join([f"{frame}{frame.locals}" for frame in one.stack if "/tests/" not in frame.filename])
        text += "".join(one.format_exception_only())
        chain += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
    return text


class Failing:
    """A transport that fails after it was given the request."""

    async def open(self, request: Request) -> OpenResponse:
        assert KEY in f"{dict(request.headers)}"
        raise ConnectionError("unplugged")

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_transport_that_fails_shows_no_key(client: Client) -> None:
    model = Model(client(api_key=KEY, transport=Failing()), "m")
    with pytest.raises(ConnectionError) as chatting:
        await model.chat(ASK)
    with pytest.raises(ConnectionError) as streaming:
        await anext(model.stream(ASK))
    assert "client.py" in shown(chatting.value)
    assert KEY not in shown(chatting.value) + shown(streaming.value)


BROKEN: dict[str, Script] = {
    "at once": sends_then_resets(),
    "in the body": sends_then_resets(STREAM_HEAD, piece(b"one")),
    "by another protocol": sends(b"HTTX 1\r\n\r\n"),
    "by a reply that is none": sends(response(b"nonsense")),
    "after it quoted the key": sends_then_resets(STREAM_HEAD, piece(KEY.encode())),
    "by silence": sends_then_hangs(STREAM_HEAD, piece(b"one")),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
async def test_a_connection_that_breaks_shows_no_key(
    client: Client, script: Script, library: HttpLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(script) as server:
        transport = HttpTransport(library=library, timeout=0.5)
        async with client_at(client, server.url, transport=transport) as open_client:
            with pytest.raises(CasualLLMError) as raised:
                await Model(open_client, "m").chat(ASK, ChatOptions(max_tokens=9))
    assert KEY in server.received[0].head
    assert KEY not in shown(raised.value) + caplog.text


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_server_that_is_not_there_shows_no_key(client: Client, library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    async with client_at(client, "http://127.0.0.1:9", transport=transport) as open_client:
        with pytest.raises(CasualLLMError) as raised:
            await Model(open_client, "m").chat(ASK, ChatOptions(max_tokens=9))
    assert KEY not in shown(raised.value)


QUOTING = {
    "an error": f'{{"error": {{"message": "{KEY}"}}}}',
    "an error inside a stream": f'data: {{"error": {{"message": "{KEY}"}}}}\n\n',
    "no JSON": f"<html>{KEY}</html>",
    "an object of another kind": f'{{"key": "{KEY}"}}',
    "a line that is cut": f'{{"key": "{KEY}',
    "an event that is cut": f'data: {{"key": "{KEY}',
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("body", QUOTING.values(), ids=QUOTING)
@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("ending", ["orderly", "broken"])
async def test_a_reply_that_quotes_the_key_shows_none(
    client: Client, status: int, body: str, media_type: str, ending: str
) -> None:
    headers = {"content-type": media_type}
    transport = FakeTransport((body.encode(),), headers, status=status, breaks=ending == "broken")
    model = Model(client(api_key=KEY, transport=transport), "m")
    with pytest.raises(CasualLLMError) as chatting:
        await model.chat(ASK)
    with pytest.raises(CasualLLMError) as streaming:
        await anext(model.stream(ASK))
    assert KEY not in shown(chatting.value)
    assert KEY not in shown(streaming.value)


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_error_names_what_was_removed(client: Client) -> None:
    transport = FakeTransport((QUOTING["an error"].encode(),), JSON, status=401)
    with pytest.raises(AuthenticationError, match=r"\[key removed\]"):
        await Model(client(api_key=KEY, transport=transport), "m").chat(ASK)


@pytest.mark.parametrize("authorise", [bearer, partial(header_key, "x-api-key")], ids=["bearer", "header"])
def test_a_key_that_fits_no_header_is_not_shown(authorise: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        authorise(f"{KEY}\n{KEY}")
    assert "authorise.py" in shown(raised.value)
    assert KEY not in shown(raised.value)


WRONG: dict[str, Callable[[Client], object]] = {
    "the timeout": lambda client: client_at(client, "https://a.example.com", timeout=-1),
    "the base URL": lambda client: client_at(client, "a b"),
    "the options": lambda client: client_at(client, "https://a.example.com", default_options=5),
    "the key": lambda client: client(api_key=f"{KEY}\n{KEY}"),
    "the name": lambda client: client(api_key=KEY, name=5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("construct", WRONG.values(), ids=WRONG)
def test_a_constructor_that_fails_shows_no_key(client: Client, construct: Callable[[Client], object]) -> None:
    with pytest.raises(CasualLLMError) as raised:
        construct(client)
    assert "clients.py" in shown(raised.value)
    assert KEY not in shown(raised.value)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
def test_a_config_that_makes_no_client_shows_no_key(provider: str) -> None:
    config = ClientConfig(provider=provider, api_key=KEY, extra_kwargs={"tempo": 1})
    with pytest.raises(CasualLLMError) as raised:
        create_client(config)
    assert "factories.py" in shown(raised.value)
    assert KEY not in shown(raised.value)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_with_a_key_cannot_be_pickled(client: Client) -> None:
    transport = FakeTransport(())
    with pytest.raises(TypeError, match="a Secret cannot be pickled"):
        pickle.dumps(client(api_key=KEY, transport=transport)._secret)  # noqa: SLF001 # what it would write
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(client(api_key=KEY, transport=transport))


@pytest.mark.parametrize("client", CLIENTS)
def test_no_attribute_of_a_client_holds_the_key(client: Client) -> None:
    assert KEY not in f"{vars(client(api_key=KEY))}"
