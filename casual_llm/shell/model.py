"""`Model`: the friendly face, and the only mutable object.

All it holds is a ledger of its calls. Options are resolved once per call by one left fold: client,
then model, then call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import cast

from casual_llm.errors import ConfigurationError, RequestError
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    Message,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, Layer, SystemMessageHandling, layered, resolve_for
from casual_llm.options.explain import Explanation, explain
from casual_llm.reply import Reply, StreamChunk
from casual_llm.shell.client import CodecClient, CompletingClient, LLMClient, Plan
from casual_llm.shell.structured import ask_as, partials_of
from casual_llm.structured import Partial, T, shaped
from casual_llm.usage import Ledger, Usage, join, record


class Model:
    """One model of one client, with its own defaults and its own count of tokens.

    >>> from casual_llm import LocalClient
    >>> model = Model(LocalClient(), name="smollm2", default_options=ChatOptions(temperature=0.0))
    >>> model.get_usage() is None
    True
    """

    def __init__(
        self,
        client: LLMClient,
        name: str,
        default_options: Layer | None = None,
        system_message_handling: SystemMessageHandling | None = None,
    ) -> None:
        if isinstance(client, type) or not hasattr(client, "_chat") or not hasattr(client, "_stream"):
            kind = client.__name__ if isinstance(client, type) else type(client).__name__
            raise ConfigurationError(f"client: {kind} given; give a client, such as LocalClient()")
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"name: {name!r} given; give the model's name at the provider")
        self.client = client
        self.name = name
        handling = ChatOptions(system_message_handling=system_message_handling)
        self.default_options: Layer = layered(default_options=default_options, handling=handling)
        self._ledger = Ledger()
        self._completing = client if isinstance(client, CompletingClient) else None

    def __repr__(self) -> str:
        """Show the client and the model's name."""
        return f"Model({self.client!r}, name={self.name!r})"

    async def chat(self, messages: Sequence[Message], options: Layer | None = None) -> AssistantMessage:
        """Ask, and give the assistant's message."""
        return (await self.complete(messages, options)).message

    async def complete(self, messages: Sequence[Message], options: Layer | None = None) -> Reply:
        """Ask, and give the whole reply: message, usage, finish reason, model and id."""
        said, resolved = self._said(messages), self._resolve(options)
        usage: Usage | None = None
        try:
            reply = await self._complete(said, resolved)
            usage = reply.usage
        finally:
            self._ledger = record(self._ledger, usage)
        return reply

    async def stream(
        self, messages: Sequence[Message], options: Layer | None = None
    ) -> AsyncGenerator[StreamChunk, None]:
        """Ask, and give the answer piece by piece; leaving the loop early ends the request."""
        said, resolved = self._said(messages), self._resolve(options)
        chunks = self.client._stream(model=self.name, messages=said, options=resolved)  # noqa: SLF001 # the protocol
        usage: Usage | None = None
        try:
            async for chunk in chunks:
                if chunk.usage is not None:
                    usage = join(usage, chunk.usage)
                yield chunk
        finally:
            self._ledger = record(self._ledger, usage)
            await _aclose(chunks)

    async def chat_as(
        self, into: type[T], messages: Sequence[Message], options: Layer | None = None, *, repairs: int = 1
    ) -> T:
        """Ask for an instance of a pydantic class; the model may repair a wrong answer `repairs` times."""
        return await ask_as(self.complete, into, messages, options, repairs)

    def stream_as(
        self, into: type[T], messages: Sequence[Message], options: Layer | None = None
    ) -> AsyncGenerator[Partial[T], None]:
        """Ask for an instance of a pydantic class as it arrives; the last partial holds the value."""
        return partials_of(self.stream(messages, shaped(into, options)), into)

    def get_usage(self) -> Usage | None:
        """Give the usage of the most recent call, or `None` where it reported none."""
        return self._ledger.last

    @property
    def ledger(self) -> Ledger:
        """All calls so far: their number, the last usage, and the total."""
        return self._ledger

    def explain(self, options: Layer | None = None) -> Explanation:
        """Tell for each option of a call which layer sets it: client, model or call.

        >>> from casual_llm import ChatOptions, LocalClient
        >>> model = Model(LocalClient(), "smollm2", default_options=ChatOptions(temperature=0.7))
        >>> print(model.explain(ChatOptions(temperature=0.0, seed=1)))
        option       value  from  overrides
        temperature  0.0    call  0.7 (model)
        seed         1      call
        """
        return explain(**self._layers(options))

    def plan(
        self, messages: Sequence[Message], options: Layer | None = None, *, stream: bool = False
    ) -> Plan:
        """Give the request that a call would send, with its keys masked, without sending it.

        >>> from casual_llm import LocalClient, UserMessage
        >>> Model(LocalClient(), "smollm2").plan([UserMessage(content="Hi")]).body
        b'{"model":"smollm2","messages":[{"role":"user","content":"Hi"}]}'
        """
        if not isinstance(self.client, CodecClient):
            kind = type(self.client).__name__
            raise ConfigurationError(f"client: {kind} has no plan; its requests are its own")
        return self.client.plan(self.name, self._said(messages), self._resolve(options), stream=stream)

    def _said(self, messages: Sequence[Message]) -> list[ChatMessage]:
        if isinstance(messages, str) or not isinstance(messages, Sequence):
            kind = type(messages).__name__
            raise RequestError(f"messages: {kind} given; give a list, such as [UserMessage(content=...)]")
        if isinstance(self.client, CodecClient):
            return cast("list[ChatMessage]", list(messages))  # its codec looks at those that are new
        return [_message(f"messages[{index}]", message) for index, message in enumerate(messages)]

    async def _complete(self, messages: list[ChatMessage], options: ChatOptions) -> Reply:
        if self._completing is not None:
            return await self._completing._complete(model=self.name, messages=messages, options=options)  # noqa: SLF001 # the protocol
        message, usage = await self.client._chat(model=self.name, messages=messages, options=options)  # noqa: SLF001 # the protocol
        return Reply(message=message, usage=usage)

    def _layers(self, options: Layer | None) -> dict[str, Layer | None]:
        client: Layer | None = getattr(self.client, "default_options", None)
        return {"client": client, "model": self.default_options, "call": options}

    def _resolve(self, options: Layer | None) -> ChatOptions:
        return resolve_for(layered(**self._layers(options)))


async def _aclose(chunks: AsyncIterator[StreamChunk]) -> None:
    # A client of a caller's own may give any iterator; the generators among them can be closed.
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()


def _message(place: str, message: object) -> ChatMessage:
    if isinstance(message, UserMessage | AssistantMessage | SystemMessage | ToolResultMessage):
        return message
    kind = type(message).__name__
    raise RequestError(f"{place}: {kind} given; give a message, such as UserMessage(content=...)")
