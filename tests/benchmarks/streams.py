"""The cost of a streamed chunk, compared with the openai SDK and with a plain httpx client that reads JSON.

Each network read has 64 events, as from a fast server or a buffering proxy, or a single one, with or
without a pause before it. The cost of the request is included, divided by the number of chunks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial

import httpx
from benchmarks.loopback import MODEL, STREAMS, base_urls
from benchmarks.measure import Row, check_agreement, medians, print_table, run_round
from openai import AsyncOpenAI

from casual_llm import Model, OpenAIClient, UserMessage

ROUNDS = 9
LIMITS: Mapping[int, Mapping[str, float | None]] = {
    64: {"floor": 3.0, "sdk": 0.15},
    1: {"floor": 1.5, "sdk": None},
}
"""Allowed ratios, by the events of one write."""
_KEY = "sk-of-no-account"
_QUESTION = "What is the capital of France?"


async def floor(http: httpx.AsyncClient, url: str) -> str:
    """Read the stream with httpx alone."""
    body = {"model": MODEL, "stream": True, "stream_options": {"include_usage": True}}
    body["messages"] = [{"role": "user", "content": _QUESTION}]
    headers, texts, rest = {"authorization": f"Bearer {_KEY}"}, list[str](), b""
    async with http.stream("POST", f"{url}/chat/completions", json=body, headers=headers) as response:
        async for data in response.aiter_bytes():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                choices = json.loads(line[6:])["choices"] if line.startswith(b"data: {") else ()
                texts += [choice["delta"].get("content", "") for choice in choices]
    return "".join(texts)


async def ours(model: Model) -> str:
    """Read the stream through casual_llm."""
    return "".join([chunk.content async for chunk in model.stream([UserMessage(content=_QUESTION)])])


async def sdk(client: AsyncOpenAI) -> str:
    """Read the stream through the openai SDK."""
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": _QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


async def row(name: str, url: str) -> Row:
    """Run the three in turn on streams of one kind."""
    async with (
        httpx.AsyncClient() as http,
        OpenAIClient(api_key=_KEY, base_url=url) as client,
        AsyncOpenAI(api_key=_KEY, base_url=url) as vendor,
    ):
        ways = {
            "floor": partial(floor, http, url),
            "ours": partial(ours, Model(client, MODEL)),
            "sdk": partial(sdk, vendor),
        }
        await check_agreement(ways)
        rounds = [await run_round(ways, number) for number in range(ROUNDS)]
    stream = STREAMS[name]
    return Row(f"a chunk, {name}", medians(rounds, units=stream.pieces), LIMITS[stream.events_per_write])


async def main() -> None:
    """Print the figures."""
    with base_urls() as urls:
        print_table("us", [await row(name, urls[name]) for name in STREAMS])


if __name__ == "__main__":
    asyncio.run(main())
