"""Fetching over a transport, for the tests of it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from casual_llm.shell.transport import HttpTransport, Transport
from casual_llm.wire.codec import Request


async def body_of(transport: Transport, url: str, **headers: str) -> bytes:
    incoming = await transport.open(Request(url=url, headers=headers, body=b"{}"))
    async with aclosing(incoming):
        return b"".join([data async for data in incoming.body])


async def fetch(url: str, **settings: Any) -> bytes:  # noqa: ANN401 # settings of a transport
    transport = HttpTransport(**settings)
    try:
        return await body_of(transport, url)
    finally:
        await transport.aclose()
