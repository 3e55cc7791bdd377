"""Tools as plain dicts in the words of each vendor, and the calls of tools back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anthropic.types
import ollama
import openai.types.chat
import pytest
from support.builders import tool_call

from casual_llm import (
    AssistantMessage,
    RequestError,
    Tool,
    ToolParameter,
)
from casual_llm.message_converters import (
    convert_messages_to_anthropic,
    convert_messages_to_ollama,
    convert_messages_to_openai,
    convert_tool_calls_from_anthropic,
    convert_tool_calls_from_ollama,
    convert_tool_calls_from_openai,
)
from casual_llm.tool_converters import (
    tool_to_anthropic,
    tool_to_ollama,
    tool_to_openai,
    tools_to_anthropic,
    tools_to_ollama,
    tools_to_openai,
)

Body = dict[str, Any]
Converter = Callable[[Any], Any]


OSLO = tool_call("a", "weather", '{"city":"Oslo"}')
FUNCTION = {"name": "weather", "arguments": '{"city":"Oslo"}'}
OF_OPENAI = openai.types.chat.ChatCompletionMessageFunctionToolCall.model_validate(
    {"id": "a", "type": "function", "function": FUNCTION}
)
OF_OLLAMA = ollama.Message.ToolCall.model_validate(
    {"function": {"name": "weather", "arguments": {"city": "Oslo"}}}
)
OF_ANTHROPIC = anthropic.types.ToolUseBlock(id="a", type="tool_use", name="weather", input={"city": "Oslo"})


@pytest.mark.parametrize(
    "given", [OF_OPENAI, OF_OPENAI.model_dump(), {"id": "a", "function": FUNCTION}], ids=type
)
def test_calls_of_openai_are_read(given: Any) -> None:  # noqa: ANN401 # a dict or an object
    assert convert_tool_calls_from_openai([given]) == [OSLO]


@pytest.mark.parametrize("given", [OF_OLLAMA, OF_OLLAMA.model_dump()], ids=type)
def test_calls_of_ollama_are_read_and_named_by_their_place(given: Any) -> None:  # noqa: ANN401 # as above
    named = [tool_call(f"call_{index}", "weather", OSLO.function.arguments) for index in range(2)]
    assert convert_tool_calls_from_ollama([given, given]) == named


def test_a_call_of_ollama_keeps_its_id() -> None:
    assert convert_tool_calls_from_ollama([{"id": "a", **OF_OLLAMA.model_dump()}]) == [OSLO]


@pytest.mark.parametrize("given", [OF_ANTHROPIC, OF_ANTHROPIC.model_dump()], ids=type)
def test_calls_of_anthropic_are_read_among_other_blocks(given: Any) -> None:  # noqa: ANN401 # as above
    answer = anthropic.types.TextBlock(type="text", text="I look it up.")
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    assert convert_tool_calls_from_anthropic([thought, answer, given]) == [OSLO]


@pytest.mark.parametrize("arguments", ["", "{", ' {"a":  1.0} '])
def test_the_arguments_of_openai_are_kept_to_the_letter(arguments: str) -> None:
    function = {"name": "f", "arguments": arguments}
    assert convert_tool_calls_from_openai([{"id": "a", "function": function}]) == [
        tool_call("a", "f", arguments)
    ]


READERS: list[Converter] = [
    convert_tool_calls_from_openai,
    convert_tool_calls_from_ollama,
    convert_tool_calls_from_anthropic,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("given", [None, [], ()])
def test_no_calls_are_no_calls(read: Converter, given: object) -> None:
    assert read(given) == []


@pytest.mark.parametrize("read", READERS)
def test_what_nobody_could_decode_is_refused_by_its_path(read: Converter) -> None:
    deep: Body = {}
    for _ in range(210):
        deep = {"a": deep}
    with pytest.raises(RequestError, match=r"(tool_calls|blocks): cannot be read; pass"):
        read([deep])


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("abc", r"(tool_calls|blocks): expected a list of dicts, .*, got a str"),
        ({"id": "a"}, r"(tool_calls|blocks): expected a list of dicts, .*, got a dict"),
        (OF_OPENAI, r"(tool_calls|blocks): expected a list of dicts, .*, got a ChatCompletion\w+"),
        (
            [{}, 5],
            r"(tool_calls|blocks)\[1\]: expected a dict, or an object of the vendor's library, got an int",
        ),
        ([{"id": object()}], r"(tool_calls|blocks): not valid JSON"),
    ],
)
def test_what_are_no_calls_is_refused_by_its_path(read: Converter, given: object, problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        read(given)


def test_calls_that_were_written_for_openai_are_read_again() -> None:
    calls: Any = convert_messages_to_openai([AssistantMessage(tool_calls=[OSLO])])[0]["tool_calls"]
    assert convert_tool_calls_from_openai(calls) == [OSLO]


async def test_calls_that_were_written_for_ollama_are_read_again() -> None:
    bodies: Any = await convert_messages_to_ollama([AssistantMessage(tool_calls=[OSLO])])
    assert convert_tool_calls_from_ollama(bodies[0]["tool_calls"]) == [OSLO]


def test_calls_that_were_written_for_anthropic_are_read_again() -> None:
    blocks: Any = convert_messages_to_anthropic([AssistantMessage(content="Hm.", tool_calls=[OSLO])])[0][
        "content"
    ]
    assert convert_tool_calls_from_anthropic(blocks) == [OSLO]


WEATHER = Tool(
    name="weather",
    description="Weather of a city",
    parameters={"city": ToolParameter(type="string"), "day": ToolParameter(anyOf=[{"type": "integer"}])},
    required=["city"],
)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "day": {"anyOf": [{"type": "integer"}]}},
    "required": ["city"],
}
AS_FUNCTION = {"name": "weather", "description": "Weather of a city", "parameters": SCHEMA}
AS_ANTHROPIC = {"name": "weather", "description": "Weather of a city", "input_schema": SCHEMA}


@pytest.mark.parametrize(
    ("one", "several", "body"),
    [
        (tool_to_openai, tools_to_openai, {"type": "function", "function": AS_FUNCTION}),
        (tool_to_ollama, tools_to_ollama, {"type": "function", "function": AS_FUNCTION}),
        (tool_to_anthropic, tools_to_anthropic, AS_ANTHROPIC),
    ],
)
def test_a_tool_is_a_plain_dict_in_the_vendor_s_words(one: Converter, several: Converter, body: Body) -> None:
    assert one(WEATHER) == body
    assert several([WEATHER, WEATHER]) == [body, body]
    assert several([]) == []
    assert json.loads(json.dumps(one(WEATHER))) == body


@pytest.mark.parametrize("several", [tools_to_openai, tools_to_ollama, tools_to_anthropic])
def test_what_is_no_tool_is_refused_by_its_path(several: Converter) -> None:
    with pytest.raises(RequestError, match=r"tools\[1\]: expected a Tool, got a dict; use a Tool"):
        several([WEATHER, AS_FUNCTION])
    with pytest.raises(RequestError, match="tools: expected a list of tools, got a Tool; put it into a list"):
        several(WEATHER)


@pytest.mark.parametrize("one", [tool_to_openai, tool_to_ollama, tool_to_anthropic])
def test_one_thing_that_is_no_tool_is_refused(one: Converter) -> None:
    with pytest.raises(RequestError, match="tool: expected a Tool, got a dict; use a Tool"):
        one(AS_FUNCTION)
