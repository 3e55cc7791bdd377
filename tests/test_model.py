from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.fakes import FRAMES, JSON, PARIS, WHOLE, FakeTransport

from casual_llm import (
    OMIT,
    AssistantMessage,
    ChatMessage,
    ChatOptions,
    ConfigurationError,
    Model,
    OpenAIClient,
    ProviderError,
    Reply,
    RequestError,
    StreamChunk,
    TruncatedError,
    Usage,
    UserMessage,
)
from casual_llm.failures import Truncated

ASK = [UserMessage(content="What is the capital of France?")]
USAGE = Usage(prompt_tokens=3, completion_tokens=4)


class Echo:
    """A client of a caller's own: it repeats what it was asked, and remembers the options."""

    def __init__(self) -> None:
        self.options: list[ChatOptions] = []

    async def _chat(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> tuple[AssistantMessage, Usage | None]:
        self.options.append(options)
        if model == "broken":
            raise LookupError("mine")
        return AssistantMessage(content=f"{model}: {messages[-1].content}"), Usage(
            prompt_tokens=1, completion_tokens=2
        )

    async def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncIterator[StreamChunk]:
        self.options.append(options)
        for word in str(messages[-1].content).split():
            yield StreamChunk(content=word)
        yield StreamChunk(content="", usage=Usage(prompt_tokens=3), finish_reason="stop")
        yield StreamChunk(content="", usage=Usage(completion_tokens=4))


async def test_a_client_of_ones_own_needs_two_methods_and_no_inheritance() -> None:
    model = Model(Echo(), name="echo")
    assert (await model.chat(ASK)).content == "echo: What is the capital of France?"
    assert await model.complete(ASK) == Reply(
        message=AssistantMessage(content="echo: What is the capital of France?"),
        usage=Usage(prompt_tokens=1, completion_tokens=2),
    )
    assert [chunk.content async for chunk in model.stream(ASK)][:2] == ["What", "is"]


async def test_a_stream_may_be_any_iterator() -> None:
    class Once:
        def __aiter__(self) -> Once:
            return self

        async def __anext__(self) -> StreamChunk:
            raise StopAsyncIteration

    class Client(Echo):
        def _stream(self, model: str, messages: list[ChatMessage], options: ChatOptions) -> Any:  # noqa: ANN401
            return Once()

    assert [chunk async for chunk in Model(Client(), "x").stream(ASK)] == []


async def test_usage_is_that_of_the_most_recent_call() -> None:
    model = Model(Echo(), "echo")
    assert model.get_usage() is None
    await model.chat(ASK)
    assert model.get_usage() == Usage(prompt_tokens=1, completion_tokens=2)
    assert [chunk async for chunk in model.stream(ASK)]
    assert model.get_usage() == Usage(prompt_tokens=3, completion_tokens=4)
    assert (model.ledger.calls, model.ledger.total.total_tokens) == (2, 10)


async def test_two_models_on_one_client_never_see_each_others_usage() -> None:
    client = Echo()
    one, two = Model(client, "one"), Model(client, "two")
    await one.chat(ASK)
    assert (one.ledger.calls, two.ledger.calls, two.get_usage()) == (1, 0, None)


async def test_usage_does_not_outlive_a_call_that_reports_none() -> None:
    model = Model(Echo(), "echo")
    await model.chat(ASK)
    model.name = "broken"
    with pytest.raises(LookupError, match="mine"):
        await model.chat(ASK)
    assert model.get_usage() is None


async def test_a_failed_call_is_counted_as_unknown_and_leaves_the_total() -> None:
    model = Model(Echo(), "echo")
    await model.chat(ASK)
    model.name = "broken"
    with pytest.raises(LookupError, match="mine"):
        await model.chat(ASK)
    ledger = model.ledger
    assert (ledger.calls, ledger.unknown, ledger.last, ledger.total.total_tokens) == (2, 1, None, 3)


async def test_a_failed_call_is_recorded_with_the_usage_of_its_partial_reply() -> None:
    class Failing(Echo):
        async def _chat(
            self, model: str, messages: list[ChatMessage], options: ChatOptions
        ) -> tuple[AssistantMessage, Usage | None]:
            partial = Reply(message=AssistantMessage(content="Par"), usage=Usage(prompt_tokens=3))
            raise TruncatedError(Truncated(partial))

    model = Model(Failing(), "echo")
    with pytest.raises(TruncatedError):
        await model.chat(ASK)
    assert (model.ledger.unknown, model.ledger.total.prompt_tokens) == (1, 3)
    assert model.get_usage() == Usage(prompt_tokens=3)


async def test_a_call_that_is_cancelled_is_counted_as_unknown() -> None:
    class Slow(Echo):
        async def _chat(
            self, model: str, messages: list[ChatMessage], options: ChatOptions
        ) -> tuple[AssistantMessage, Usage | None]:
            raise asyncio.CancelledError

    model = Model(Slow(), "echo")
    with pytest.raises(asyncio.CancelledError):
        await model.chat(ASK)
    assert (model.ledger.calls, model.ledger.unknown) == (1, 1)


@pytest.mark.parametrize(
    ("messages", "options"),
    [
        ([], ChatOptions()),
        (ASK, ChatOptions(tool_choice="f")),
        (ASK, ChatOptions(top_k=5, strict=True)),
    ],
)
async def test_a_call_that_is_refused_before_it_is_sent_is_not_counted(
    messages: list[ChatMessage], options: ChatOptions
) -> None:
    transport = FakeTransport((WHOLE,), JSON)
    model = Model(OpenAIClient(api_key="sk-x", transport=transport), "gpt-5")
    await model.chat(ASK)
    before = model.ledger
    with pytest.raises(RequestError):
        await model.chat(messages, options)
    with pytest.raises(RequestError):
        await anext(model.stream(messages, options))
    assert (model.ledger, transport.opened) == (before, 1)


@pytest.mark.parametrize(("chunks", "usage"), [(1, None), (7, Usage(prompt_tokens=3)), (8, USAGE)])
async def test_a_stream_that_is_left_reports_what_it_had_received(chunks: int, usage: Usage | None) -> None:
    model = Model(Echo(), "echo")
    stream = model.stream(ASK)
    for _ in range(chunks):
        await anext(stream)
    await stream.aclose()
    assert (model.ledger.calls, model.ledger.unknown, model.get_usage()) == (1, 1, usage)


async def test_a_whole_stream_is_known() -> None:
    model = Model(Echo(), "echo")
    assert [chunk async for chunk in model.stream(ASK)][-1].usage == Usage(completion_tokens=4)
    assert (model.ledger.calls, model.ledger.unknown, model.get_usage()) == (1, 0, USAGE)


async def test_options_are_merged_from_client_to_model_to_call() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    client = OpenAIClient(
        api_key="sk-x",
        transport=transport,
        default_options=ChatOptions(temperature=0.1, seed=1, extra={"user": "u", "store": False}),
    )
    model = Model(client, "gpt-4", default_options=ChatOptions(temperature=0.7, max_tokens=1000))
    await model.chat(ASK, ChatOptions(temperature=0.95, extra={"store": True}))
    body = json.loads(transport.requests[0].body)
    del body["messages"]
    assert body == {
        "model": "gpt-4",
        "temperature": 0.95,
        "max_completion_tokens": 1000,
        "seed": 1,
        "user": "u",
        "store": True,
    }


async def test_what_nobody_asked_for_is_not_sent() -> None:
    transport = FakeTransport((WHOLE,), JSON)
    await Model(OpenAIClient(api_key="sk-x", transport=transport), "gpt-4").chat(ASK)
    assert json.loads(transport.requests[0].body).keys() == {"model", "messages"}


async def test_a_client_without_defaults_gets_the_models() -> None:
    client = Echo()
    await Model(client, "echo", system_message_handling="merge").chat(ASK, ChatOptions(seed=3))
    assert client.options == [ChatOptions(system_message_handling="merge", seed=3)]


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ("hello", r"messages: expected a list, .*, got a str"),
        (None, r"messages: expected a list, .*, got None"),
        (UserMessage(content="x"), r"messages: expected a list, .*, got a UserMessage"),
        ([{"role": "user", "content": "x"}], r"messages\[0\]: expected a message, .*, got a dict"),
        ([*ASK, "x"], r"messages\[1\]: expected a message, .*, got a str"),
    ],
)
async def test_what_is_no_conversation_is_refused_by_place(messages: Any, problem: str) -> None:  # noqa: ANN401
    model = Model(Echo(), "echo")
    with pytest.raises(RequestError, match=problem):
        await model.chat(messages)
    with pytest.raises(RequestError, match=problem):
        await anext(model.stream(messages))
    assert model.ledger.calls == 0


async def test_options_of_another_kind_are_refused() -> None:
    options: Any = {"temperature": 1}
    with pytest.raises(ConfigurationError, match=r"call: expected ChatOptions"):
        await Model(Echo(), "echo").chat(ASK, options)


async def test_usage_of_a_failed_stream_is_what_it_had_received() -> None:
    error = b'data: {"error": {"message": "Overloaded."}}\n\n'
    usage_first = (FRAMES[4], *FRAMES[:2], error)
    model = Model(OpenAIClient(api_key="sk-x", transport=FakeTransport(usage_first)), "gpt-5")
    with pytest.raises(ProviderError):
        assert [chunk async for chunk in model.stream(ASK)]
    assert model.get_usage() == PARIS.usage
    assert (model.ledger.unknown, model.ledger.total.prompt_tokens) == (1, 7)


def test_a_model_shows_its_client_and_name() -> None:
    model = Model(OpenAIClient(api_key="sk-x"), "gpt-5")
    assert repr(model) == "Model(OpenAIClient(base_url='https://api.openai.com/v1'), name='gpt-5')"


@pytest.mark.parametrize("client", [None, "openai", object(), OpenAIClient])
def test_what_is_no_client_is_refused(client: Any) -> None:  # noqa: ANN401
    with pytest.raises(
        ConfigurationError, match=r"client: expected a client, such as LocalClient\(\), got \w+"
    ):
        Model(client, "gpt-5")


@pytest.mark.parametrize("name", ["", None, 5])
def test_what_is_no_name_is_refused(name: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"name: expected the model's name at the provider, got .*"):
        Model(Echo(), name)


def test_a_model_explains_which_layer_sets_an_option() -> None:
    client = OpenAIClient(api_key="sk-x", default_options=ChatOptions(seed=1, temperature=1))
    model = Model(client, "gpt-5", ChatOptions(temperature=0.7), system_message_handling="merge")
    explanation = model.explain(ChatOptions(temperature=0.0))
    assert explanation["temperature"].overridden == (("model", 0.7), ("client", 1))
    assert [row.layer for row in explanation.rows] == ["call", "client", "model"]


async def test_a_client_gets_what_is_sent_and_no_omit() -> None:
    client = Echo()
    model = Model(client, "echo", ChatOptions(seed=3, stop="END"))
    await model.chat(ASK, ChatOptions(stop=OMIT, extra={"user": OMIT, "n": 1}))
    assert client.options == [ChatOptions(seed=3, extra={"n": 1})]
    assert [row.layer for row in model.explain().rows] == ["model", "model"]


def test_a_client_of_ones_own_has_no_plan() -> None:
    with pytest.raises(
        ConfigurationError,
        match="client: Echo builds its own requests; use `plan` with a client of casual_llm",
    ):
        Model(Echo(), name="echo").plan(ASK)
