"""Messages written as plain objects equal those of a request; an error has a path."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from casual_llm.formats import FORMATS
from casual_llm.laws.strategies import any_calls
from casual_llm.messages import UserMessage
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.wire.codec import Call
from casual_llm.wire.prefix import write_messages
from casual_llm.wire.report import PlacedError

FORMS = {
    "openai": openai_chat.message_format(OPENAI),
    "anthropic": anthropic.MESSAGES,
    "ollama": ollama.MESSAGES,
}


@pytest.mark.parametrize("name", FORMS)
@given(any_calls(("openai",)))
def test_plain_objects_are_those_of_a_request(name: str, call: Call) -> None:
    plain = FORMATS[name].encode(Call(model="m", messages=call.messages))
    sent = plain.map(lambda encoded: json.loads(encoded.request.body)["messages"]).value_or(None)
    assert (
        sent is None
        or json.loads(json.dumps(write_messages(FORMS[name], call.messages)[0], default=list)) == sent
    )


@pytest.mark.parametrize("name", ["openai", "ollama"])
def test_a_plain_object_may_be_empty(name: str) -> None:
    bodies, report = write_messages(FORMS[name], [UserMessage(content=None)])
    assert ([body["role"] for body in bodies], report.losses) == (["user"], [])


@given(st.text(), st.text(), st.text())
def test_an_error_with_a_path_shows_it_and_the_problem(path: str, problem: str, remedy: str) -> None:
    error = PlacedError(path, problem, remedy)
    assert str(error) == str(error.read_error) == f"{path}: {problem}"
    assert str(error.encode_error) == f"{path}: {problem}; {remedy}"
