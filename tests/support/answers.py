"""A class to request, and a transport that returns one prepared answer after the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from attrs import define, field
from pydantic import BaseModel, Field
from support.builders import tool_call
from support.fakes import JSON, SSE

from casual_llm import (
    AssistantMessage,
    Model,
    OpenAIClient,
    Reply,
    Usage,
)
from casual_llm.providers.openai_chat import codec
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Request


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)
    tags: list[str] = []


ANN = Person(name="Ann", age=30)
GOOD, YOUNG, PROSE = '{"name": "Ann", "age": 30}', '{"name": "Ann", "age": -1}', "Ann is 30 years old."
CALL = tool_call(name="look_up")


def reply_with(content: str | None, **fields: Any) -> Reply:  # noqa: ANN401 # fields of a reply
    """Build a reply with this content and some usage."""
    return Reply(
        message=AssistantMessage(content=content), usage=Usage(prompt_tokens=1, completion_tokens=2), **fields
    )


@define(eq=False)
class Answers:
    """A transport that returns one prepared answer after the other, whole or as a stream."""

    replies: list[Reply]
    streamed: bool = False
    requests: list[Request] = field(factory=list)
    open_bodies: int = 0

    async def open(self, request: Request) -> OpenResponse:
        self.requests.append(request)
        self.open_bodies += 1
        headers = SSE if self.streamed else JSON
        return OpenResponse(
            status=200, headers=headers, body=self._body(self.replies.pop(0)), aclose=self._closed
        )

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _closed(self) -> None:
        self.open_bodies -= 1

    async def _body(self, reply: Reply) -> AsyncIterator[bytes]:
        for frame in codec().write_stream(reply) if self.streamed else (codec().write(reply).body,):
            yield frame

    def bodies(self) -> list[Any]:
        """Return the parsed bodies of the requests so far."""
        return [json.loads(request.body) for request in self.requests]


def answering(*replies: Reply, streamed: bool = False) -> tuple[Model, Answers]:
    """Build a model whose transport returns these replies in turn."""
    transport = Answers([*replies], streamed)
    return Model(OpenAIClient(api_key="sk-x", transport=transport), "gpt-5"), transport
