"""The vendors' own libraries call a server that is made of our writers, and read its replies.

Their requests are read by our readers, so both directions of each codec are tested with other code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import ollama
import openai
import pytest
from support.builders import tool_call
from support.servers import END, Server, piece, response, serving

from casual_llm import (
    AssistantMessage,
    ChatOptions,
    ClientConfig,
    Model,
    Reply,
    Usage,
    UserMessage,
    create_client,
    resolve_for,
)
from casual_llm.formats import format_named
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.collect import collect

TEXT = Reply(
    message=AssistantMessage(content="The capital\nof France is Paris 🗼."),
    usage=Usage(prompt_tokens=7, completion_tokens=4),
    finish_reason="stop",
    model="m",
    id="reply-1",
)
CALLS = Reply(
    message=AssistantMessage(
        tool_calls=[
            tool_call(f"call_{city}", "weather", json.dumps({"city": city})) for city in ("Paris", "Oslo")
        ]
    ),
    usage=Usage(prompt_tokens=9, completion_tokens=20),
    finish_reason="tool_calls",
    model="m",
    id="reply-2",
)
CITIES = [("weather", {"city": "Paris"}), ("weather", {"city": "Oslo"})]
WEATHER: dict[str, Any] = {
    "name": "weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
KINDS = {"ollama": "application/x-ndjson"}


@asynccontextmanager
async def gateway(name: str, reply: Reply) -> AsyncIterator[tuple[Server, list[Call]]]:
    """Serve one reply in a format, as a stream if requested, and collect the calls."""
    codec, calls = format_named(name), list[Call]()

    async def answer(writer: asyncio.StreamWriter) -> None:
        call = codec.read(Request(url="", body=server.received[-1].body)).unwrap()
        calls.append(call)
        if not call.stream:
            writer.write(response(codec.write(reply).body))
            return
        kind = KINDS.get(name, "text/event-stream")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head.encode() + b"".join(map(piece, codec.write_stream(reply))) + END)

    async with serving(answer) as server:
        yield server, calls


def host(server: Server) -> str:
    return server.url.removesuffix("/v1")


async def test_the_openai_library_reads_a_reply() -> None:
    async with gateway("openai", TEXT) as (server, calls):
        client = openai.AsyncOpenAI(api_key="sk-x", base_url=server.url)
        completion = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Where?"}], temperature=0.0
        )
        await client.close()
    assert completion.choices[0].message.content == TEXT.message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (7, 4)
    assert (calls[0].messages[0].content, calls[0].options.temperature) == ("Where?", 0.0)


async def test_the_openai_library_reads_a_stream_of_tool_calls() -> None:
    tool: Any = {"type": "function", "function": WEATHER}
    async with gateway("openai", CALLS) as (server, calls):
        client = openai.AsyncOpenAI(api_key="sk-x", base_url=server.url)
        async with client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": "Weather?"}], tools=[tool]
        ) as stream:
            completion = await stream.get_final_completion()
        await client.close()
    functions = [call.function for call in completion.choices[0].message.tool_calls or ()]
    assert [(each.name, json.loads(each.arguments)) for each in functions] == CITIES
    assert completion.choices[0].finish_reason == "tool_calls"
    assert [tool.input_schema for tool in resolve_for(calls[0].options).tools or ()] == [
        WEATHER["parameters"]
    ]


async def test_the_anthropic_library_reads_a_reply() -> None:
    async with gateway("anthropic", TEXT) as (server, calls):
        client = anthropic.AsyncAnthropic(api_key="sk-x", base_url=host(server))
        message = await client.messages.create(
            model="m", max_tokens=9, system="Be brief.", messages=[{"role": "user", "content": "Where?"}]
        )
        await client.close()
    assert [block.text for block in message.content if block.type == "text"] == [TEXT.message.content]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == (
        "end_turn",
        7,
        4,
    )
    assert [message.content for message in calls[0].messages] == ["Be brief.", "Where?"]


async def test_the_anthropic_library_reads_a_stream_of_tool_calls() -> None:
    tool: Any = {**WEATHER, "input_schema": WEATHER["parameters"]}
    del tool["parameters"]
    async with gateway("anthropic", CALLS) as (server, calls):
        client = anthropic.AsyncAnthropic(api_key="sk-x", base_url=host(server))
        async with client.messages.stream(
            model="m", max_tokens=9, tools=[tool], messages=[{"role": "user", "content": "Weather?"}]
        ) as stream:
            message = await stream.get_final_message()
        await client.close()
    assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == CITIES
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 20)
    assert calls[0].stream
    assert [tool.input_schema for tool in resolve_for(calls[0].options).tools or ()] == [
        WEATHER["parameters"]
    ]


async def test_the_ollama_library_reads_a_reply() -> None:
    async with gateway("ollama", TEXT) as (server, calls):
        client = ollama.AsyncClient(host=host(server))
        response_ = await client.chat(
            model="m", messages=[{"role": "user", "content": "Where?"}], options={"num_predict": 9}
        )
        await client.close()  # type: ignore[no-untyped-call] # of the vendor
    assert response_.message.content == TEXT.message.content
    assert (response_.done_reason, response_.prompt_eval_count, response_.eval_count) == ("stop", 7, 4)
    assert (calls[0].messages[0].content, calls[0].options.max_tokens) == ("Where?", 9)


async def test_the_ollama_library_reads_a_stream_of_tool_calls() -> None:
    tool: Any = {"type": "function", "function": WEATHER}
    async with gateway("ollama", CALLS) as (server, calls):
        client = ollama.AsyncClient(host=host(server))
        asked = [{"role": "user", "content": "Weather?"}]
        chunks = [
            chunk async for chunk in await client.chat(model="m", messages=asked, tools=[tool], stream=True)
        ]
        await client.close()  # type: ignore[no-untyped-call] # of the vendor
    called = [call.function for chunk in chunks for call in chunk.message.tool_calls or ()]
    assert [(each.name, dict(each.arguments)) for each in called] == CITIES
    assert chunks[-1].done
    assert calls[0].stream


@pytest.mark.parametrize("reply", [TEXT, CALLS], ids=["text", "tool calls"])
@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
async def test_our_client_reads_the_same_server(name: str, reply: Reply) -> None:
    async with gateway(name, reply) as (server, calls):
        base_url = server.url if name == "openai" else host(server)
        async with create_client(ClientConfig(provider=name, base_url=base_url)) as client:
            model = Model(client, "m", ChatOptions(max_tokens=9))
            whole = await model.complete([UserMessage(content="Hi")])
            streamed = collect([chunk async for chunk in model.stream([UserMessage(content="Hi")])])
    assert whole == streamed
    assert (whole.message.content, whole.finish_reason, whole.usage) == (
        reply.message.content,
        reply.finish_reason,
        reply.usage,
    )
    assert [call.stream for call in calls] == [False, True]
