"""What recorded replies of the vendor and its hosts show beside the tables of tests/test_conformance.py."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from returns.result import Success
from support.corpus import OK, Exchange, answer, exchanges, streamed

from casual_llm.failures import ErrorResponse
from casual_llm.frozen import thaw
from casual_llm.providers.anthropic import codec
from casual_llm.providers.anthropic.decode import FINISH_REASONS

CODEC = codec()


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges("anthropic-messages")


def test_the_tokens_of_a_prompt_differ_by_those_of_the_cache_alone(recorded: tuple[Exchange, ...]) -> None:
    for exchange in (e for e in recorded if e.expected and "usage:cached" in e.tags and not e.stream):
        usage, figures = answer(CODEC, exchange).unwrap().usage, json.loads(exchange.body)["usage"]
        cached = figures.get("cache_read_input_tokens") or 0
        stored = figures.get("cache_creation_input_tokens") or 0
        assert usage is not None
        assert (usage.prompt_tokens, usage.cached_tokens) == (
            figures["input_tokens"] + cached + stored,
            cached,
        )


def test_every_finish_reason_that_was_recorded_has_a_meaning(recorded: tuple[Exchange, ...]) -> None:
    reasons = {exchange.expected.finish for exchange in recorded if exchange.expected} - {None}
    assert reasons == {"end_turn", "stop_sequence", "tool_use", "max_tokens", "refusal"}
    assert reasons <= FINISH_REASONS.keys()


def test_a_recorded_error_keeps_its_status_message_and_kind(recorded: tuple[Exchange, ...]) -> None:
    errors = [exchange for exchange in recorded if exchange.status != OK]
    read = [(e.status, json.loads(e.body)["error"]) for e in errors]
    failures = [answer(CODEC, exchange).failure() for exchange in errors]
    assert [(it.status, it.message, it.code) for it in failures if isinstance(it, ErrorResponse)] == [
        (status, error["message"], error["type"]) for status, error in read
    ]
    assert {status for status, _ in read} == {400, 401, 404, 429, 529}


def test_a_recorded_reply_that_was_written_is_read_back(recorded: tuple[Exchange, ...]) -> None:
    for exchange in recorded:
        for reply in answer(CODEC, exchange).map(lambda it: [it]).value_or([]):
            # Arguments of a stream keep their spelling; written whole, they are compact.
            whole = CODEC.decode(CODEC.write(reply)).unwrap()
            assert exchange.stream or whole == reply, exchange.id
            assert streamed(CODEC, CODEC.write_stream(reply)) == Success(whole), exchange.id


def test_thinking_server_tools_and_citations_are_kept_to_be_sent_again(
    recorded: tuple[Exchange, ...],
) -> None:
    kinds = Counter[str]()
    for exchange in (e for e in recorded if e.status == OK and not e.stream):
        blocks = json.loads(exchange.body)["content"]
        native = answer(CODEC, exchange).unwrap().message.native or {}
        kept = thaw(native.get("anthropic", {}).get("content", ()))
        assert kept in ([], blocks), exchange.id
        kinds.update(block["type"] for block in blocks if not kept)
    assert set(kinds) == {"text", "tool_use"}
