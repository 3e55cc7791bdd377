"""Read the bodies of responses as they arrive, to their end and within the deadline of a call."""

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


async def rest_of_json(chunks: list[bytes], reads: AsyncIterator[bytes]) -> bytes:
    """Read on where the chunks so far may be the beginning of a whole JSON answer."""
    start = b"".join(chunks)
    return start + b"".join([data async for data in reads]) if start.lstrip()[:1] in {b"{", b"["} else start


async def read_whole(response: OpenResponse) -> Response:
    """Read a response to its end and close it."""
    try:
        body = b"".join([data async for data in response.body])
    finally:
        await response.aclose()
    return Response(status=response.status, headers=response.headers, body=body)


async def drain(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body for a moment, so that the connection can be used again."""
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(_GRACE):
            async for _ in body:
                pass
