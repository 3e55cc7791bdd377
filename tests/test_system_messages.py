"""System messages that are joined into one: what stands beside their texts is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm import ChatMessage, ChatOptions, ImageContent, SystemMessage, TextContent, UserMessage
from casual_llm.formats import format_named
from casual_llm.wire.codec import Call
from casual_llm.wire.report import Loss
from casual_llm.wire.system_messages import merge_system_messages

MARK, LONGER = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
SAID: list[ChatMessage] = [
    SystemMessage(content="Be brief.", cache_control=MARK, native={"openai": {"name": "a"}}),
    SystemMessage(content="Be kind.", cache_control=LONGER, native={"openai": {"name": "b"}, "x": {"y": 1}}),
    SystemMessage(content="Be here."),
    UserMessage(content="Hi"),
]


def test_the_last_mark_and_all_native_keys_are_kept() -> None:
    joined = merge_system_messages(SAID)[0]
    assert joined == SystemMessage(
        content="Be brief.\n\nBe kind.\n\nBe here.",
        cache_control=LONGER,
        native={"openai": {"name": "b"}, "x": {"y": 1}},
    )


def test_a_server_that_knows_marks_is_sent_the_last_one() -> None:
    options = ChatOptions(system_message_handling="merge")
    encoded = format_named("openrouter").encode(Call(model="m", messages=SAID, options=options)).unwrap()
    assert json.loads(encoded.request.body)["messages"][0]["content"][0]["cache_control"] == LONGER
    assert [loss.path for loss in encoded.losses] == [
        "messages[1].native.x",
        "options.system_message_handling",
    ]


def system(content: str, mark: Any = None, name: str | None = None) -> SystemMessage:  # noqa: ANN401
    native = None if name is None else {"openai": {"name": name}, "ollama": {"name": name}}
    return SystemMessage(content=content, cache_control=mark, native=native)


A, B, HI = system("A"), system("B"), UserMessage(content="Hi")
LOST: dict[str, tuple[str, list[SystemMessage], Any, Any]] = {
    "the first of two marks": (
        "openrouter",
        [system("A", LONGER), system("B", MARK)],
        [{"cache_control": LONGER}],
        {"cache_control": MARK},
    ),
    "a mark that moves behind the last": (
        "openrouter",
        [system("A", MARK), B],
        [{"cache_control": MARK}],
        {"cache_control": MARK},
    ),
    "the mark of one that says nothing": (
        "openrouter",
        [A, system(" ", MARK), B],
        [{"cache_control": MARK}],
        {},
    ),
    "the first of two names": (
        "openai",
        [system("A", name="n1"), system("B", name="n2")],
        [{"native": {"name": "n1"}}, {"native": {"name": "n2"}}],
        {"native": {"name": "n2"}},
    ),
    "the name of one that says nothing": (
        "openai",
        [A, system(" ", name="n1"), B],
        [{"native": {"name": "n1"}}],
        {},
    ),
    "a name that becomes that of all": (
        "ollama",
        [A, system("B", name="n1")],
        [{"native": {"name": "n1"}}],
        {"native": {"name": "n1"}},
    ),
}


@pytest.mark.parametrize(("name", "said", "asked", "applied"), LOST.values(), ids=LOST.keys())
def test_what_stands_beside_texts_that_are_joined_is_told(
    name: str,
    said: list[SystemMessage],
    asked: Any,  # noqa: ANN401
    applied: Any,  # noqa: ANN401
) -> None:
    options = ChatOptions(system_message_handling="merge")
    encoded = format_named(name).encode(Call(model="m", messages=[*said, HI], options=options)).unwrap()
    told = Loss(path="options.system_message_handling", kind="replaced", asked=asked, applied=applied)
    assert [loss for loss in encoded.losses if ".native." not in loss.path] == [told]


@pytest.mark.parametrize(
    ("name", "said"), [("openrouter", [A, system("B", MARK)]), ("openai", [A, B]), ("ollama", [A, B])]
)
def test_texts_alone_and_the_last_mark_are_joined_without_a_loss(name: str, said: list[ChatMessage]) -> None:
    options = ChatOptions(system_message_handling="merge")
    assert (
        format_named(name).encode(Call(model="m", messages=[*said, HI], options=options)).unwrap().losses
        == ()
    )


ELSEWHERE = ImageContent(source="https://example.com/a.png", media_type="image/png")
PLACES = Call(
    model="m",
    messages=[A, HI, system("B", MARK), UserMessage(content=[ELSEWHERE])],
    options=ChatOptions(system_message_handling="merge"),
)


def test_what_is_lost_of_messages_is_told_by_their_places_in_the_call() -> None:
    losses = format_named("openai").encode(PLACES).unwrap().losses
    assert [loss.path for loss in losses] == [
        "messages[2].cache_control",
        "messages[3].content[0].media_type",
    ]


def test_what_cannot_be_said_is_refused_by_its_place_in_the_call() -> None:
    assert format_named("ollama").encode(PLACES).failure().path == "messages[3].content[0]"


def test_a_text_that_says_nothing_beside_a_lost_part_is_told_of() -> None:
    image = ImageContent(source={"type": "base64", "data": "AA=="}, media_type="image/png")
    said = [UserMessage(content=[image, TextContent(text="")])]
    encoded = format_named("ollama").encode(Call(model="m", messages=said)).unwrap()
    assert [loss.path for loss in encoded.losses] == [
        "messages[0].content[0].media_type",
        "messages[0].content[1]",
    ]
