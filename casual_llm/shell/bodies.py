"""Read the bodies of responses as they arrive, to their end and within the deadline of a call.

No local variable holds data of the server when an error passes: a traceback with local variables would show
a key that the server quotes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from casual_llm.errors import RequestTimeoutError, TransportError
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Response

_GRACE = 0.5
"""Seconds for the end of a body whose stream is complete: then the connection is used again."""


def deadline_after(total: float | None) -> float | None:
    """Return the time of the running event loop at which a call must be done."""
    return None if total is None else asyncio.get_running_loop().time() + total


@asynccontextmanager
async def within(deadline: float | None, total: float | None) -> AsyncGenerator[None, None]:
    """Raise `RequestTimeoutError` where the block is not done at the deadline."""
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise RequestTimeoutError(f"the whole call took longer than {total} s; raise Timeout.total") from None


def timed(body: AsyncIterator[bytes], deadline: float | None, total: float | None) -> AsyncIterator[bytes]:
    """Return the body, each read within the deadline."""
    # A timeout around a read costs more than the read, so only a call with a total pays for it.
    return body if deadline is None else _timed(body, deadline, total)


async def _timed(body: AsyncIterator[bytes], deadline: float, total: float | None) -> AsyncIterator[bytes]:
    while True:
        async with within(deadline, total):
            data = await anext(body, None)
        if data is None:
            return
        yield data
        data = b""


async def rest_of_json(chunks: list[bytes], reads: AsyncIterator[bytes]) -> bytes:
    """Read on where the chunks so far, which are kept, may be the beginning of a whole JSON answer."""
    if b"".join(chunks).lstrip()[:1] in {b"{", b"["}:
        chunks.append(await _read(reads))
    return b"".join(chunks)


async def read_whole(response: OpenResponse) -> Response:
    """Read a response to its end and close it."""
    try:
        body = await _read(response.body)
    finally:
        await response.aclose()
    return Response(status=response.status, headers=response.headers, body=body)


async def _read(reads: AsyncIterator[bytes]) -> bytes:
    data, chunks = b"", list[bytes]()
    try:
        async for data in reads:
            chunks.append(data)
        return b"".join(chunks)
    finally:
        data = b""
        chunks.clear()


async def drain(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body for a moment, so that the connection can be used again."""
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(_GRACE):
            async for _ in body:
                pass
