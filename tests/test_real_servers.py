"""A server of another project: llama.cpp, which supports OpenAI Chat and Anthropic Messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing

import httpx
import pytest
from attrs import evolve
from pydantic import BaseModel
from support.builders import CAPITAL_QUESTION as ASK, TIME, WEATHER, WEATHER_QUESTION as IN_PARIS
from support.servers import llama

from casual_llm import (
    AnthropicClient,
    ChatOptions,
    CodecClient,
    ImageContent,
    JsonSchema,
    Model,
    NotFoundError,
    OpenAIClient,
    ProviderError,
    Reply,
    ServerError,
    StructuredOutputError,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.messages import Message
from casual_llm.wire.collect import collect

STEADY = ChatOptions(temperature=0.0, max_tokens=60)
CLIENTS: Mapping[str, tuple[type[OpenAIClient | AnthropicClient], str]] = {
    "OpenAI Chat": (OpenAIClient, "/v1"),
    "Anthropic Messages": (AnthropicClient, ""),
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with llama() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest, address: str) -> AsyncIterator[CodecClient]:
    kind, path = CLIENTS[request.param]
    # The server closes each connection after a stream although it announces keep-alive, and a request that is
    # already on its way is lost; so no connection is used twice.
    alone = httpx.Limits(max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(limits=alone, timeout=60) as http,
        kind(base_url=address + path, http_client=http) as client,
    ):
        yield client


@pytest.fixture
def model(client: CodecClient) -> Model:
    return Model(client, "smollm2", STEADY)


async def both(model: Model, messages: Sequence[Message], options: ChatOptions | None = None) -> Reply:
    """Call the model whole and streamed, and return the reply if both are equal."""
    whole = await model.complete(messages, options)
    streamed = collect([chunk async for chunk in model.stream(messages, options)])
    assert steady(whole) == steady(streamed)
    return whole


def steady(reply: Reply) -> Reply:
    """Remove what differs each time: ids of reply and calls, cached tokens, spaces in JSON."""
    calls = [
        call.model_copy(
            update={"id": "", "function": call.function.model_copy(update={"arguments": compact})}
        )
        for call in reply.message.tool_calls or ()
        for compact in [json.dumps(json.loads(call.function.arguments))]
    ]
    usage = None if reply.usage is None else reply.usage.model_copy(update={"cached_tokens": None})
    message = reply.message.model_copy(update={"tool_calls": tuple(calls) or None})
    return evolve(reply, message=message, usage=usage, id=None)


async def test_it_answers_the_same_whole_and_streamed(model: Model) -> None:
    reply = await both(model, ASK)
    assert (reply.message.content, reply.finish_reason) == ("The capital of France is Paris.", "stop")
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (27, 8)


async def test_its_calls_are_counted(model: Model) -> None:
    await both(model, ASK)
    assert (model.ledger.calls, model.ledger.total.total_tokens) == (2, 70)


async def test_an_answer_ends_at_its_limit_and_at_a_stop_word(model: Model) -> None:
    short = await both(model, ASK, ChatOptions(max_tokens=3))
    assert (short.message.content, short.finish_reason) == ("The capital of", "length")
    stopped = await both(model, ASK, ChatOptions(stop=[" is"]))
    assert (stopped.message.content, stopped.finish_reason) == ("The capital of France", "stop")


async def test_it_receives_the_system_message_and_the_earlier_turns(model: Model) -> None:
    turns: list[Message] = [
        SystemMessage(content="Answer with one word."),
        *ASK,
        (await model.complete(ASK)).message,
        UserMessage(content="And of Italy?"),
    ]
    assert "Rome" in ((await both(model, turns)).message.content or "")


@pytest.mark.parametrize("choice", ["required", "get_weather"])
async def test_it_calls_a_tool(model: Model, choice: str) -> None:
    offered = [WEATHER] if choice == "required" else [TIME, WEATHER]
    reply = await both(model, IN_PARIS, ChatOptions(tools=offered, tool_choice=choice))
    functions = [call.function for call in reply.message.tool_calls or ()]
    assert [(it.name, json.loads(it.arguments)) for it in functions] == [("get_weather", {"city": "Paris"})]
    assert reply.finish_reason == "tool_calls"


async def test_it_goes_on_with_the_result_of_a_tool(model: Model) -> None:
    options = ChatOptions(tools=[WEATHER])
    asked = (await model.complete(IN_PARIS, ChatOptions(tools=[WEATHER], tool_choice="required"))).message
    call = (asked.tool_calls or ())[0]
    result = ToolResultMessage(name="get_weather", tool_call_id=call.id, content="Sunny, 22 degrees")
    assert "22" in ((await both(model, [*IN_PARIS, asked, result], options)).message.content or "")


@pytest.mark.parametrize("client", ["OpenAI Chat"], indirect=True)
@pytest.mark.parametrize(
    "shape", [Person, JsonSchema(name="person", schema=Person.model_json_schema())], ids=["class", "schema"]
)
async def test_its_chat_endpoint_follows_a_schema(model: Model, shape: type[Person] | JsonSchema) -> None:
    reply = await both(model, ASK, ChatOptions(response_format=shape))
    assert Person.model_validate_json(reply.message.content or "").name


@pytest.mark.parametrize("client", ["Anthropic Messages"], indirect=True)
async def test_its_messages_endpoint_ignores_schemas_and_the_answer_shows_it(model: Model) -> None:
    with pytest.raises(StructuredOutputError):
        await model.chat_as(Person, ASK, repairs=0)


async def test_leaving_a_stream_frees_the_server(model: Model, address: str) -> None:
    endless = [UserMessage(content="Tell me a very long story.")]
    async with httpx.AsyncClient() as http:
        async with aclosing(model.stream(endless, ChatOptions(max_tokens=1_500))) as stream:
            await anext(stream)
            assert await busy(http, address)
        async with asyncio.timeout(2):
            while await busy(http, address):  # noqa: ASYNC110 # a server of its own has no event here
                await asyncio.sleep(0.02)


async def busy(http: httpx.AsyncClient, address: str) -> bool:
    slots = (await http.get(f"{address}/slots")).json()
    return any(slot["is_processing"] for slot in slots)


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        ("x " * 5_000, ProviderError, 400, "exceeds the available context size"),
        ([ImageContent(source="data:image/png;base64,iVBORw0KGgo=")], ServerError, 500, "image input"),
    ],
    ids=["too long", "an image"],
)
async def test_what_it_rejects_is_an_error_with_its_message(
    model: Model, content: str | list[ImageContent], kind: type[ProviderError], status: int, words: str
) -> None:
    asked = [UserMessage(content=content)]
    with pytest.raises(kind, match=words) as whole:
        await model.complete(asked)
    with pytest.raises(kind, match=words) as streamed:
        await anext(model.stream(asked))
    assert whole.value.status == streamed.value.status == status


async def test_an_address_that_it_does_not_serve_is_not_found(address: str) -> None:
    async with OpenAIClient(base_url=f"{address}/nowhere") as client:
        with pytest.raises(NotFoundError, match="check the model name and base_url"):
            await Model(client, "m").chat(ASK)


async def test_many_calls_at_once_are_all_answered(model: Model) -> None:
    replies = await asyncio.gather(*(model.complete(ASK, ChatOptions(max_tokens=3)) for _ in range(8)))
    assert {reply.message.content for reply in replies} == {"The capital of"}
