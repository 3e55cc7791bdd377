"""The cost of a chat, compared with the openai SDK and with a plain httpx client that reads JSON.

All three call the same server, in another process, over one persistent connection, and return the text of
the answer.
"""

from __future__ import annotations

import asyncio
from functools import partial

import httpx
from benchmarks.loopback import MODEL, base_urls
from benchmarks.measure import Row, check_agreement, medians, print_table, run_round
from openai import AsyncOpenAI

from casual_llm import Model, OpenAIClient, UserMessage

ROUNDS, CALLS = 45, 20
LIMITS = {"floor": 1.25, "sdk": 0.65}
_KEY = "sk-of-no-account"
_QUESTION = "What is the capital of France?"


async def floor(http: httpx.AsyncClient, url: str) -> str:
    """Call the server with httpx alone."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": _QUESTION}]}
    headers = {"authorization": f"Bearer {_KEY}"}
    response = await http.post(f"{url}/chat/completions", json=body, headers=headers)
    return str(response.json()["choices"][0]["message"]["content"])


async def ours(model: Model) -> str:
    """Call the server through casual_llm."""
    message = await model.chat([UserMessage(content=_QUESTION)])
    return message.content or ""


async def sdk(client: AsyncOpenAI) -> str:
    """Call the server through the openai SDK."""
    reply = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": _QUESTION}]
    )
    return reply.choices[0].message.content or ""


async def main() -> None:
    """Run the three in turn and print the figures."""
    with base_urls() as urls:
        url = urls["whole"]
        async with (
            httpx.AsyncClient() as http,
            OpenAIClient(api_key=_KEY, base_url=url) as client,
            AsyncOpenAI(api_key=_KEY, base_url=url) as vendor,
        ):
            model = Model(client, MODEL)
            ways = {
                "floor": partial(floor, http, url),
                "ours": partial(ours, model),
                "sdk": partial(sdk, vendor),
            }
            await check_agreement(ways)
            rounds = [await run_round(ways, number, calls=CALLS) for number in range(ROUNDS)]
            print_table("us", [Row("one chat", medians(rounds), LIMITS)])


if __name__ == "__main__":
    asyncio.run(main())
