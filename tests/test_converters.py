"""Messages as plain dicts in the words of each vendor, for programs with a client of their own."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from support.builders import tool_call

from casual_llm import (
    AssistantMessage,
    AudioContent,
    ChatMessage,
    FileContent,
    ImageContent,
    ImageFetchError,
    RequestError,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.message_converters import (
    convert_messages_to_anthropic,
    convert_messages_to_ollama,
    convert_messages_to_openai,
    extract_system_messages,
    merge_system_messages,
)
from casual_llm.messages import ContentPart

Body = dict[str, Any]
Converter = Callable[[Any], Any]
CONVERTERS: list[Converter] = [
    convert_messages_to_openai,
    convert_messages_to_ollama,
    convert_messages_to_anthropic,
]


async def converted(convert: Converter, messages: object) -> list[Body]:
    found = convert(messages)
    bodies: list[Body] = await found if inspect.isawaitable(found) else found
    return bodies


def text(content: str) -> Body:
    return {"type": "text", "text": content}


PNG = ImageContent(source={"type": "base64", "data": "aVZCT1I="}, media_type="image/png")
LINK = ImageContent(source="https://example.com/cat.jpg")
ASKED = AssistantMessage(
    tool_calls=[tool_call("a", "weather", '{"city": "Oslo"}'), tool_call("b", "now", "")]
)
RESULTS = [
    ToolResultMessage(name="weather", tool_call_id="a", content="rain"),
    ToolResultMessage(name="now", tool_call_id="b", content="noon"),
]
CONVERSATION = [
    SystemMessage(content="Be brief."),
    UserMessage(content="Weather?"),
    ASKED,
    *RESULTS,
    UserMessage(content="And tomorrow?"),
    AssistantMessage(content="Sun."),
]


@pytest.mark.parametrize("convert", CONVERTERS)
async def test_no_messages_are_no_messages(convert: Converter) -> None:
    assert await converted(convert, []) == []


@pytest.mark.parametrize("convert", CONVERTERS)
async def test_messages_are_plain_dicts_that_the_caller_owns(convert: Converter) -> None:
    bodies = await converted(convert, CONVERSATION)
    assert json.loads(json.dumps(bodies)) == bodies
    bodies[0]["content"] = "changed"
    assert await converted(convert, CONVERSATION) != bodies


# OpenAI


def test_openai_has_tool_calls_only_where_there_are_some() -> None:
    assert convert_messages_to_openai(CONVERSATION) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
                },
                {"id": "b", "type": "function", "function": {"name": "now", "arguments": ""}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "rain"},
        {"role": "tool", "tool_call_id": "b", "content": "noon"},
        {"role": "user", "content": "And tomorrow?"},
        {"role": "assistant", "content": "Sun."},
    ]


@pytest.mark.parametrize("message", [UserMessage(content=None), AssistantMessage(content=None)])
def test_openai_keeps_none(message: ChatMessage) -> None:
    assert convert_messages_to_openai([message]) == [{"role": message.role, "content": None}]


@pytest.mark.parametrize("arguments", ["{", "[1]", ' {"a":  1.0} '])
def test_openai_keeps_arguments_to_the_letter(arguments: str) -> None:
    body = convert_messages_to_openai([AssistantMessage(tool_calls=[tool_call("a", "f", arguments)])])[0]
    assert body["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}
    ]


@pytest.mark.parametrize(
    ("image", "url"),
    [
        (LINK, "https://example.com/cat.jpg"),
        (PNG, "data:image/png;base64,aVZCT1I="),
        (ImageContent(source="aVZCT1I="), "data:image/jpeg;base64,aVZCT1I="),
        (ImageContent(source="data:image/gif;base64,R0lG"), "data:image/gif;base64,R0lG"),
    ],
)
def test_openai_has_images_as_urls(image: ImageContent, url: str) -> None:
    assert convert_messages_to_openai([UserMessage(content=[TextContent(text="Look"), image])]) == [
        {"role": "user", "content": [text("Look"), {"type": "image_url", "image_url": {"url": url}}]}
    ]


# Ollama


async def test_ollama_has_arguments_as_objects() -> None:
    assert await convert_messages_to_ollama(CONVERSATION) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "a", "function": {"name": "weather", "arguments": {"city": "Oslo"}}},
                {"id": "b", "function": {"name": "now", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "rain", "tool_name": "weather", "tool_call_id": "a"},
        {"role": "tool", "content": "noon", "tool_name": "now", "tool_call_id": "b"},
        {"role": "user", "content": "And tomorrow?"},
        {"role": "assistant", "content": "Sun."},
    ]


@pytest.mark.parametrize("message", [UserMessage(content=None), AssistantMessage(content=None)])
async def test_ollama_says_nothing_as_an_empty_text(message: ChatMessage) -> None:
    assert await convert_messages_to_ollama([message]) == [{"role": message.role, "content": ""}]


async def test_ollama_has_texts_in_lines_and_images_apart() -> None:
    gif = ImageContent(source="data:image/gif;base64,R0lG")
    parts: list[ContentPart] = [TextContent(text="One."), PNG, TextContent(text="Two."), gif]
    assert await convert_messages_to_ollama([UserMessage(content=parts)]) == [
        {"role": "user", "content": "One.\nTwo.", "images": ["aVZCT1I=", "R0lG"]}
    ]
    assert await convert_messages_to_ollama([UserMessage(content=parts[:1])]) == [
        {"role": "user", "content": "One."}
    ]


async def test_ollama_s_images_by_url_are_fetched_from_public_addresses_only() -> None:
    inside = ImageContent(source="http://127.0.0.1/cat.png")
    with pytest.raises(ImageFetchError, match="loopback"):
        await convert_messages_to_ollama([UserMessage(content=[inside])])


# Anthropic


def test_anthropic_has_turns_of_blocks_and_no_system_messages() -> None:
    assert convert_messages_to_anthropic(CONVERSATION) == [
        {"role": "user", "content": [text("Weather?")]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Oslo"}},
                {"type": "tool_use", "id": "b", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [text("rain")]},
                {"type": "tool_result", "tool_use_id": "b", "content": [text("noon")]},
                text("And tomorrow?"),
            ],
        },
        {"role": "assistant", "content": [text("Sun.")]},
    ]


@pytest.mark.parametrize(
    "results",
    [
        [*RESULTS, UserMessage(content="Hm?")],
        [RESULTS[0], UserMessage(content="Hm?"), RESULTS[1]],
        [UserMessage(content="Hm?"), *RESULTS],
        [RESULTS[0], SystemMessage(content="Be brief."), RESULTS[1], UserMessage(content="Hm?")],
    ],
)
def test_anthropic_s_results_of_one_turn_stand_in_one_message_before_its_text(
    results: Sequence[ChatMessage],
) -> None:
    messages = convert_messages_to_anthropic([UserMessage(content="Weather?"), ASKED, *results])
    blocks: Any = messages[2]["content"]
    assert len(messages) == 3
    assert [block.get("tool_use_id", block.get("text")) for block in blocks] == ["a", "b", "Hm?"]


def test_anthropic_s_turns_of_one_side_are_one_message() -> None:
    messages = [
        *[UserMessage(content=each) for each in ("One.", "Two.")],
        *[AssistantMessage(content=each) for each in ("Three.", "Four.")],
    ]
    assert convert_messages_to_anthropic(messages) == [
        {"role": "user", "content": [text("One."), text("Two.")]},
        {"role": "assistant", "content": [text("Three.Four.")]},
    ]


def test_anthropic_s_result_may_be_an_error_with_a_picture() -> None:
    failed = ToolResultMessage(
        name="weather", tool_call_id="a", content=[TextContent(text="no"), PNG], is_error=True
    )
    blocks: Any = convert_messages_to_anthropic([ASKED, failed])[1]["content"]
    source = {"type": "base64", "media_type": "image/png", "data": "aVZCT1I="}
    assert blocks == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [text("no"), {"type": "image", "source": source}],
            "is_error": True,
        }
    ]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (LINK, {"type": "url", "url": "https://example.com/cat.jpg"}),
        (PNG, {"type": "base64", "media_type": "image/png", "data": "aVZCT1I="}),
        (
            ImageContent(source="data:image/gif;base64,R0lG"),
            {"type": "base64", "media_type": "image/gif", "data": "R0lG"},
        ),
    ],
)
def test_anthropic_has_images_as_sources(image: ImageContent, source: Body) -> None:
    assert convert_messages_to_anthropic([UserMessage(content=[image])]) == [
        {"role": "user", "content": [{"type": "image", "source": source}]}
    ]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([], None),
        (["", " \n"], None),
        ([" Be brief. "], ["Be brief."]),
        (["Be brief.", " ", "Be kind."], ["Be brief.", "Be kind."]),
    ],
)
def test_system_messages_are_anthropic_s_blocks_of_text(texts: list[str], found: list[str] | None) -> None:
    messages: list[ChatMessage] = [
        UserMessage(content="Hi"),
        *(SystemMessage(content=each) for each in texts),
    ]
    assert extract_system_messages(messages) == (None if found is None else [text(each) for each in found])


# System messages as one


def test_system_messages_are_joined_by_a_blank_line_in_front() -> None:
    ask = UserMessage(content="Hi")
    several: list[ChatMessage] = [
        SystemMessage(content="One."),
        ask,
        SystemMessage(content=""),
        SystemMessage(content="Two."),
    ]
    assert merge_system_messages(several) == [SystemMessage(content="One.\n\nTwo."), ask]


@pytest.mark.parametrize("texts", [[], ["One."], ["One.", ""], ["", " "]])
def test_a_single_system_message_with_content_stays_where_it_is(texts: list[str]) -> None:
    messages: list[ChatMessage] = [
        UserMessage(content="Hi"),
        *(SystemMessage(content=each) for each in texts),
    ]
    assert merge_system_messages(messages) == messages


# What cannot be encoded


@pytest.mark.parametrize("convert", CONVERTERS)
@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("Hi", r"messages: expected a list of messages, got a str"),
        (None, r"messages: expected a list of messages, got None"),
        (UserMessage(content="Hi"), r"messages: expected a list of messages, got a UserMessage"),
        ({"role": "user", "content": "Hi"}, r"messages: expected a list of messages, got a dict"),
        (
            [UserMessage(content="Hi"), {"role": "user", "content": "Hi"}],
            r"messages\[1\]: expected a message, got a dict; use a message",
        ),
    ],
)
async def test_what_is_no_list_of_messages_is_refused_by_its_path(
    convert: Converter, given: object, problem: str
) -> None:
    with pytest.raises(RequestError, match=problem):
        await converted(convert, given)


@pytest.mark.parametrize("convert", [convert_messages_to_ollama, convert_messages_to_anthropic])
@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '"a"', "nonsense"])
async def test_arguments_that_are_not_an_object_are_rejected_with_their_path(
    convert: Converter, arguments: str
) -> None:
    wrong = AssistantMessage(tool_calls=[tool_call("a", "f", "{}"), tool_call("b", "g", arguments)])
    with pytest.raises(
        RequestError, match=r"messages\[1\]\.tool_calls\[1\]\.function\.arguments: .*; repair"
    ):
        await converted(convert, [UserMessage(content="Hi"), wrong])


@pytest.mark.parametrize("content", [None, [], [AudioContent(source="aGk=")]])
def test_content_that_anthropic_does_not_support_is_refused_by_its_path(content: Any) -> None:  # noqa: ANN401 # of any kind
    with pytest.raises(RequestError, match=r"messages\[1\]\.content"):
        convert_messages_to_anthropic([AssistantMessage(content="Hi"), UserMessage(content=content)])


@pytest.mark.parametrize(
    ("convert", "message", "logged"),
    [
        (
            convert_messages_to_openai,
            UserMessage(content="Hi", native={"anthropic": {"cache": 1}}),
            "messages[0].native.anthropic was dropped: openai does not support it",
        ),
        (
            convert_messages_to_ollama,
            UserMessage(content=[FileContent(source="aGk=")]),
            "messages[0].content[0] was dropped: ollama does not support it",
        ),
        (
            convert_messages_to_anthropic,
            UserMessage(content=[ImageContent(source="aGk=", detail="low")]),
            "messages[0].content[0].detail was dropped: anthropic does not support it",
        ),
    ],
)
async def test_what_is_left_out_is_logged(
    convert: Converter, message: ChatMessage, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="casual_llm"):
        await converted(convert, [message])
    assert caplog.messages == [logged]


@pytest.mark.parametrize("convert", CONVERTERS)
async def test_a_conversation_without_losses_logs_nothing(
    convert: Converter, caplog: pytest.LogCaptureFixture
) -> None:
    await converted(convert, CONVERSATION)
    assert caplog.messages == []


def test_messages_of_any_kind_of_list_are_joined_and_what_is_none_is_refused() -> None:
    messages = [SystemMessage(content="a"), SystemMessage(content="b"), UserMessage(content="c")]
    assert merge_system_messages(message for message in messages) == merge_system_messages(messages)
    assert [message.content for message in merge_system_messages(messages)] == ["a\n\nb", "c"]
    with pytest.raises(RequestError, match="messages: expected a list of messages, got a str"):
        merge_system_messages("x")  # type: ignore[arg-type] # what is tested
    with pytest.raises(RequestError, match=r"messages\[0\]: expected a message, got a str"):
        merge_system_messages(["x"])  # type: ignore[list-item] # what is tested
