"""Codec + transport = a client.

`CodecClient` is the one place where a call becomes bytes, bytes travel, and bytes become a reply;
a provider's client is a constructor that fills in its codec, its address and its key.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar, runtime_checkable

from attrs import evolve, field, frozen
from frozendict import frozendict
from returns.pipeline import is_successful
from returns.result import Result

from casual_llm.errors import RequestTimeoutError, TransportError, exception_for
from casual_llm.failures import CallFailure, DecodeError, ErrorResponse, Malformed
from casual_llm.messages import AssistantMessage, ChatMessage
from casual_llm.options import ChatOptions, Layer, layered
from casual_llm.options.extra import apply_alias
from casual_llm.redaction import redact
from casual_llm.reply import Reply, StreamChunk
from casual_llm.shell.closing import Closing
from casual_llm.shell.images import Fetch, with_fetched_images
from casual_llm.shell.prefix_memory import PrefixMemory
from casual_llm.shell.transport import OpenResponse, Transport
from casual_llm.usage import Usage
from casual_llm.wire.codec import Call, Chunks, Codec, Encoded, Request, Response, S
from casual_llm.wire.collect import chunk_of
from casual_llm.wire.report import Loss, describe_loss

_LOG = logging.getLogger("casual_llm")
_OK = range(200, 300)
_INDEX = re.compile(r"\[\d+\]")
_GRACE = 0.5
"""Seconds for the end of a body whose stream has said its last word: then the connection is reused."""

T = TypeVar("T")


class LLMClient(Protocol):
    """What a `Model` needs of a client; a class with these two methods is one, without inheritance."""

    async def _chat(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> tuple[AssistantMessage, Usage | None]: ...

    def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncIterator[StreamChunk]: ...


@runtime_checkable
class CompletingClient(Protocol):
    """A client that can give the whole `Reply`."""

    async def _complete(self, model: str, messages: list[ChatMessage], options: ChatOptions) -> Reply: ...


@frozen(kw_only=True)
class Plan:
    """The request that a call would send; keys are masked."""

    format: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=lambda body: f"<{len(body)} bytes>")
    losses: tuple[Loss, ...] = ()
    """What the provider has no word for."""
    changes: tuple[Loss, ...] = ()
    """What is said in another form that means the same."""


class CodecClient(Closing):
    """A client made of a codec and a transport.

    Use it as `async with client:` or call `aclose()`; a client that is neither closes its
    connections when it is collected.
    """

    def __init__(  # noqa: PLR0913 # the parts of a client
        self,
        codec: Codec[S],
        transport: Transport,
        *,
        base_url: str,
        headers: Mapping[str, str] = frozendict(),
        secret: str | None = None,
        total: float | None = None,
        default_options: Layer | None = None,
        fetch: Fetch | None = None,
        name: str | None = None,
    ) -> None:
        self.default_options: Layer = layered(default_options=default_options)
        self.base_url = base_url
        self._codec: Codec[Any] = codec  # its state is a matter between its own functions
        self._transport = transport
        self._headers = headers
        self._secret = secret
        self._total = total
        self._noted: set[tuple[str, str]] = set()
        self._memory = PrefixMemory()
        self._fetch = fetch
        self._name = name

    def __repr__(self) -> str:
        """Show where the client talks to, and never the key."""
        return f"{type(self).__name__}(base_url={redact(self.base_url, self._secret)!r})"

    async def aclose(self) -> None:
        """Close the connections; a caller's own `http_client` stays open."""
        await self._transport.aclose()

    async def _chat(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> tuple[AssistantMessage, Usage | None]:
        reply = await self._complete(model, messages, options)
        return reply.message, reply.usage

    async def _complete(self, model: str, messages: list[ChatMessage], options: ChatOptions) -> Reply:
        call = self._call(model, messages, options)
        if self._total is None:
            response = await self._response(call)
        else:
            async with _within(_deadline(self._total), self._total):
                response = await self._response(call)
        return self._value(self._codec.decode(response))

    async def _response(self, call: Call) -> Response:
        return await _whole(await self._transport.open(await self._request(call)))

    async def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncGenerator[StreamChunk, None]:
        call, deadline = self._call(model, messages, options, stream=True), _deadline(self._total)
        async with _within(deadline, self._total):
            incoming = await self._transport.open(await self._request(call))
            refusal = None if incoming.status in _OK else await _whole(incoming)
        if refusal is not None:
            yield chunk_of(self._value(self._codec.decode(refusal)))
            return
        codec, state = self._codec, self._codec.start
        reads, heard = _reads(incoming.body, deadline, self._total), list[bytes]()
        silent = True
        async with aclosing(incoming):
            try:
                async for data in reads:
                    if silent:
                        heard.append(data)
                    state, chunks = self._value(codec.step(state, data))
                    for chunk in chunks:
                        silent = False
                        yield chunk
                    if state.ended:
                        break
            except TransportError as error:
                # A line that breaks after the last word was said has done its work.
                outcome = codec.finish(state)
                if not is_successful(outcome):
                    error.partial = outcome.failure().partial
                    raise
            last = codec.finish(state)
            if silent and not is_successful(last) and not isinstance(last.failure(), ErrorResponse):
                last = self._not_streamed(incoming, await _rest(heard, reads), last)
            for chunk in self._value(last):
                yield chunk
            await _drain(incoming.body)

    def _not_streamed(
        self, incoming: OpenResponse, body: bytes, heard: Result[Chunks, DecodeError]
    ) -> Result[Chunks, DecodeError]:
        """Read what was no stream as a whole answer: what a server calls it does not matter."""
        whole = self._codec.decode(Response(status=incoming.status, headers=incoming.headers, body=body))
        if not is_successful(whole) and not isinstance(whole.failure(), ErrorResponse):
            kind = incoming.headers.get("content-type", "").lower()
            if "stream" in kind or "ndjson" in kind:
                return heard
        return whole.map(lambda reply: (chunk_of(reply),))

    def plan(
        self, model: str, messages: Sequence[ChatMessage], options: Layer, *, stream: bool = False
    ) -> Plan:
        """Give the request that a call would send, without its secrets, and what it would not say."""
        call = self._call(model, messages, options, stream=stream)
        encoded: Encoded = self._value(self._codec.encode(call))
        request = self._addressed(encoded.request)
        headers = {name: redact(value, self._secret) for name, value in request.headers.items()}
        return Plan(
            format=self._codec.name,
            url=redact(request.url, self._secret),
            headers=headers,
            body=request.body,
            losses=encoded.losses,
            changes=encoded.changes,
        )

    def _call(
        self, model: str, messages: Sequence[ChatMessage], options: Layer, *, stream: bool = False
    ) -> Call:
        if self._name is not None:  # by the name of its config, too, options mean this server
            options = apply_alias(options, self._name, self._codec.names[-1])
        return Call(model=model, messages=messages, options=options, stream=stream)

    async def _request(self, call: Call) -> Request:
        recalled = self._memory.recall(call.messages)
        ready = call
        if self._fetch is not None:
            # What is known was written with its images, so only those of new messages are fetched.
            known, new = call.messages[: recalled.prefix.count], call.messages[recalled.prefix.count :]
            ready = evolve(call, messages=(*known, *await with_fetched_images(new, self._fetch)))
        encoded: Encoded = self._value(self._codec.encode(ready, recalled.prefix))
        self._memory.keep(recalled, call.messages, encoded.prefix)
        for loss in encoded.losses:
            self._note(loss)
        return self._addressed(encoded.request)

    def _addressed(self, request: Request) -> Request:
        headers = {**request.headers, **self._headers}
        return Request(url=self.base_url + request.url, headers=headers, body=request.body)

    def _note(self, loss: Loss) -> None:
        place = _INDEX.sub("[]", loss.path)  # once for all messages of a conversation
        if (place, loss.kind) not in self._noted:
            self._noted.add((place, loss.kind))
            level = logging.INFO if loss.kind == "added" else logging.WARNING
            _LOG.log(level, "%s", describe_loss(loss, self._codec.name))

    def _value(self, result: Result[T, CallFailure]) -> T:
        """Leave `Result`: the one place where a failure becomes an exception."""
        if is_successful(result):
            return result.unwrap()
        raise exception_for(_without_key(result.failure(), self._secret))


def _without_key(failure: CallFailure, secret: str | None) -> CallFailure:
    # OpenAI's 401 quotes parts of the key that was sent, and proxies quote whole headers.
    if isinstance(failure, ErrorResponse):
        code = failure.code and redact(failure.code, secret)
        return evolve(failure, message=redact(failure.message, secret), code=code)
    if isinstance(failure, Malformed):
        return evolve(failure, problem=redact(failure.problem, secret))
    return failure


def _deadline(total: float | None) -> float | None:
    return None if total is None else asyncio.get_running_loop().time() + total


@asynccontextmanager
async def _within(deadline: float | None, total: float | None) -> AsyncGenerator[None, None]:
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise RequestTimeoutError(f"the whole call took longer than {total} s; raise Timeout.total") from None


def _reads(body: AsyncIterator[bytes], deadline: float | None, total: float | None) -> AsyncIterator[bytes]:
    # A timeout around a read costs more than the read, so only who asks for a total pays for it.
    return body if deadline is None else _timed(body, deadline, total)


async def _timed(body: AsyncIterator[bytes], deadline: float, total: float | None) -> AsyncIterator[bytes]:
    while True:
        async with _within(deadline, total):
            data = await anext(body, None)
        if data is None:
            return
        yield data


async def _rest(heard: list[bytes], reads: AsyncIterator[bytes]) -> bytes:
    """Read on where a whole answer may have begun."""
    said = b"".join(heard)
    return said + b"".join([data async for data in reads]) if said.lstrip()[:1] in {b"{", b"["} else said


async def _whole(incoming: OpenResponse) -> Response:
    try:
        body = b"".join([data async for data in incoming.body])
    finally:
        await incoming.aclose()
    return Response(status=incoming.status, headers=incoming.headers, body=body)


async def _drain(body: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(_GRACE):
            async for _ in body:
                pass
