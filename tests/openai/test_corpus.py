"""Recorded replies of two dozen servers, read again and compared with somebody else's reading."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from attrs import frozen
from corpus import OK, Exchange, answer, disagreements, events, exchanges, streamed
from returns.result import Failure, Success

from casual_llm.errors import Refused, Truncated
from casual_llm.providers.openai import COMPATIBLE, codec, dialect_named
from casual_llm.providers.openai.decode import FINISH_REASONS
from casual_llm.providers.openai.stream import State
from casual_llm.wire.codec import Codec

CODEC = codec(COMPATIBLE)
EVIDENCE = re.compile(rb'"finish_reason": ?"[^"]|\[DONE\]')


@frozen
class Excuse:
    """Why two readings may differ, and how such an answer is recognised."""

    differs: frozenset[str]
    applies: Callable[[Exchange], bool]


EXCUSES = {
    "the old function_call is a tool call to us": Excuse(
        frozenset({"tool calls"}), lambda exchange: "legacy-function-call" in exchange.tags
    ),
    "Groq has put the usage under x_groq, where the other reading does not look": Excuse(
        frozenset({"input tokens", "output tokens"}), lambda exchange: b'"x_groq":{"id"' in exchange.body
    ),
}


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges("openai-chat")


@pytest.fixture(scope="module")
def streams(recorded: tuple[Exchange, ...]) -> list[Exchange]:
    return [exchange for exchange in recorded if exchange.stream and exchange.expected]


def codec_for(exchange: Exchange) -> Codec[State]:
    return codec(dialect_named(exchange.provider) or COMPATIBLE)


def verdict(exchange: Exchange) -> str:
    """Say how our reading stands to the other one: agreed, refused, an excuse, or what differs."""
    read = answer(codec_for(exchange), exchange)
    if exchange.expected is None:
        return "refused" if isinstance(read, Failure) else "an error was read as a reply"
    differs = disagreements(read.unwrap(), exchange.expected)
    excuses = [why for why, it in EXCUSES.items() if differs == it.differs and it.applies(exchange)]
    return "agreed" if not differs else next(iter(excuses), f"{exchange.id}: {sorted(differs)}")


def test_all_recordings_are_read_as_they_were_meant(recorded: tuple[Exchange, ...]) -> None:
    modes = Counter(("stream" if exchange.stream else "unary", verdict(exchange)) for exchange in recorded)
    assert modes == {
        ("unary", "agreed"): 422,
        ("unary", "refused"): 20,
        ("unary", "the old function_call is a tool call to us"): 10,
        ("stream", "agreed"): 216,
        ("stream", "refused"): 1,
        ("stream", "Groq has put the usage under x_groq, where the other reading does not look"): 1,
    }


def test_a_recorded_reply_is_written_and_read_to_itself(recorded: tuple[Exchange, ...]) -> None:
    for exchange in (it for it in recorded if it.expected):
        ours = codec_for(exchange)
        reply = answer(ours, exchange).unwrap()
        assert ours.decode(ours.write(reply)).unwrap() == reply, exchange.id
        assert streamed(ours, ours.write_stream(reply)).unwrap() == reply, exchange.id


def test_what_the_servers_want_to_see_again_is_kept(recorded: tuple[Exchange, ...]) -> None:
    read = [(codec_for(it), answer(codec_for(it), it)) for it in recorded if it.expected]
    natives = [(ours.name, reply.unwrap().message.native or {}) for ours, reply in read]
    assert Counter((name, key) for name, native in natives for key in native.get(name, {})) == {
        ("compatible", "reasoning_content"): 29,
        ("compatible", "reasoning_details"): 15,
        ("deepseek", "reasoning_content"): 10,
        ("gemini-compat", "extra_content"): 2,
        ("llamacpp", "reasoning_content"): 7,
        ("mistral", "content"): 12,
        ("ollama-v1", "reasoning"): 13,
        ("openai", "audio"): 1,
        ("openrouter", "reasoning_details"): 23,
        ("xai", "reasoning_content"): 12,
    }


@pytest.mark.parametrize(("size", "longest"), [(1, 5_000), (7, 60_000), (64, 60_000), (4096, 60_000)])
def test_how_the_network_cuts_a_stream_does_not_matter(
    streams: list[Exchange], size: int, longest: int
) -> None:
    short = [exchange for exchange in streams if len(exchange.body) <= longest]
    assert [e.id for e in short if answer(CODEC, e, size) != answer(CODEC, e)] == []
    assert len(short) > 50


def test_every_finish_reason_that_was_recorded_has_a_meaning(recorded: tuple[Exchange, ...]) -> None:
    said = {exchange.expected.finish for exchange in recorded if exchange.expected} - {None}
    assert said == {"stop", "length", "tool_calls", "function_call", "eos"}
    assert said <= FINISH_REASONS.keys()


def test_a_recorded_error_keeps_its_status_and_message(recorded: tuple[Exchange, ...]) -> None:
    errors = [exchange for exchange in recorded if exchange.status != OK]
    read = [(e.status, json.loads(e.body)["error"]["message"]) for e in errors]
    failures = [answer(CODEC, exchange).failure() for exchange in errors]
    assert [(it.status, it.message) for it in failures if isinstance(it, Refused)] == read
    assert {status for status, _ in read} == {400, 401, 404, 429, 500}


def test_a_recorded_error_inside_a_stream_keeps_what_came_before_it(
    recorded: tuple[Exchange, ...],
) -> None:
    (exchange,) = (e for e in recorded if e.expected is None and e.status == OK)
    failure = answer(CODEC, exchange).failure()
    assert isinstance(failure, Refused)
    assert failure.message == "Tool choice is required, but model did not call a tool"
    assert failure.partial is not None
    assert failure.partial.message.content == "maybe"


def test_a_stream_cut_before_its_evidence_is_truncated(streams: list[Exchange]) -> None:
    cuts = 0
    for exchange in streams:
        whole = answer(CODEC, exchange).unwrap().message.content or ""
        state = CODEC.start
        for event in events(exchange.body[: _evidence(exchange)])[:-1]:
            state = CODEC.step(state, event).unwrap()[0]
            failure = CODEC.finish(state).failure()
            assert isinstance(failure, Truncated), exchange.id
            assert whole.startswith(failure.partial.message.content or "")
            cuts += 1
    assert cuts > 4_000


def _evidence(exchange: Exchange) -> int:
    found = EVIDENCE.search(exchange.body)
    assert found is not None
    return found.end()


def test_a_stream_cut_inside_an_event_is_truncated_too(streams: list[Exchange]) -> None:
    for exchange in streams:
        state = CODEC.step(CODEC.start, exchange.body[: _evidence(exchange) - 10]).unwrap()[0]
        assert isinstance(CODEC.finish(state).failure(), Truncated), exchange.id


def test_a_stream_cut_inside_its_last_event_is_complete_if_a_finish_reason_came_before(
    streams: list[Exchange],
) -> None:
    finished = [e for e in streams if b"[DONE]" in e.body and EVIDENCE.search(e.body.replace(b"[DONE]", b""))]
    for exchange in finished:
        state = CODEC.step(CODEC.start, exchange.body[: exchange.body.index(b"[DONE]") + 3]).unwrap()[0]
        assert isinstance(CODEC.finish(state), Success), exchange.id
    assert len(finished) > 200
