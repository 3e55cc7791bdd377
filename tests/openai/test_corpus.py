"""Recorded replies of two dozen servers: what the tables of tests/test_conformance.py do not cover."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from returns.result import Success
from support.corpus import OK, Exchange, answer, exchanges, streamed
from support.protocols import OPENAI

from casual_llm.failures import ErrorResponse
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.decode import FINISH_REASONS
from casual_llm.providers.openai_chat.dialects import COMPATIBLE
from casual_llm.reply import Reply

CODEC = codec(COMPATIBLE)


@pytest.fixture(scope="module")
def recorded() -> tuple[Exchange, ...]:
    return exchanges(OPENAI.name)


@pytest.fixture(scope="module")
def streams(recorded: tuple[Exchange, ...]) -> list[Exchange]:
    return [exchange for exchange in recorded if exchange.stream and exchange.expected]


def test_a_recorded_reply_is_written_and_read_to_itself(recorded: tuple[Exchange, ...]) -> None:
    for exchange in (it for it in recorded if it.expected):
        ours = OPENAI.codec_for(exchange)
        reply = answer(ours, exchange).unwrap()
        assert ours.decode(ours.write(reply)).unwrap() == reply, exchange.id
        assert streamed(ours, ours.write_stream(reply)).unwrap() == reply, exchange.id


def test_fields_that_servers_need_again_are_preserved(recorded: tuple[Exchange, ...]) -> None:
    read = [(OPENAI.codec_for(it), answer(OPENAI.codec_for(it), it)) for it in recorded if it.expected]
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
        ("openai", "function_call"): 10,
        ("openrouter", "reasoning_details"): 23,
        ("xai", "reasoning_content"): 12,
    }


def flat(reply: Reply) -> tuple[object, ...]:
    message = reply.message
    functions = [call.function for call in message.tool_calls or ()]
    return message.content, functions, message.refusal, reply.finish_reason, reply.usage, reply.reasoning


def test_an_unknown_server_is_read_the_same_way(recorded: tuple[Exchange, ...]) -> None:
    for exchange in recorded:
        known = answer(OPENAI.codec_for(exchange), exchange)
        assert answer(CODEC, exchange).map(flat) == known.map(flat), exchange.id


def test_every_finish_reason_that_was_recorded_has_a_meaning(recorded: tuple[Exchange, ...]) -> None:
    reasons = {exchange.expected.finish for exchange in recorded if exchange.expected} - {None}
    assert reasons == {"stop", "length", "tool_calls", "function_call", "eos"}
    assert reasons <= FINISH_REASONS.keys()


def test_a_recorded_error_keeps_its_status_and_message(recorded: tuple[Exchange, ...]) -> None:
    errors = [exchange for exchange in recorded if exchange.status != OK]
    read = [(e.status, json.loads(e.body)["error"]["message"]) for e in errors]
    failures = [answer(CODEC, exchange).failure() for exchange in errors]
    assert [(it.status, it.message) for it in failures if isinstance(it, ErrorResponse)] == read
    assert {status for status, _ in read} == {400, 401, 404, 429, 500}


def test_a_recorded_error_inside_a_stream_carries_the_partial_reply(
    recorded: tuple[Exchange, ...],
) -> None:
    (exchange,) = (e for e in recorded if e.expected is None and e.status == OK)
    failure = answer(CODEC, exchange).failure()
    assert isinstance(failure, ErrorResponse)
    assert failure.message == "Tool choice is required, but model did not call a tool"
    assert failure.partial is not None
    assert failure.partial.message.content == "maybe"


def test_a_stream_cut_inside_its_last_event_is_complete_after_a_finish_reason(
    streams: list[Exchange],
) -> None:
    finished = [
        e for e in streams if b"[DONE]" in e.body and OPENAI.evidence.search(e.body.replace(b"[DONE]", b""))
    ]
    for exchange in finished:
        state = CODEC.step(CODEC.start, exchange.body[: exchange.body.index(b"[DONE]") + 3]).unwrap()[0]
        assert isinstance(CODEC.finish(state), Success), exchange.id
    assert len(finished) > 200
