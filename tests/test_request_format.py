"""What a format declares of its requests is what errors name, tried with a toy format."""

from __future__ import annotations

import pytest
from attrs import evolve
from parrot import NAMES

from casual_llm.wire.codec import Request
from casual_llm.wire.json import dump
from casual_llm.wire.reading import read_with

REQUESTS = evolve(NAMES["parrot_requests"], model_key="voice", messages_key="contents", stream_key="sing")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("voice", "expected a string"),
        ("contents", "expected an array"),
        ("sing", "expected true or false"),
    ],
)
def test_what_cannot_be_read_is_named_by_the_key_that_the_format_declares(key: str, problem: str) -> None:
    request = Request(url="/say", body=dump({"contents": [], key: 5}))
    failure = read_with(REQUESTS, request).failure()
    assert (failure.path, failure.problem) == (key, problem)
