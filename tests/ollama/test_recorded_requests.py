"""Recorded requests of many clients, read as calls and written again."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from corpus import Exchange, changes, exchanges
from returns.result import Failure

from casual_llm.providers.ollama import codec
from casual_llm.wire.codec import Call, Request

CODEC = codec()

WRITTEN_DIFFERENTLY = {
    "added stream": "`true` is what leaving it out means, and it is always said",
    "added messages[].tool_calls[].id": "older clients know no ids; the place in the conversation gives one",
    "added messages[].tool_call_id": "a result that names no call answers the next one",
    "added messages[].tool_name": "a result that names no tool answers the next call",
    "changed messages[].tool_call_id": "null is no id, and here no call was made that it could be of",
}
REFUSED_AT = {"messages": 1}
"""A request without messages only loads the model; a call of ours says something."""


@pytest.fixture(scope="module")
def requests() -> list[Exchange]:
    return [exchange for exchange in exchanges("ollama-chat") if exchange.request is not None]


def read(exchange: Exchange) -> Call:
    return CODEC.read(Request(url="/api/chat", body=json.dumps(exchange.request).encode())).unwrap()


def test_a_request_that_was_read_is_written_the_same_but_for_what_is_declared(
    requests: list[Exchange],
) -> None:
    encoded = [(e.request, CODEC.encode(read(e))) for e in requests]
    written = [
        (before, json.loads(it.unwrap().request.body))
        for before, it in encoded
        if not isinstance(it, Failure)
    ]
    found = [list(changes(before, after)) for before, after in written]
    assert {change for changed in found for change in changed} == WRITTEN_DIFFERENTLY.keys()
    assert Counter(not changed for changed in found) == {True: 19, False: 7}
    refused = [it.failure().path for _, it in encoded if isinstance(it, Failure)]
    assert Counter(refused) == REFUSED_AT


def test_a_call_that_was_read_is_written_without_losses_or_changes(requests: list[Exchange]) -> None:
    encoded = [CODEC.encode(read(exchange)) for exchange in requests if exchange.request["messages"]]
    assert [(it.unwrap().losses, it.unwrap().changes) for it in encoded] == [((), ())] * 26
