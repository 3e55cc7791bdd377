"""System messages that are joined into one: what stands beside their texts is kept."""

from __future__ import annotations

import json

from casual_llm import ChatMessage, ChatOptions, ImageContent, SystemMessage, TextContent, UserMessage
from casual_llm.formats import format_named
from casual_llm.wire.codec import Call
from casual_llm.wire.system import merge_system_messages

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
    assert [loss.path for loss in encoded.losses] == ["messages[0].native.x"]


def test_a_text_that_says_nothing_beside_a_lost_part_is_told_of() -> None:
    image = ImageContent(source={"type": "base64", "data": "AA=="}, media_type="image/png")
    said = [UserMessage(content=[image, TextContent(text="")])]
    encoded = format_named("ollama").encode(Call(model="m", messages=said)).unwrap()
    assert [loss.path for loss in encoded.losses] == [
        "messages[0].content[0].media_type",
        "messages[0].content[1]",
    ]
