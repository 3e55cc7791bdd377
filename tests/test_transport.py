from __future__ import annotations

import asyncio
import gc
import sys
import traceback
import weakref
from contextlib import aclosing

import httpx
import httpx2
import pytest
from support.downloads import body_of, fetch
from support.libraries import each_library
from support.servers import (
    END,
    STREAM_HEAD,
    piece,
    response,
    sends,
    sends_then_hangs,
    sends_then_resets,
    serving,
)

from casual_llm import ConfigurationError, RequestTimeoutError, Timeout, TransportError
from casual_llm.shell.http_library import HttpLibrary, choose_library, httpx2_library, httpx_library
from casual_llm.shell.transport import HttpTransport
from casual_llm.wire.codec import Request

library = each_library

SLOW = Timeout(connect=0.5, read=0.5, write=0.5, pool=0.5)


def test_the_library_is_httpx2_where_it_is_installed_else_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_library() == httpx2_library()
    monkeypatch.setitem(sys.modules, "httpx2", None)
    assert choose_library() == httpx_library()


async def test_a_response_comes_as_status_headers_and_bytes(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    async with serving(sends(response(b"hello", "418 I'm a teapot", "text/plain", X_Kind="pot"))) as server:
        incoming = await transport.open(Request(url=server.url, headers={"x-my": "1"}, body=b"tea"))
        assert (incoming.status, incoming.headers["x-kind"]) == (418, "pot")
        assert [data async for data in incoming.body] == [b"hello"]
        await incoming.aclose()
        await transport.aclose()
    assert server.received[0].body == b"tea"
    assert "x-my: 1" in server.received[0].head


async def test_a_body_arrives_as_it_is_sent(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library, timeout=SLOW)
    async with serving(sends_then_hangs(STREAM_HEAD, piece(b"one"))) as server:
        incoming = await transport.open(Request(url=server.url, body=b""))
        async with aclosing(incoming):
            assert await anext(incoming.body) == b"one"
    await transport.aclose()


@pytest.mark.parametrize("make", [httpx.AsyncClient, httpx2.AsyncClient])
async def test_a_clients_own_http_client_is_used_and_left_open(
    make: type[httpx.AsyncClient | httpx2.AsyncClient], library: HttpLibrary
) -> None:
    async with serving(sends(response(b"hello"))) as server, make(headers={"x-mine": "yes"}) as client:
        transport = HttpTransport(library=library, http_client=client)
        assert await body_of(transport, server.url) == b"hello"
        await transport.aclose()
        assert not client.is_closed
    assert "x-mine: yes" in server.received[0].head


@pytest.mark.parametrize("make", [None, httpx.AsyncClient, httpx2.AsyncClient])
async def test_a_refused_connection_names_the_address_and_the_remedy(
    make: type[httpx.AsyncClient | httpx2.AsyncClient] | None, library: HttpLibrary
) -> None:
    client = make() if make else None
    with pytest.raises(TransportError, match=r"cannot reach http://127\.0\.0\.1:9: .*; check base_url"):
        await fetch("http://user:secret@127.0.0.1:9/v1", library=library, http_client=client)
    if client:
        await client.aclose()


async def test_a_host_that_does_not_exist_is_an_error_that_names_it(library: HttpLibrary) -> None:
    with pytest.raises(TransportError, match=r"cannot reach http://no-such-host\.invalid"):
        await fetch("http://no-such-host.invalid/v1", library=library)


@pytest.mark.parametrize(
    "pieces", [(), (STREAM_HEAD,), (STREAM_HEAD, piece(b"one"))], ids=["head", "body", "rest"]
)
async def test_silence_is_a_timeout_wherever_it_sets_in(
    pieces: tuple[bytes, ...], library: HttpLibrary
) -> None:
    async with serving(sends_then_hangs(*pieces)) as server:
        with pytest.raises(
            RequestTimeoutError, match=r"took longer than allowed .*; use a longer timeout \(now Timeout"
        ):
            await fetch(server.url, library=library, timeout=SLOW)


@pytest.mark.parametrize("pieces", [(), (STREAM_HEAD, piece(b"one"))], ids=["before the head", "in the body"])
async def test_a_connection_that_breaks_is_an_error(pieces: tuple[bytes, ...], library: HttpLibrary) -> None:
    async with serving(sends_then_resets(*pieces)) as server:
        with pytest.raises(
            TransportError, match=r"the connection to http://127\.0\.0\.1:[0-9]+ broke: .*; try again"
        ):
            await fetch(server.url, library=library)


async def test_an_address_that_is_none_is_an_error_of_configuration(library: HttpLibrary) -> None:
    with pytest.raises(ConfigurationError, match=r"base_url: 'ftp://example\.com' cannot be used"):
        await fetch("ftp://example.com/v1", library=library)


async def test_other_errors_pass_unchanged(library: HttpLibrary) -> None:
    class Odd:
        def build_request(self, *_: object, **__: object) -> None:
            raise LookupError("mine")

        async def send(self, *_: object, **__: object) -> httpx.Response:
            raise NotImplementedError

    with pytest.raises(LookupError, match="mine"):
        await fetch("http://127.0.0.1:9", library=library, http_client=Odd())


async def test_a_connection_is_used_again(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    async with serving(sends(response(b"{}"))) as server:
        for _ in range(3):
            await body_of(transport, server.url)
        await transport.aclose()
    assert server.connections == 1


async def test_many_requests_at_once_are_all_answered(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    async with serving(sends(response(b"hello"))) as server:
        bodies = await asyncio.gather(*(body_of(transport, server.url) for _ in range(25)))
        await transport.aclose()
    assert bodies == [b"hello"] * 25


def test_one_transport_serves_several_event_loops(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)

    async def once() -> bytes:
        async with serving(sends(response(b"hello"))) as server:
            body = await body_of(transport, server.url)
            await transport.aclose()
            return body

    assert [asyncio.run(once()), asyncio.run(once())] == [b"hello", b"hello"]


async def test_closing_twice_is_closing_once(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    await transport.aclose()
    await transport.aclose()


@pytest.mark.parametrize("make", [None, httpx.AsyncClient, httpx2.AsyncClient])
@pytest.mark.parametrize("head", [b"HTTX Bearer sk-secret\r\n\r\n", b"HTTP/1.1 200 OK\r\nsk-secret\r\n\r\n"])
async def test_an_answer_that_is_no_http_is_not_quoted(
    make: type[httpx.AsyncClient | httpx2.AsyncClient] | None, head: bytes, library: HttpLibrary
) -> None:
    client = make() if make else None
    async with serving(sends(head)) as server:
        with pytest.raises(
            TransportError, match=r"http://127\.0\.0\.1:[0-9]+ did not answer in HTTP; check base_url"
        ) as caught:
            await fetch(server.url, library=library, http_client=client)
    if client:
        await client.aclose()
    assert "sk-secret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_loops_that_ended_are_let_go(library: HttpLibrary) -> None:
    transports = [HttpTransport(library=library)]
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def once() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        async with serving(sends(response(b"hello"))) as server:
            await body_of(transports[0], server.url)

    for _ in range(4):
        asyncio.run(once())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1
    transports.clear()
    gc.collect()  # the last connection goes while its warning is expected


async def test_a_response_may_be_closed_twice(library: HttpLibrary) -> None:
    transport = HttpTransport(library=library)
    async with serving(sends(response(b"hello"))) as server:
        incoming = await transport.open(Request(url=server.url, body=b""))
        await incoming.aclose()
        await incoming.aclose()
        assert await body_of(transport, server.url) == b"hello"
        await transport.aclose()


async def test_a_compressed_body_is_unpacked(library: HttpLibrary) -> None:
    import zlib  # noqa: PLC0415

    packed = zlib.compress(b"hello")
    async with serving(sends(response(packed, Content_Encoding="deflate"))) as server:
        assert await fetch(server.url, library=library) == b"hello"


async def test_chunks_end_where_the_body_ends(library: HttpLibrary) -> None:
    async with serving(sends(STREAM_HEAD, piece(b"a"), piece(b"b"), END)) as server:
        assert await fetch(server.url, library=library) == b"ab"
