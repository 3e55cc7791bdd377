from __future__ import annotations

import asyncio

import pytest
from attrs import evolve
from support.fakes import ASK, FRAMES, PARIS, WHOLE, FakeTransport, chunks_of, model_on
from support.servers import STREAM_HEAD, piece, sends, sends_then_hangs, sends_then_resets, serving

from casual_llm import (
    CasualLLMError,
    Model,
    OpenAIClient,
    ProviderError,
    ReplyError,
    RequestTimeoutError,
    ServerError,
    StreamChunk,
    Timeout,
    TransportError,
    TruncatedError,
)
from casual_llm.providers.openai_chat import codec
from casual_llm.shell.client import CodecClient
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Request
from casual_llm.wire.collect import collect


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


SIGNED_CALL = (
    b'data: {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "1", "type": "function", '
    b'"function": {"name": "f", "arguments": ""}, '
    b'"extra_content": {"google": {"thought_signature": "c2ln"}}}]}}]}\n\n'
)
ENDINGS: dict[str, FakeTransport] = {
    "cut": FakeTransport((SIGNED_CALL,)),
    "broken": FakeTransport((SIGNED_CALL,), breaks=True),
    "an error": FakeTransport((SIGNED_CALL, b'data: {"error": {"message": "Overloaded.", "code": 503}}\n\n')),
    "malformed": FakeTransport((SIGNED_CALL, b"data: {broken\n\n")),
}


@pytest.mark.parametrize("transport", ENDINGS.values(), ids=ENDINGS)
async def test_the_reply_in_an_error_is_marked_with_its_issuer_as_the_chunks_are(
    transport: FakeTransport,
) -> None:
    seen: list[StreamChunk] = []
    client = OpenAIClient(base_url="https://llm.example.com:8443/v1", api_key="k", transport=transport)
    with pytest.raises(CasualLLMError) as caught:  # noqa: PT012 # a loop is one statement
        async for chunk in Model(client, "gemini-2.5-pro").stream(ASK):
            seen.append(chunk)  # noqa: PERF401 # what came before the error counts
    assert isinstance(caught.value, ProviderError | ReplyError | TransportError)
    assert caught.value.partial == collect(seen)
    (call,) = collect(seen).message.tool_calls or ()
    assert list(call.native or ()) == ["compatible@llm.example.com:8443/v1/gemini-pro"]


async def test_a_stream_whose_last_event_lacks_its_blank_line_is_whole() -> None:
    last = b"".join(FRAMES[:-1]).rstrip(b"\n")
    assert collect(await chunks_of(model_on(FakeTransport((last,))))) == PARIS


async def test_what_follows_the_last_word_is_left_unread() -> None:
    assert collect(await chunks_of(model_on(FakeTransport((*FRAMES, b"data: {broken\n\n"))))) == PARIS


async def test_a_malformed_stream_is_a_reply_error() -> None:
    with pytest.raises(ReplyError, match="a JSON object") as caught:
        await chunks_of(model_on(FakeTransport((*FRAMES[:2], b"data: {broken\n\n"))))
    assert caught.value.partial is not None


async def test_a_malformed_stream_is_reported_without_waiting_for_more() -> None:
    pings = sends_then_hangs(STREAM_HEAD, piece(b"data: ping\n\n"))
    async with serving(pings) as server, OpenAIClient(base_url=server.url, timeout=60) as client:
        async with asyncio.timeout(20):
            with pytest.raises(ReplyError, match="expected a JSON object in an event"):
                await chunks_of(Model(client, "gpt-5"))


async def test_a_broken_connection_carries_the_partial_reply() -> None:
    script = sends_then_resets(STREAM_HEAD, *map(piece, FRAMES[:2]))
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
    script = sends_then_hangs(STREAM_HEAD, *map(piece, FRAMES))
    async with serving(script) as server, OpenAIClient(base_url=server.url) as client:
        async with asyncio.timeout(5):
            assert collect(await chunks_of(Model(client, "gpt-5"))) == PARIS


async def test_leaving_a_stream_early_closes_its_connection_at_once() -> None:
    script = sends_then_hangs(STREAM_HEAD, *map(piece, FRAMES[:3]))
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
        serving(sends_then_hangs()) as server,
        OpenAIClient(base_url=server.url, timeout=TOTAL) as client,
    ):
        with pytest.raises(RequestTimeoutError, match=r"longer than 0\.3 s"):
            await chunks_of(Model(client, "gpt-5"))


async def test_a_total_leaves_a_quick_stream_alone() -> None:
    frames = sends(STREAM_HEAD, *map(piece, FRAMES[:-1]), b"0\r\n\r\n")
    async with (
        serving(frames) as server,
        OpenAIClient(base_url=server.url, timeout=Timeout(total=5)) as client,
    ):
        assert collect(await chunks_of(Model(client, "gpt-5"))) == PARIS


async def test_silence_is_the_timeout_of_its_phase() -> None:
    async with (
        serving(sends_then_hangs()) as server,
        OpenAIClient(base_url=server.url, timeout=0.2) as client,
    ):
        with pytest.raises(RequestTimeoutError, match="took longer than allowed"):
            await Model(client, "gpt-5").chat(ASK)


async def test_a_timeout_that_is_not_ours_is_left_alone() -> None:
    class Impatient(FakeTransport):
        async def open(self, request: Request) -> OpenResponse:
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await model_on(Impatient(())).chat(ASK)
    with pytest.raises(TimeoutError, match="mine"):
        await chunks_of(model_on(Impatient(())))


async def test_a_codec_of_ones_own_may_read_an_answer_from_any_status() -> None:
    lenient = evolve(codec(), decode=lambda response: codec().decode(evolve(response, status=200)))
    client = CodecClient(lenient, FakeTransport((WHOLE,), status=500), base_url="http://localhost")
    assert collect(await chunks_of(Model(client, "gpt-5"))) == PARIS
