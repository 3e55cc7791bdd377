"""What a chat costs beside the openai SDK, and beside a plain httpx client that reads the JSON.

All three ask the same server, in another process, over one connection that is kept; all give the
text of the answer.
"""

from __future__ import annotations

import asyncio
from functools import partial

import httpx
from benchmarks.loopback import MODEL, addresses
from benchmarks.measure import Row, a_round, agreed, medians, show
from openai import AsyncOpenAI

from casual_llm import Model, OpenAIClient, UserMessage

ROUNDS, CALLS = 45, 20
LIMITS = {"floor": 1.25, "sdk": 0.65}
_KEY = "sk-of-no-account"
_QUESTION = "What is the capital of France?"


async def floor(http: httpx.AsyncClient, url: str) -> str:
    """Ask as one would by hand."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": _QUESTION}]}
    headers = {"authorization": f"Bearer {_KEY}"}
    response = await http.post(f"{url}/chat/completions", json=body, headers=headers)
    return str(response.json()["choices"][0]["message"]["content"])


async def ours(model: Model) -> str:
    """Ask through casual_llm."""
    message = await model.chat([UserMessage(content=_QUESTION)])
    return message.content or ""


async def sdk(client: AsyncOpenAI) -> str:
    """Ask through the openai SDK."""
    reply = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": _QUESTION}]
    )
    return reply.choices[0].message.content or ""


async def main() -> None:
    """Run the three in turn and print the figures."""
    with addresses() as urls:
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
            await agreed(ways)
            rounds = [await a_round(ways, number, calls=CALLS) for number in range(ROUNDS)]
            show("us", [Row("one chat", medians(rounds), LIMITS)])


if __name__ == "__main__":
    asyncio.run(main())
