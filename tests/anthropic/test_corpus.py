"""Recorded replies of the vendor and of its hosts, read again and compared with somebody else's reading."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest
from attrs import frozen
from corpus import OK, Exchange, answer, disagreements, events, exchanges, streamed
from returns.result import Failure, Success

from casual_llm.errors import Refused, Truncated
from casual_llm.frozen import thaw
from casual_llm.providers.anthropic import codec
from casual_llm.providers.anthropic.decode import FINISH_REASONS

CODEC = codec()
EVIDENCE = b"event: message_stop"


@frozen
class Excuse:
    """Why two readings may differ, and how such an answer is recognised."""

    differs: frozenset[str]
    applies: Callable[[Exchange], bool]


CACHED = "the prompt's tokens are counted with those that a cache gave or took"
EXCUSES = {
    CACHED: Excuse(frozenset({"input tokens"}), lambda exchange: "usage:cached" in exchange.tags),
}
SPLICED = "several streams in one recording: the first is an answer"


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges("anthropic-messages")


@pytest.fixture(scope="module")
def streams(recorded: tuple[Exchange, ...]) -> list[Exchange]:
    return [exchange for exchange in recorded if exchange.stream]


def verdict(exchange: Exchange) -> str:
    """Say how our reading stands to the other one: agreed, refused, an excuse, or what differs."""
    read = answer(CODEC, exchange)
    if exchange.expected is None:
        spliced = SPLICED if exchange.body.count(EVIDENCE) > 1 else "an error was read as a reply"
        return "refused" if isinstance(read, Failure) else spliced
    differs = disagreements(read.unwrap(), exchange.expected)
    excuses = [why for why, it in EXCUSES.items() if differs == it.differs and it.applies(exchange)]
    return "agreed" if not differs else next(iter(excuses), f"{exchange.id}: {sorted(differs)}")


def test_all_recordings_are_read_as_they_were_meant(recorded: tuple[Exchange, ...]) -> None:
    modes = Counter(("stream" if exchange.stream else "unary", verdict(exchange)) for exchange in recorded)
    assert modes == {
        ("unary", "agreed"): 144,
        ("unary", "refused"): 14,
        ("unary", CACHED): 25,
        ("stream", "agreed"): 33,
        ("stream", CACHED): 1,
        ("stream", SPLICED): 4,
    }


def test_the_tokens_of_a_prompt_differ_by_those_of_the_cache_alone(recorded: tuple[Exchange, ...]) -> None:
    for exchange in (e for e in recorded if e.expected and "usage:cached" in e.tags and not e.stream):
        usage, told = answer(CODEC, exchange).unwrap().usage, json.loads(exchange.body)["usage"]
        cached = told.get("cache_read_input_tokens") or 0
        stored = told.get("cache_creation_input_tokens") or 0
        assert usage is not None
        assert (usage.prompt_tokens, usage.cached_tokens) == (told["input_tokens"] + cached + stored, cached)


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_how_the_network_cuts_a_stream_does_not_matter(streams: list[Exchange], size: int) -> None:
    short = [exchange for exchange in streams if len(exchange.body) <= (5_000 if size == 1 else 100_000)]
    assert [e.id for e in short if answer(CODEC, e, size) != answer(CODEC, e)] == []
    assert len(short) > 20


def test_every_finish_reason_that_was_recorded_has_a_meaning(recorded: tuple[Exchange, ...]) -> None:
    said = {exchange.expected.finish for exchange in recorded if exchange.expected} - {None}
    assert said == {"end_turn", "stop_sequence", "tool_use", "max_tokens", "refusal"}
    assert said <= FINISH_REASONS.keys()


def test_a_recorded_error_keeps_its_status_message_and_kind(recorded: tuple[Exchange, ...]) -> None:
    errors = [exchange for exchange in recorded if exchange.status != OK]
    read = [(e.status, json.loads(e.body)["error"]) for e in errors]
    failures = [answer(CODEC, exchange).failure() for exchange in errors]
    assert [(it.status, it.message, it.code) for it in failures if isinstance(it, Refused)] == [
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


def test_a_stream_cut_before_its_end_is_truncated(streams: list[Exchange]) -> None:
    cuts = 0
    for exchange in streams:
        whole = answer(CODEC, exchange).unwrap().message.content or ""
        state = CODEC.start
        for event in events(exchange.body[: exchange.body.index(EVIDENCE)]):
            state = CODEC.step(state, event).unwrap()[0]
            failure = CODEC.finish(state).failure()
            assert isinstance(failure, Truncated), exchange.id
            assert whole.startswith(failure.partial.message.content or "")
            cuts += 1
    assert cuts > 1_000


def test_a_stream_cut_inside_an_event_is_truncated_too(streams: list[Exchange]) -> None:
    for exchange in streams:
        for cut in (exchange.body.index(EVIDENCE) - 10, exchange.body.index(EVIDENCE) + 30):
            state = CODEC.step(CODEC.start, exchange.body[:cut]).unwrap()[0]
            assert isinstance(CODEC.finish(state).failure(), Truncated), exchange.id


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
