from __future__ import annotations

import json
import logging

import pytest
from support.fakes import ASK, FRAMES, JSON, KEY, PARIS, WHOLE, FakeTransport, chunks_of, model_on
from support.servers import STREAM_HEAD, piece, response, sends, serving

from casual_llm import (
    AuthenticationError,
    ChatOptions,
    Model,
    NotFoundError,
    OpenAIClient,
    ProviderError,
    RateLimitError,
    ReplyError,
    RequestError,
    ServerError,
    Tool,
    TruncatedError,
)
from casual_llm.providers.openai_chat.dialects import LLAMACPP
from casual_llm.shell.client import CodecClient
from casual_llm.wire.collect import collect


async def test_a_call_sends_the_key_and_the_body_to_the_address() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = OpenAIClient(api_key=KEY, organization="org-1", transport=transport)
    await Model(client, "gpt-4.1").chat(ASK, ChatOptions(temperature=0.0))
    request = transport.requests[0]
    assert request.url == "https://api.openai.com/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["openai-organization"] == "org-1"
    assert json.loads(request.body)["temperature"] == 0.0


async def test_a_whole_reply_and_a_collected_stream_are_equal() -> None:
    whole = await model_on(FakeTransport((WHOLE,), JSON)).complete(ASK)
    streamed = await chunks_of(model_on(FakeTransport(FRAMES)))
    assert whole == collect(streamed) == PARIS


async def test_a_server_that_does_not_stream_gives_one_chunk() -> None:
    assert collect(await chunks_of(model_on(FakeTransport((WHOLE,), JSON)))) == PARIS


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (429, RateLimitError),
        (500, ServerError),
        (529, ServerError),
    ],
)
@pytest.mark.parametrize("body", [b'{"error": {"message": "No."}}', b"<html>", b"", b"\xff\x00"])
async def test_an_error_status_is_the_exception_of_its_kind(
    status: int, kind: type[ProviderError], body: bytes
) -> None:
    model = model_on(FakeTransport((body,), JSON, status=status))
    with pytest.raises(kind, match=f"the provider answered {status}") as asked:
        await model.chat(ASK)
    with pytest.raises(kind) as streamed:
        await chunks_of(model)
    assert asked.value.status == streamed.value.status == status


async def test_an_error_says_how_long_to_wait() -> None:
    transport = FakeTransport((b"{}",), {**JSON, "retry-after": "3"}, status=429)
    with pytest.raises(RateLimitError) as caught:
        await model_on(transport).chat(ASK)
    assert caught.value.retry_after == 3.0


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"choices": []}', b'{"a": 1}'])
async def test_a_body_that_is_no_reply_is_a_reply_error(body: bytes) -> None:
    with pytest.raises(ReplyError, match="the reply cannot be read"):
        await model_on(FakeTransport((body,), JSON)).chat(ASK)


async def test_a_client_answers_the_protocol_of_two_methods() -> None:
    client = OpenAIClient(api_key=KEY, transport=FakeTransport((WHOLE,), JSON))
    result = await client._chat(model="gpt-5", messages=[*ASK], options=ChatOptions())  # noqa: SLF001 # the protocol
    assert result == (PARIS.message, PARIS.usage)


async def test_a_loss_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    model = model_on(FakeTransport((WHOLE,), JSON))
    with caplog.at_level(logging.WARNING, logger="casual_llm"):
        await model.chat(ASK, ChatOptions(top_k=5))
        await model.chat(ASK, ChatOptions(top_k=6))
    assert [record.getMessage() for record in caplog.records] == [
        "options.top_k was dropped: openai does not support it"
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ChatOptions(top_p=0.5, extra={"top_p": 1}),
            "options.extra.top_p overrides the field of the same",
        ),
        (
            ChatOptions(tools=[Tool(name="a"), Tool(name="b")], tool_choice="b"),
            "options.tool_choice was changed to required, with b as the only tool for llamacpp",
        ),
    ],
)
async def test_a_loss_is_logged_with_what_was_sent_instead(
    caplog: pytest.LogCaptureFixture, options: ChatOptions, text: str
) -> None:
    client = OpenAIClient(api_key=KEY, transport=FakeTransport((WHOLE,), JSON), dialect=LLAMACPP)
    await Model(client, "gpt-5").chat(ASK, options)
    assert text in caplog.records[0].getMessage()


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "text/plain", ""])
@pytest.mark.parametrize("status", [200, 201])
async def test_what_a_server_calls_its_answer_does_not_matter(status: int, kind: str) -> None:
    for pieces in ((WHOLE,), (WHOLE[:9], WHOLE[9:]), FRAMES, (b"".join(FRAMES),)):
        transport = FakeTransport(pieces, {"content-type": kind}, status)
        assert collect(await chunks_of(model_on(transport))) == PARIS


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", ""])
async def test_an_error_in_the_place_of_a_stream_is_the_providers(kind: str) -> None:
    error = b'{"error": {"message": "Slow down.", "code": 429}}'
    with pytest.raises(RateLimitError, match="Slow down"):
        await chunks_of(model_on(FakeTransport((error,), {"content-type": kind})))


async def test_a_stream_that_says_nothing_is_cut_off() -> None:
    with pytest.raises(TruncatedError):
        await chunks_of(model_on(FakeTransport((b": hello\n\n",))))


async def test_a_page_in_place_of_a_stream_is_a_reply_error() -> None:
    model = model_on(FakeTransport((b"<html>",), {"content-type": "text/html; charset=utf-8"}))
    with pytest.raises(ReplyError, match="check that base_url points at the right API"):
        await chunks_of(model)


async def test_a_call_that_cannot_be_encoded_is_a_request_error() -> None:
    with pytest.raises(RequestError, match="messages: the list is empty; add at least one message"):
        await model_on(FakeTransport(())).chat([])
    with pytest.raises(RequestError, match=r"options\.tool_choice: there is no tool named 'b'"):
        await chunks_of(model_on(FakeTransport(())), ChatOptions(tools=[Tool(name="a")], tool_choice="b"))


async def test_every_response_is_closed() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    model = model_on(transport)
    await model.chat(ASK)
    await chunks_of(model)
    assert (transport.opened, transport.closed) == (2, 2)


async def test_a_client_closes_its_transport() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    async with OpenAIClient(api_key=KEY, transport=transport) as client:
        assert isinstance(client, CodecClient)
        await Model(client, "gpt-5").chat(ASK)
    assert transport.opened == 0


async def test_one_http_response_serves_a_second_request_on_the_same_connection() -> None:
    async with serving(sends(response(WHOLE))) as server, OpenAIClient(base_url=server.url) as client:
        model = Model(client, "gpt-5")
        assert [await model.chat(ASK), await model.chat(ASK)] == [PARIS.message] * 2
        assert server.connections == 1


async def test_a_finished_stream_leaves_its_connection_for_the_next() -> None:
    frames = sends(STREAM_HEAD, *map(piece, FRAMES), b"0\r\n\r\n")
    async with serving(frames) as server, OpenAIClient(base_url=server.url) as client:
        model = Model(client, "gpt-5")
        await chunks_of(model)
        await chunks_of(model)
        assert server.connections == 1
