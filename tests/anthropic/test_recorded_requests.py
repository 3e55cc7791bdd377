"""What recorded requests show beside the tables of tests/test_conformance.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result
from support.corpus import Exchange, exchanges, problems

from casual_llm.failures import EncodeError
from casual_llm.providers.anthropic import codec
from casual_llm.wire.codec import Call, Encoded, Request

CODEC = codec()


@pytest.fixture(scope="module")
def requests() -> list[Exchange]:
    return [exchange for exchange in exchanges("anthropic-messages") if exchange.request is not None]


def read(exchange: Exchange) -> Call:
    return CODEC.read(Request(url="/messages", body=json.dumps(exchange.request).encode())).unwrap()


def written_again(exchange: Exchange) -> Result[Encoded, EncodeError]:
    return CODEC.encode(read(exchange))


def body(exchange: Exchange) -> Any:  # noqa: ANN401 # JSON
    return json.loads(written_again(exchange).unwrap().request.body)


@pytest.fixture(scope="module")
def accepted(requests: list[Exchange]) -> list[Exchange]:
    return [exchange for exchange in requests if written_again(exchange).map(bool).value_or(False)]  # noqa: FBT003


def test_the_vendor_refused_the_one_request_that_we_refuse(
    requests: list[Exchange], accepted: list[Exchange]
) -> None:
    (refused,) = (exchange for exchange in requests if exchange not in accepted)
    assert written_again(refused).failure().path == "messages"
    assert b"all messages must have non-empty content" in refused.body


def test_texts_that_become_lists_are_the_only_content_that_changes(accepted: list[Exchange]) -> None:
    for exchange in accepted:
        before, after = blocks(exchange.request), blocks(body(exchange))
        assert before == after, exchange.id


def blocks(request: Any) -> list[object]:  # noqa: ANN401 # JSON
    """Give all content as blocks, without what means nothing."""
    messages = [{"role": "system", "content": request.get("system", [])}, *request["messages"]]
    blocks_ = [
        {**cleaned(block), "role": message["role"]}
        for message in messages
        for block in listed(message["content"])
    ]
    return [json.dumps(block, sort_keys=True) for block in joined(blocks_)]


def joined(blocks_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join texts of one side that follow each other and say nothing beside."""
    found = list[dict[str, Any]]()
    for block in blocks_:
        before = found[-1] if found else {}
        plain = before.keys() == block.keys() == {"type", "text", "role"}
        if plain and before["role"] == block["role"]:
            found[-1] = {**block, "text": before["text"] + block["text"]}
        else:
            found.append(block)
    return found


def listed(content: Any) -> Any:  # noqa: ANN401 # JSON
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def cleaned(block: dict[str, Any]) -> dict[str, Any]:
    nothing = {"caller": {"type": "direct"}, "cache_control": None}
    kept = {key: value for key, value in block.items() if key not in nothing or value != nothing[key]}
    return {**kept, "content": listed(kept["content"])} if block["type"] == "tool_result" else kept


def test_a_call_that_was_read_is_written_without_losses(accepted: list[Exchange]) -> None:
    written = [(exchange.request, written_again(exchange).unwrap()) for exchange in accepted]
    assert [loss for _, encoded in written for loss in encoded.losses] == []
    assert [change.kind for _, encoded in written for change in encoded.changes] == ["merged"]


def test_what_is_written_again_breaks_no_rule_of_the_vendor_that_was_kept(accepted: list[Exchange]) -> None:
    broken = [exchange for exchange in accepted if problems("anthropic.CreateMessageParams", body(exchange))]
    before = [e.id for e in broken if not problems("anthropic.CreateMessageParams", e.request)]
    assert before == []
