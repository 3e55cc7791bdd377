"""Conversations with a real model: SmolLM2-135M on the llama.cpp server, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import BaseModel
from support.builders import CAPITAL_QUESTION as ASK, TIME, WEATHER, WEATHER_QUESTION as IN_PARIS

from casual_llm import (
    AssistantMessage,
    ChatOptions,
    ImageContent,
    JsonSchema,
    LocalClient,
    Model,
    ProviderError,
    StreamChunk,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.errors import StructuredOutputError
from casual_llm.failures import Incomplete
from casual_llm.messages import Message
from casual_llm.wire.collect import collect


class Person(BaseModel):
    name: str
    age: int
    occupation: str


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    async with LocalClient() as client:
        yield Model(client, name="smollm2")


async def test_a_real_model_answers(model: Model) -> None:
    reply = await model.complete(ASK)
    assert reply.message.content == "The capital of France is Paris."
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "stop")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 35
    assert model.get_usage() == reply.usage
    assert "SmolLM2" in (reply.model or "")


async def test_a_real_stream_spells_the_same_answer(model: Model) -> None:
    chunks = [chunk async for chunk in model.stream(ASK)]
    streamed, whole = collect(chunks), await model.complete(ASK)
    assert len(chunks) > 5
    assert (streamed.message, streamed.finish_reason) == (whole.message, whole.finish_reason)
    assert streamed.usage is not None


@pytest.mark.parametrize("choice", ["required", "get_weather", "auto"])
async def test_a_real_model_calls_a_tool(model: Model, choice: str) -> None:
    options = ChatOptions(tools=[TIME, WEATHER], tool_choice=choice)
    whole = await model.complete(IN_PARIS, options)
    streamed = collect([chunk async for chunk in model.stream(IN_PARIS, options)])
    for reply in (whole, streamed):
        calls = reply.message.tool_calls or ()
        assert [(call.function.name, call.function.arguments) for call in calls] == [
            ("get_weather", '{"city": "Paris"}')
        ]
        assert reply.finish_reason == "tool_calls"


async def test_a_named_tool_is_called_even_where_another_fits_better(model: Model) -> None:
    options = ChatOptions(tools=[TIME, WEATHER], tool_choice="get_time")
    calls = (await model.chat(IN_PARIS, options)).tool_calls or ()
    assert [call.function.name for call in calls] == ["get_time"]


async def test_a_conversation_goes_on_with_the_result_of_a_tool(model: Model) -> None:
    options = ChatOptions(tools=[WEATHER])
    asked = await model.chat(IN_PARIS, options)
    call = (asked.tool_calls or ())[0]
    result = ToolResultMessage(name="get_weather", tool_call_id=call.id, content="Sunny, 22 degrees")
    answer = await model.chat([*IN_PARIS, asked, result], options)
    assert "22" in (answer.content or "")


async def test_a_real_model_answers_in_the_shape_of_a_class(model: Model) -> None:
    messages = [UserMessage(content="Tell me about a software engineer")]
    options = ChatOptions(response_format=Person, max_tokens=200)
    answer = await model.chat(messages, options)
    assert Person.model_validate_json(answer.content or "").occupation
    streamed = collect([chunk async for chunk in model.stream(messages, options)])
    assert Person.model_validate_json(streamed.message.content or "").name


async def test_a_real_model_gives_an_instance_of_a_class(model: Model) -> None:
    messages = [UserMessage(content="Ann is a 30 year old software engineer. Describe Ann.")]
    person = await model.chat_as(Person, messages, ChatOptions(max_tokens=200))
    partials = [some async for some in model.stream_as(Person, messages, ChatOptions(max_tokens=200))]
    assert (type(person), model.ledger.calls) == (Person, 2)
    assert len(partials) > 5
    assert (partials[-1].value, partials[-1].data) == (person, person.model_dump())


async def test_a_real_answer_that_is_cut_off_is_no_instance(model: Model) -> None:
    with pytest.raises(StructuredOutputError, match="raise max_tokens") as raised:
        await model.chat_as(Person, ASK, ChatOptions(max_tokens=5))
    assert (raised.value.failure, model.ledger.calls) == (Incomplete("length"), 1)


async def test_a_real_model_answers_in_the_shape_of_a_schema(model: Model) -> None:
    age = JsonSchema(name="Age", schema={"type": "integer", "minimum": 1, "maximum": 99})
    answer = await model.chat([UserMessage(content="How old are you?")], ChatOptions(response_format=age))
    assert int(answer.content or "") in range(1, 100)


async def test_options_reach_the_model(model: Model) -> None:
    short = await model.complete(ASK, ChatOptions(max_tokens=3))
    assert (short.finish_reason, short.usage and short.usage.completion_tokens) == ("length", 3)
    stopped = await model.chat(ASK, ChatOptions(stop=[" of"]))
    assert stopped.content == "The capital"
    seeded = [await model.chat(ASK, ChatOptions(temperature=1.5, seed=5, max_tokens=10)) for _ in range(2)]
    assert seeded[0] == seeded[1]


async def test_eight_conversations_go_on_at_once(model: Model) -> None:
    asked = [
        [SystemMessage(content="Answer briefly."), UserMessage(content=f"Is {n} a number?")] for n in range(8)
    ]
    options = ChatOptions(max_tokens=12)

    async def streamed(messages: Sequence[Message]) -> AssistantMessage:
        return collect([chunk async for chunk in model.stream(messages, options)]).message

    whole = await asyncio.gather(*(model.chat(messages, options) for messages in asked))
    pieces = await asyncio.gather(*(streamed(messages) for messages in asked))
    assert all(answer.content for answer in (*whole, *pieces))
    assert model.ledger.calls == 16


async def test_an_abandoned_answer_leaves_the_server_free(model: Model) -> None:
    story = [UserMessage(content="Tell me a very long story.")]
    async for chunk in model.stream(story):
        assert isinstance(chunk, StreamChunk)
        break
    async with asyncio.timeout(20):
        assert (await model.chat(ASK)).content == "The capital of France is Paris."


async def test_what_the_server_refuses_is_its_message(model: Model) -> None:
    picture = ImageContent(source={"type": "base64", "data": "R0lGODlhAQABAAAAACw="}, media_type="image/gif")
    with pytest.raises(ProviderError, match="image input is not supported"):
        await model.chat([UserMessage(content=[picture])])


async def test_a_call_follows_a_stream_without_delay(model: Model) -> None:
    for _ in range(10):
        assert [chunk async for chunk in model.stream(ASK, ChatOptions(max_tokens=2))]
        assert (await model.chat(ASK, ChatOptions(max_tokens=1))).content == "The"
