"""What recorded replies of Ollama servers show in addition to the tables of tests/test_conformance.py."""

from __future__ import annotations

import pytest
from returns.result import Success
from support.corpus import Exchange, answer, exchanges, streamed

from casual_llm.failures import Truncated
from casual_llm.providers.ollama import codec
from casual_llm.wire.decoding import OUR_REASONS

CODEC = codec()


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges("ollama-chat")


@pytest.fixture(scope="module")
def streams(recorded: tuple[Exchange, ...]) -> list[Exchange]:
    return [exchange for exchange in recorded if exchange.stream]


def test_every_finish_reason_that_was_recorded_has_a_meaning_or_answers_no_question(
    recorded: tuple[Exchange, ...],
) -> None:
    reasons = {exchange.expected.finish for exchange in recorded if exchange.expected}
    assert reasons - OUR_REASONS.keys() == {None, "load"}


def test_recorded_thoughts_are_kept_and_given_back_with_the_message(
    recorded: tuple[Exchange, ...],
) -> None:
    thoughtful = [e for e in recorded if "reasoning:thinking" in e.tags]
    replies = [answer(CODEC, exchange).unwrap() for exchange in thoughtful]
    assert [reply.message.native for reply in replies] == [
        {"ollama": {"thinking": reply.reasoning}} for reply in replies
    ]
    assert len(replies) == 5


def test_no_two_recorded_calls_have_the_same_id(recorded: tuple[Exchange, ...]) -> None:
    replies = [answer(CODEC, exchange).unwrap() for exchange in recorded if "tool_call" in exchange.tags]
    ids = [call.id for reply in replies for call in reply.message.tool_calls or ()]
    assert len(set(ids)) == len(ids) > 5
    assert {"call_gsiiy8py", "call_2024-07-22T20:33:28.123648Z_0"} < set(ids)


def test_a_stream_cut_anywhere_inside_a_line_is_truncated(streams: list[Exchange]) -> None:
    short = min(streams, key=lambda exchange: len(exchange.body))
    cuts = range(len(short.body.rstrip()))
    ends = [streamed(CODEC, [short.body[:cut]]) for cut in cuts]
    assert {type(end.failure()) for end in ends} == {Truncated}


def test_a_stream_may_lack_its_last_line_end(streams: list[Exchange]) -> None:
    for exchange in streams:
        assert streamed(CODEC, [exchange.body.rstrip()]) == answer(CODEC, exchange)
        assert isinstance(answer(CODEC, exchange), Success)
