"""Calls as requests, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic import codec
from casual_llm.tools import Tool, ToolParameter
from casual_llm.wire.codec import Call, Encoded

HI = UserMessage(content="Hi")
YES = AssistantMessage(content="Yes.")
NOW = Tool(name="now", description="The time", parameters={"zone": ToolParameter(type="string")})
MARK = {"type": "ephemeral"}
HI_WRITTEN = b'{"role":"user","content":[{"type":"text","text":"Hi"}]}'


def call(identity: str = "toolu_1", arguments: str = '{"zone":"CET"}', **more: Any) -> AssistantToolCall:  # noqa: ANN401
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantToolCall(id=identity, function=function, **more)


def result(identity: str = "toolu_1", content: Any = "12:00", **more: Any) -> ToolResultMessage:  # noqa: ANN401
    return ToolResultMessage(name="now", tool_call_id=identity, content=content, **more)


def encoded(*messages: ChatMessage, model: str = "m", stream: bool = False, **options: Any) -> Encoded:  # noqa: ANN401
    asked = ChatOptions(**{"max_tokens": 9, **options})
    return codec().encode(Call(model=model, messages=messages, options=asked, stream=stream)).unwrap()


def body(*messages: ChatMessage, **options: Any) -> Any:  # noqa: ANN401
    return json.loads(encoded(*messages, **options).request.body)


def test_a_request_goes_to_one_place_as_json_with_the_version_of_the_api() -> None:
    request = encoded(HI).request
    assert (request.url, dict(request.headers)) == (
        "/v1/messages",
        {"content-type": "application/json", "anthropic-version": "2023-06-01"},
    )
    assert request.body == b'{"model":"m","max_tokens":9,"messages":[' + HI_WRITTEN + b"]}"


PARTS: dict[str, tuple[ContentPart, dict[str, object]]] = {
    "a text": (TextContent(text="a"), {"type": "text", "text": "a"}),
    "a text with a mark": (
        TextContent(text="a", cache_control=MARK),
        {"type": "text", "text": "a", "cache_control": MARK},
    ),
    "a text with further keys": (
        TextContent(text="a", native={"anthropic": {"citations": []}}),
        {"type": "text", "text": "a", "citations": []},
    ),
    "an image by URL": (
        ImageContent(source="https://example.com/a.png"),
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
    ),
    "an image as a data URI": (
        ImageContent(source="data:image/png;base64,aGk="),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ),
    "an image in base64": (
        ImageContent(source="aGk=", media_type="image/webp"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "aGk="}},
    ),
    "an image of a type that the vendor refuses, for the vendor to say so": (
        ImageContent(source="aGk=", media_type="image/bmp", cache_control=MARK),
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/bmp", "data": "aGk="},
            "cache_control": MARK,
        },
    ),
    "a PDF": (
        FileContent(source="JVBERi0=", name="report.pdf"),
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": "report.pdf",
        },
    ),
    "a PDF by URL": (
        FileContent(source="https://example.com/a.pdf"),
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
    ),
    "a text file": (
        FileContent(source="aGk=", media_type="text/plain"),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
    ),
    "a text file as a data URI": (
        FileContent(source="data:text/plain,h%69", native={"anthropic": {"citations": {"enabled": True}}}),
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
            "citations": {"enabled": True},
        },
    ),
    "a text file that is no text": (
        FileContent(source="/w==", media_type="text/plain"),
        {"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": "/w=="}},
    ),
    "a block of the vendor's own": (
        NativeContent(format="anthropic", block={"type": "container_upload", "file_id": "f"}),
        {"type": "container_upload", "file_id": "f"},
    ),
}


@pytest.mark.parametrize(("part", "block"), PARTS.values(), ids=PARTS.keys())
def test_a_part_is_written_as_a_block(part: ContentPart, block: dict[str, object]) -> None:
    assert body(UserMessage(content=[part]))["messages"] == [{"role": "user", "content": [block]}]
    assert body(HI, AssistantMessage(tool_calls=[call()]), result(content=[part]))["messages"][-1] == {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [block]}],
    }
    assert encoded(UserMessage(content=[part])).losses == ()


def text(content: str) -> dict[str, str]:
    return {"type": "text", "text": content}


def tool_use(identity: str = "toolu_1") -> dict[str, Json]:
    return {"type": "tool_use", "id": identity, "name": "now", "input": {"zone": "CET"}}


def tool_result(identity: str = "toolu_1", **more: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": identity, "content": [text("12:00")], **more}


def user(*blocks: object) -> dict[str, object]:
    return {"role": "user", "content": [*blocks]}


def assistant(*blocks: object) -> dict[str, object]:
    return {"role": "assistant", "content": [*blocks]}


CONVERSATIONS: dict[str, tuple[list[ChatMessage], list[object]]] = {
    "by turns": ([HI, YES, HI], [user(text("Hi")), assistant(text("Yes.")), user(text("Hi"))]),
    "two turns of the user": ([HI, HI], [user(text("Hi"), text("Hi"))]),
    "two turns of the assistant": ([HI, YES, YES], [user(text("Hi")), assistant(text("Yes.Yes."))]),
    "a call before the text of a next turn": (
        [HI, AssistantMessage(tool_calls=[call()]), YES],
        [user(text("Hi")), assistant(text("Yes."), tool_use())],
    ),
    "results share a turn": (
        [HI, AssistantMessage(content="a", tool_calls=[call("1"), call("2")]), result("1"), result("2"), HI],
        [
            user(text("Hi")),
            assistant(text("a"), tool_use("1"), tool_use("2")),
            user(tool_result("1"), tool_result("2"), text("Hi")),
        ],
    ),
    "results stand before the text beside them": (
        [HI, AssistantMessage(tool_calls=[call()]), HI, result()],
        [user(text("Hi")), assistant(tool_use()), user(tool_result(), text("Hi"))],
    ),
    "a result that is an error": (
        [HI, AssistantMessage(tool_calls=[call()]), result(is_error=True, cache_control=MARK)],
        [user(text("Hi")), assistant(tool_use()), user(tool_result(is_error=True, cache_control=MARK))],
    ),
    "a result that is none": (
        [HI, AssistantMessage(tool_calls=[call()]), result(content="", is_error=False)],
        [
            user(text("Hi")),
            assistant(tool_use()),
            user({"type": "tool_result", "tool_use_id": "toolu_1", "is_error": False}),
        ],
    ),
    "blank texts": (
        [
            HI,
            AssistantMessage(content="\n"),
            UserMessage(content=[TextContent(text=" "), TextContent(text="b")]),
        ],
        [user(text("Hi"), text("b"))],
    ),
    "a call without arguments": (
        [HI, AssistantMessage(content="", tool_calls=[call(arguments="")])],
        [user(text("Hi")), assistant({**tool_use(), "input": {}})],
    ),
    "a call with further keys": (
        [HI, AssistantMessage(tool_calls=[call(native={"anthropic": {"cache_control": MARK}})])],
        [user(text("Hi")), assistant({**tool_use(), "cache_control": MARK})],
    ),
}


@pytest.mark.parametrize(("messages", "written"), CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_conversation_is_written_by_turns(messages: list[ChatMessage], written: list[object]) -> None:
    assert body(*messages)["messages"] == written
    assert encoded(*messages).losses == ()


def test_system_messages_stand_above_the_conversation() -> None:
    brief = SystemMessage(content=" Be brief.", cache_control=MARK)
    kind = SystemMessage(content="Be kind.", native={"anthropic": {"citations": None}})
    sent = body(brief, HI, SystemMessage(content=" \n"), kind, YES)
    assert sent["system"] == [
        {**text(" Be brief."), "cache_control": MARK},
        {**text("Be kind."), "citations": None},
    ]
    assert sent["messages"] == [user(text("Hi")), assistant(text("Yes."))]
    assert list(sent) == ["model", "max_tokens", "system", "messages"]


def test_system_messages_are_joined_where_that_is_asked_for() -> None:
    brief, kind = SystemMessage(content="Be brief."), SystemMessage(content="Be kind.", cache_control=MARK)
    merged = body(brief, kind, HI, system_message_handling="merge")
    assert merged["system"] == [{**text("Be brief.\n\nBe kind."), "cache_control": MARK}]
    assert body(kind, HI, system_message_handling="merge")["system"] == [
        {**text("Be kind."), "cache_control": MARK}
    ]


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "x", "n": 1.0}}


@pytest.mark.parametrize(
    "blocks",
    [
        [THOUGHT, text("Yes.")],
        [{**THOUGHT, "thinking": ""}, text("Yes.")],
        [{"type": "redacted_thinking", "data": "x"}, text("Yes.")],
        [
            text("Y"),
            SEARCH,
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
            text("es."),
        ],
        [{**text("Yes."), "citations": [{"type": "char_location"}]}],
    ],
)
def test_blocks_that_agree_with_the_message_are_sent_again_as_they_came(
    blocks: list[Json],
) -> None:
    message = AssistantMessage(content="Yes.", native={"anthropic": {"content": blocks}})
    found = encoded(HI, message, HI)
    written = json.dumps({"role": "assistant", "content": blocks}, separators=(",", ":")).encode()
    assert written in found.request.body
    assert (found.losses, found.changes) == ((), ())


def test_blocks_are_sent_again_with_their_calls_however_the_arguments_are_spelled() -> None:
    message = AssistantMessage(
        tool_calls=[call(arguments='{ "zone": "CET" }')],
        native={"anthropic": {"content": [THOUGHT, tool_use()]}},
    )
    assert body(HI, message)["messages"][1] == assistant(THOUGHT, tool_use())


def test_what_the_vendor_would_refuse_is_not_sent_again() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm."}, THOUGHT, text("\n"), text("Yes.")]
    message = AssistantMessage(content="\nYes.", native={"anthropic": {"content": blocks}})
    assert body(HI, message)["messages"][1] == assistant(THOUGHT, text("Yes."))


def test_further_keys_of_a_message_are_sent() -> None:
    sent = body(UserMessage(content="Hi", native={"anthropic": {"id": "m1"}}))
    assert sent["messages"] == [{**user(text("Hi")), "id": "m1"}]


TOOL = {"name": "now", "description": "The time", "input_schema": NOW.input_schema}
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "nothing": ({}, {}),
    "numbers": ({"temperature": 0.7, "top_k": 5}, {"temperature": 0.7, "top_k": 5}),
    "zero is a value": ({"temperature": 0.0, "top_k": 0}, {"temperature": 0.0, "top_k": 0}),
    "zero is a value of top_p": ({"top_p": 0}, {"top_p": 0}),
    "stops": ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}),
    "a stop": ({"stop": "END"}, {"stop_sequences": ["END"]}),
    "no stops": ({"stop": []}, {"stop_sequences": []}),
    "tools": ({"tools": [NOW]}, {"tools": [TOOL]}),
    "no tools": ({"tools": []}, {"tools": []}),
    "a tool with all it can say": (
        {
            "tools": [
                NOW.model_copy(
                    update={
                        "strict": True,
                        "cache_control": MARK,
                        "native": {"anthropic": {"defer_loading": True}},
                    }
                )
            ]
        },
        {"tools": [{**TOOL, "strict": True, "cache_control": MARK, "defer_loading": True}]},
    ),
    "a tool without a description": (
        {"tools": [Tool(name="ping")]},
        {"tools": [{"name": "ping", "input_schema": Tool(name="ping").input_schema}]},
    ),
    "any tool, or none": (
        {"tools": [NOW], "tool_choice": "auto"},
        {"tools": [TOOL], "tool_choice": {"type": "auto"}},
    ),
    "no tool": ({"tools": [NOW], "tool_choice": "none"}, {"tools": [TOOL], "tool_choice": {"type": "none"}}),
    "some tool": (
        {"tools": [NOW], "tool_choice": "required"},
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
    ),
    "this tool": (
        {"tools": [NOW], "tool_choice": "now"},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "now"}},
    ),
    "text": ({"response_format": "text"}, {}),
    "a stream": ({"stream": True}, {"stream": True}),
    "further keys": ({"extra": {"thinking": {"type": "adaptive"}}}, {"thinking": {"type": "adaptive"}}),
    "keys of this provider": ({"provider_options": {"anthropic": {"metadata": {}}}}, {"metadata": {}}),
}


@pytest.mark.parametrize(("options", "written"), OPTIONS.values(), ids=OPTIONS.keys())
def test_an_option_is_written(options: dict[str, Any], written: dict[str, object]) -> None:
    sent = body(HI, model="claude-opus-4-6", **options)
    assert sent == {"model": "claude-opus-4-6", "max_tokens": 9, **written, "messages": [user(text("Hi"))]}
    assert encoded(HI, model="claude-opus-4-6", **options).losses == ()


def test_the_limit_may_come_from_extra_in_a_form_of_the_callers() -> None:
    call_ = Call(model="m", messages=[HI], options=ChatOptions(extra={"max_tokens": 0}))
    found = codec().encode(call_).unwrap()
    assert (json.loads(found.request.body)["max_tokens"], found.losses) == (0, ())


def test_a_known_prefix_is_not_written_again() -> None:
    messages: list[ChatMessage] = [
        SystemMessage(content="Be brief."),
        HI,
        AssistantMessage(tool_calls=[call(arguments="{ }")]),
        result(),
        YES,
    ]
    prefix = codec().encode(Call(model="m", messages=messages)).unwrap().prefix
    assert (prefix.count, dict(prefix.tool_names)) == (4, {"toolu_1": "now"})
    # What is known is not looked at again, so the call may say anything in its place.
    longer = Call(model="m", messages=(*[HI] * prefix.count, YES, HI))
    again = codec().encode(longer, prefix=prefix).unwrap()
    assert again == codec().encode(Call(model="m", messages=[*messages, HI])).unwrap()
