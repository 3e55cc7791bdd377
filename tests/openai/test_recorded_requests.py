"""Recorded requests of many clients, read as calls and written again."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from corpus import Exchange, changes, exchanges
from returns.result import Failure, Result, Success

from casual_llm.errors import ReadError
from casual_llm.providers.openai import COMPATIBLE, codec
from casual_llm.wire.codec import Call, Request

CODEC = codec(COMPATIBLE)

WRITTEN_DIFFERENTLY = {
    "gone stream": "`false` is what leaving it out means",
    "added stream_options": "a stream is always asked for its usage",
    "added model": "some hosts name the model in the URL; a call has a place for it",
    "gone max_completion_tokens": "one limit, two names: the dialect chooses",
    "added max_tokens": "one limit, two names: the dialect chooses",
    "added tools[].type": "left out by a client, required by the vendor",
    "added tools[].function.parameters.required": "an empty list is what leaving it out means",
    "added messages[].content": "beside tool calls null is what leaving it out means",
    "changed messages[].content": "the texts of an assistant, system or tool message are joined",
    "gone messages[].tool_calls[].index": "an echo of a stream's delta; in a request the order says it",
}

REFUSED_AT = {
    "messages[].reasoning": 11,
    "messages[].reasoning_content": 14,
    "messages[].reasoning_details": 11,
    "messages[].annotations": 9,
    "messages[].prefix": 7,
    "messages[].tool_calls": 1,
    "messages[].name": 6,
    "messages[].cache_control": 6,
    "messages[].content[]": 33,
}
"""Where a request says what a message of ours cannot hold, by the first such key of the alphabet: other
media, `detail`, cache marks, replayed reasoning, and `null` or `false` under keys a role does not have."""


@pytest.fixture(scope="module")
def requests() -> list[Exchange]:
    return [exchange for exchange in exchanges("openai-chat") if exchange.request is not None]


def read(exchange: Exchange) -> Result[Call, ReadError]:
    return CODEC.read(Request(url="/chat/completions", body=json.dumps(exchange.request).encode()))


def written_again(call: Call) -> object:
    encoded = CODEC.encode(call).unwrap()
    return json.loads(encoded.request.body)


def test_a_request_that_was_read_is_written_the_same_but_for_what_is_declared(
    requests: list[Exchange],
) -> None:
    accepted = [(e.request, it.unwrap()) for e in requests if isinstance(it := read(e), Success)]
    found = [list(changes(before, written_again(call))) for before, call in accepted]
    assert {change for changed in found for change in changed} == WRITTEN_DIFFERENTLY.keys()
    assert Counter(not changed for changed in found) == {True: 218, False: 334}


def test_joined_texts_are_the_only_content_that_changes(requests: list[Exchange]) -> None:
    accepted = [(e.request, it.unwrap()) for e in requests if isinstance(it := read(e), Success)]
    pairs = [
        (part["content"], message.content)
        for before, call in accepted
        for part, message in zip(before["messages"], call.messages, strict=True)
        if isinstance(part.get("content"), list) and part["role"] != "user"
    ]
    assert [said for parts, said in pairs if said != "".join(part["text"] for part in parts)] == []
    assert len(pairs) == 19


def test_a_call_that_was_read_is_written_without_losses(requests: list[Exchange]) -> None:
    calls = [it.unwrap() for e in requests if isinstance(it := read(e), Success)]
    assert [loss for call in calls for loss in CODEC.encode(call).unwrap().losses] == []


def test_a_request_that_cannot_be_held_is_refused_at_a_named_place(requests: list[Exchange]) -> None:
    refused = [it.failure() for e in requests if isinstance(it := read(e), Failure)]
    assert Counter(re.sub(r"\[\d+\]", "[]", error.path) for error in refused) == REFUSED_AT
