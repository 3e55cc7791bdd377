"""A transport that answers from memory, for tests of the layers above it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from attrs import define, field
from support.builders import CAPITAL_QUESTION

from casual_llm import (
    AssistantMessage,
    ChatOptions,
    Model,
    OpenAIClient,
    Reply,
    StreamChunk,
    Usage,
)
from casual_llm.errors import TransportError
from casual_llm.providers.openai_chat import codec
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Request

SSE: Mapping[str, str] = {"content-type": "text/event-stream"}
JSON: Mapping[str, str] = {"content-type": "application/json"}

PARIS = Reply(
    message=AssistantMessage(content="The capital\nis Paris."),
    usage=Usage(prompt_tokens=7, completion_tokens=4),
    finish_reason="stop",
    raw_finish_reason="stop",
    model="gpt-5",
    id="chatcmpl-1",
)
WHOLE = codec().write(PARIS).body
FRAMES = codec().write_stream(PARIS)


@define(eq=False)
class FakeTransport:
    """Returns the same response to every request and records the requests."""

    pieces: tuple[bytes, ...] = field(repr=False)  # a traceback with local variables shows the transport
    headers: Mapping[str, str] = SSE
    status: int = 200
    breaks: bool = False
    requests: list[Request] = field(factory=list, repr=False)
    opened: int = 0
    closed: int = 0

    async def open(self, request: Request) -> OpenResponse:
        self.requests.append(request)
        self.opened += 1
        return OpenResponse(status=self.status, headers=self.headers, body=self._body(), aclose=self._closed)

    async def aclose(self) -> None:
        self.opened = 0

    async def _closed(self) -> None:
        self.closed += 1

    async def _body(self) -> AsyncIterator[bytes]:
        for data in self.pieces:
            yield data
        if self.breaks:
            raise TransportError("the connection broke")


KEY = "sk-proj-abcdefghijklmnop1234"
ASK = CAPITAL_QUESTION


def model_on(transport: FakeTransport) -> Model:
    """Build an OpenAI model on a transport."""
    return Model(OpenAIClient(api_key=KEY, transport=transport), name="gpt-5")


async def chunks_of(model: Model, options: ChatOptions | None = None) -> list[StreamChunk]:
    """Stream one answer, and return its chunks."""
    return [chunk async for chunk in model.stream(ASK, options)]
