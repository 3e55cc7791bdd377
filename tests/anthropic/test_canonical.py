"""The one form of a conversation, and the changes that lead to it."""

from __future__ import annotations

import pytest
from returns.result import Result

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
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
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic import codec
from casual_llm.wire.codec import Call, Encoded

HI, YES = UserMessage(content="Hi"), AssistantMessage(content="Yes.")
BRIEF = SystemMessage(content="Be brief.")
MARK = {"type": "ephemeral"}
THOUGHT = {"type": "redacted_thinking", "data": "x"}
DIGEST = "46735f3562ed61a2cf3fac45874bb9eaefc95541"


def calling(arguments: str = "{}", **more: object) -> AssistantMessage:
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    calls = [AssistantToolCall.model_validate({"id": "1", "function": function, **more})]
    return AssistantMessage(tool_calls=calls)


def thoughtful(identity: str) -> AssistantMessage:
    blocks: Json = [THOUGHT, {"type": "tool_use", "id": identity, "name": "now", "input": {}}]
    calls = calling(id=identity).tool_calls
    return AssistantMessage(tool_calls=calls, native={"anthropic": {"content": blocks}})


def result(content: object = "12:00", id: str = "1") -> ToolResultMessage:  # noqa: A002 # of the call
    return ToolResultMessage.model_validate({"name": "now", "tool_call_id": id, "content": content})


def user(*parts: object, **more: object) -> UserMessage:
    return UserMessage.model_validate({"content": parts, **more})


def text(content: str) -> TextContent:
    return TextContent(text=content)


def block(content: str) -> NativeContent:
    return NativeContent(format="anthropic", block={"type": "text", "text": content})


def kept(content: str, *blocks: object) -> AssistantMessage:
    return AssistantMessage.model_validate({"content": content, "native": {"anthropic": {"content": blocks}}})


CHANGES: dict[str, tuple[list[ChatMessage], list[ChatMessage], list[tuple[str, str]]]] = {
    "turns of the user": (
        [HI, UserMessage(content="there")],
        [user(text("Hi"), text("there"))],
        [("messages[1]", "merged")],
    ),
    "turns of the user, one of them of parts": (
        [HI, user(ImageContent(source="https://example.com/a"))],
        [user(text("Hi"), ImageContent(source="https://example.com/a"))],
        [("messages[1]", "merged")],
    ),
    "turns of the assistant": (
        [HI, YES, AssistantMessage(content="No.")],
        [HI, AssistantMessage(content="Yes.No.")],
        [("messages[2]", "merged")],
    ),
    "turns of the assistant, with blocks": (
        [HI, kept("a", THOUGHT, {"type": "text", "text": "a"}), YES],
        [
            HI,
            kept("aYes.", THOUGHT, {"type": "text", "text": "a"}, {"type": "text", "text": "Yes."}),
        ],
        [("messages[2]", "merged")],
    ),
    "a system message later on": (
        [HI, BRIEF, YES],
        [BRIEF, HI, YES],
        [("messages[1]", "moved")],
    ),
    "a system message between two turns of the user": (
        [HI, BRIEF, HI],
        [BRIEF, user(text("Hi"), text("Hi"))],
        [("messages[1]", "moved"), ("messages[2]", "merged")],
    ),
    "blank messages": (
        [SystemMessage(content=""), HI, AssistantMessage(content="\n"), UserMessage(content=" "), YES],
        [HI, YES],
        [("messages[0]", "dropped"), ("messages[2]", "dropped"), ("messages[3]", "dropped")],
    ),
    "blank parts": (
        [user(text(""), text("a"), text("b"))],
        [user(text("a"), text("b"))],
        [("messages[0].content[0]", "dropped")],
    ),
    "blank blocks of the vendor's own": (
        [user(block(""), block("a")), HI, user(block(" "))],
        [user(text("a"), text("Hi"))],
        [
            ("messages[0].content[0]", "dropped"),
            ("messages[0].content[1]", "rewritten"),
            ("messages[0].content", "rewritten"),
            ("messages[2]", "dropped"),
            ("messages[1]", "merged"),
        ],
    ),
    "a text alone": ([user(text("Hi"))], [HI], [("messages[0].content", "rewritten")]),
    "text before a result": (
        [HI, calling(), HI, result()],
        [HI, calling(), result(), HI],
        [("messages[3]", "moved")],
    ),
    "a result of one text": (
        [HI, calling(), result([text("12:00")])],
        [HI, calling(), result()],
        [("messages[2].content", "rewritten")],
    ),
    "a blank result": (
        [HI, calling(), result(" ")],
        [HI, calling(), result("")],
        [("messages[2].content", "dropped")],
    ),
    "a result of no parts": (
        [HI, calling(), result([]).model_copy(update={"native": {"anthropic": {"x": 1}}})],
        [HI, calling(), result("").model_copy(update={"native": {"anthropic": {"x": 1}}})],
        [("messages[2].content", "rewritten")],
    ),
    "a result of blank parts": (
        [HI, calling(), result([text(" ")])],
        [HI, calling(), result("")],
        [("messages[2].content[0]", "dropped"), ("messages[2].content", "rewritten")],
    ),
    "arguments that are spelled otherwise": (
        [HI, calling('{"a" : [1.50] }')],
        [HI, calling('{"a":[1.5]}')],
        [("messages[1].tool_calls[0].function.arguments", "rewritten")],
    ),
    "no arguments": (
        [HI, calling("")],
        [HI, calling("{}")],
        [("messages[1].tool_calls[0].function.arguments", "rewritten")],
    ),
    "ids of another server": (
        [HI, calling(id="functions.now:0"), result(id="functions.now:0")],
        [HI, calling(id=DIGEST), result(id=DIGEST)],
        [("messages[1].tool_calls[0].id", "rewritten"), ("messages[2].tool_call_id", "rewritten")],
    ),
    "the id of a kept block": (
        [HI, thoughtful("functions.now:0")],
        [HI, thoughtful(DIGEST)],
        [("messages[1].tool_calls[0].id", "rewritten"), ("messages[1].native.anthropic", "rewritten")],
    ),
    "a call that the model makes itself": (
        [HI, calling(native={"anthropic": {"caller": {"type": "direct"}}})],
        [HI, calling()],
        [("messages[1].tool_calls[0].native.anthropic", "rewritten")],
    ),
    "an image in base64 alone": (
        [user(ImageContent(source="aGk="))],
        [user(ImageContent(source={"type": "base64", "data": "aGk="}))],
        [("messages[0].content[0].source", "rewritten")],
    ),
    "a file as a data URI": (
        [user(FileContent(source="data:text/plain,hi"))],
        [user(FileContent(source={"type": "base64", "data": "aGk="}, media_type="text/plain"))],
        [("messages[0].content[0].source", "rewritten")],
    ),
    "a block that a part can hold": (
        [user(NativeContent(format="anthropic", block={"type": "text", "text": "a", "cache_control": MARK}))],
        [user(TextContent(text="a", cache_control=MARK))],
        [("messages[0].content[0]", "rewritten")],
    ),
    "blocks that say no more than the message": (
        [HI, kept("Yes.", {"type": "text", "text": "Yes."})],
        [HI, YES],
        [("messages[1].native.anthropic", "rewritten")],
    ),
    "a list without calls": (
        [HI, AssistantMessage(content="Yes.", tool_calls=[])],
        [HI, YES],
        [("messages[1].tool_calls", "dropped")],
    ),
    "an empty text beside calls": (
        [HI, calling().model_copy(update={"content": ""})],
        [HI, calling()],
        [("messages[1].content", "rewritten")],
    ),
    "an empty refusal": (
        [HI, AssistantMessage(content="Yes.", refusal="")],
        [HI, YES],
        [("messages[1].refusal", "rewritten")],
    ),
}


def encode(messages: list[ChatMessage]) -> Result[Encoded, EncodeError]:
    return codec().encode(Call(model="m", messages=messages, options=ChatOptions(max_tokens=9)))


def read_back(encoded: Encoded) -> list[ChatMessage]:
    return list(codec().read(encoded.request).unwrap().messages)


@pytest.mark.parametrize(("before", "after", "changes"), CHANGES.values(), ids=CHANGES.keys())
def test_a_conversation_is_brought_into_its_one_form(
    before: list[ChatMessage], after: list[ChatMessage], changes: list[tuple[str, str]]
) -> None:
    encoded = encode(before).unwrap()
    assert read_back(encoded) == after
    assert [(change.path, change.kind) for change in encoded.changes] == changes


@pytest.mark.parametrize(("before", "after", "changes"), CHANGES.values(), ids=CHANGES.keys())
def test_the_one_form_is_not_changed_again(
    before: list[ChatMessage], after: list[ChatMessage], changes: list[tuple[str, str]]
) -> None:
    once, again = encode(before).unwrap(), encode(after).unwrap()
    assert (again.request, again.losses, again.changes) == (once.request, once.losses, ()), changes


CANONICAL: dict[str, list[ChatMessage]] = {
    "by turns": [BRIEF, SystemMessage(content="Be kind.", cache_control=MARK), HI, YES, HI],
    "one text with a mark": [user(TextContent(text="a", cache_control=MARK))],
    "a result and a text": [HI, calling(), result(), HI],
    "blocks that say more": [HI, kept("", THOUGHT)],
}


@pytest.mark.parametrize("messages", CANONICAL.values(), ids=CANONICAL.keys())
def test_what_is_in_its_form_stays(messages: list[ChatMessage]) -> None:
    encoded = encode(messages).unwrap()
    assert (read_back(encoded), encoded.losses, encoded.changes) == (messages, (), ())


LOST: dict[str, tuple[list[ChatMessage], list[ChatMessage]]] = {
    "keys of another format": ([UserMessage(content="Hi", native={"openai": {"name": "Ann"}})], [HI]),
    "a refusal, and keys of another format": (
        [HI, AssistantMessage(content=None, refusal="I will not.", native={"openai": {"a": 1}})],
        [HI, AssistantMessage(content="I will not.")],
    ),
    "blocks that do not agree": (
        [HI, kept("b", {"type": "text", "text": "a"})],
        [HI, AssistantMessage(content="b")],
    ),
    "the role of an answer": (
        [HI, AssistantMessage(content="b", native={"anthropic": {"role": "user"}})],
        [HI, AssistantMessage(content="b")],
    ),
    "a call of another type": (
        [HI, calling(native={"anthropic": {"type": "server_tool_use"}}), result()],
        [
            HI,
            kept("", {"type": "server_tool_use", "id": "1", "name": "now", "input": {}}),
            result().model_copy(update={"name": ""}),
        ],
    ),
}


@pytest.mark.parametrize(("before", "after"), LOST.values(), ids=LOST.keys())
def test_what_is_lost_is_not_also_a_change(before: list[ChatMessage], after: list[ChatMessage]) -> None:
    encoded = encode(before).unwrap()
    assert (read_back(encoded), bool(encoded.losses), encoded.changes) == (after, True, ())


REFUSED: dict[str, tuple[list[ChatMessage], str]] = {
    "nothing at all": ([], "messages"),
    "a result of no parts": ([HI, calling(), result([])], "messages[2].content"),
    "arguments that cannot be read": (
        [HI, calling("{")],
        "messages[1].tool_calls[0].function.arguments",
    ),
    "arguments that cannot be read, in one of two turns": (
        [HI, YES, calling("{")],
        "messages[2].tool_calls[0].function.arguments",
    ),
    "a file with a broken URI": (
        [user(FileContent(source="data:nothing"))],
        "messages[0].content[0].source",
    ),
}


@pytest.mark.parametrize(("messages", "path"), REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_form_is_refused_by_its_path(messages: list[ChatMessage], path: str) -> None:
    assert encode(messages).failure().path == path
