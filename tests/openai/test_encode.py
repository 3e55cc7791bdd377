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
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, LLAMACPP, OPENAI
from casual_llm.tools import Tool, ToolParameter
from casual_llm.wire.codec import Call, Encoded

HI = UserMessage(content="Hi")
NOW = Tool(name="now", description="The time", parameters={"zone": ToolParameter(type="string")})
PING = Tool(name="ping")
CALL = AssistantToolCall(id="c1", function=AssistantToolCallFunction(name="now", arguments='{"zone": "CET"}'))


class Answer(BaseModel):
    text: str


def encoded(dialect: Dialect, *messages: ChatMessage, stream: bool = False, **options: Any) -> Encoded:  # noqa: ANN401
    call = Call(model="m", messages=messages, options=ChatOptions(**options), stream=stream)
    return codec(dialect).encode(call).unwrap()


def test_a_request_is_json_for_one_path() -> None:
    request = encoded(OPENAI, HI).request
    assert (request.url, dict(request.headers)) == ("/chat/completions", {"content-type": "application/json"})
    assert repr(request) == "Request(url='/chat/completions', headers=['content-type'], body=<57 bytes>)"


MESSAGES: dict[str, tuple[ChatMessage, bytes]] = {
    "text": (HI, b'{"role":"user","content":"Hi"}'),
    "an empty text": (UserMessage(content=""), b'{"role":"user","content":""}'),
    "rare characters": (
        UserMessage(content='\u2028\u0085"\\🙂\n'),
        '{"role":"user","content":"\u2028\u0085\\"\\\\🙂\\n"}'.encode(),
    ),
    "parts": (
        UserMessage(content=[TextContent(text="What is"), TextContent(text=" this?")]),
        b'{"role":"user","content":[{"type":"text","text":"What is"},{"type":"text","text":" this?"}]}',
    ),
    "an image by URL": (
        UserMessage(content=[ImageContent(source="https://example.com/a.png")]),
        b'{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}',
    ),
    "an image as a data URI": (
        UserMessage(content=[ImageContent(source="data:image/png;base64,aGk=")]),
        b'{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]}',
    ),
    "an image in base64": (
        UserMessage(content=[ImageContent(source="aGk=")]),
        b'{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,aGk="}}]}',
    ),
    "an image in base64 with its media type": (
        UserMessage(
            content=[ImageContent(source={"type": "base64", "data": "aGk="}, media_type="image/webp")]
        ),
        b'{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/webp;base64,aGk="}}]}',
    ),
    "instructions": (SystemMessage(content="Be brief."), b'{"role":"system","content":"Be brief."}'),
    "an answer": (AssistantMessage(content="Yes."), b'{"role":"assistant","content":"Yes."}'),
    "an empty answer": (AssistantMessage(content=""), b'{"role":"assistant","content":""}'),
    "a refusal": (
        AssistantMessage(refusal="I will not."),
        b'{"role":"assistant","content":null,"refusal":"I will not."}',
    ),
    "tool calls, arguments to the letter": (
        AssistantMessage(tool_calls=[CALL]),
        (
            b'{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",'
            b'"function":{"name":"now","arguments":"{\\"zone\\": \\"CET\\"}"}}]}'
        ),
    ),
    "no tool calls": (AssistantMessage(content="a", tool_calls=[]), b'{"role":"assistant","content":"a"}'),
    "a tool result": (
        ToolResultMessage(name="", tool_call_id="c1", content="12:00"),
        b'{"role":"tool","tool_call_id":"c1","content":"12:00"}',
    ),
}


@pytest.mark.parametrize("dialect", [OPENAI, COMPATIBLE, LLAMACPP], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("message", "written"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message_is_written(dialect: Dialect, message: ChatMessage, written: bytes) -> None:
    assert encoded(dialect, message).request.body == b'{"model":"m","messages":[' + written + b"]}"
    assert encoded(dialect, message).losses == ()


OPTIONS: dict[str, tuple[dict[str, Any], bytes]] = {
    "nothing": ({}, b""),
    "numbers": (
        {"temperature": 0.7, "top_p": 0.9, "frequency_penalty": 0.5, "presence_penalty": -0.5, "seed": 7},
        b'"temperature":0.7,"top_p":0.9,"frequency_penalty":0.5,"presence_penalty":-0.5,"seed":7,',
    ),
    "zero is a value": (
        {"temperature": 0.0, "top_p": 0, "frequency_penalty": 0.0, "presence_penalty": 0, "seed": 0},
        b'"temperature":0.0,"top_p":0,"frequency_penalty":0.0,"presence_penalty":0,"seed":0,',
    ),
    "a stop": ({"stop": "END"}, b'"stop":"END",'),
    "stops": ({"stop": ["a", "b"]}, b'"stop":["a","b"],'),
    "an empty stop": ({"stop": ""}, b'"stop":"",'),
    "text": ({"response_format": "text"}, b'"response_format":{"type":"text"},'),
    "json": ({"response_format": "json"}, b'"response_format":{"type":"json_object"},'),
    "a class": (
        {"response_format": Answer},
        (
            b'"response_format":{"type":"json_schema","json_schema":{"name":"Answer","strict":true,"schema":'
            b'{"properties":{"text":{"title":"Text","type":"string"}},"required":["text"],"title":"Answer",'
            b'"type":"object","additionalProperties":false}}},'
        ),
    ),
    "a schema": (
        {"response_format": JsonSchema(name="Age", schema={"type": "integer"})},
        b'"response_format":{"type":"json_schema","json_schema":{"name":"Age","schema":{"type":"integer"}}},',
    ),
    "a schema that is not strict": (
        {"response_format": JsonSchema(name="Age", schema={"type": "integer"}, strict=False)},
        (
            b'"response_format":{"type":"json_schema","json_schema":{"name":"Age","strict":false,'
            b'"schema":{"type":"integer"}}},'
        ),
    ),
    "tools": (
        {"tools": [NOW, PING]},
        (
            b'"tools":[{"type":"function","function":{"name":"now","description":"The time","parameters":'
            b'{"type":"object","properties":{"zone":{"type":"string"}},"required":[]}}},'
            b'{"type":"function","function":{"name":"ping","parameters":'
            b'{"type":"object","properties":{},"required":[]}}}],'
        ),
    ),
    "no tools": ({"tools": []}, b'"tools":[],'),
    "auto": ({"tool_choice": "auto"}, b'"tool_choice":"auto",'),
    "none": ({"tool_choice": "none"}, b'"tool_choice":"none",'),
    "required": ({"tool_choice": "required"}, b'"tool_choice":"required",'),
    "extra": (
        {"extra": {"user": "u", "logit_bias": {"5": -1}, "metadata": None}},
        b'"user":"u","logit_bias":{"5":-1},"metadata":null,',
    ),
    "a key that only extra knows, once": (
        {"seed": 1, "extra": {"store": False}},
        b'"seed":1,"store":false,',
    ),
}


@pytest.mark.parametrize("dialect", [OPENAI, COMPATIBLE, LLAMACPP], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("options", "written"), OPTIONS.values(), ids=OPTIONS.keys())
def test_options_stand_between_the_model_and_the_messages(
    dialect: Dialect, options: dict[str, Any], written: bytes
) -> None:
    it = encoded(dialect, HI, **options)
    assert it.request.body == b'{"model":"m",' + written + b'"messages":[{"role":"user","content":"Hi"}]}'
    assert it.losses == ()


def test_a_stream_is_requested_with_its_usage() -> None:
    asked = (
        b'{"model":"m","stream":true,"stream_options":{"include_usage":true},"seed":1,"user":"u","messages"'
    )
    body = encoded(OPENAI, HI, stream=True, seed=1, extra={"user": "u"}).request.body
    assert body.startswith(asked)


def test_extra_can_turn_off_the_usage_of_a_stream() -> None:
    it = encoded(OPENAI, HI, stream=True, extra={"stream_options": {"include_usage": False}})
    assert json.loads(it.request.body)["stream_options"] == {"include_usage": False}


@pytest.mark.parametrize(
    ("dialect", "key"),
    [(OPENAI, "max_completion_tokens"), (COMPATIBLE, "max_tokens"), (LLAMACPP, "max_tokens")],
)
def test_the_dialect_decides_the_name_of_the_token_limit(dialect: Dialect, key: str) -> None:
    body = json.loads(encoded(dialect, HI, max_tokens=5).request.body)
    assert body == {"model": "m", key: 5, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("dialect", [OPENAI, COMPATIBLE])
def test_a_tool_is_forced_by_its_name(dialect: Dialect) -> None:
    body = json.loads(encoded(dialect, HI, tools=[NOW, PING], tool_choice="ping").request.body)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "ping"}}
    assert [tool["function"]["name"] for tool in body["tools"]] == ["now", "ping"]


def test_a_tool_that_only_extra_contains_may_be_forced() -> None:
    it = encoded(OPENAI, HI, tool_choice="web", extra={"tools": [{"type": "web"}]})
    assert json.loads(it.request.body)["tool_choice"] == {"type": "function", "function": {"name": "web"}}


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
    body = json.loads(encoded(OPENAI, *SYSTEM, system_message_handling=handling).request.body)
    assert [message["content"] for message in body["messages"]] == contents


def test_a_single_system_message_keeps_its_position() -> None:
    body = json.loads(encoded(OPENAI, *SYSTEM[1:], system_message_handling="merge").request.body)
    assert [message["content"] for message in body["messages"]] == ["Hi", "Be kind."]


def test_a_longer_conversation_begins_with_the_bytes_of_the_shorter() -> None:
    messages: list[ChatMessage] = [
        HI,
        AssistantMessage(content="Hello!"),
        UserMessage(content="How are you?"),
    ]
    shorter, longer = (encoded(OPENAI, *messages[:count], seed=1).request.body for count in (1, 3))
    assert longer.startswith(shorter.removesuffix(b"]}"))
