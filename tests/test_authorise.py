"""What proves who sends a request: a key in a header, or a function of the caller's."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from attrs import evolve
from support.fakes import ASK, JSON, KEY, WHOLE, FakeTransport

from casual_llm import AuthenticationError, ChatOptions, CodecClient, ConfigurationError, Model
from casual_llm.formats import format_named
from casual_llm.redaction import Secret
from casual_llm.shell.authorise import Authorise, bearer, header_key
from casual_llm.wire.codec import Request

URL = "https://llm.example.com/v1"


def sign(request: Request) -> Request:
    """Sign as clouds do: by a digest of the URL and the body under a key that is not sent."""
    digest = hmac.new(KEY.encode(), request.url.encode() + request.body, hashlib.sha256).hexdigest()
    return evolve(request, headers={**request.headers, "x-signature": digest})


def client_with(transport: FakeTransport, authorise: Authorise | None, **arguments: Any) -> CodecClient:  # noqa: ANN401
    codec = format_named("openai")
    return CodecClient(codec, transport, base_url=URL, authorise=authorise, **arguments)


@pytest.mark.parametrize(
    ("authorise", "headers"),
    [
        (None, {}),
        (bearer(KEY), {"authorization": f"Bearer {KEY}"}),
        (bearer(Secret(KEY)), {"authorization": f"Bearer {KEY}"}),
        (header_key("X-Api-Key", KEY), {"x-api-key": KEY}),
    ],
)
async def test_a_key_is_written_into_its_header(authorise: Authorise | None, headers: dict[str, str]) -> None:
    transport = FakeTransport((WHOLE,), JSON)
    await Model(client_with(transport, authorise, headers={"x-team": "a"}), "gpt-5").chat(ASK)
    assert transport.requests[0].headers == {
        "content-type": "application/json",
        "x-team": "a",
        **headers,
    }


async def test_a_signature_is_of_the_request_that_is_sent() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    await Model(client_with(transport, sign), "gpt-5").chat(ASK)
    (request,) = transport.requests
    unsigned = evolve(request, headers={})
    assert request.url == f"{URL}/chat/completions"
    assert request.headers["x-signature"] == sign(unsigned).headers["x-signature"]


async def test_every_request_is_signed_anew() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    model = Model(client_with(transport, sign), "gpt-5")
    await model.chat(ASK)
    await model.chat(ASK, ChatOptions(seed=1))
    assert len({request.headers["x-signature"] for request in transport.requests}) == 2


def test_a_plan_masks_a_key_and_calls_no_function_of_the_caller() -> None:
    def fail(request: Request) -> Request:
        raise AssertionError(request)

    transport = FakeTransport(())
    plan = client_with(transport, bearer(KEY)).plan("m", ASK, ChatOptions())
    assert plan.headers["authorization"] == "Bearer [key removed]"
    assert client_with(transport, header_key("x-api-key", KEY)).plan("m", ASK, ChatOptions()).headers[
        "x-api-key"
    ] == ("[key removed]")
    assert client_with(transport, fail).plan("m", ASK, ChatOptions()).headers.keys() == {"content-type"}


@pytest.mark.parametrize("secret", [KEY, Secret(KEY)])
async def test_a_secret_of_a_function_is_removed_from_the_texts_of_the_server(secret: str | Secret) -> None:
    body = f'{{"error": {{"message": "Wrong key {KEY}"}}}}'.encode()
    model = Model(client_with(FakeTransport((body,), JSON, status=401), sign, secret=secret), "gpt-5")
    with pytest.raises(AuthenticationError, match=r"Wrong key \[key removed\]"):
        await model.chat(ASK)


async def test_an_error_of_a_function_passes_unchanged() -> None:
    def fail(_: Request) -> Request:
        raise LookupError("no credentials")

    with pytest.raises(LookupError, match="no credentials"):
        await Model(client_with(FakeTransport(()), fail), "gpt-5").chat(ASK)


def test_a_key_that_cannot_be_a_header_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(ConfigurationError, match=r"^api_key: contains a character that headers cannot hold"):
        bearer("sk-\n")
    with pytest.raises(ConfigurationError, match=r"^api_key: expected a string, got an int"):
        header_key("x-api-key", wrong)
