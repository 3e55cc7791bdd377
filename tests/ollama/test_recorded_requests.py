"""What recorded requests show in addition to the tables of tests/test_conformance.py."""

from __future__ import annotations

import json

import pytest
from support.corpus import Exchange, exchanges

from casual_llm.providers.ollama import codec
from casual_llm.wire.codec import Call, Request

CODEC = codec()


@pytest.fixture(scope="module")
def requests() -> list[Exchange]:
    return [exchange for exchange in exchanges("ollama-chat") if exchange.request is not None]


def read(exchange: Exchange) -> Call:
    return CODEC.read(Request(url="/api/chat", body=json.dumps(exchange.request).encode())).unwrap()


def test_a_call_that_was_read_is_written_without_losses_or_changes(requests: list[Exchange]) -> None:
    encoded = [CODEC.encode(read(exchange)) for exchange in requests if exchange.request["messages"]]
    assert {(it.unwrap().losses, it.unwrap().changes) for it in encoded} == {((), ())}
