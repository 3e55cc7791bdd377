"""Messages written as plain objects equal those of a request; an error has a path."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, strategies as st
from strategies import tools

from casual_llm.formats import FORMATS
from casual_llm.laws.strategies import any_calls
from casual_llm.messages import UserMessage
from casual_llm.options import ChatOptions
from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call
from casual_llm.wire.prefix import write_messages
from casual_llm.wire.report import PlacedError

FORMS = {
    "openai": openai_chat.message_format(OPENAI),
    "anthropic": anthropic.MESSAGES,
    "ollama": ollama.MESSAGES,
}

TOOLS: dict[str, Callable[[Tool], object]] = {
    "openai": partial(openai_chat.options.write_tool, OPENAI),
    "anthropic": anthropic.options.write_tool,
    "ollama": ollama.options.write_tool,
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


@pytest.mark.parametrize("name", TOOLS)
@given(tools)
def test_a_plain_tool_is_that_of_a_request(name: str, tool: Tool) -> None:
    call = Call(model="m", messages=[UserMessage(content="Hi")], options=ChatOptions(tools=[tool]))
    sent = FORMATS[name].encode(call).map(lambda encoded: json.loads(encoded.request.body)["tools"])
    assert sent.value_or(None) in (None, [json.loads(json.dumps(TOOLS[name](tool), default=list))])


@pytest.mark.parametrize("name", ["openai", "ollama"])
def test_a_plain_object_may_be_empty(name: str) -> None:
    bodies, report = write_messages(FORMS[name], [UserMessage(content=None)])
    assert ([body["role"] for body in bodies], report.losses) == (["user"], [])


@given(st.text(), st.text(), st.text())
def test_an_error_with_a_path_shows_it_and_the_problem(path: str, problem: str, remedy: str) -> None:
    error = PlacedError(path, problem, remedy)
    assert str(error) == str(error.read_error) == f"{path}: {problem}"
    assert str(error.encode_error) == f"{path}: {problem}; {remedy}"
