"""HTTP/2, where many requests share a connection: what is left early must not go on for nobody."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme
from attrs import define, field
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from support.libraries import each_library

from casual_llm import TransportError
from casual_llm.shell.http_library import HttpLibrary
from casual_llm.shell.transport import HttpTransport, OpenResponse
from casual_llm.wire.codec import Request

library = each_library


@define
class Endless:
    """A server that answers `/whole` with one word and all else with a word at a time, without end."""

    url: str
    connections: int = 0
    hung_up: asyncio.Event = field(factory=asyncio.Event)
    ended: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        async with asyncio.TaskGroup() as answers:
            writing = answers.create_task(self._flushes(connection, writer))
            with suppress(ConnectionError):
                while data := await reader.read(65_536):
                    for event in connection.receive_data(data):
                        if isinstance(event, RequestReceived):
                            path = dict(event.headers)[b":path"]
                            answers.create_task(self._answer(connection, event.stream_id, path))
            self.hung_up.set()
            writing.cancel()
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
        self.ended.release()

    async def _answer(self, connection: H2Connection, stream: int, path: bytes) -> None:
        connection.send_headers(stream, [(":status", "200")])
        if path == b"/reset":
            connection.reset_stream(stream, error_code=2)
        while path == b"/words" and not self.hung_up.is_set():
            connection.send_data(stream, b"word ")
            await asyncio.sleep(0.01)
        if path == b"/whole":
            connection.send_data(stream, b"whole", end_stream=True)

    async def _flushes(self, connection: H2Connection, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(connection.data_to_send())
            await asyncio.sleep(0.005)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Endless]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    endless = Endless(url="")
    async with await asyncio.start_server(endless.serve, "127.0.0.1", 0, ssl=context) as listening:
        endless.url = f"https://localhost:{listening.sockets[0].getsockname()[1]}"
        yield endless
        async with asyncio.timeout(10):
            for _ in range(endless.connections):
                await endless.ended.acquire()


@asynccontextmanager
async def asking(transport: HttpTransport, url: str) -> AsyncIterator[OpenResponse]:
    incoming = await transport.open(Request(url=url, body=b"{}"))
    try:
        yield incoming
    finally:
        await incoming.aclose()


async def test_leaving_early_closes_the_connection_at_once(server: Endless, library: HttpLibrary) -> None:
    transport = HttpTransport(library=library, http2=True)
    async with asking(transport, f"{server.url}/words") as incoming:
        assert (await anext(incoming.body)).startswith(b"word ")
    await asyncio.wait_for(server.hung_up.wait(), 10)
    await transport.aclose()


async def test_no_key_is_logged_whatever_header_it_is_in(
    server: Endless, library: HttpLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = HttpTransport(library=library, http2=True)
    keys = {"authorization": "Bearer sk-secret-1", "x-api-key": "sk-secret-2"}
    response = await transport.open(Request(url=f"{server.url}/whole", headers=keys, body=b"{}"))
    assert [data async for data in response.body] == [b"whole"]
    await response.aclose()
    await transport.aclose()
    assert "send_request_headers" in caplog.text
    assert "sk-secret" not in caplog.text


async def test_others_on_the_connection_go_on_and_the_last_one_closes_it(
    server: Endless, library: HttpLibrary
) -> None:
    transport = HttpTransport(library=library, http2=True)
    async with asking(transport, f"{server.url}/words") as one:
        await anext(one.body)
        async with asking(transport, f"{server.url}/words") as two:
            await anext(two.body)
            assert server.connections == 1
        assert await anext(one.body)
        async with asking(transport, f"{server.url}/whole") as three:
            assert [data async for data in three.body] == [b"whole"]
        assert server.connections == 2
        assert not server.hung_up.is_set()
    await asyncio.wait_for(server.hung_up.wait(), 10)
    await transport.aclose()


async def test_a_response_that_was_read_to_its_end_keeps_the_connection(
    server: Endless, library: HttpLibrary
) -> None:
    transport = HttpTransport(library=library, http2=True)
    for _ in range(2):
        async with asking(transport, f"{server.url}/whole") as incoming:
            assert [data async for data in incoming.body] == [b"whole"]
    assert server.connections == 1
    await transport.aclose()


async def test_a_stream_that_the_server_resets_is_a_broken_connection(
    server: Endless, library: HttpLibrary
) -> None:
    transport = HttpTransport(library=library, http2=True)
    async with asking(transport, f"{server.url}/reset") as incoming:
        with pytest.raises(TransportError, match=r"the connection to https://localhost:\d+ broke"):
            await anext(incoming.body)
    await transport.aclose()
