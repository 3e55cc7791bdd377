"""Downloads over a transport, for its tests."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from casual_llm.shell.transport import HttpTransport, Transport
from casual_llm.wire.codec import Request


async def body_of(transport: Transport, url: str, **headers: str) -> bytes:
    """Return the body of a response as one piece."""
    response = await transport.open(Request(url=url, headers=headers, body=b"{}"))
    async with aclosing(response):
        return b"".join([data async for data in response.body])


async def fetch(url: str, **settings: Any) -> bytes:  # noqa: ANN401 # settings of a transport
    """Return the body at a URL, over a transport that is closed afterwards."""
    transport = HttpTransport(**settings)
    try:
        return await body_of(transport, url)
    finally:
        await transport.aclose()
