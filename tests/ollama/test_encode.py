"""Calls as requests, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.ollama import codec
from casual_llm.tools import Tool, ToolParameter
from casual_llm.wire.codec import Call, Encoded

HI = UserMessage(content="Hi")
NOW = Tool(name="now", description="The time", parameters={"zone": ToolParameter(type="string")})
PING = Tool(name="ping", native={"ollama": {"name": "ping"}})
GIF, PNG = "R0lGODlh", "iVBORw0KGgo="


class Answer(BaseModel):
    text: str


def encoded(*messages: ChatMessage, stream: bool = False, **options: Any) -> Encoded:  # noqa: ANN401
    call = Call(model="m", messages=messages, options=ChatOptions(**options), stream=stream)
    return codec().encode(call).unwrap()


def asking(arguments: str, **more: Any) -> AssistantMessage:  # noqa: ANN401
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantMessage(tool_calls=[AssistantToolCall(id="c1", function=function)], **more)


def test_a_request_goes_to_one_path_as_json() -> None:
    request = encoded(HI).request
    assert (request.url, dict(request.headers)) == ("/api/chat", {"content-type": "application/json"})


@pytest.mark.parametrize(("stream", "flag"), [(True, b"true"), (False, b"false")])
def test_the_stream_flag_is_always_sent(stream: bool, flag: bytes) -> None:  # noqa: FBT001
    body = encoded(HI, stream=stream).request.body
    assert body == b'{"model":"m","stream":' + flag + b',"messages":[{"role":"user","content":"Hi"}]}'


MESSAGES: dict[str, tuple[ChatMessage, str]] = {
    "text": (HI, '{"role":"user","content":"Hi"}'),
    "an empty text": (UserMessage(content=""), '{"role":"user","content":""}'),
    "rare characters": (UserMessage(content="\u2028🙂\n"), '{"role":"user","content":"\u2028🙂\\n"}'),
    "parts": (
        UserMessage(content=[TextContent(text="What is"), TextContent(text="this?")]),
        '{"role":"user","content":"What is\\nthis?"}',
    ),
    "an image in base64": (
        UserMessage(content=[ImageContent(source=GIF)]),
        f'{{"role":"user","content":"","images":["{GIF}"]}}',
    ),
    "text and images": (
        UserMessage(
            content=[
                ImageContent(source=f"data:image/png;base64,{PNG}"),
                TextContent(text="Which?"),
                ImageContent(source={"type": "base64", "data": GIF}, media_type="image/gif"),
            ]
        ),
        f'{{"role":"user","content":"Which?","images":["{PNG}","{GIF}"]}}',
    ),
    "instructions": (SystemMessage(content="Be brief."), '{"role":"system","content":"Be brief."}'),
    "an answer": (AssistantMessage(content="Yes."), '{"role":"assistant","content":"Yes."}'),
    "thoughts of its own": (
        AssistantMessage(content="Yes.", native={"ollama": {"thinking": "hm"}}),
        '{"role":"assistant","content":"Yes.","thinking":"hm"}',
    ),
    "tool calls, arguments as an object": (
        asking('{"zone": "CET"}'),
        (
            '{"role":"assistant","content":"","tool_calls":'
            '[{"id":"c1","function":{"name":"now","arguments":{"zone":"CET"}}}]}'
        ),
    ),
    "tool calls without arguments": (
        asking("", content="Wait."),
        (
            '{"role":"assistant","content":"Wait.","tool_calls":'
            '[{"id":"c1","function":{"name":"now","arguments":{}}}]}'
        ),
    ),
    "a tool result": (
        ToolResultMessage(name="now", tool_call_id="c1", content="12:00"),
        '{"role":"tool","content":"12:00","tool_name":"now","tool_call_id":"c1"}',
    ),
    "a tool result with an image": (
        ToolResultMessage(name="draw", tool_call_id="c1", content=[ImageContent(source=GIF)]),
        f'{{"role":"tool","content":"","images":["{GIF}"],"tool_name":"draw","tool_call_id":"c1"}}',
    ),
}


@pytest.mark.parametrize(("message", "written"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message_is_written(message: ChatMessage, written: str) -> None:
    it = encoded(message)
    assert it.request.body.decode() == f'{{"model":"m","stream":false,"messages":[{written}]}}'
    assert it.losses == ()


OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "numbers": (
        {"temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_tokens": 5, "seed": 7},
        {"options": {"temperature": 0.7, "top_p": 0.9, "top_k": 40, "num_predict": 5, "seed": 7}},
    ),
    "penalties": (
        {"frequency_penalty": 0.5, "presence_penalty": -0.5},
        {"options": {"frequency_penalty": 0.5, "presence_penalty": -0.5}},
    ),
    "zero is a value": (
        {"temperature": 0.0, "top_p": 0, "seed": 0, "top_k": 0},
        {"options": {"temperature": 0.0, "top_p": 0, "top_k": 0, "seed": 0}},
    ),
    "a stop": ({"stop": "END"}, {"options": {"stop": ["END"]}}),
    "no stops": ({"stop": []}, {"options": {"stop": []}}),
    "text": ({"response_format": "text"}, {}),
    "json": ({"response_format": "json"}, {"format": "json"}),
    "a schema": (
        {"response_format": JsonSchema(name="Age", schema={"type": "integer"}, strict=True)},
        {"format": {"type": "integer"}},
    ),
    "a class": (
        {"response_format": Answer},
        {
            "format": {
                "properties": {"text": {"title": "Text", "type": "string"}},
                "required": ["text"],
                "title": "Answer",
                "type": "object",
                "additionalProperties": False,
            }
        },
    ),
    "tools": (
        {"tools": [NOW, PING], "tool_choice": "auto"},
        {
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "now",
                        "description": "The time",
                        "parameters": {
                            "type": "object",
                            "properties": {"zone": {"type": "string"}},
                            "required": [],
                        },
                    },
                },
                {
                    "type": "function",
                    "function": {
                        "name": "ping",
                        "parameters": {"type": "object", "properties": {}, "required": []},
                    },
                    "name": "ping",
                },
            ]
        },
    ),
    "no tools": ({"tools": [], "tool_choice": "none"}, {"tools": []}),
    "extra": ({"extra": {"think": "high", "keep_alive": 0}}, {"think": "high", "keep_alive": 0}),
    "settings in extra": (
        {"temperature": 0.5, "extra": {"options": {"num_ctx": 4096}}},
        {"options": {"temperature": 0.5, "num_ctx": 4096}},
    ),
    "settings of the provider": (
        {"seed": 1, "provider_options": {"ollama": {"options": {"num_ctx": 8}}, "openai": {"store": True}}},
        {"options": {"seed": 1, "num_ctx": 8}},
    ),
}


@pytest.mark.parametrize(("options", "written"), OPTIONS.values(), ids=OPTIONS.keys())
def test_options_are_written(options: dict[str, Any], written: dict[str, Any]) -> None:
    it = encoded(HI, **options)
    body = json.loads(it.request.body)
    assert body == {"model": "m", "stream": False, **written, "messages": [{"role": "user", "content": "Hi"}]}
    assert it.losses == ()


SYSTEM: list[ChatMessage] = [SystemMessage(content="Be brief."), HI, SystemMessage(content="Be kind.")]


@pytest.mark.parametrize(
    ("handling", "contents"),
    [
        (None, ["Be brief.", "Hi", "Be kind."]),
        ("keep", ["Be brief.", "Hi", "Be kind."]),
        ("merge", ["Be brief.\n\nBe kind.", "Hi"]),
    ],
)
def test_system_messages_are_kept_or_merged(handling: str | None, contents: list[str]) -> None:
    it = encoded(*SYSTEM, system_message_handling=handling)
    assert [message["content"] for message in json.loads(it.request.body)["messages"]] == contents
    assert it.prefix.count == (0 if handling == "merge" else 3)


def test_a_longer_conversation_begins_with_the_bytes_of_the_shorter() -> None:
    messages: list[ChatMessage] = [HI, asking("{}"), UserMessage(content="How are you?")]
    shorter, longer = (encoded(*messages[:count], seed=1).request.body for count in (2, 3))
    assert longer.startswith(shorter.removesuffix(b"]}"))
