"""`Model`: a client, the name of a model, and default options.

Its only mutable state is the ledger of its calls. Options are resolved once per call by one left
fold: client, then model, then call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import cast

from casual_llm.errors import (
    ConfigurationError,
    ImageFetchError,
    ProviderError,
    ReplyError,
    RequestError,
    TransportError,
)
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
from casual_llm.shell.client import CodecClient, Plan
from casual_llm.shell.protocols import CompletingClient, LLMClient
from casual_llm.shell.structured import ask_as, partials_of
from casual_llm.structured import Partial, T, shaped
from casual_llm.usage import Ledger, Usage, join, record
from casual_llm.validation import type_name


class Model:
    """One model of one client, with its own defaults and its own count of tokens.

    Args:
        client: What sends the calls, such as `OpenAIClient()`; any class with the two methods of `LLMClient`.
        name: The model's name at the provider, such as `"gpt-5"`.
        default_options: What every call starts from, over the options of the client; nothing by default.
        system_message_handling: `"keep"` or `"merge"`, over `default_options`; that of the client by default.

    Raises:
        ConfigurationError: The client or the name is missing or invalid, or an option is invalid.

    A call raises a subclass of `CasualLLMError`: `RequestError` where the messages or options cannot be sent,
    `TransportError` or `RequestTimeoutError` where the server cannot be reached or is too slow,
    `ProviderError` (such as `AuthenticationError` or `RateLimitError`) where it refuses, and `ReplyError` or
    `TruncatedError` where its answer cannot be read or is cut off. Nothing is tried again.

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
        self.client = client
        self.name = name
        if isinstance(client, type) or not hasattr(client, "_chat") or not hasattr(client, "_stream"):
            given = f"the class {client.__name__}" if isinstance(client, type) else type_name(client)
            raise ConfigurationError(f"client: expected a client, such as LocalClient(), got {given}")
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"name: expected the model's name at the provider, got {name!r}")
        handling = ChatOptions(system_message_handling=system_message_handling)
        self.default_options: Layer = layered(default_options=default_options, handling=handling)
        self._ledger = Ledger()
        self._completing = client if isinstance(client, CompletingClient) else None

    def __repr__(self) -> str:
        """Show the client and the model's name."""
        return f"Model({self.client!r}, name={self.name!r})"

    async def chat(self, messages: Sequence[Message], options: Layer | None = None) -> AssistantMessage:
        """Send a conversation and return the assistant's message.

        Args:
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.

        Raises:
            CasualLLMError: The call failed; the class `Model` lists the subclasses.

        >>> import asyncio
        >>> from casual_llm import LocalClient, UserMessage
        >>> async def ask(question: str) -> str | None:
        ...     async with LocalClient() as client:
        ...         return (await Model(client, "smollm2").chat([UserMessage(content=question)])).content
        >>> asyncio.run(ask("What is the capital of France?"))
        'The capital of France is Paris.'
        """
        return (await self.complete(messages, options)).message

    async def complete(self, messages: Sequence[Message], options: Layer | None = None) -> Reply:
        """Send a conversation and return the whole reply: message, usage, finish reason, model and id.

        Args:
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.

        Raises:
            CasualLLMError: The call failed; the class `Model` lists the subclasses.

        >>> import asyncio
        >>> from casual_llm import LocalClient, UserMessage
        >>> async def ask(question: str) -> Reply:
        ...     async with LocalClient() as client:
        ...         return await Model(client, "smollm2").complete([UserMessage(content=question)])
        >>> reply = asyncio.run(ask("What is the capital of France?"))
        >>> reply.finish_reason, reply.usage.completion_tokens
        ('stop', 8)
        """
        checked, resolved = self._checked(messages), self._resolve(options)
        try:
            reply = await self._complete(checked, resolved)
        except BaseException as error:
            self._ledger = _record_failure(self._ledger, error, None)
            raise
        self._ledger = record(self._ledger, reply.usage)
        return reply

    async def stream(
        self, messages: Sequence[Message], options: Layer | None = None
    ) -> AsyncGenerator[StreamChunk, None]:
        """Send a conversation and yield the answer in chunks; leaving the loop early ends the request.

        Args:
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.

        Raises:
            CasualLLMError: The call failed; `error.partial` is the reply so far, where some of it arrived.

        >>> import asyncio
        >>> from casual_llm import LocalClient, UserMessage
        >>> async def ask(question: str) -> list[str]:
        ...     async with LocalClient() as client:
        ...         chunks = Model(client, "smollm2").stream([UserMessage(content=question)])
        ...         return [chunk.content async for chunk in chunks if chunk.content]
        >>> asyncio.run(ask("What is the capital of France?"))[:4]
        ['The', ' capital', ' of', ' France']
        """
        checked, resolved = self._checked(messages), self._resolve(options)
        chunks = self.client._stream(model=self.name, messages=checked, options=resolved)  # noqa: SLF001 # the protocol
        usage: Usage | None = None
        try:
            async for chunk in chunks:
                if chunk.usage is not None:
                    usage = join(usage, chunk.usage)
                yield chunk
        except BaseException as error:  # also where the loop was left
            self._ledger = _record_failure(self._ledger, error, usage)
            raise
        else:
            self._ledger = record(self._ledger, usage)
        finally:
            if isinstance(chunks, AsyncGenerator):  # a client of a caller's own may return any iterator
                await chunks.aclose()

    async def chat_as(
        self, into: type[T], messages: Sequence[Message], options: Layer | None = None, *, repairs: int = 1
    ) -> T:
        """Send a conversation and return the answer as an instance of a pydantic class.

        Args:
            into: The class; its JSON Schema is sent as the `response_format`.
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.
            repairs: How often the model may correct an answer that does not match; by default once.

        Raises:
            StructuredOutputError: No answer matches, or the model refuses; `error.reply` is the last reply.
            CasualLLMError: A call failed; the class `Model` lists the subclasses.

        >>> import asyncio
        >>> from casual_llm import LocalClient, UserMessage
        >>> from pydantic import BaseModel
        >>> class Person(BaseModel):
        ...     name: str
        ...     age: int
        >>> async def read(text: str) -> Person:
        ...     async with LocalClient() as client:
        ...         return await Model(client, "smollm2").chat_as(Person, [UserMessage(content=text)])
        >>> asyncio.run(read("Ann is 30 years old."))
        Person(name='Ann', age=30)
        """
        return await ask_as(self.complete, into, messages, options, repairs)

    def stream_as(
        self, into: type[T], messages: Sequence[Message], options: Layer | None = None
    ) -> AsyncGenerator[Partial[T], None]:
        """Send a conversation and yield the instance of a pydantic class as it arrives.

        Args:
            into: The class; its JSON Schema is sent as the `response_format`.
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.

        Raises:
            StructuredOutputError: The answer does not match the class; it is not sent back for repair.
            CasualLLMError: The call failed; the class `Model` lists the subclasses.

        The `data` of each `Partial` is the object so far, and the last one has the instance as its `value`.
        """
        return partials_of(self.stream(messages, shaped(into, options)), into)

    def get_usage(self) -> Usage | None:
        """Return the usage of the most recent call, or `None` where it reported none."""
        return self._ledger.last

    @property
    def ledger(self) -> Ledger:
        """The calls so far: how many, the last usage, the sum of known figures, and how many are unknown."""
        return self._ledger

    def explain(self, options: Layer | None = None) -> Explanation:
        """Return which layer sets each option of a call: client, model or call.

        Args:
            options: Options of the call, over those of the model and the client; nothing by default.

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
        """Return the request that a call would send, with its keys masked, without sending it.

        Args:
            messages: The conversation, at least one message.
            options: Options of this call, over those of the model and the client; nothing by default.
            stream: Whether the call would be a stream.

        Raises:
            ConfigurationError: The client is of a class of your own, which has no plan.
            RequestError: The messages or options cannot be sent.

        >>> from casual_llm import LocalClient, UserMessage
        >>> Model(LocalClient(), "smollm2").plan([UserMessage(content="Hi")]).body
        b'{"model":"smollm2","messages":[{"role":"user","content":"Hi"}]}'
        """
        if not isinstance(self.client, CodecClient):
            problem = f"{type(self.client).__name__} builds its own requests"
            raise ConfigurationError(f"client: {problem}; use `plan` with a client of casual_llm")
        return self.client.plan(self.name, self._checked(messages), self._resolve(options), stream=stream)

    def _checked(self, messages: Sequence[Message]) -> list[ChatMessage]:
        if isinstance(messages, str) or not isinstance(messages, Sequence):
            valid = "a list, such as [UserMessage(content=...)]"
            raise RequestError(f"messages: expected {valid}, got {type_name(messages)}")
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


def _record_failure(ledger: Ledger, error: BaseException, usage: Usage | None) -> Ledger:
    if isinstance(error, ConfigurationError | ImageFetchError | RequestError):
        return ledger  # nothing was sent
    # A failed call is paid for as far as it went; errors of a caller's own client carry no reply.
    partial = error.partial if isinstance(error, ProviderError | ReplyError | TransportError) else None
    return record(ledger, join(usage, None if partial is None else partial.usage), complete=False)


def _message(path: str, message: object) -> ChatMessage:
    if isinstance(message, UserMessage | AssistantMessage | SystemMessage | ToolResultMessage):
        return message
    valid = "a message, such as UserMessage(content=...)"
    raise RequestError(f"{path}: expected {valid}, got {type_name(message)}")
