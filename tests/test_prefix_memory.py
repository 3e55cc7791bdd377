"""What a client remembers of conversations: found again, gone with them."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Literal

import pytest
from support.fakes import FakeTransport

from casual_llm import AssistantMessage, ChatMessage, ChatOptions, Model, SystemMessage, UserMessage
from casual_llm.formats import format_named
from casual_llm.providers.openai_chat import codec
from casual_llm.reply import Reply
from casual_llm.shell.client import CodecClient
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
    encoded = CODEC.encode(call, recalled.prefix).unwrap()
    memory.keep(recalled, call.messages, encoded.prefix)
    return recalled.prefix.count, encoded.request.body


def plain(messages: Sequence[ChatMessage]) -> bytes:
    return CODEC.encode(Call(model="m", messages=messages)).unwrap().request.body


def test_a_conversation_that_goes_on_is_remembered_as_far_as_it_was_sent() -> None:
    memory, turns = PrefixMemory(), conversation(5)
    assert send(memory, turns[:3]) == (0, plain(turns[:3]))
    assert send(memory, turns) == (3, plain(turns))
    assert send(memory, turns) == (5, plain(turns))
    assert len(memory) == 1


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
@pytest.mark.parametrize("handling", [("merge", "keep"), ("keep", "merge")])
async def test_system_messages_may_be_handled_otherwise_than_in_the_call_before(
    name: str, handling: tuple[Literal["keep", "merge"], ...]
) -> None:
    codec = format_named(name)
    turns = [SystemMessage(content="Be brief."), *conversation(3), SystemMessage(content="Be kind.")]
    reply = codec.write(Reply(message=AssistantMessage(content="Paris.")))
    transport = FakeTransport((reply.body,), reply.headers)
    model = Model(CodecClient(codec, transport, base_url="http://localhost"), "m")
    for further, how in enumerate(handling):
        options = ChatOptions(system_message_handling=how)
        turns += conversation(2 * further)
        await model.chat(turns, options)
        call = Call(model="m", messages=turns, options=options)
        assert transport.requests[-1].body == codec.encode(call).unwrap().request.body


def test_an_equal_conversation_of_other_messages_is_not_remembered() -> None:
    memory, turns = PrefixMemory(), conversation(3)
    send(memory, turns)
    assert memory.recall(tuple(conversation(3))).prefix is EMPTY_PREFIX


@pytest.mark.parametrize("length", [1, 3, 9, 10, 1000])
def test_the_bytes_go_with_the_conversation(length: int) -> None:
    memory, turns = PrefixMemory(), conversation(length)
    send(memory, turns)
    assert len(memory) == 1
    turns.clear()
    assert len(memory) == 0


def test_the_bytes_go_with_the_middle_of_a_long_conversation() -> None:
    memory, turns = PrefixMemory(), conversation(1000)
    send(memory, turns)
    del turns[10:-10]
    assert len(memory) == 0


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_the_bytes_go_with_any_message_of_a_short_conversation(gone: int) -> None:
    memory, turns = PrefixMemory(), conversation(3)
    send(memory, turns)
    del turns[gone]
    assert len(memory) == 0
    assert send(memory, turns) == (0, plain(turns))


def test_what_is_equal_and_not_written_alike_is_written_anew() -> None:
    memory, ask = PrefixMemory(), UserMessage(content="Go on.")
    for value in (1, True, 1.0):
        turns = [UserMessage(content="Hi", native={"openai": {"n": value}}), ask]
        assert send(memory, turns) == (0, plain(turns))


def test_what_was_asked_last_can_be_asked_anew() -> None:
    memory, turns = PrefixMemory(), conversation(3)
    send(memory, turns)
    ways = [[*turns, UserMessage(content=f"way {index}")] for index in range(3)]
    assert [send(memory, way) for way in ways] == [(3, plain(way)) for way in ways]
    assert send(memory, ways[0]) == (3, plain(ways[0]))
    assert len(memory) == 1


def test_a_question_that_is_gone_leaves_what_it_was_asked_of() -> None:
    memory, turns = PrefixMemory(), conversation(3)
    send(memory, turns)
    send(memory, [*turns, UserMessage(content="asked and forgotten")])
    assert send(memory, turns) == (3, plain(turns))


def test_two_that_begin_alike_are_both_right() -> None:
    memory, turns = PrefixMemory(), conversation(3)
    ways = [[*turns, *conversation(length)] for length in (2, 4)]
    assert [send(memory, way) for way in ways] == [(0, plain(way)) for way in ways]
    assert [send(memory, way)[0] for way in ways] == [5, 7]
    assert len(memory) == 2


def test_a_conversation_without_its_first_messages_is_written_anew() -> None:
    memory, turns = PrefixMemory(), conversation(5)
    send(memory, turns)
    assert send(memory, turns[2:]) == (0, plain(turns[2:]))


def test_one_message_may_end_many_conversations() -> None:
    memory, ask = PrefixMemory(), UserMessage(content="Go on.")
    turns = [[message, ask] for message in conversation(3)]
    assert [send(memory, messages) for messages in turns] == [(0, plain(messages)) for messages in turns]
    assert len(memory) == 1


def test_a_conversation_that_is_gone_leaves_another_with_the_same_message_alone() -> None:
    memory, turns = PrefixMemory(), conversation(4)
    send(memory, turns[:2])
    send(memory, turns)
    other = [UserMessage(content="And?"), turns[1]]
    send(memory, other)
    del turns[0]
    assert send(memory, other) == (2, plain(other))


def test_what_a_codec_does_not_write_for_good_is_not_remembered() -> None:
    memory, turns = PrefixMemory(), tuple(conversation(2))
    memory.keep(memory.recall(turns), turns, Prefix())
    assert len(memory) == 0


def test_a_memory_that_is_gone_leaves_the_messages_alone() -> None:
    memory, turns = PrefixMemory(), conversation(2)
    send(memory, turns)
    del memory
    gc.collect()
    assert turns.pop().content == "number 1"
