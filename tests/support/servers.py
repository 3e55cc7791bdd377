"""Servers on loopback with the behaviour of real ones: they answer, hang, break off and send nonsense.

Fakes stand at the network, so that everything of ours is the real thing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import trustme
import xllamacpp
from attrs import define, field

from casual_llm.shell.local import TEMPLATE, find_weights

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@define
class Received:
    """One request as it was received."""

    head: str
    body: bytes


@define
class Server:
    """A running server: its address, and the requests it received."""

    url: str
    received: list[Received] = field(factory=list)
    connections: int = 0
    hung_up: asyncio.Event = field(factory=asyncio.Event)
    """Set when a client closed its connection."""


def response(body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """Write a whole HTTP response."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def piece(data: bytes) -> bytes:
    """Frame one chunk of a body with `transfer-encoding: chunked`."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


END = b"0\r\n\r\n"


def sends(*pieces: bytes) -> Script:
    """Answer every request with these bytes."""

    async def script(writer: asyncio.StreamWriter) -> None:
        for data in pieces:
            writer.write(data)
            await writer.drain()

    return script


def sends_then_hangs(*pieces: bytes) -> Script:
    """Answer with these bytes, and then send nothing more."""

    async def script(writer: asyncio.StreamWriter) -> None:
        await sends(*pieces)(writer)
        await asyncio.Event().wait()

    return script


def sends_then_resets(*pieces: bytes) -> Script:
    """Answer with these bytes, and then reset the connection."""

    async def script(writer: asyncio.StreamWriter) -> None:
        await sends(*pieces)(writer)
        await asyncio.sleep(0.05)
        writer.transport.abort()

    return script


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """Serve on a free loopback port for as long as the block lasts."""
    server = Server(url="")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        watching: asyncio.Task[None] | None = None
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                server.received.append(await _request(reader))
                answering = asyncio.ensure_future(script(writer))
                watching = asyncio.ensure_future(_watch(reader, server, answering))
                await answering
                watching.cancel()
        if reader.at_eof():
            server.hung_up.set()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        server.connections += 1
        await handle(reader, writer)

    writers: list[asyncio.StreamWriter] = []
    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # lets the aborted connections go


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        (
            int(line.partition(":")[2])
            for line in head.lower().splitlines()
            if line.startswith("content-length")
        ),
        0,
    )
    return Received(head, await reader.readexactly(length))


async def _watch(reader: asyncio.StreamReader, server: Server, answering: asyncio.Future[None]) -> None:
    # A client that hangs up in the middle of an answer shows as the end of its bytes.
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110 # a reader has no event for its end
        await asyncio.sleep(0.01)  # a reader has no event for its end
    server.hung_up.set()
    answering.cancel()


@contextmanager
def llama() -> Iterator[int]:
    """Run the real llama.cpp server on a free loopback port, without a key, as a user would."""
    params = xllamacpp.CommonParams()
    params.model.path = str(find_weights(None, {}))
    params.chat_template = TEMPLATE.read_text(encoding="utf-8")
    params.sampling.temp = 0.0
    params.cpuparams.n_threads = 1
    params.port, params.n_ctx, params.n_parallel, params.verbosity = 0, 8192, 4, -1
    server = xllamacpp.Server(params)
    yield int(server.listening_address.rpartition(":")[2])
    del server


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True  # its end does not wait for connections that a client keeps
    allow_reuse_address = True
    target: int
    context: ssl.SSLContext
    asked: list[str]


class _Tunnel(socketserver.BaseRequestHandler):
    """Answers CONNECT to any host by leading to one loopback port, TLS taken off."""

    server: _Proxy

    def handle(self) -> None:
        connection: socket.socket = self.request
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        self.server.asked.append(head.split()[1].decode())
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            contextlib.suppress(OSError),
            self.server.context.wrap_socket(connection, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", self.server.target)) as inside,
        ):
            back = threading.Thread(target=_pump, args=(inside, secure))
            back.start()
            _pump(secure, inside)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@define
class Proxy:
    """A running HTTPS proxy: its address, the authority to trust, and the hosts that were requested."""

    url: str
    authority: trustme.CA
    asked: list[str]


@contextmanager
def proxying(target: int, *hosts: str) -> Iterator[Proxy]:
    """Stand in for these hosts: an HTTPS proxy that leads all of them to one loopback port."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    with _Proxy(("127.0.0.1", 0), _Tunnel) as server:
        server.target, server.context, server.asked = target, context, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Proxy(f"http://127.0.0.1:{server.server_address[1]}", authority, server.asked)
        finally:
            server.shutdown()
