from __future__ import annotations

import asyncio
import json
import logging

import pytest
from fakes import FRAMES, JSON, PARIS, WHOLE, FakeTransport
from servers import STREAM_HEAD, piece, response, says, says_and_breaks, says_and_hangs, serving

from casual_llm import (
    AuthenticationError,
    ChatOptions,
    ConfigurationError,
    Model,
    NotFoundError,
    OpenAIClient,
    ProviderError,
    RateLimitError,
    ReplyError,
    RequestError,
    RequestTimeoutError,
    ServerError,
    StreamChunk,
    Timeout,
    Tool,
    TransportError,
    TruncatedError,
    UserMessage,
)
from casual_llm.providers.openai import LLAMACPP
from casual_llm.shell.client import CodecClient
from casual_llm.wire.collect import collect

ASK = [UserMessage(content="What is the capital of France?")]
KEY = "sk-proj-abcdefghijklmnop1234"


def model_on(transport: FakeTransport) -> Model:
    return Model(OpenAIClient(api_key=KEY, transport=transport), name="gpt-5")


async def chunks_of(model: Model, options: ChatOptions | None = None) -> list[StreamChunk]:
    return [chunk async for chunk in model.stream(ASK, options)]


async def test_a_call_sends_the_key_and_the_body_to_the_address() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = OpenAIClient(api_key=KEY, organization="org-1", transport=transport)
    await Model(client, "gpt-5").chat(ASK, ChatOptions(temperature=0.0))
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


@pytest.mark.parametrize("echo", [KEY, "sk-proj-abc***1234", KEY[:12] + "...", KEY[:4] + " to 1234"])
async def test_no_part_of_a_key_reaches_an_exception(echo: str) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {echo}.", "code": echo}}).encode()
    with pytest.raises(AuthenticationError) as caught:
        await model_on(FakeTransport((body,), JSON, status=401)).chat(ASK)
    assert "[key removed]" in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "sk-" not in repr(caught.value) + str(caught.value.code)


async def test_no_part_of_a_key_reaches_an_exception_about_a_malformed_reply() -> None:
    with pytest.raises(ReplyError) as caught:
        await model_on(FakeTransport((f"Bearer {KEY}".encode(),), JSON)).chat(ASK)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"choices": []}', b'{"a": 1}'])
async def test_a_body_that_is_no_reply_is_a_reply_error(body: bytes) -> None:
    with pytest.raises(ReplyError, match="the reply cannot be read"):
        await model_on(FakeTransport((body,), JSON)).chat(ASK)


@pytest.mark.parametrize("kept", range(4))
async def test_a_stream_cut_short_gives_its_chunks_and_then_an_error_with_the_partial_reply(
    kept: int,
) -> None:
    seen: list[StreamChunk] = []
    with pytest.raises(TruncatedError) as caught:  # noqa: PT012 # a loop is one statement
        async for chunk in model_on(FakeTransport(FRAMES[:kept])).stream(ASK):
            seen.append(chunk)  # noqa: PERF401 # what came before the error counts
    assert caught.value.partial == collect(seen)


async def test_an_error_in_a_stream_comes_after_the_chunks_before_it() -> None:
    error = b'data: {"error": {"message": "Overloaded.", "code": 503}}\n\n'
    seen: list[StreamChunk] = []
    with pytest.raises(ServerError, match="Overloaded") as caught:  # noqa: PT012 # a loop is one statement
        async for chunk in model_on(FakeTransport((b"".join(FRAMES[:3]) + error,))).stream(ASK):
            seen.append(chunk)  # noqa: PERF401 # what came before the error counts
    assert caught.value.partial == collect(seen)
    assert seen


async def test_a_stream_whose_last_event_lacks_its_blank_line_is_whole() -> None:
    last = b"".join(FRAMES[:-1]).rstrip(b"\n")
    assert collect(await chunks_of(model_on(FakeTransport((last,))))) == PARIS


async def test_what_follows_the_last_word_is_left_unread() -> None:
    assert collect(await chunks_of(model_on(FakeTransport((*FRAMES, b"data: {broken\n\n"))))) == PARIS


async def test_a_client_answers_the_protocol_of_two_methods() -> None:
    client = OpenAIClient(api_key=KEY, transport=FakeTransport((WHOLE,), JSON))
    said = await client._chat(model="gpt-5", messages=[*ASK], options=ChatOptions())  # noqa: SLF001 # the protocol
    assert said == (PARIS.message, PARIS.usage)


async def test_a_malformed_stream_is_a_reply_error() -> None:
    with pytest.raises(ReplyError, match="no JSON object") as caught:
        await chunks_of(model_on(FakeTransport((*FRAMES[:2], b"data: {broken\n\n"))))
    assert caught.value.partial is not None


async def test_a_broken_connection_carries_the_partial_reply() -> None:
    script = says_and_breaks(STREAM_HEAD, *map(piece, FRAMES[:2]))
    async with serving(script) as server, OpenAIClient(base_url=server.url) as client:
        with pytest.raises(TransportError, match="broke") as caught:
            await chunks_of(Model(client, "gpt-5"))
    assert caught.value.partial is not None
    assert caught.value.partial.message.content == "The capital\n"


async def test_a_connection_that_breaks_after_the_last_word_is_a_whole_reply() -> None:
    cut_after_finish = FRAMES[:-1]
    chunks = await chunks_of(model_on(FakeTransport(cut_after_finish, breaks=True)))
    assert collect(chunks) == PARIS


async def test_a_server_that_does_not_hang_up_does_not_hang_a_stream() -> None:
    script = says_and_hangs(STREAM_HEAD, *map(piece, FRAMES))
    async with serving(script) as server, OpenAIClient(base_url=server.url) as client:
        async with asyncio.timeout(5):
            assert collect(await chunks_of(Model(client, "gpt-5"))) == PARIS


async def test_leaving_a_stream_early_closes_its_connection_at_once() -> None:
    script = says_and_hangs(STREAM_HEAD, *map(piece, FRAMES[:3]))
    async with serving(script) as server, OpenAIClient(base_url=server.url) as client:
        stream = Model(client, "gpt-5").stream(ASK)
        await anext(stream)
        await stream.aclose()
        async with asyncio.timeout(5):
            await server.hung_up.wait()


TOTAL = Timeout(total=0.3)


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM_HEAD)
    while True:
        writer.write(piece(b": still here\n\n"))
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_the_total_bounds_a_call_that_drips() -> None:
    async with serving(dripping) as server, OpenAIClient(base_url=server.url, timeout=TOTAL) as client:
        with pytest.raises(RequestTimeoutError, match=r"longer than 0\.3 s; raise Timeout\.total"):
            await Model(client, "gpt-5").chat(ASK)
        with pytest.raises(RequestTimeoutError, match=r"longer than 0\.3 s") as caught:
            await chunks_of(Model(client, "gpt-5"))
    assert caught.value.partial is not None


async def test_the_total_bounds_a_stream_that_is_slow_to_begin() -> None:
    async with (
        serving(says_and_hangs()) as server,
        OpenAIClient(base_url=server.url, timeout=TOTAL) as client,
    ):
        with pytest.raises(RequestTimeoutError, match=r"longer than 0\.3 s"):
            await chunks_of(Model(client, "gpt-5"))


async def test_a_total_leaves_a_quick_stream_alone() -> None:
    frames = says(STREAM_HEAD, *map(piece, FRAMES[:-1]), b"0\r\n\r\n")
    async with (
        serving(frames) as server,
        OpenAIClient(base_url=server.url, timeout=Timeout(total=5)) as client,
    ):
        assert collect(await chunks_of(Model(client, "gpt-5"))) == PARIS


async def test_silence_is_the_timeout_of_its_phase() -> None:
    async with serving(says_and_hangs()) as server, OpenAIClient(base_url=server.url, timeout=0.2) as client:
        with pytest.raises(RequestTimeoutError, match="took longer than allowed"):
            await Model(client, "gpt-5").chat(ASK)


async def test_a_loss_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    model = model_on(FakeTransport((WHOLE,), JSON))
    with caplog.at_level(logging.WARNING, logger="casual_llm"):
        await model.chat(ASK, ChatOptions(top_k=5))
        await model.chat(ASK, ChatOptions(top_k=6))
    assert [record.getMessage() for record in caplog.records] == [
        "options.top_k is left out: openai cannot say it"
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ChatOptions(top_p=0.5, extra={"top_p": 1}),
            "options.extra.top_p stands in place of the option that",
        ),
        (
            ChatOptions(tools=[Tool(name="a"), Tool(name="b")], tool_choice="b"),
            "options.tool_choice is said differently to llamacpp: required, with b as the only tool",
        ),
    ],
)
async def test_a_loss_is_told_by_what_became_of_it(
    caplog: pytest.LogCaptureFixture, options: ChatOptions, said: str
) -> None:
    client = OpenAIClient(api_key=KEY, transport=FakeTransport((WHOLE,), JSON), dialect=LLAMACPP)
    await Model(client, "gpt-5").chat(ASK, options)
    assert said in caplog.records[0].getMessage()


async def test_a_page_in_place_of_a_stream_is_a_reply_error() -> None:
    model = model_on(FakeTransport((b"<html>",), {"content-type": "text/html; charset=utf-8"}))
    with pytest.raises(ReplyError, match="check that base_url points at the right API"):
        await chunks_of(model)


async def test_a_call_that_cannot_be_encoded_is_a_request_error() -> None:
    with pytest.raises(RequestError, match="messages: the list is empty; give at least one message"):
        await model_on(FakeTransport(())).chat([])
    with pytest.raises(RequestError, match=r"options\.tool_choice: no tool is called 'b'"):
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


def test_a_key_is_in_no_repr() -> None:
    client = OpenAIClient(api_key=KEY)
    assert KEY not in repr(client) + repr(Model(client, "gpt-5"))


@pytest.mark.parametrize("key", ["sk-proj\nabc", "sk-prøj", "sk\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="api_key: holds a character that no header can") as caught:
        OpenAIClient(api_key=key)
    assert key not in str(caught.value)


async def test_one_http_response_serves_a_second_request_on_the_same_connection() -> None:
    async with serving(says(response(WHOLE))) as server, OpenAIClient(base_url=server.url) as client:
        model = Model(client, "gpt-5")
        assert [await model.chat(ASK), await model.chat(ASK)] == [PARIS.message] * 2
        assert server.connections == 1


async def test_a_finished_stream_leaves_its_connection_for_the_next() -> None:
    frames = says(STREAM_HEAD, *map(piece, FRAMES), b"0\r\n\r\n")
    async with serving(frames) as server, OpenAIClient(base_url=server.url) as client:
        model = Model(client, "gpt-5")
        await chunks_of(model)
        await chunks_of(model)
        assert server.connections == 1
