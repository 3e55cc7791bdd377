"""What cannot be put on the wire: refused with its path and a remedy, left out, or written differently."""

from __future__ import annotations

from typing import Any

import pytest

from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
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
from casual_llm.providers.ollama import codec
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call
from casual_llm.wire.report import Change, ChangeKind, Loss

HI = UserMessage(content="Hi")
NOW, PING = Tool(name="now"), Tool(name="ping", strict=True)
GIF = ImageContent(source="R0lGODlh", media_type="image/gif")
MARK = {"type": "ephemeral"}


def asking(arguments: str, **more: Any) -> AssistantMessage:  # noqa: ANN401
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantMessage(tool_calls=[AssistantToolCall(id="c1", function=function, **more)])


BAD: dict[str, tuple[ChatMessage, str]] = {
    "arguments cut off": (
        asking('{"city": "Par'),
        (
            "messages[1].tool_calls[0].function.arguments: not a JSON object: "
            "EOF while parsing a string at line 1 column 13; "
            "repair the JSON, or leave out this call and its result"
        ),
    ),
    "arguments that are a list": (
        asking("[1]"),
        (
            "messages[1].tool_calls[0].function.arguments: not a JSON object: "
            "arguments: expected a dict, got a list; "
            "repair the JSON, or leave out this call and its result"
        ),
    ),
    "an image by URL": (
        UserMessage(content=[TextContent(text="a"), ImageContent(source="https://example.com/a.png")]),
        (
            "messages[1].content[1]: Ollama does not accept image URLs; "
            "fetch the image first: fetch_image_as_base64 for a URL, read_image for a file"
        ),
    ),
    "a data URI without an image": (
        UserMessage(content=[ImageContent(source="data:image/png;base64,")]),
        "messages[1].content[0]: the data URI does not hold an image in base64; use base64 instead",
    ),
    "a data URI that is none": (
        UserMessage(content=[ImageContent(source="data:image/png")]),
        "messages[1].content[0]: the data URI does not hold an image in base64; use base64 instead",
    ),
    "a data URI of broken base64": (
        ToolResultMessage(name="f", tool_call_id="1", content=[ImageContent(source="data:;base64,a!")]),
        "messages[1].content[0]: the data URI does not hold an image in base64; use base64 instead",
    ),
    "a user message without content": (
        UserMessage(content=None),
        "messages[1].content: the message is empty; add text or parts",
    ),
}


@pytest.mark.parametrize(("message", "problem"), BAD.values(), ids=BAD.keys())
def test_a_message_that_cannot_be_sent_says_where_and_what_to_do(message: ChatMessage, problem: str) -> None:
    assert str(codec().encode(Call(model="m", messages=[HI, message])).failure()) == problem


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_arguments_hold_finite_numbers_only(number: str) -> None:
    failure = codec().encode(Call(model="m", messages=[asking(f'{{"a": {number}}}')])).failure()
    assert failure.path == "messages[0].tool_calls[0].function.arguments"


def test_half_a_character_is_refused_by_its_path() -> None:
    call = Call(model="m", messages=[HI, UserMessage(content="\ud800")])
    assert codec().encode(call).failure().path == "messages[1]"


def lost(path: str, asked: Any) -> Loss:  # noqa: ANN401
    return Loss(path=path, kind="unsupported", asked=asked)


CHOICE = "options.tool_choice"
LOSSES: dict[str, tuple[list[ChatMessage], dict[str, Any], list[Loss]]] = {
    "a tool must be called": (
        [HI],
        {"tools": [NOW], "tool_choice": "required"},
        [lost(CHOICE, "required")],
    ),
    "no tool may be called": (
        [HI],
        {"tools": [NOW], "tool_choice": "none"},
        [Loss(path=CHOICE, kind="replaced", asked="none", applied="no tools")],
    ),
    "one tool must be called": (
        [HI],
        {"tools": [PING, NOW], "tool_choice": "now"},
        [Loss(path=CHOICE, kind="replaced", asked="now", applied="now as the only tool")],
    ),
    "tools of extra cannot be chosen from": (
        [HI],
        {"tool_choice": "none", "extra": {"tools": [{"type": "function"}]}},
        [lost(CHOICE, "none")],
    ),
    "what only others know of a tool": (
        [HI],
        {"tools": [Tool(name="f", strict=True, cache_control=MARK, native={"anthropic": {"type": "x"}})]},
        [
            lost("options.tools[0].native.anthropic", ["type"]),
            lost("options.tools[0].strict", True),  # noqa: FBT003
            lost("options.tools[0].cache_control", MARK),
        ],
    ),
    "settings of extra with other values": (
        [HI],
        {"seed": 1, "max_tokens": 5, "extra": {"options": {"seed": 2, "num_predict": 5}}},
        [Loss(path="options.extra.options.seed", kind="overridden", asked=1, applied=2)],
    ),
    "a key of extra with another value": (
        [HI],
        {"response_format": "json", "extra": {"format": ""}},
        [Loss(path="options.extra.format", kind="overridden", asked="json", applied="")],
    ),
    "a refusal": ([AssistantMessage(refusal="No.")], {}, [lost("messages[0].refusal", "No.")]),
    "that a tool failed": (
        [ToolResultMessage(name="f", tool_call_id="1", content="No.", is_error=False)],
        {},
        [lost("messages[0].is_error", False)],  # noqa: FBT003
    ),
    "marks for a prompt cache": (
        [
            SystemMessage(content="a", cache_control=MARK),
            UserMessage(content=[TextContent(text="a", cache_control=MARK)]),
            ToolResultMessage(name="f", tool_call_id="1", content="a", cache_control=MARK),
        ],
        {},
        [
            lost("messages[0].cache_control", MARK),
            lost("messages[1].content[0].cache_control", MARK),
            lost("messages[2].cache_control", MARK),
        ],
    ),
    "what only others know": (
        [
            UserMessage(content="a", native={"openai": {"name": "Ann"}, "ollama": {"x": 1}}),
            UserMessage(content=[TextContent(text="a", native={"ollama": {"x": 1}})]),
            asking("{}", native={"gemini": {"signature": "s"}}),
        ],
        {},
        [
            lost("messages[0].native.openai", ["name"]),
            lost("messages[1].content[0].native.ollama", ["x"]),
            lost("messages[2].tool_calls[0].native.gemini", ["signature"]),
        ],
    ),
    "keys of the format that override the message": (
        [
            UserMessage(content="a", native={"ollama": {"content": "b", "role": "user"}}),
            asking('{"a":1}', native={"ollama": {"id": "c2"}}),
        ],
        {},
        [
            Loss(path="messages[0].native.ollama.content", kind="overridden", asked="a", applied="b"),
            Loss(
                path="messages[1].tool_calls[0].native.ollama.id", kind="overridden", asked="c1", applied="c2"
            ),
        ],
    ),
    "a call with a native key of its function": (
        [asking("{}", native={"ollama": {"function": {"name": "now", "arguments": {}, "x": 1}}})],
        {},
        [],
    ),
    "other media": (
        [
            UserMessage(
                content=[
                    FileContent(source="aGk="),
                    AudioContent(source="aGk="),
                    NativeContent(format="ollama", block={"type": "x"}),
                    TextContent(text="a"),
                ]
            )
        ],
        {},
        [
            lost("messages[0].content[0]", {"type": "file"}),
            lost("messages[0].content[1]", {"type": "audio"}),
            lost("messages[0].content[2]", {"type": "x"}),
        ],
    ),
    "how closely to look": (
        [UserMessage(content=[GIF.model_copy(update={"detail": "low"})])],
        {},
        [lost("messages[0].content[0].detail", "low")],
    ),
    "the type of a tool, overridden": (
        [UserMessage(content="Hi")],
        {"tools": [Tool(name="now", native={"ollama": {"type": "custom"}})]},
        [
            Loss(
                path="options.tools[0].native.ollama.type",
                kind="overridden",
                asked="function",
                applied="custom",
            )
        ],
    ),
    "a media type that the bytes do not tell": (
        [UserMessage(content=[ImageContent(source="aGk=", media_type="image/svg+xml")])],
        {},
        [lost("messages[0].content[0].media_type", "image/svg+xml")],
    ),
}


@pytest.mark.parametrize(("messages", "options", "losses"), LOSSES.values(), ids=LOSSES.keys())
def test_what_cannot_be_expressed_is_a_loss(
    messages: list[ChatMessage], options: dict[str, Any], losses: list[Loss]
) -> None:
    encoded = codec().encode(Call(model="m", messages=messages, options=ChatOptions(**options))).unwrap()
    assert list(encoded.losses) == losses


@pytest.mark.parametrize("more", [{}, {"detail": "low"}, {"cache_control": MARK}], ids=str)
def test_another_media_type_is_reported_whatever_else_is_lost(more: dict[str, Any]) -> None:
    image = ImageContent(source="iVBORw0KGgo=", media_type="image/webp", **more)
    encoded = codec().encode(Call(model="m", messages=[UserMessage(content=[image])])).unwrap()
    assert [(change.path, change.kind) for change in encoded.changes] == [
        ("messages[0].content", "rewritten")
    ]
    assert [loss.path for loss in encoded.losses] == [f"messages[0].content[0].{name}" for name in more]


def test_a_loss_is_a_failure_where_nothing_may_be_lost() -> None:
    options = ChatOptions(tools=[NOW], tool_choice="required", strict=True)
    assert codec().encode(Call(model="m", messages=[HI], options=options)).failure().path == CHOICE


def changed(path: str, asked: Any, applied: Any = None, kind: ChangeKind = "rewritten") -> Change:  # noqa: ANN401
    return Change(path=path, kind=kind, asked=asked, applied=applied)


FORMAT = "options.response_format"
CHANGES: dict[str, tuple[list[ChatMessage], dict[str, Any], list[Change]]] = {
    "nothing": ([HI, asking('{"a":1}')], {"stop": ["a"], "tools": [NOW]}, []),
    "one stop": ([HI], {"stop": "END"}, [changed("options.stop", "END", ["END"])]),
    "free text": ([HI], {"response_format": "text"}, [changed(FORMAT, "text", kind="implied")]),
    "a free choice": ([HI], {"tool_choice": "auto"}, [changed(CHOICE, "auto", kind="implied")]),
    "no tools to choose": ([HI], {"tool_choice": "none"}, [changed(CHOICE, "none", kind="implied")]),
    "a schema's name": (
        [HI],
        {"response_format": JsonSchema(name="Age", schema={"type": "integer"})},
        [changed(f"{FORMAT}.name", "Age", "answer")],
    ),
    "a schema's name that OpenAI would refuse": (
        [HI],
        {"response_format": JsonSchema(name="Box[Cat]", schema={"title": "Box[Cat]"})},
        [changed(f"{FORMAT}.name", "Box[Cat]", "Box_Cat")],
    ),
    "a schema that must be followed": (
        [HI],
        {"response_format": JsonSchema(name="Age", schema={"title": "Age"}, strict=True)},
        [changed(f"{FORMAT}.strict", True, kind="implied")],  # noqa: FBT003
    ),
    "texts": (
        [UserMessage(content=[TextContent(text="a"), TextContent(text="b")])],
        {},
        [changed("messages[0].content", ["text", "text"], "text")],
    ),
    "an image before its text": (
        [UserMessage(content=[GIF, TextContent(text="a")])],
        {},
        [changed("messages[0].content", ["image", "text"], ["text", "image"])],
    ),
    "no text next to calls": (
        [AssistantMessage(content="", tool_calls=asking("{}").tool_calls)],
        {},
        [changed("messages[0].content", "", None)],
    ),
    "no calls": (
        [AssistantMessage(content="a", tool_calls=[])],
        {},
        [changed("messages[0].tool_calls", [])],
    ),
    "arguments": (
        [asking('{"a": 1}')],
        {},
        [changed("messages[0].tool_calls[0].function.arguments", '{"a": 1}', '{"a":1}')],
    ),
}


@pytest.mark.parametrize(("messages", "options", "changes"), CHANGES.values(), ids=CHANGES.keys())
def test_what_is_written_in_another_form_is_reported(
    messages: list[ChatMessage], options: dict[str, Any], changes: list[Change]
) -> None:
    encoded = codec().encode(Call(model="m", messages=messages, options=ChatOptions(**options))).unwrap()
    assert (list(encoded.changes), encoded.losses) == (changes, ())
