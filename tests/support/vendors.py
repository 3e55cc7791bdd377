"""Readings of recorded answers by the vendors' own libraries, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import httpx
import httpx2
import ollama
import openai
from support.corpus import Exchange, Expected
from support.protocols import ANTHROPIC, OLLAMA, OPENAI

HI: Any = [{"role": "user", "content": "Hi"}]


def _headers(exchange: Exchange) -> dict[str, str]:
    return {"content-type": exchange.headers.get("content-type", "application/json")}


def _client(exchange: Exchange) -> httpx2.Client:
    """Build a client that receives this answer to any request."""
    answer = httpx2.Response(exchange.status, headers=_headers(exchange), content=exchange.body)
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))


def read_by_openai(exchange: Exchange) -> Expected:
    """Read an answer with the openai library."""
    with openai.OpenAI(api_key="sk-x", max_retries=0, http_client=_client(exchange)) as client:
        if exchange.stream:
            with client.chat.completions.stream(model="m", messages=HI) as stream:
                reply: Any = stream.get_final_completion()
        else:
            reply = client.chat.completions.create(model="m", messages=HI)
    choice, usage = reply.choices[0], reply.usage
    return Expected(
        text=choice.message.content or "",
        tool_calls=tuple(
            (call.function.name, _arguments(call.function.arguments))
            for call in choice.message.tool_calls or ()
        ),
        finish=choice.finish_reason or None,  # an empty reason means none
        input_tokens=(usage and usage.prompt_tokens) or 0,
        output_tokens=(usage and usage.completion_tokens) or 0,
    )


def _arguments(text: str) -> Any:  # noqa: ANN401 # JSON
    try:
        return json.loads(text or "{}")
    except ValueError:
        return {"__raw__": text}


def read_by_anthropic(exchange: Exchange) -> Expected:
    """Read an answer with the anthropic library."""
    with anthropic.Anthropic(api_key="sk-x", max_retries=0, http_client=_client(exchange)) as client:
        if exchange.stream:
            with client.messages.stream(model="m", max_tokens=9, messages=HI) as stream:
                reply: Any = stream.get_final_message()
        else:
            reply = client.messages.create(model="m", max_tokens=9, messages=HI)
    usage = reply.usage
    return Expected(
        text="".join(block.text for block in reply.content if block.type == "text"),
        tool_calls=tuple((block.name, block.input) for block in reply.content if block.type == "tool_use"),
        finish=reply.stop_reason,
        input_tokens=(usage.input_tokens or 0)
        + (usage.cache_read_input_tokens or 0)
        + (usage.cache_creation_input_tokens or 0),
        output_tokens=usage.output_tokens or 0,
    )


def read_by_ollama(exchange: Exchange) -> Expected:
    """Read an answer with the ollama library."""
    answer = httpx.Response(exchange.status, headers=_headers(exchange), content=exchange.body)
    client = ollama.Client(transport=httpx.MockTransport(lambda _: answer))
    chunks = [*client.chat("m", HI, stream=True)] if exchange.stream else [client.chat("m", HI)]
    calls = [call.function for chunk in chunks for call in chunk.message.tool_calls or ()]
    last = chunks[-1]
    return Expected(
        text="".join(chunk.message.content or "" for chunk in chunks),
        tool_calls=tuple((call.name, dict(call.arguments)) for call in calls),
        finish=last.done_reason or None,
        input_tokens=last.prompt_eval_count or 0,
        output_tokens=last.eval_count or 0,
    )


VENDORS: Mapping[str, Callable[[Exchange], Expected]] = {
    OPENAI.name: read_by_openai,
    ANTHROPIC.name: read_by_anthropic,
    OLLAMA.name: read_by_ollama,
}
