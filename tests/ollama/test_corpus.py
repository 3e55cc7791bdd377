"""Recorded replies of Ollama servers, read again and compared with somebody else's reading."""

from __future__ import annotations

from collections import Counter

import pytest
from corpus import Exchange, answer, disagreements, exchanges, streamed
from returns.result import Success

from casual_llm.errors import Truncated
from casual_llm.providers.ollama import codec
from casual_llm.providers.ollama.decode import FINISH_REASONS

CODEC = codec()


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges("ollama-chat")


@pytest.fixture(scope="module")
def streams(recorded: tuple[Exchange, ...]) -> list[Exchange]:
    return [exchange for exchange in recorded if exchange.stream]


def lines(exchange: Exchange) -> list[bytes]:
    return exchange.body.splitlines(keepends=True)


def test_all_recordings_are_read_as_they_were_meant(recorded: tuple[Exchange, ...]) -> None:
    found = {
        exchange.id: disagreements(answer(CODEC, exchange).unwrap(), exchange.expected)
        for exchange in recorded
        if exchange.expected is not None
    }
    assert {identity: differs for identity, differs in found.items() if differs} == {}
    assert Counter(exchange.stream for exchange in recorded) == {True: 16, False: 11}
    assert len(found) == 27


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_how_the_network_cuts_a_stream_does_not_matter(streams: list[Exchange], size: int) -> None:
    assert [e.id for e in streams if answer(CODEC, e, size) != answer(CODEC, e)] == []


def test_every_finish_reason_that_was_recorded_has_a_meaning_or_answers_no_question(
    recorded: tuple[Exchange, ...],
) -> None:
    said = {exchange.expected.finish for exchange in recorded if exchange.expected}
    assert said - FINISH_REASONS.keys() == {None, "load"}


def test_recorded_thoughts_are_kept_and_given_back_with_the_message(
    recorded: tuple[Exchange, ...],
) -> None:
    thoughtful = [e for e in recorded if "reasoning:thinking" in e.tags]
    replies = [answer(CODEC, exchange).unwrap() for exchange in thoughtful]
    assert [reply.message.native for reply in replies] == [
        {"ollama": {"thinking": reply.reasoning}} for reply in replies
    ]
    assert len(replies) == 5


def test_a_call_that_was_recorded_without_an_id_has_a_derived_one(recorded: tuple[Exchange, ...]) -> None:
    replies = [answer(CODEC, exchange).unwrap() for exchange in recorded if "tool_call" in exchange.tags]
    ids = {tuple(call.id for call in reply.message.tool_calls or ()) for reply in replies}
    assert ids == {
        ("call_0",),
        ("call_0", "call_1", "call_2"),
        ("call_gsiiy8py",),
        ("call_2k7ryu9k",),
    }


def test_a_stream_cut_behind_any_line_but_the_last_is_truncated(streams: list[Exchange]) -> None:
    cuts = 0
    for exchange in streams:
        whole = answer(CODEC, exchange).unwrap().message.content or ""
        state = CODEC.start
        for line in lines(exchange)[:-1]:
            state = CODEC.step(state, line).unwrap()[0]
            failure = CODEC.finish(state).failure()
            assert isinstance(failure, Truncated), exchange.id
            assert whole.startswith(failure.partial.message.content or "")
            cuts += 1
    assert cuts > 1_000


def test_a_stream_cut_anywhere_inside_a_line_is_truncated(streams: list[Exchange]) -> None:
    short = min(streams, key=lambda exchange: len(exchange.body))
    cuts = range(len(short.body.rstrip()))
    ends = [streamed(CODEC, [short.body[:cut]]) for cut in cuts]
    assert {type(end.failure()) for end in ends} == {Truncated}


def test_a_stream_may_lack_its_last_line_end(streams: list[Exchange]) -> None:
    for exchange in streams:
        assert streamed(CODEC, [exchange.body.rstrip()]) == answer(CODEC, exchange)
        assert isinstance(answer(CODEC, exchange), Success)
