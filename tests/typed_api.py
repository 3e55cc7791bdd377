"""The public API as a type checker sees it: mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, assert_type

import httpx
import httpx2
from pydantic import BaseModel
from returns.result import Result

from casual_llm import (
    OMIT,
    AssistantMessage,
    ChatMessage,
    ChatOptions,
    ClientConfig,
    CodecClient,
    Config,
    ConfigProblems,
    Explanation,
    ImageContent,
    Layer,
    LLMClient,
    LocalClient,
    Model,
    ModelConfig,
    Omit,
    OpenAIClient,
    Reply,
    StreamChunk,
    SystemMessage,
    TextContent,
    Tool,
    ToolParameter,
    Usage,
    UserMessage,
    create_client,
    create_model,
    diff,
    explain,
    extra_of,
    layered,
    load,
    merge,
    parse_config,
    resolve_for,
)
from casual_llm.errors import StructuredOutputError
from casual_llm.failures import ParseFailure
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.redaction import Secret
from casual_llm.shell.authorise import bearer
from casual_llm.shell.transport import HttpTransport
from casual_llm.structured import Partial, parse


class Mine:
    """A client of a caller's own, written as the documentation shows it."""

    async def _chat(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> tuple[AssistantMessage, Usage | None]:
        return AssistantMessage(content=model), None

    async def _stream(
        self, model: str, messages: list[ChatMessage], options: ChatOptions
    ) -> AsyncIterator[StreamChunk]:
        yield StreamChunk(content="chunk", finish_reason=None)


async def a_program() -> None:
    mine: LLMClient = Mine()
    messages = [
        SystemMessage(content="Answer briefly."),
        UserMessage(
            content=[TextContent(text="What is this?"), ImageContent(source="https://h.example/cat.png")]
        ),
    ]
    model = Model(mine, "mine")
    answer = await model.chat(messages)
    assert_type(answer, AssistantMessage)
    assert_type(answer.content, str | None)
    assert_type(await model.complete([*messages, answer]), Reply)
    assert_type(model.stream(messages), AsyncGenerator[StreamChunk, None])
    assert_type(model.get_usage(), Usage | None)


class Person(BaseModel):
    name: str


async def structured_output(error: StructuredOutputError) -> None:
    model, messages = Model(Mine(), "mine"), [UserMessage(content="Who?")]
    assert_type(await model.chat_as(Person, messages), Person)
    assert_type(await model.chat_as(Person, messages, ChatOptions(seed=1), repairs=0), Person)
    partials = model.stream_as(Person, messages)
    assert_type(partials, AsyncGenerator[Partial[Person], None])
    async for partial in partials:
        assert_type(partial.data.get("name"), Json | None)
        assert_type(partial.value, Person | None)
    assert_type(parse(error.reply, Person), Result[Person, ParseFailure])
    assert_type(error.failure, ParseFailure)
    await model.chat_as(dict, messages)  # type: ignore[type-var]
    await model.chat_as(Person, messages, None, 2)  # type: ignore[call-arg]


def clients() -> None:
    assert_type(create_client(ClientConfig(provider="openai", api_key="sk-x", timeout=5)), CodecClient)
    assert_type(create_model(LocalClient(), ModelConfig(name="x")), Model)
    OpenAIClient(http_client=httpx.AsyncClient())
    OpenAIClient(http_client=httpx2.AsyncClient())
    OpenAIClient(api_key=Secret("sk-x"), timeout=None)
    ClientConfig(provider="openai", api_key=Secret("sk-x"))
    assert_type(ClientConfig(provider="openai").api_key, str | None)
    CodecClient(format_named("openai"), HttpTransport(), base_url="https://x", authorise=bearer("sk-x"))
    CodecClient(
        format_named("openai"), HttpTransport(), base_url="https://x", authorise=lambda request: request
    )
    OpenAIClient(timeout="soon")  # type: ignore[arg-type]


def options() -> None:
    tool = Tool(name="weather", parameters={"city": ToolParameter(type="string")}, required=["city"])
    base = ChatOptions(tools=[tool], stop=["a"], extra={"logprobs": True, "nested": {"a": [1]}})
    assert_type(base | ChatOptions(temperature=1), ChatOptions)
    assert_type(merge(base, base), ChatOptions)
    assert_type(base.temperature, float | None)
    ChatOptions(temperature="hot")  # type: ignore[arg-type]
    ChatOptions(temprature=1)  # type: ignore[call-arg]


def three_states() -> None:
    plain, layer = ChatOptions(temperature=0.5), ChatOptions(temperature=OMIT)
    assert_type(plain, ChatOptions)
    assert_type(layer, ChatOptions[Omit])
    assert_type(plain.temperature, float | None)
    assert_type(layer.temperature, float | Omit | None)
    if layer.temperature is not OMIT:
        assert_type(layer.temperature, float | None)
    assert_type(plain | layer, Layer)
    assert_type(merge(plain, layer), Layer)
    assert_type(layered(client=plain, call=None), ChatOptions)
    assert_type(plain.set(seed=1), ChatOptions)
    assert_type(plain.set(seed=OMIT), Layer)
    assert_type(plain.without("seed"), ChatOptions)
    assert_type(resolve_for(layer, "openai"), ChatOptions)
    assert_type(extra_of(resolve_for(layer)), dict[str, Json])
    assert_type(diff(plain, layer), Layer)
    assert_type(explain(client=plain, call=layer), Explanation)
    Model(Mine(), "mine", default_options=layer).explain(layer)
    ChatOptions(extra={"user": OMIT, "n": 1}, provider_options={"openai": {"store": True}, "local": OMIT})
    plain.set(sed=1)  # type: ignore[call-arg]
    plain.set(seed="1")  # type: ignore[arg-type]
    extra_of(layer)  # type: ignore[arg-type]


def configuration() -> None:
    assert_type(load("config.toml").model("fast"), Model)
    assert_type(load("config.toml").preset("short"), Layer)
    assert_type(parse_config({}), Result[Config, ConfigProblems])


def values() -> None:
    message = UserMessage(content="Hi")
    message.content = "Bye"  # type: ignore[misc]
    dumped: dict[str, Any] = message.model_dump()
    assert_type(UserMessage(**dumped), UserMessage)
    assert_type(Usage(prompt_tokens=1).total_tokens, int | None)
