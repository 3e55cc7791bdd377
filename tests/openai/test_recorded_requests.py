"""Recorded requests of many clients, read as calls and written again as their server wants them."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from corpus import Exchange, changes, exchanges

from casual_llm.providers.openai import COMPATIBLE, Dialect, codec, dialect_named
from casual_llm.wire.codec import Call, Encoded, Request

WRITTEN_DIFFERENTLY = {
    "gone stream": "`false` is what leaving it out means",
    "added stream_options": "a stream is always asked for its usage",
    "added model": "some hosts name the model in the URL; a call has a place for it",
    "gone max_completion_tokens": "one limit, two names: the dialect chooses",
    "added max_completion_tokens": "one limit, two names: the dialect chooses",
    "gone max_tokens": "one limit, two names: the dialect chooses",
    "added max_tokens": "one limit, two names: the dialect chooses",
    "gone seed": "DeepSeek does not know it: a loss",
    "gone tool_choice": "Ollama does not know it: a loss",
    "gone temperature": "null is what leaving it out means; a reasoning model refuses it: a loss",
    "gone top_p": "null is what leaving it out means",
    "gone top_k": "null is what leaving it out means",
    "gone stop": "null is what leaving it out means",
    "gone frequency_penalty": "null is what leaving it out means",
    "gone presence_penalty": "null is what leaving it out means",
    "added tools[].type": "left out by a client, required by the vendor",
    "added tools[].function.parameters.required": "an empty list is what leaving it out means",
    "added messages[].content": "beside tool calls null is what leaving it out means",
    "changed messages[].content": "the texts of an assistant's or system message are joined, and beside "
    "tool calls the dialect says how silence is written",
    "changed messages[].content[].image_url": "Mistral's bare URL is an image all the same",
    "gone messages[].name": "null is what leaving it out means",
    "gone messages[].refusal": "null is what leaving it out means",
    "gone messages[].tool_calls": "null is what leaving it out means",
    "gone messages[].content[].text": "null is what leaving it out means",
    "gone messages[].content[].image_url": "null is what leaving it out means",
    "gone messages[].tool_calls[].index": "an echo of a stream's delta; in a request the order says it",
}

LOST = {
    ("deepseek", "options.seed"): 8,
    ("ollama-v1", "options.tool_choice"): 4,
    ("openai", "options.temperature"): 1,
}
"""What clients send although the server refuses or ignores it."""


@pytest.fixture(scope="module")
def requests() -> list[Exchange]:
    return [exchange for exchange in exchanges("openai-chat") if exchange.request is not None]


def dialect_for(exchange: Exchange) -> Dialect:
    return dialect_named(exchange.provider) or COMPATIBLE


def read(exchange: Exchange) -> Call:
    request = Request(url="/chat/completions", body=json.dumps(exchange.request).encode())
    return codec(dialect_for(exchange)).read(request).unwrap()


def encoded(exchange: Exchange) -> Encoded:
    return codec(dialect_for(exchange)).encode(read(exchange)).unwrap()


def test_every_request_is_read_and_written_the_same_but_for_what_is_declared(
    requests: list[Exchange],
) -> None:
    found = [list(changes(e.request, json.loads(encoded(e).request.body))) for e in requests]
    assert {change for changed in found for change in changed} == WRITTEN_DIFFERENTLY.keys()
    assert Counter(not changed for changed in found) == {True: 249, False: 401}


def test_what_was_written_reads_back_to_the_same_call(requests: list[Exchange]) -> None:
    for exchange in requests:
        again = codec(dialect_for(exchange)).read(encoded(exchange).request).unwrap()
        assert encoded(exchange).losses or encoded(exchange).changes or again == read(exchange), exchange.id


def test_joined_texts_are_the_only_content_that_changes(requests: list[Exchange]) -> None:
    pairs = [
        (part["content"], after.content)
        for exchange in requests
        for part, after in zip(exchange.request["messages"], read(exchange).messages, strict=True)
        if isinstance(part.get("content"), list) and part["role"] in {"assistant", "system"}
    ]
    texts = ["".join(part["text"] for part in parts if part["type"] == "text") for parts, _ in pairs]
    assert [said or "" for _, said in pairs] == texts
    assert len(pairs) == 38


def test_a_call_that_was_read_is_written_without_losses(requests: list[Exchange]) -> None:
    lost = [(dialect_for(e).name, loss.path) for e in requests for loss in encoded(e).losses]
    assert Counter((name, re.sub(r"\[\d+\]", "[]", path)) for name, path in lost) == LOST


def test_nothing_but_a_rare_block_is_kept_in_the_words_of_the_format(requests: list[Exchange]) -> None:
    native = [part for e in requests for message in read(e).messages for part in message.content or ()]
    kinds = Counter(
        part.block["type"] for part in native if not isinstance(part, str) and part.type == "native"
    )
    assert kinds == {"file": 1}
