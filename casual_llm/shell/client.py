"""Codec + transport = a client.

`CodecClient` is the only class in which a call becomes bytes, bytes travel, and bytes become a reply;
a provider's client is a constructor that fills in its codec, its base URL and its key.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from attrs import evolve, field, frozen
from frozendict import frozendict
from returns.pipeline import is_successful
from returns.result import Result, Success

from casual_llm.errors import TransportError, exception_for
from casual_llm.failures import CallFailure, DecodeError, ErrorResponse, redact_failure
from casual_llm.messages import AssistantMessage, ChatMessage
from casual_llm.options import ChatOptions, Layer, layered, resolve_for
from casual_llm.options.extra import apply_alias
from casual_llm.redaction import Secret, as_secret, redact
from casual_llm.reply import Reply, StreamChunk
from casual_llm.shell.authorise import Authorise, HeaderKey
from casual_llm.shell.bodies import deadline_after, drain, read_whole, rest_of_json, timed, within
from casual_llm.shell.closing import Closing
from casual_llm.shell.images import Fetch, with_fetched_images
from casual_llm.shell.prefix_memory import PrefixMemory
from casual_llm.shell.transport import OpenResponse, Transport
from casual_llm.usage import Usage
from casual_llm.validation import wrong_type
from casual_llm.wire.codec import Call, Chunks, Codec, Encoded, Request, Response, S
from casual_llm.wire.collect import chunk_of
from casual_llm.wire.decoding import OK
from casual_llm.wire.issuer import issuer_name, mark_chunk, mark_failure, mark_reply, server_name
from casual_llm.wire.prefix import fitting_prefix
from casual_llm.wire.report import Change, Loss, describe_loss

_LOG = logging.getLogger("casual_llm")
_NO_CHUNKS: Result[Chunks, DecodeError] = Success(())
_INDEX = re.compile(r"\[\d+\]")

T = TypeVar("T")


@frozen(kw_only=True)
class Plan:
    """The request that a call would send, with its keys masked.

    Args:
        format: the name of the wire format or dialect
        url: the whole URL
        headers: the headers, without those that a function of your own in `authorise` adds
        body: the JSON that would be sent
        losses: what was dropped or added, because the provider does not support it or requires it
        changes: equivalent rewrites, such as two consecutive user turns merged into one
    """

    format: str
    """The name of the wire format or dialect."""
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=lambda body: f"<{len(body)} bytes>")
    losses: tuple[Loss, ...] = ()
    """What was dropped or added, because the provider does not support it or requires it."""
    changes: tuple[Change, ...] = ()
    """Equivalent rewrites, such as two consecutive user turns merged into one."""


class CodecClient(Closing):
    """A client made of a codec and a transport.

    Use it as `async with client:` or call `aclose()`; a client that is neither closes its
    connections when it is collected.

    Args:
        codec: The wire format.
        transport: What sends requests, such as `HttpTransport()`.
        base_url: The beginning of every URL; the codec adds the path.
        headers: Headers of every request, none of them secret.
        authorise: A function that returns the request with credentials, applied just before it
            is sent: `bearer(key)`, `header_key(name, key)`, or one of your own, such as a signature.
        secret: A key to remove from texts of the server; that of `bearer` or `header_key` need not be given.
        total: Seconds for a whole call, from its start to the last byte; no limit by default.
        default_options: The lowest layer of options.
        fetch: Downloads images, for formats that take no URLs, as `fetch_image_as_base64` does.
        name: A further key of `provider_options` that means this server.

    >>> from casual_llm.formats import format_named
    >>> from casual_llm.shell.authorise import bearer
    >>> from casual_llm.shell.transport import HttpTransport
    >>> codec = format_named("openai")
    >>> CodecClient(codec, HttpTransport(), base_url="https://llm.example.com/v1", authorise=bearer("sk-x"))
    CodecClient(base_url='https://llm.example.com/v1')
    """

    # A traceback with local variables shows a client that is not constructed yet.
    base_url: str = ""
    _secret: Secret | None = None

    def __init__(  # noqa: PLR0913 # the parts of a client
        self,
        codec: Codec[S],
        transport: Transport,
        *,
        base_url: str,
        headers: Mapping[str, str] = frozendict(),
        authorise: Authorise | None = None,
        secret: str | Secret | None = None,
        total: float | None = None,
        default_options: Layer | None = None,
        fetch: Fetch | None = None,
        name: str | None = None,
    ) -> None:
        secret = as_secret(secret)  # before anything that can raise, so that no traceback shows it
        if not isinstance(base_url, str):
            raise wrong_type("base_url", "a string", base_url)
        if not callable(getattr(transport, "open", None)):
            raise wrong_type("transport", "a Transport, such as HttpTransport()", transport)
        if authorise is not None and not callable(authorise):
            raise wrong_type("authorise", "a function from a request to a request", authorise)
        self.default_options: Layer = layered(default_options=default_options)
        self.base_url = base_url
        self._codec: Codec[Any] = codec  # its state is a matter between its own functions
        self._transport = transport
        self._headers = headers
        self._authorise = authorise
        self._secret = authorise.secret if secret is None and isinstance(authorise, HeaderKey) else secret
        self._total = total
        self._logged: set[tuple[str, str]] = set()
        self._memory = PrefixMemory()
        self._fetch = fetch
        self._name = name
        self._server = server_name(base_url)

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
            decoded = await self._send_and_decode(call)
        else:
            async with within(deadline_after(self._total), self._total):
                decoded = await self._send_and_decode(call)
        return mark_reply(self._value(decoded, call.issuer), call.issuer)

    async def _send_and_decode(self, call: Call) -> Result[Reply, DecodeError]:
        return self._decode(await read_whole(await self._transport.open(await self._request(call))))

    async def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncGenerator[StreamChunk, None]:
        call, deadline = self._call(model, messages, options, stream=True), deadline_after(self._total)
        async with within(deadline, self._total):
            response = await self._transport.open(await self._request(call))
            refusal = None if response.status in OK else self._decode(await read_whole(response))
        if refusal is not None:
            yield mark_chunk(chunk_of(self._value(refusal, call.issuer)), call.issuer)
            return
        codec, state, data = self._codec, self._codec.start, b""
        reads, received = timed(response.body, deadline, self._total), list[bytes]()
        outcome: Result[Chunks, DecodeError] = _NO_CHUNKS
        silent = True
        async with aclosing(response):
            try:
                async for data in reads:
                    if silent:
                        received.append(data)
                    state, chunks = self._value(codec.step(state, data), call.issuer)
                    for chunk in chunks:
                        silent = False
                        yield mark_chunk(chunk, call.issuer)
                    if state.ended:
                        break
                outcome = codec.finish(state)
                if silent and not is_successful(outcome) and not isinstance(outcome.failure(), ErrorResponse):
                    outcome = self._not_streamed(response, await rest_of_json(received, reads), outcome)
                chunks = self._value(outcome, call.issuer)
            except TransportError as error:
                # A connection that breaks after the stream is complete has done its work.
                outcome = codec.finish(state)
                if not is_successful(outcome):
                    error.partial = mark_failure(outcome.failure(), call.issuer).partial
                    raise
                chunks = outcome.unwrap()
            finally:
                # A traceback with local variables would show a key that the server quotes.
                state, data, outcome = codec.start, b"", _NO_CHUNKS
                received.clear()
            for chunk in chunks:
                yield mark_chunk(chunk, call.issuer)
            await drain(response.body)

    def _not_streamed(
        self, response: OpenResponse, body: bytes, as_stream: Result[Chunks, DecodeError]
    ) -> Result[Chunks, DecodeError]:
        """Decode what was no stream as a whole answer, whatever media type the server declares."""
        whole = self._decode(Response(status=response.status, headers=response.headers, body=body))
        if not is_successful(whole) and not isinstance(whole.failure(), ErrorResponse):
            media_type = response.headers.get("content-type", "").lower()
            if "stream" in media_type or "ndjson" in media_type:
                return as_stream
        return whole.map(lambda reply: (chunk_of(reply),))

    def plan(
        self, model: str, messages: Sequence[ChatMessage], options: Layer, *, stream: bool = False
    ) -> Plan:
        """Return the request that a call would send, with its key masked, and what it would drop or change.

        A function of your own in `authorise` is not called, so what it adds is not shown.

        Args:
            model: The model's name at the provider.
            messages: The conversation, at least one message.
            options: The options of the call, already merged with those of the client.
            stream: Whether the call would be a stream.

        Raises:
            RequestError: The messages or options cannot be sent.
        """
        call = self._call(model, messages, options, stream=stream)
        encoded: Encoded = self._value(self._codec.encode(call))
        request = self._addressed(encoded.request)
        if isinstance(self._authorise, HeaderKey):
            request = self._authorise.masked(request)
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
        issuer = issuer_name(self._codec.name, self._server, model)
        return Call(model=model, messages=messages, options=options, stream=stream, issuer=issuer)

    async def _request(self, call: Call) -> Request:
        match = self._memory.recall(call.messages)
        ready = call
        if self._fetch is not None:
            # The prefix was encoded with its images, so only those of new messages are fetched.
            handling = resolve_for(call.options, *self._codec.names).system_message_handling
            merge = handling == "merge"
            prefix = fitting_prefix(match.prefix, call.messages, merge_system=merge, issuer=call.issuer)
            known, new = call.messages[: prefix.count], call.messages[prefix.count :]
            ready = evolve(call, messages=(*known, *await with_fetched_images(new, self._fetch)))
        encoded: Encoded = self._value(self._codec.encode(ready, match.prefix))
        self._memory.keep(match, call.messages, encoded.prefix)
        for loss in encoded.losses:
            self._log(loss)
        request = self._addressed(encoded.request)
        return request if self._authorise is None else self._authorise(request)

    def _addressed(self, request: Request) -> Request:
        headers = {**request.headers, **self._headers} if self._headers else request.headers
        return Request(url=self.base_url + request.url, headers=headers, body=request.body)

    def _log(self, loss: Loss) -> None:
        path = _INDEX.sub("[]", loss.path)  # once for all messages of a conversation
        if (path, loss.kind) not in self._logged:
            self._logged.add((path, loss.kind))
            level = logging.INFO if loss.kind == "added" else logging.WARNING
            _LOG.log(level, "%s", describe_loss(loss, self._codec.name))

    def _value(self, result: Result[T, CallFailure], issuer: str | None = None) -> T:
        """Return the value, or raise the failure as an exception: `Result` ends here."""
        if is_successful(result):
            return result.unwrap()
        failure = mark_failure(redact_failure(result.failure(), self._secret), issuer)
        del result  # a traceback with local variables would show what the server quotes
        raise exception_for(failure)

    def _decode(self, response: Response) -> Result[Reply, DecodeError]:
        return self._codec.decode(response).alt(lambda failure: redact_failure(failure, self._secret))
