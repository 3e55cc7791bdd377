"""Requests as calls: what options and messages can hold, what `extra` and `native` keep, what is refused."""

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
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.anthropic import codec
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request

HI: dict[str, object] = {"role": "user", "content": "Hi"}
MARK = {"type": "ephemeral"}


def read(body: object) -> Result[Call, ReadError]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return codec().read(Request(url="/messages", body=written))


def text(content: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "text", "text": content, **more}


def test_a_request_is_read_as_a_call() -> None:
    body = {"model": "m", "max_tokens": 9, "stream": True, "system": "Be brief.", "messages": [HI]}
    assert read(body).unwrap() == Call(
        model="m",
        messages=[SystemMessage(content="Be brief."), UserMessage(content="Hi")],
        options=ChatOptions(max_tokens=9),
        stream=True,
    )


PLAIN = {"name": "now", "input_schema": {"type": "object", "properties": {}, "required": []}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "numbers": (
        {"max_tokens": 9, "temperature": 0.0, "top_p": 1, "top_k": 0},
        {"max_tokens": 9, "temperature": 0.0, "top_p": 1, "top_k": 0},
    ),
    "numbers that no option takes": (
        {"max_tokens": 0, "temperature": None, "top_k": -1},
        {"extra": {"max_tokens": 0, "temperature": None, "top_k": -1}},
    ),
    "stops": ({"stop_sequences": ["a", ""]}, {"stop": ["a", ""]}),
    "a list of tools that is none": ({"tools": {}}, {"extra": {"tools": {}}}),
    "stops that are none": ({"stop_sequences": [1]}, {"extra": {"stop_sequences": [1]}}),
    "tools": ({"tools": [PLAIN]}, {"tools": [Tool(name="now")]}),
    "a tool with all it can say": (
        {
            "tools": [
                {**PLAIN, "strict": False, "cache_control": MARK, "type": "custom", "defer_loading": True}
            ]
        },
        {
            "tools": [
                Tool(
                    name="now",
                    strict=False,
                    cache_control=MARK,
                    native={"anthropic": {"type": "custom", "defer_loading": True}},
                )
            ]
        },
    ),
    "a tool of the vendor's among others": (
        {"tools": [PLAIN, SEARCH]},
        {"extra": {"tools": [PLAIN, SEARCH]}},
    ),
    "a tool without a schema": ({"tools": [{"name": "now"}]}, {"extra": {"tools": [{"name": "now"}]}}),
    "any choice": ({"tool_choice": {"type": "any"}}, {"tool_choice": "required"}),
    "a tool by name": ({"tool_choice": {"type": "tool", "name": "now"}}, {"tool_choice": "now"}),
    "a tool that is called like a mode": (
        {"tool_choice": {"type": "tool", "name": "auto"}},
        {"extra": {"tool_choice": {"type": "tool", "name": "auto"}}},
    ),
    "a choice with unknown keys": (
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"extra": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}},
    ),
    "a shape": (
        {"output_config": {"format": SCHEMA}},
        {"response_format": JsonSchema(name="answer", schema={"type": "object"})},
    ),
    "a shape and an effort": (
        {"output_config": {"format": SCHEMA, "effort": "high"}},
        {
            "response_format": JsonSchema(name="answer", schema={"type": "object"}),
            "extra": {"output_config": {"effort": "high"}},
        },
    ),
    "an effort": ({"output_config": {"effort": "low"}}, {"extra": {"output_config": {"effort": "low"}}}),
    "a shape of another kind": (
        {"output_config": {"format": {"type": "grammar"}}},
        {"extra": {"output_config": {"format": {"type": "grammar"}}}},
    ),
    "a system prompt that no message can hold": (
        {"system": [{"type": "image"}]},
        {"extra": {"system": [{"type": "image"}]}},
    ),
    "keys of hosts": (
        {"anthropic_version": "vertex-2023-10-16"},
        {"extra": {"anthropic_version": "vertex-2023-10-16"}},
    ),
    "thinking": ({"thinking": {"type": "adaptive"}}, {"extra": {"thinking": {"type": "adaptive"}}}),
}


@pytest.mark.parametrize(("keys", "options"), OPTIONS.values(), ids=OPTIONS.keys())
def test_a_key_of_the_body_is_an_option_or_extra(keys: dict[str, Any], options: dict[str, Any]) -> None:
    assert read({"model": "m", **keys, "messages": [HI]}).unwrap().options == ChatOptions(**options)


PARTS: dict[str, tuple[dict[str, Any], object]] = {
    "a text with a mark": (text("a", cache_control=MARK), TextContent(text="a", cache_control=MARK)),
    "a text with further keys": (
        text("a", citations=[], cache_control="x"),
        TextContent(text="a", native={"anthropic": {"citations": [], "cache_control": "x"}}),
    ),
    "an image": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        ImageContent(source={"type": "base64", "data": "aGk="}, media_type="image/png"),
    ),
    "an image by URL": (
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a"}, "x": 1},
        ImageContent(source="https://example.com/a", native={"anthropic": {"x": 1}}),
    ),
    "a PDF": (
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
            "title": "a.pdf",
        },
        FileContent(source={"type": "base64", "data": "aGk="}, name="a.pdf"),
    ),
    "a text document": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
        FileContent(source={"type": "base64", "data": "aGk="}, media_type="text/plain"),
    ),
}
NATIVE: dict[str, dict[str, Any]] = {
    "an image of the vendor's store": {"type": "image", "source": {"type": "file", "file_id": "f"}},
    "an image that is none": {
        "type": "image",
        "source": {"type": "base64", "media_type": "a/b", "data": "aGk="},
    },
    "an image at no URL": {"type": "image", "source": {"type": "url", "url": "file:///a"}},
    "base64 that is none": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "!"},
    },
    "a document of blocks": {"type": "document", "source": {"type": "content", "content": []}},
    "an empty document": {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": ""},
    },
    "a document with an odd title": {
        "type": "document",
        "source": {"type": "url", "url": "https://example.com/a"},
        "title": 1,
    },
    "a text that is none": {"type": "text", "text": None},
    "a document of a type that is none": {
        "type": "document",
        "source": {"type": "text", "media_type": "text/csv", "data": "hi"},
    },
    "a search result": {"type": "search_result", "source": "x"},
    "no type": {"a": 1},
}


@pytest.mark.parametrize(("block", "part"), PARTS.values(), ids=PARTS.keys())
def test_a_block_is_read_as_a_part(block: object, part: object) -> None:
    messages = read({"messages": [{"role": "user", "content": [block, block]}]}).unwrap().messages
    assert messages == (UserMessage.model_validate({"content": [part, part]}),)


@pytest.mark.parametrize("block", NATIVE.values(), ids=NATIVE.keys())
def test_a_block_that_no_part_can_hold_is_kept_as_it_is(block: dict[str, Any]) -> None:
    messages = read({"messages": [{"role": "user", "content": [block]}]}).unwrap().messages
    assert messages == (UserMessage(content=[NativeContent(format="anthropic", block=block)]),)


def calling(arguments: str = "{}", **more: Any) -> AssistantToolCall:  # noqa: ANN401
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantToolCall(id="1", function=function, **more)


USE = {"type": "tool_use", "id": "1", "name": "now", "input": {"a": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "1"}
THOUGHT = {"type": "thinking", "thinking": "Hm."}
MESSAGES: dict[str, tuple[list[dict[str, object]], list[ChatMessage]]] = {
    "a text": ([{"role": "user", "content": [text("Hi")]}], [UserMessage(content="Hi")]),
    "nothing": ([{"role": "user", "content": []}], [UserMessage(content=[])]),
    "a result takes the name of its call": (
        [
            {"role": "assistant", "content": [text("a"), USE]},
            {"role": "user", "content": [{**RESULT, "content": "12:00"}, text("Hi")]},
        ],
        [
            AssistantMessage(content="a", tool_calls=[calling('{"a":1}')]),
            ToolResultMessage(name="now", tool_call_id="1", content="12:00"),
            UserMessage(content="Hi"),
        ],
    ),
    "results of all kinds": (
        [
            {
                "role": "user",
                "content": [
                    text("a"),
                    RESULT,
                    {**RESULT, "content": None, "is_error": True, "cache_control": MARK},
                    {**RESULT, "content": [], "x": 1},
                    {**RESULT, "content": [text("b")]},
                ],
            }
        ],
        [
            UserMessage(content="a"),
            ToolResultMessage(name="", tool_call_id="1", content=""),
            ToolResultMessage(name="", tool_call_id="1", content="", is_error=True, cache_control=MARK),
            ToolResultMessage(name="", tool_call_id="1", content="", native={"anthropic": {"x": 1}}),
            ToolResultMessage(name="", tool_call_id="1", content="b"),
        ],
    ),
    "an answer as a text": ([{"role": "assistant", "content": "a"}], [AssistantMessage(content="a")]),
    "an answer of nothing": ([{"role": "assistant", "content": []}], [AssistantMessage(content="")]),
    "thinking without a signature": (
        [{"role": "assistant", "content": [THOUGHT, text("a")]}],
        [AssistantMessage(content="a", native={"anthropic": {"content": [THOUGHT, text("a")]}})],
    ),
    "a call with further keys": (
        [{"role": "assistant", "content": [{**USE, "caller": {"type": "direct"}, "cache_control": MARK}]}],
        [AssistantMessage(tool_calls=[calling('{"a":1}', native={"anthropic": {"cache_control": MARK}})])],
    ),
    "a message with further keys": (
        [
            {"role": "assistant", "content": "a", "id": "m"},
            {"role": "user", "content": [RESULT, text("b")], "id": "n"},
        ],
        [
            AssistantMessage(content="a", native={"anthropic": {"id": "m"}}),
            ToolResultMessage(name="", tool_call_id="1", content=""),
            UserMessage(content="b", native={"anthropic": {"id": "n"}}),
        ],
    ),
    "a system message among the others": (
        [HI, {"role": "system", "content": [text("Be brief.", cache_control=MARK)]}],
        [UserMessage(content="Hi"), SystemMessage(content="Be brief.", cache_control=MARK)],
    ),
}


@pytest.mark.parametrize(("given", "messages"), MESSAGES.values(), ids=MESSAGES.keys())
def test_messages_are_read(given: list[dict[str, object]], messages: list[ChatMessage]) -> None:
    assert read({"messages": given}).unwrap().messages == tuple(messages)


BAD: dict[str, tuple[object, str]] = {
    "no JSON": (b"<html>", "body: expected a JSON object"),
    "a list": ([], "body: expected a JSON object"),
    "a model that is no name": ({"model": 1, "messages": []}, "model: expected a string"),
    "messages that are no list": ({"messages": {}}, "messages: expected an array"),
    "a stream that is neither": ({"stream": 1, "messages": []}, "stream: expected true or false"),
    "a role that is none": (
        {"messages": [HI, {"role": "tool"}]},
        "messages[1].role: expected user, assistant or system, got 'tool'",
    ),
    "no content": (
        {"messages": [{"role": "user"}]},
        "messages[0].content: expected a string or a list of blocks",
    ),
    "a block that is no object": (
        {"messages": [{"role": "assistant", "content": ["a"]}]},
        "messages[0].content[0]: expected an object",
    ),
    "a result without its call": (
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
        "messages[0].content[0].tool_use_id: expected a string",
    ),
    "a result that may be an error": (
        {"messages": [{"role": "user", "content": [{**RESULT, "is_error": 1}]}]},
        "messages[0].content[0].is_error: expected true or false",
    ),
    "further keys and no message of the user to hold them": (
        {"messages": [{"role": "user", "content": [RESULT], "id": "m"}]},
        "messages[0].id: no message can hold this key",
    ),
    "a system message of an image": (
        {"messages": [{"role": "system", "content": [{"type": "image"}]}]},
        "messages[0].content[0]: expected a block of text",
    ),
}


@pytest.mark.parametrize(("body", "problem"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_held_is_refused_with_its_place(body: object, problem: str) -> None:
    assert str(read(body).failure()) == problem
