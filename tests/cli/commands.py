"""The command as a test runs it: in this process, against a server in another thread."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define
from support.servers import END, STREAM_HEAD, Script, Server, piece, sends, serving
from typer.testing import CliRunner, Result

from casual_llm import AssistantMessage, Reply, Usage
from casual_llm.cli.app import app
from casual_llm.formats import format_named
from casual_llm.providers.openai_chat import codec

YES = Reply(message=AssistantMessage(content="Yes."), finish_reason="stop")
NO_KEYS: Mapping[str, str | None] = dict.fromkeys(
    [
        *(f"{name}_{what}" for name in ("OPENAI", "ANTHROPIC", "OLLAMA") for what in ("API_KEY", "BASE_URL")),
        "OLLAMA_HOST",
    ]
)
CODEC = codec()
NDJSON_HEAD = STREAM_HEAD.replace(b"text/event-stream", b"application/x-ndjson")
PARIS = Reply(
    message=AssistantMessage(content="The capital\nis Paris."),
    usage=Usage(prompt_tokens=9, completion_tokens=4),
    finish_reason="stop",
    model="scripted",
    id="chatcmpl-1",
)


def run(*arguments: str, piped: str | bytes = "", charset: str = "utf-8", **environ: str) -> Result:
    """Run `casual-llm` with these arguments and this text on standard input."""
    return CliRunner(charset, {**NO_KEYS, **environ}).invoke(app, arguments, input=piped)


def stream(reply: Reply, name: str = "openai") -> bytes:
    """Write a reply as a whole streamed response of a format."""
    frames = b"".join(map(piece, format_named(name).write_stream(reply)))
    return (NDJSON_HEAD if name == "ollama" else STREAM_HEAD) + frames + END


def beginning(text: str) -> bytes:
    """Write a streamed response that is not over yet."""
    frames = CODEC.write_stream(Reply(message=AssistantMessage(content=text)))
    return STREAM_HEAD + b"".join(map(piece, frames[:-2]))


def interrupts_after(*pieces: bytes) -> Script:
    """Answer with these bytes; then press Ctrl-C, and send nothing more."""

    async def script(writer: asyncio.StreamWriter) -> None:
        await sends(*pieces)(writer)
        await asyncio.sleep(0.3)  # the client receives the bytes first
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    return script


def one_after_another(*scripts: Script) -> Script:
    """Answer each request by the next script."""
    remaining = iter(scripts)

    async def script(writer: asyncio.StreamWriter) -> None:
        await next(remaining)(writer)

    return script


@define
class ThreadedServer:
    """A server that runs in another thread."""

    server: Server

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return self.server.url

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests."""
        return [json.loads(received.body) for received in self.server.received]

    @property
    def heads(self) -> list[str]:
        """The heads of the requests."""
        return [received.head for received in self.server.received]

    def client_hung_up(self) -> bool:
        """Wait for a moment until a client has hung up; return whether one has."""
        for _ in range(100):
            if self.server.hung_up.is_set():
                return True
            threading.Event().wait(0.02)
        return False


@contextmanager
def answering(script: Script) -> Iterator[ThreadedServer]:
    """Serve on loopback in a thread, because the command brings its own event loop to this one."""
    started, ended = threading.Event(), threading.Event()
    servers: list[ThreadedServer] = []

    async def serve() -> None:
        async with serving(script) as server:
            servers.append(ThreadedServer(server))
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    started.wait()
    try:
        yield servers[0]
    finally:
        ended.set()
        thread.join()
