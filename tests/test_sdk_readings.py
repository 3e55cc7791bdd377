"""The vendors' own libraries and our codecs read the same bytes alike, with the listed exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from attrs import frozen
from returns.result import Failure
from support.comparison import EQUAL, Comparison, Row, compare_all, excused, unexplained
from support.corpus import Exchange, answer, disagreements, exchanges
from support.protocols import ANTHROPIC, OLLAMA, OPENAI, PROTOCOLS, Protocol
from support.sdk_comparison import json_bodies
from support.vendors import VENDORS

from casual_llm.failures import ErrorResponse

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")


@frozen
class Difference:
    """The fields that may differ, or the exception that they may raise, and the condition for it."""

    differs: frozenset[str]
    holds: Callable[[Exchange], bool]


def may(*differs: str, when: Callable[[Exchange], bool]) -> Difference:
    return Difference(frozenset(differs), when)


def first_messages(exchange: Exchange) -> list[Any]:
    choices = [body["choices"][0] for body in json_bodies(exchange) if body.get("choices")]
    return [choice.get("message") or choice["delta"] for choice in choices]


def has_list_content(exchange: Exchange) -> bool:
    return any(isinstance(message.get("content"), list) for message in first_messages(exchange))


def lacks_index(exchange: Exchange) -> bool:
    calls = [call for message in first_messages(exchange) for call in message.get("tool_calls") or ()]
    return any(call.get("index") is None for call in calls)


def has_other_object(exchange: Exchange) -> bool:
    return any(body.get("object") != "chat.completion.chunk" for body in json_bodies(exchange))


def has_several_ends(exchange: Exchange) -> bool:
    return exchange.body.count(b"event: message_stop") > 1


def has(part: bytes) -> Callable[[Exchange], bool]:
    return lambda exchange: part in exchange.body


def has_no_message(exchange: Exchange) -> bool:
    return any("message" not in body for body in json_bodies(exchange))


DIFFERENCES: Mapping[str, Mapping[str, Difference]] = {
    OPENAI.name: {
        "it ignores chunks whose object is not chat.completion.chunk": may(
            "AssertionError", "finish word", "finish reason", when=has_other_object
        ),
        "it needs an index on every piece of a tool call": may("TypeError", when=lacks_index),
        "it raises an error at a length limit": may("LengthFinishReasonError", when=has(b'"length"')),
        "it reads only a content that is a string, not a list of parts": may(
            "text", "RuntimeError", when=has_list_content
        ),
        "it ignores usage under x_groq": may("input tokens", "output tokens", when=has(b'"x_groq":')),
    },
    ANTHROPIC.name: {
        "it completes arguments that were cut off; we return them unchanged": may(
            "tool calls", when=has(b'"max_tokens"')
        ),
        "it reads on after the end of an answer": may(
            "text", "tool calls", "finish word", "input tokens", "output tokens", when=has_several_ends
        ),
    },
    OLLAMA.name: {"it needs a message in every answer": may("ValidationError", when=has_no_message)},
}


def compare_with_vendor(protocol: Protocol, exchange: Exchange) -> Comparison:
    """Compare our reading with that of the vendor's library."""
    ours = answer(protocol.codec_for(exchange), exchange)
    try:
        theirs = VENDORS[protocol.name](exchange)
    except Exception as error:  # noqa: BLE001 # whatever it raises is its reading
        if isinstance(ours, Failure):
            return EQUAL if same_error(ours.failure(), error) else unexplained(f"{exchange.id}: {error!r}")
        differs = frozenset({type(error).__name__})
    else:
        if isinstance(ours, Failure):
            return unexplained(f"{exchange.id}: {ours.failure()}")
        differs = disagreements(ours.unwrap(), theirs)
    if not differs:
        return EQUAL
    for why, known in DIFFERENCES[protocol.name].items():
        if differs <= known.differs and known.holds(exchange):
            return excused(why)
    return unexplained(f"{exchange.id}: {sorted(differs)}")


def same_error(ours: object, theirs: Exception) -> bool:
    """Return whether both errors have the status and the message of the server."""
    return (
        isinstance(ours, ErrorResponse)
        and getattr(theirs, "status_code", 200) == ours.status
        and ours.message in str(theirs)
    )


@pytest.fixture(scope="module", params=PROTOCOLS, ids=lambda protocol: protocol.name)
def compared(request: pytest.FixtureRequest) -> tuple[Protocol, Row]:
    protocol: Protocol = request.param
    recorded = exchanges(protocol.name)
    return protocol, compare_all(
        "compared with the vendor", lambda it: compare_with_vendor(protocol, it), recorded
    )


def test_only_listed_differences_occur(compared: tuple[Protocol, Row]) -> None:
    _, row = compared
    assert (row.reasons("unexplained"), row.raised) == ({}, ())


def test_every_listed_difference_occurs(compared: tuple[Protocol, Row]) -> None:
    protocol, row = compared
    assert row.reasons("excused").keys() == DIFFERENCES[protocol.name].keys()


def test_nearly_all_readings_are_equal(compared: tuple[Protocol, Row]) -> None:
    _, row = compared
    assert row.share("equal") > 90
