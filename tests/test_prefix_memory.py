"""What a client remembers of conversations: found again, gone with them."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import pytest

from casual_llm import AssistantMessage, ChatMessage, UserMessage
from casual_llm.providers.openai_chat import codec
from casual_llm.shell.prefix_memory import PrefixMemory
from casual_llm.wire.codec import Call
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix

CODEC = codec()


def conversation(length: int) -> list[ChatMessage]:
    return [
        (AssistantMessage if index % 2 else UserMessage)(content=f"number {index}") for index in range(length)
    ]


def send(memory: PrefixMemory, messages: Sequence[ChatMessage]) -> tuple[int, bytes]:
    """Send as a client does: tell how much was remembered, and the bytes that go out."""
    call = Call(model="m", messages=messages)
    recalled = memory.recall(call.messages)
    encoded = CODEC.encode(call, recalled.written).unwrap()
    memory.keep(recalled, call.messages, encoded.written)
    return recalled.written.count, encoded.request.body


def plain(messages: Sequence[ChatMessage]) -> bytes:
    return CODEC.encode(Call(model="m", messages=messages)).unwrap().request.body


def test_a_conversation_that_goes_on_is_remembered_as_far_as_it_was_sent() -> None:
    memory, said = PrefixMemory(), conversation(5)
    assert send(memory, said[:3]) == (0, plain(said[:3]))
    assert send(memory, said) == (3, plain(said))
    assert send(memory, said) == (5, plain(said))
    assert len(memory) == 1


def test_an_equal_conversation_of_other_messages_is_not_remembered() -> None:
    memory, said = PrefixMemory(), conversation(3)
    send(memory, said)
    assert memory.recall(tuple(conversation(3))).written is EMPTY_PREFIX


@pytest.mark.parametrize("length", [1, 3, 9, 10, 1000])
def test_the_bytes_go_with_the_conversation(length: int) -> None:
    memory, said = PrefixMemory(), conversation(length)
    send(memory, said)
    assert len(memory) == 1
    said.clear()
    assert len(memory) == 0


def test_the_bytes_go_with_the_middle_of_a_long_conversation() -> None:
    memory, said = PrefixMemory(), conversation(1000)
    send(memory, said)
    del said[10:-10]
    assert len(memory) == 0


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_the_bytes_go_with_any_message_of_a_short_conversation(gone: int) -> None:
    memory, said = PrefixMemory(), conversation(3)
    send(memory, said)
    del said[gone]
    assert len(memory) == 0
    assert send(memory, said) == (0, plain(said))


def test_what_is_equal_and_not_written_alike_is_written_anew() -> None:
    memory, ask = PrefixMemory(), UserMessage(content="Go on.")
    for value in (1, True, 1.0):
        said = [UserMessage(content="Hi", native={"openai": {"n": value}}), ask]
        assert send(memory, said) == (0, plain(said))


def test_what_was_asked_last_can_be_asked_anew() -> None:
    memory, said = PrefixMemory(), conversation(3)
    send(memory, said)
    ways = [[*said, UserMessage(content=f"way {index}")] for index in range(3)]
    assert [send(memory, way) for way in ways] == [(3, plain(way)) for way in ways]
    assert send(memory, ways[0]) == (3, plain(ways[0]))
    assert len(memory) == 1


def test_a_question_that_is_gone_leaves_what_it_was_asked_of() -> None:
    memory, said = PrefixMemory(), conversation(3)
    send(memory, said)
    send(memory, [*said, UserMessage(content="asked and forgotten")])
    assert send(memory, said) == (3, plain(said))


def test_two_that_begin_alike_are_both_right() -> None:
    memory, said = PrefixMemory(), conversation(3)
    ways = [[*said, *conversation(length)] for length in (2, 4)]
    assert [send(memory, way) for way in ways] == [(0, plain(way)) for way in ways]
    assert [send(memory, way)[0] for way in ways] == [5, 7]
    assert len(memory) == 2


def test_a_conversation_without_its_first_messages_is_written_anew() -> None:
    memory, said = PrefixMemory(), conversation(5)
    send(memory, said)
    assert send(memory, said[2:]) == (0, plain(said[2:]))


def test_one_message_may_end_many_conversations() -> None:
    memory, ask = PrefixMemory(), UserMessage(content="Go on.")
    said = [[message, ask] for message in conversation(3)]
    assert [send(memory, messages) for messages in said] == [(0, plain(messages)) for messages in said]
    assert len(memory) == 1


def test_a_conversation_that_is_gone_leaves_another_with_the_same_message_alone() -> None:
    memory, said = PrefixMemory(), conversation(4)
    send(memory, said[:2])
    send(memory, said)
    other = [UserMessage(content="And?"), said[1]]
    send(memory, other)
    del said[0]
    assert send(memory, other) == (2, plain(other))


def test_what_a_codec_does_not_write_for_good_is_not_remembered() -> None:
    memory, said = PrefixMemory(), tuple(conversation(2))
    memory.keep(memory.recall(said), said, Prefix())
    assert len(memory) == 0


def test_a_memory_that_is_gone_leaves_the_messages_alone() -> None:
    memory, said = PrefixMemory(), conversation(2)
    send(memory, said)
    del memory
    gc.collect()
    assert said.pop().content == "number 1"
