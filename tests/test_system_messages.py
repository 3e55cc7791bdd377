"""System messages that are merged into one: other fields are preserved or reported."""

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
CONVERSATION: list[ChatMessage] = [
    SystemMessage(content="Be brief.", cache_control=MARK, native={"openai": {"name": "a"}}),
    SystemMessage(content="Be kind.", cache_control=LONGER, native={"openai": {"name": "b"}, "x": {"y": 1}}),
    SystemMessage(content="Be here."),
    UserMessage(content="Hi"),
]


def test_the_last_cache_control_and_all_native_keys_are_preserved() -> None:
    merged = merge_system_messages(CONVERSATION)[0]
    assert merged == SystemMessage(
        content="Be brief.\n\nBe kind.\n\nBe here.",
        cache_control=LONGER,
        native={"openai": {"name": "b"}, "x": {"y": 1}},
    )


def test_a_server_that_supports_cache_control_is_sent_the_last_one() -> None:
    options = ChatOptions(system_message_handling="merge")
    encoded = (
        format_named("openrouter").encode(Call(model="m", messages=CONVERSATION, options=options)).unwrap()
    )
    assert json.loads(encoded.request.body)["messages"][0]["content"][0]["cache_control"] == LONGER
    assert [loss.path for loss in encoded.losses] == [
        "messages[1].native.x",
        "options.system_message_handling",
    ]


def system(content: str, mark: Any = None, name: str | None = None) -> SystemMessage:  # noqa: ANN401
    native = None if name is None else {"openai": {"name": name}, "ollama": {"name": name}}
    return SystemMessage(content=content, cache_control=mark, native=native)


A, B, HI = system("A"), system("B"), UserMessage(content="Hi")
MERGE_LOSSES: dict[str, tuple[str, list[SystemMessage], Any, Any]] = {
    "the first of two cache controls": (
        "openrouter",
        [system("A", LONGER), system("B", MARK)],
        [{"cache_control": LONGER}],
        {"cache_control": MARK},
    ),
    "a cache control that moves after the last text": (
        "openrouter",
        [system("A", MARK), B],
        [{"cache_control": MARK}],
        {"cache_control": MARK},
    ),
    "the cache control of an empty message": (
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
    "the name of an empty message": (
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


@pytest.mark.parametrize(
    ("name", "system_messages", "asked", "applied"), MERGE_LOSSES.values(), ids=MERGE_LOSSES.keys()
)
def test_other_fields_of_merged_messages_are_reported(
    name: str,
    system_messages: list[SystemMessage],
    asked: Any,  # noqa: ANN401
    applied: Any,  # noqa: ANN401
) -> None:
    options = ChatOptions(system_message_handling="merge")
    encoded = (
        format_named(name).encode(Call(model="m", messages=[*system_messages, HI], options=options)).unwrap()
    )
    loss_of_merge = Loss(
        path="options.system_message_handling", kind="replaced", asked=asked, applied=applied
    )
    assert [loss for loss in encoded.losses if ".native." not in loss.path] == [loss_of_merge]


@pytest.mark.parametrize(
    ("name", "system_messages"),
    [("openrouter", [A, system("B", MARK)]), ("openai", [A, B]), ("ollama", [A, B])],
)
def test_plain_texts_and_the_last_cache_control_are_merged_without_a_loss(
    name: str, system_messages: list[ChatMessage]
) -> None:
    options = ChatOptions(system_message_handling="merge")
    assert (
        format_named(name)
        .encode(Call(model="m", messages=[*system_messages, HI], options=options))
        .unwrap()
        .losses
        == ()
    )


LINKED_IMAGE = ImageContent(source="https://example.com/a.png", media_type="image/png")
MIXED = Call(
    model="m",
    messages=[A, HI, system("B", MARK), UserMessage(content=[LINKED_IMAGE])],
    options=ChatOptions(system_message_handling="merge"),
)


def test_losses_of_messages_are_reported_by_their_indexes_in_the_call() -> None:
    losses = format_named("openai").encode(MIXED).unwrap().losses
    assert [loss.path for loss in losses] == [
        "messages[2].cache_control",
        "messages[3].content[0].media_type",
    ]


def test_unsupported_content_is_rejected_by_its_path_in_the_call() -> None:
    assert format_named("ollama").encode(MIXED).failure().path == "messages[3].content[0]"


def test_an_empty_text_after_an_image_is_reported() -> None:
    image = ImageContent(source={"type": "base64", "data": "AA=="}, media_type="image/png")
    messages = [UserMessage(content=[image, TextContent(text="")])]
    encoded = format_named("ollama").encode(Call(model="m", messages=messages)).unwrap()
    assert [loss.path for loss in encoded.losses] == [
        "messages[0].content[0].media_type",
        "messages[0].content[1]",
    ]
