"""Recorded requests: what the tables of tests/test_conformance.py do not cover."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from support.corpus import Exchange, exchanges

from casual_llm.providers.openai_chat import Dialect, codec, dialect_named
from casual_llm.providers.openai_chat.dialects import COMPATIBLE
from casual_llm.wire.codec import Call, Encoded, Request

LOST = {
    ("deepseek", "options.seed"): 8,
    ("ollama-v1", "options.tool_choice"): 4,
    ("openai", "options.stop"): 1,
    ("openai", "options.temperature"): 1,
}
"""Options that clients send although the server rejects or ignores them."""


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


def test_an_encoded_request_reads_back_to_the_same_call(requests: list[Exchange]) -> None:
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
    assert [content or "" for _, content in pairs] == texts
    assert len(pairs) == 38


def test_a_call_that_was_read_is_written_without_losses(requests: list[Exchange]) -> None:
    lost = [(dialect_for(e).name, loss.path) for e in requests for loss in encoded(e).losses]
    assert Counter((name, re.sub(r"\[\d+\]", "[]", path)) for name, path in lost) == LOST


def test_only_one_rare_kind_of_block_stays_native(requests: list[Exchange]) -> None:
    native = [part for e in requests for message in read(e).messages for part in message.content or ()]
    kinds = Counter(
        part.block["type"] for part in native if not isinstance(part, str) and part.type == "native"
    )
    assert kinds == {"file": 1}
