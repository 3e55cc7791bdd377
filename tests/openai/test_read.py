"""Requests as calls: options, messages, keys that stay in `extra`, and requests that are rejected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from returns.result import Result

from casual_llm.failures import ReadError
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
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, MISTRAL, OPENROUTER
from casual_llm.tools import Tool, ToolParameter
from casual_llm.wire.codec import Call, Request

HI: dict[str, object] = {"role": "user", "content": "Hi"}


def read(body: object) -> Result[Call, ReadError]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return codec(COMPATIBLE).read(Request(url="/chat/completions", body=written))


def asking(**keys: object) -> dict[str, object]:
    return {"model": "m", **keys, "messages": [HI]}


def saying(*messages: object) -> dict[str, object]:
    return {"model": "m", "messages": messages}


def test_a_request_is_read_as_a_call() -> None:
    body = {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "messages": [HI]}
    assert read(body).unwrap() == Call(model="m", messages=[UserMessage(content="Hi")], stream=True)


def test_a_host_may_name_the_model_in_the_url() -> None:
    assert read({"messages": [HI]}).unwrap() == Call(model="", messages=[UserMessage(content="Hi")])


def test_unusual_stream_options_are_written_again() -> None:
    body = {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "messages": [HI]}
    mistral = codec(MISTRAL)
    call = mistral.read(Request(url="/chat/completions", body=json.dumps(body).encode())).unwrap()
    assert call.options == ChatOptions(extra={"stream_options": {"include_usage": True}})
    encoded = mistral.encode(call).unwrap()
    assert (json.loads(encoded.request.body), encoded.losses) == (body, ())


def function(name: str, **more: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, **more}}


NOW: dict[str, Any] = function("now")
ZONE: dict[str, Any] = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}

OPTIONS: dict[str, tuple[dict[str, object], ChatOptions]] = {
    "numbers": (
        {
            "temperature": 0.0,
            "top_p": 1,
            "top_k": 0,
            "frequency_penalty": 0,
            "presence_penalty": -1.5,
            "seed": 0,
        },
        ChatOptions(temperature=0.0, top_p=1, top_k=0, frequency_penalty=0, presence_penalty=-1.5, seed=0),
    ),
    "null is not set": ({"temperature": None, "stop": None}, ChatOptions()),
    "max_tokens": ({"max_tokens": 5}, ChatOptions(max_tokens=5)),
    "max_completion_tokens": ({"max_completion_tokens": 5}, ChatOptions(max_tokens=5)),
    "both limits": (
        {"max_completion_tokens": 5, "max_tokens": 9},
        ChatOptions(extra={"max_completion_tokens": 5, "max_tokens": 9}),
    ),
    "a stop": ({"stop": "END"}, ChatOptions(stop="END")),
    "stops": ({"stop": ["a", ""]}, ChatOptions(stop=["a", ""])),
    "a mode": ({"tool_choice": "required"}, ChatOptions(tool_choice="required")),
    "a tool by name": (
        {"tools": [function("now")], "tool_choice": function("now")},
        ChatOptions(tools=[Tool(name="now")], tool_choice="now"),
    ),
    "a tool by name, of those that are kept": (
        {"tools": [{"type": "custom", "custom": {"name": "now"}}], "tool_choice": function("now")},
        ChatOptions(tool_choice="now", extra={"tools": [{"type": "custom", "custom": {"name": "now"}}]}),
    ),
    "a tool by name, of no others": (
        {"tools": [function("ping")], "tool_choice": function("now")},
        ChatOptions(tools=[Tool(name="ping")], extra={"tool_choice": NOW}),
    ),
    "tools": (
        {"tools": [function("now", description="The time", parameters=ZONE), function("ping")]},
        ChatOptions(
            tools=[
                Tool(
                    name="now",
                    description="The time",
                    parameters={"zone": ToolParameter(type="string")},
                    required=["zone"],
                ),
                Tool(name="ping"),
            ]
        ),
    ),
    "no tools": ({"tools": []}, ChatOptions(tools=[])),
    "tools with all that a tool can hold": (
        {"tools": [{**function("now", strict=True), "cache_control": {"type": "ephemeral"}, "name": "now"}]},
        ChatOptions(
            tools=[
                Tool(
                    name="now",
                    strict=True,
                    cache_control={"type": "ephemeral"},
                    native={"openai": {"name": "now"}},
                )
            ]
        ),
    ),
    "Mistral's name for the seed": ({"random_seed": 7}, ChatOptions(seed=7)),
    "both names for the seed": (
        {"seed": 1, "random_seed": 7},
        ChatOptions(extra={"seed": 1, "random_seed": 7}),
    ),
    "no first limit": ({"max_completion_tokens": None, "max_tokens": 9}, ChatOptions(max_tokens=9)),
    "no second limit": ({"max_completion_tokens": 5, "max_tokens": None}, ChatOptions(max_tokens=5)),
    "no limit": ({"max_completion_tokens": None, "max_tokens": None}, ChatOptions()),
    "no seed but Mistral's": ({"seed": None, "random_seed": 7}, ChatOptions(seed=7)),
    "no seed of Mistral's": ({"seed": 1, "random_seed": None}, ChatOptions(seed=1)),
    "text": ({"response_format": {"type": "text"}}, ChatOptions(response_format="text")),
    "json": ({"response_format": {"type": "json_object"}}, ChatOptions(response_format="json")),
    "a schema": (
        {"response_format": FORMAT},
        ChatOptions(response_format=JsonSchema(name="a", schema=SCHEMA, strict=True)),
    ),
    "what no option knows": (
        {"user": "u", "n": 2, "logit_bias": {"5": -1}, "stream_options": {"include_usage": True}},
        ChatOptions(
            extra={"user": "u", "n": 2, "logit_bias": {"5": -1}, "stream_options": {"include_usage": True}}
        ),
    ),
}


@pytest.mark.parametrize(("keys", "options"), OPTIONS.values(), ids=OPTIONS.keys())
def test_options_are_read(keys: dict[str, object], options: ChatOptions) -> None:
    assert read(asking(**keys)).unwrap().options == options


def test_a_number_of_400_digits_is_a_number() -> None:
    assert read(asking(seed=10**400)).unwrap().options.seed == 10**400


KEPT: dict[str, dict[str, Any]] = {
    "a tool with more to its function": {"tools": [function("now", examples=[])]},
    "a tool whose strictness is no flag": {"tools": [function("now", strict="yes")]},
    "a tool whose mark is no object": {"tools": [{**function("now"), "cache_control": "yes"}]},
    "a tool of another type": {"tools": [function("now"), {"type": "custom", "custom": {"name": "x"}}]},
    "a tool without a name": {"tools": [function("")]},
    "a tool whose parameters are no object": {"tools": [function("now", parameters={"type": "string"})]},
    "a choice of no tool": {"tool_choice": function("now")},
    "a choice of another type": {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
    "a choice with more to it": {"tool_choice": {**function("now"), "disable_parallel_tool_use": True}},
    "an unknown mode": {"tool_choice": "any"},
    "a described schema": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "description": "b"}}
    },
    "a schema with json_object": {"response_format": {"type": "json_object", "schema": SCHEMA}},
    "an unknown format": {"response_format": {"type": "grammar"}},
    "a top_k that means all": {"top_k": -1},
    "a limit of nothing": {"max_tokens": 0},
    "a stream's options": {"stream_options": {"include_usage": False}},
}


@pytest.mark.parametrize("keys", KEPT.values(), ids=KEPT.keys())
def test_a_value_that_no_option_can_represent_is_kept_in_extra(keys: dict[str, Any]) -> None:
    call = read(asking(**keys)).unwrap()
    assert call.options == ChatOptions(extra=keys)
    assert json.loads(codec(COMPATIBLE).encode(call).unwrap().request.body) == asking(**keys)


CALL = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "CET"}'}}
OURS = AssistantToolCall(id="c1", function=AssistantToolCallFunction(name="now", arguments='{"zone": "CET"}'))

MESSAGES: dict[str, tuple[dict[str, object], ChatMessage]] = {
    "text": (HI, UserMessage(content="Hi")),
    "nothing": ({"role": "user", "content": None}, UserMessage(content=None)),
    "parts": (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]},
        UserMessage(content=[TextContent(text="a"), TextContent(text="")]),
    ),
    "an image by URL": (
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
        },
        UserMessage(content=[ImageContent(source="https://example.com/a.png")]),
    ),
    "an image in base64": (
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "data:image/webp;base64,aGk="}}],
        },
        UserMessage(
            content=[ImageContent(source={"type": "base64", "data": "aGk="}, media_type="image/webp")]
        ),
    ),
    "instructions": ({"role": "system", "content": "Be brief."}, SystemMessage(content="Be brief.")),
    "instructions of a developer": ({"role": "developer", "content": "a"}, SystemMessage(content="a")),
    "instructions in parts": (
        {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        SystemMessage(content="ab"),
    ),
    "an answer": ({"role": "assistant", "content": "Yes."}, AssistantMessage(content="Yes.")),
    "an answer in parts": (
        {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
        AssistantMessage(content="Yes."),
    ),
    "a refusal": (
        {"role": "assistant", "content": None, "refusal": "No."},
        AssistantMessage(refusal="No."),
    ),
    "tool calls": ({"role": "assistant", "tool_calls": [CALL]}, AssistantMessage(tool_calls=[OURS])),
    "tool calls that echo a delta": (
        {"role": "assistant", "tool_calls": [{**CALL, "index": 0}]},
        AssistantMessage(tool_calls=[OURS]),
    ),
    "arguments as an object": (
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "function": {"name": "now", "arguments": {"a": 1}}}],
        },
        AssistantMessage(
            tool_calls=[
                AssistantToolCall(
                    id="c1", function=AssistantToolCallFunction(name="now", arguments='{"a":1}')
                )
            ]
        ),
    ),
    "no tool calls": (
        {"role": "assistant", "content": "a", "tool_calls": []},
        AssistantMessage(content="a"),
    ),
    "a result of the oldest kind without its call": (
        {"role": "function", "name": "now", "content": "12:00"},
        ToolResultMessage(name="", tool_call_id="", content="12:00", native={"openai": {"name": "now"}}),
    ),
    "a result in parts": (
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "12:00"}]},
        ToolResultMessage(name="", tool_call_id="c1", content=[TextContent(text="12:00")]),
    ),
    "a result without content": (
        {"role": "tool", "tool_call_id": "c1", "content": None},
        ToolResultMessage(name="", tool_call_id="c1", content=""),
    ),
    "instructions with a mark": (
        {
            "role": "system",
            "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
        },
        SystemMessage(content="a", cache_control={"type": "ephemeral"}),
    ),
    "a refusal as a part": (
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        AssistantMessage(refusal="No."),
    ),
    "no parts with tool calls": (
        {"role": "assistant", "content": [], "tool_calls": [CALL]},
        AssistantMessage(tool_calls=[OURS]),
    ),
    "no parts": ({"role": "assistant", "content": []}, AssistantMessage(content="")),
    "null": ({"role": "assistant", "content": None}, AssistantMessage(content="")),
    "no content": ({"role": "assistant", "tool_calls": []}, AssistantMessage(content="")),
    "nothing but a further key": (
        {"role": "assistant", "content": None, "prefix": True},
        AssistantMessage(native={"openai": {"prefix": True}}),
    ),
    "a result in no parts": (
        {"role": "tool", "tool_call_id": "c1", "content": []},
        ToolResultMessage(name="", tool_call_id="c1", content=""),
    ),
    "a result without its call": (
        {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
        ToolResultMessage(name="", tool_call_id="c1", content="12:00"),
    ),
}


@pytest.mark.parametrize(("written", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_messages_are_read(written: dict[str, object], message: ChatMessage) -> None:
    assert read(saying(HI, written)).unwrap().messages == (UserMessage(content="Hi"), message)


@pytest.mark.parametrize("message", [MESSAGES[name][0] for name in MESSAGES if name != "nothing"], ids=str)
def test_a_message_that_was_read_can_be_written(message: dict[str, object]) -> None:
    call = read(saying(HI, message)).unwrap()
    assert codec(OPENROUTER).encode(call).unwrap().losses == ()


def test_a_tool_result_takes_its_name_from_the_call() -> None:
    calling = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "12:00"}]}
    named = ToolResultMessage(name="now", tool_call_id="c1", content=[TextContent(text="12:00")])
    assert read(saying(HI, calling, result)).unwrap().messages[2] == named


def test_the_calls_of_older_clients_are_tool_calls() -> None:
    asked = {"role": "assistant", "content": None, "function_call": {"name": "now", "arguments": "{}"}}
    answered = {"role": "function", "name": "now", "content": "12:00"}
    _, calling, result = read(saying(HI, asked, answered)).unwrap().messages
    call = AssistantToolCall(id="call_1", function=AssistantToolCallFunction(name="now", arguments="{}"))
    assert calling == AssistantMessage(tool_calls=[call])
    assert result == ToolResultMessage(name="now", tool_call_id="call_1", content="12:00")


def test_a_function_result_does_not_answer_a_call_of_another_name() -> None:
    asked = {"role": "assistant", "tool_calls": [{"function": {"name": "ping", "arguments": "{}"}}]}
    answered = {"role": "function", "name": "now", "content": "12:00"}
    result = read(saying(HI, asked, answered)).unwrap().messages[2]
    assert result.native == {"openai": {"name": "now"}}


ASKING = {"role": "assistant", "tool_calls": [CALL]}
REFUSED: dict[str, tuple[object, str]] = {
    "no JSON": (b"model=m", "body"),
    "no object": ([HI], "body"),
    "a model that is no name": ({"model": 5, "messages": [HI]}, "model"),
    "messages that are no list": ({"model": "m", "messages": "Hi"}, "messages"),
    "a message that is no object": (saying(HI, "Hi"), "messages[1].role"),
    "no role": (saying({"content": "Hi"}), "messages[0].role"),
    "an unknown role": (saying({"role": "robot", "content": "Hi"}), "messages[0].role"),
    "a role that is no word": (saying({"role": ["user"], "content": "Hi"}), "messages[0].role"),
    "content of no known kind": (saying({"role": "user", "content": 5}), "messages[0].content"),
    "content that is an object": (
        saying({"role": "system", "content": {"text": "a"}}),
        "messages[0].content",
    ),
    "a part that is no object": (saying({"role": "user", "content": ["Hi"]}), "messages[0].content[0]"),
    "calls that are no list": (saying({**ASKING, "tool_calls": {}}), "messages[0].tool_calls"),
    "a call without a name": (
        saying({"role": "assistant", "tool_calls": [CALL, {"id": "c2"}]}),
        "messages[0].tool_calls[1].function.name",
    ),
    "arguments that are a list": (
        saying({"role": "assistant", "tool_calls": [{"function": {"name": "now", "arguments": []}}]}),
        "messages[0].tool_calls[0].function.arguments",
    ),
    "a refusal that is no text": (
        saying({"role": "assistant", "content": "a", "refusal": 5}),
        "messages[0].refusal",
    ),
    "a result of no call": (saying({"role": "tool", "content": "12:00"}), "messages[0].tool_call_id"),
    "an old result without a name": (saying({"role": "function", "content": ""}), "messages[0].name"),
}


@pytest.mark.parametrize(("body", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_an_invalid_request_is_rejected_with_a_path(body: object, path: str) -> None:
    error = read(body).failure()
    assert error.path == path
    assert "\n" not in str(error)
