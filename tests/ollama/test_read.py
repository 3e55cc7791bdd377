"""Requests as calls: what options and messages can hold, what `extra` keeps, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result

from casual_llm.failures import ReadError
from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ContentPart,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.ollama import codec
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request

HI: dict[str, object] = {"role": "user", "content": "Hi"}
GIF = "R0lGODlh"


def read(body: object) -> Result[Call, ReadError]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return codec().read(Request(url="/api/chat", body=written))


def function(name: str, **more: Json) -> dict[str, Json]:
    return {"type": "function", "function": {"name": name, **more}}


@pytest.mark.parametrize(
    ("flag", "stream"),
    [({}, True), ({"stream": None}, True), ({"stream": True}, True), ({"stream": False}, False)],
)
def test_a_request_asks_for_a_stream_unless_its_flag_is_false(flag: dict[str, Any], stream: bool) -> None:  # noqa: FBT001
    call = read({"model": "m", "messages": [HI], **flag}).unwrap()
    assert call == Call(model="m", messages=[UserMessage(content="Hi")], stream=stream)


OPTIONS: dict[str, tuple[dict[str, Any], ChatOptions]] = {
    "settings": (
        {"options": {"temperature": 0, "num_predict": 5, "stop": ["a"], "seed": 1, "top_k": 0, "top_p": 1}},
        ChatOptions(temperature=0, max_tokens=5, stop=["a"], seed=1, top_k=0, top_p=1),
    ),
    "penalties": (
        {"options": {"frequency_penalty": 0, "presence_penalty": -1.5}},
        ChatOptions(frequency_penalty=0, presence_penalty=-1.5),
    ),
    "settings that we have no name for": (
        {"options": {"seed": 1, "num_ctx": 4096}},
        ChatOptions(seed=1, extra={"options": {"num_ctx": 4096}}),
    ),
    "as many tokens as there are": (
        {"options": {"num_predict": -1}},
        ChatOptions(extra={"options": {"num_predict": -1}}),
    ),
    "no settings": ({"options": {}}, ChatOptions(extra={"options": {}})),
    "settings that are none": ({"options": None}, ChatOptions(extra={"options": None})),
    "json": ({"format": "json"}, ChatOptions(response_format="json")),
    "no format": ({"format": ""}, ChatOptions(extra={"format": ""})),
    "a schema with a title": (
        {"format": {"title": "Age", "type": "integer"}},
        ChatOptions(response_format=JsonSchema(name="Age", schema={"title": "Age", "type": "integer"})),
    ),
    "a schema with a title that is no name": (
        {"format": {"title": "Box[Cat]", "type": "object"}},
        ChatOptions(
            response_format=JsonSchema(name="Box_Cat", schema={"title": "Box[Cat]", "type": "object"})
        ),
    ),
    "a schema without a name": (
        {"format": {"type": "integer"}},
        ChatOptions(response_format=JsonSchema(name="answer", schema={"type": "integer"})),
    ),
    "tools": (
        {"tools": [function("now", description="The time", parameters={}), {"function": {"name": "ping"}}]},
        ChatOptions(tools=[Tool(name="now", description="The time"), Tool(name="ping")]),
    ),
    "a tool with unknown keys": (
        {"tools": [{**function("now"), "name": "now"}]},
        ChatOptions(tools=[Tool(name="now", native={"ollama": {"name": "now"}})]),
    ),
    "a function with unknown keys": (
        {"tools": [function("now", strict=True)]},
        ChatOptions(extra={"tools": [function("now", strict=True)]}),
    ),
    "tools of another kind": (
        {"tools": [{"type": "web_search"}]},
        ChatOptions(extra={"tools": [{"type": "web_search"}]}),
    ),
    "a schema of arguments that is none": (
        {"tools": [function("now", parameters="city")]},
        ChatOptions(extra={"tools": [function("now", parameters="city")]}),
    ),
    "tools that are none": ({"tools": None}, ChatOptions(extra={"tools": None})),
    "further keys": (
        {"think": True, "keep_alive": "5m"},
        ChatOptions(extra={"think": True, "keep_alive": "5m"}),
    ),
}


@pytest.mark.parametrize(("keys", "options"), OPTIONS.values(), ids=OPTIONS.keys())
def test_options_are_read(keys: dict[str, Any], options: ChatOptions) -> None:
    assert read({"model": "m", "messages": [HI], **keys}).unwrap().options == options


def call(identity: str, name: str, arguments: str = "{}", **more: Any) -> AssistantToolCall:  # noqa: ANN401
    function = AssistantToolCallFunction(name=name, arguments=arguments)
    return AssistantToolCall(id=identity, function=function, **more)


def image(media_type: str = "image/gif", data: str = GIF) -> ContentPart:
    return ImageContent(source={"type": "base64", "data": data}, media_type=media_type)


ASKED = {"role": "assistant", "tool_calls": [{"function": {"name": name}} for name in ("a", "b", "a")]}
ANSWER = {"role": "tool", "content": ""}
MESSAGES: dict[str, tuple[list[object], list[ChatMessage]]] = {
    "text": (
        [{"role": "system", "content": "a"}, HI, {"role": "assistant", "content": "b"}],
        [SystemMessage(content="a"), UserMessage(content="Hi"), AssistantMessage(content="b")],
    ),
    "no text": (
        [{"role": "system"}, {"role": "user", "content": None}, {"role": "assistant"}, ANSWER],
        [
            SystemMessage(content=""),
            UserMessage(content=""),
            AssistantMessage(content=""),
            ToolResultMessage(name="", tool_call_id="", content=""),
        ],
    ),
    "images": (
        [
            {**HI, "images": [GIF, "aGk="]},
            {"role": "user", "content": "", "images": [GIF]},
            {**HI, "images": []},
        ],
        [
            UserMessage(content=[TextContent(text="Hi"), image(), image("image/jpeg", "aGk=")]),
            UserMessage(content=[image()]),
            UserMessage(content="Hi"),
        ],
    ),
    "an image as a data URI": (
        [{**HI, "images": [f"data:image/png;base64,{GIF}", "data:image/bmp;base64,aGk="]}],
        [UserMessage(content=[TextContent(text="Hi"), image(), image("image/bmp", "aGk=")])],
    ),
    "an empty image": (
        [{**HI, "images": [GIF, ""]}, {**ANSWER, "images": [""]}],
        [
            UserMessage(content="Hi", native={"ollama": {"images": [GIF, ""]}}),
            ToolResultMessage(name="", tool_call_id="", content="", native={"ollama": {"images": [""]}}),
        ],
    ),
    "keys that only Ollama knows": (
        [{"role": "assistant", "content": "a", "thinking": "hm", "images": [GIF]}, {**HI, "tool_calls": []}],
        [
            AssistantMessage(content="a", native={"ollama": {"thinking": "hm", "images": [GIF]}}),
            UserMessage(content="Hi", native={"ollama": {"tool_calls": []}}),
        ],
    ),
    "calls": (
        [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "x",
                        "type": "function",
                        "function": {"index": 0, "name": "a", "arguments": {"b": 1}},
                    },
                    {"id": "", "function": {"name": "a", "arguments": '{"b": 1}'}, "extra": 1},
                    {"id": "y", "function": {"name": "a", "arguments": None, "description": "d"}},
                ],
            }
        ],
        [
            AssistantMessage(
                tool_calls=[
                    call("x", "a", '{"b":1}'),
                    call("", "a", '{"b":1}', native={"ollama": {"extra": 1}}),
                    call(
                        "y",
                        "a",
                        native={"ollama": {"function": {"name": "a", "arguments": None, "description": "d"}}},
                    ),
                ]
            )
        ],
    ),
    "calls without ids and their results": (
        [HI, ASKED, {**ANSWER, "tool_name": "b"}, ANSWER, {**ANSWER, "tool_call_id": "1_2"}, ANSWER],
        [
            UserMessage(content="Hi"),
            AssistantMessage(
                tool_calls=[call("call_1_0", "a"), call("call_1_1", "b"), call("call_1_2", "a")]
            ),
            ToolResultMessage(name="b", tool_call_id="call_1_1", content=""),
            ToolResultMessage(name="a", tool_call_id="call_1_0", content=""),
            ToolResultMessage(name="", tool_call_id="1_2", content=""),
            ToolResultMessage(name="a", tool_call_id="call_1_2", content=""),
        ],
    ),
    "a result that names its call": (
        [ASKED, {**ANSWER, "tool_call_id": "call_0_1"}, {**ANSWER, "tool_name": "", "tool_call_id": ""}],
        [
            AssistantMessage(
                tool_calls=[call("call_0_0", "a"), call("call_0_1", "b"), call("call_0_2", "a")]
            ),
            ToolResultMessage(name="b", tool_call_id="call_0_1", content=""),
            ToolResultMessage(name="", tool_call_id="", content=""),
        ],
    ),
}


@pytest.mark.parametrize(("written", "messages"), MESSAGES.values(), ids=MESSAGES.keys())
def test_messages_are_read(written: list[object], messages: list[ChatMessage]) -> None:
    assert list(read({"model": "m", "messages": written}).unwrap().messages) == messages


BAD: dict[str, tuple[object, str]] = {
    "no JSON": (b"<html>", "body: expected a JSON object"),
    "no object": ([], "body: expected a JSON object"),
    "a model that is no name": ({"model": 5}, "model: expected a string"),
    "messages that are no list": ({"messages": {}}, "messages: expected an array"),
    "a stream that is neither": ({"stream": "yes"}, "stream: expected true or false"),
    "an unknown role": (
        {"messages": [{"role": "robot"}]},
        "messages[0].role: expected system, user, assistant or tool, got 'robot'",
    ),
    "content that is no text": (
        {"messages": [HI, {"role": "system", "content": []}]},
        "messages[1].content: expected a string",
    ),
    "images that are no list": (
        {"messages": [{**HI, "images": GIF}]},
        "messages[0].images: expected an array",
    ),
    "an image by URL": (
        {"messages": [{**HI, "images": [GIF, "https://example.com/a.png"]}]},
        "messages[0].images[1]: expected an image in base64",
    ),
    "a data URI of something else": (
        {"messages": [{**HI, "images": ["data:text/plain,hi"]}]},
        "messages[0].images[0]: expected an image in base64",
    ),
    "an image that is no text": (
        {"messages": [{**HI, "images": [5]}]},
        "messages[0].images[0]: expected an image in base64",
    ),
    "calls that are no list": (
        {"messages": [{"role": "assistant", "tool_calls": {}}]},
        "messages[0].tool_calls: expected an array",
    ),
    "a call without a name": (
        {"messages": [{"role": "assistant", "tool_calls": [{}]}]},
        "messages[0].tool_calls[0].function.name: expected a string",
    ),
    "arguments that are a list": (
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": []}}]}]},
        "messages[0].tool_calls[0].function.arguments: expected an object",
    ),
    "a result of a number": (
        {"messages": [{**ANSWER, "tool_call_id": 5}]},
        "messages[0].tool_call_id: expected a string",
    ),
    "a result of a tool without a name": (
        {"messages": [{**ANSWER, "tool_name": {}}]},
        "messages[0].tool_name: expected a string",
    ),
}


@pytest.mark.parametrize(("body", "problem"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_held_is_an_error_that_names_its_path(body: object, problem: str) -> None:
    assert str(read(body).failure()) == problem
