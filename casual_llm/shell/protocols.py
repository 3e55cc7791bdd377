"""What a `Model` needs of a client, for clients of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from casual_llm.messages import AssistantMessage, ChatMessage
from casual_llm.options import ChatOptions
from casual_llm.reply import Reply, StreamChunk
from casual_llm.usage import Usage


class LLMClient(Protocol):
    """The protocol of clients for `Model`: any class with these two methods, without inheritance."""

    async def _chat(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> tuple[AssistantMessage, Usage | None]: ...

    def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncIterator[StreamChunk]: ...


@runtime_checkable
class CompletingClient(Protocol):
    """A client that can return the whole `Reply`."""

    async def _complete(self, model: str, messages: list[ChatMessage], options: ChatOptions) -> Reply: ...
