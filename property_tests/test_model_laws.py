"""Two models on one client, compared with a simple model of them, whatever happens to their calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from attrs import define, field
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from wire_strategies import ended_replies

from casual_llm import CasualLLMError, Model, OpenAIClient, Reply, Usage, UserMessage
from casual_llm.providers.openai_chat import codec
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Request
from casual_llm.wire.collect import collect

ASK = [UserMessage(content="?")]
which = st.sampled_from(["one", "two"])


@define(eq=False)
class Scripted:
    """A transport that answers every request with the response that was set last."""

    status: int = 200
    kind: str = "application/json"
    pieces: tuple[bytes, ...] = ()
    bodies: int = 0

    async def open(self, request: Request) -> OpenResponse:  # every request gets the same answer
        self.bodies += 1
        return OpenResponse(
            status=self.status, headers={"content-type": self.kind}, body=self._body(), aclose=self._closed
        )

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _closed(self) -> None:
        self.bodies -= 1

    async def _body(self) -> AsyncIterator[bytes]:
        for data in self.pieces:
            yield data


@define
class Expected:
    """The simple model: the usage of each call, and how many calls failed or were left early."""

    reported: list[Usage | None] = field(factory=list)
    incomplete: int = 0

    def record(self, usage: Usage | None) -> None:
        self.reported.append(usage)

    def record_incomplete(self) -> None:
        self.reported.append(None)
        self.incomplete += 1


class Models(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.transport = Scripted()
        client = OpenAIClient(api_key="sk-test", transport=self.transport)
        self.models = {name: Model(client, name) for name in ("one", "two")}
        self.expected = {name: Expected() for name in self.models}
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        self.runner.close()

    def answer(self, *pieces: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.transport.status, self.transport.kind, self.transport.pieces = status, kind, pieces

    @rule(name=which, reply=ended_replies)
    def chat(self, name: str, reply: Reply) -> None:
        self.answer(codec().write(reply).body)
        assert self.runner.run(self.models[name].complete(ASK)) == reply
        self.expected[name].record(reply.usage)

    @rule(name=which, reply=ended_replies)
    def stream(self, name: str, reply: Reply) -> None:
        self.answer(*codec().write_stream(reply), kind="text/event-stream")

        async def streamed() -> Reply:
            return collect([chunk async for chunk in self.models[name].stream(ASK)])

        assert self.runner.run(streamed()) == reply
        self.expected[name].record(reply.usage)

    @rule(name=which, reply=ended_replies)
    def abandoned_stream(self, name: str, reply: Reply) -> None:
        self.answer(*codec().write_stream(reply), kind="text/event-stream")

        async def first() -> None:
            chunks = self.models[name].stream(ASK)
            assert (await anext(chunks)).usage is None
            await chunks.aclose()

        self.runner.run(first())
        self.expected[name].record_incomplete()

    @rule(name=which, status=st.sampled_from([400, 401, 404, 429, 500]))
    def failure(self, name: str, status: int) -> None:
        self.answer(b"{}", status=status)
        assert self.fails(name)
        self.expected[name].record_incomplete()

    @rule(name=which)
    def truncated_stream(self, name: str) -> None:
        self.answer(b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', kind="text/event-stream")
        assert self.fails(name)
        self.expected[name].record_incomplete()

    def fails(self, name: str) -> bool:
        async def streamed() -> bool:
            try:
                return [chunk async for chunk in self.models[name].stream(ASK)] == []
            except CasualLLMError:
                return True

        return self.runner.run(streamed())

    @invariant()
    def each_model_counts_only_its_calls(self) -> None:
        for name, model in self.models.items():
            ledger, expected = model.ledger, self.expected[name]
            assert (ledger.calls, model.get_usage()) == (
                len(expected.reported),
                [None, *expected.reported][-1],
            )
            known = [usage for usage in expected.reported if usage is not None]
            assert ledger.total.prompt_tokens == sum(usage.prompt_tokens or 0 for usage in known)
            assert ledger.total.completion_tokens == sum(usage.completion_tokens or 0 for usage in known)
            exact = [usage for usage in known if usage.total_tokens is not None]
            assert ledger.unknown == len(expected.reported) - len(exact) >= expected.incomplete

    @invariant()
    def no_response_is_left_open(self) -> None:
        assert self.transport.bodies == 0


TestModels = Models.TestCase
TestModels.settings = settings(max_examples=60)
