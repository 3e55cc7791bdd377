"""Encoding with the prefix memory gives the same result as without it."""

from __future__ import annotations

import gc
import itertools

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from strategies import messages

from casual_llm.messages import ChatMessage
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE
from casual_llm.shell.prefix_memory import PrefixMemory
from casual_llm.wire.codec import Call
from casual_llm.wire.prefix import append

CODEC = codec(COMPATIBLE)


@given(st.lists(st.binary(min_size=1), max_size=30), st.lists(st.integers(0, 30)))
def test_the_pieces_of_a_prefix_are_the_bodies_joined_by_commas(bodies: list[bytes], cuts: list[int]) -> None:
    pieces: tuple[bytes, ...] = ()
    bounds = [0, *sorted(min(cut, len(bodies)) for cut in cuts), len(bodies)]
    for start, end in itertools.pairwise(bounds):
        pieces = append(pieces, bodies[start:end])
    assert b"".join(pieces) == b",".join(bodies)


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=99))
def test_each_piece_of_a_prefix_is_more_than_twice_as_long_as_the_next(bodies: list[bytes]) -> None:
    pieces: tuple[bytes, ...] = ()
    for body in bodies:
        pieces = append(pieces, [body])
    assert all(len(early) > 2 * len(late) for early, late in itertools.pairwise(pieces))


class Conversations(RuleBasedStateMachine):
    """Conversations that continue, branch, lose messages and end, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = PrefixMemory()
        self.conversations: list[list[ChatMessage]] = [[]]

    @rule(index=st.integers(0, 9), message=messages)
    def goes_on(self, index: int, message: ChatMessage) -> None:
        self.conversations[index % len(self.conversations)].append(message.model_copy())

    @rule(index=st.integers(0, 9))
    def branches(self, index: int) -> None:
        self.conversations.append([*self.conversations[index % len(self.conversations)]])

    @rule(index=st.integers(0, 9), position=st.integers(0, 9))
    def loses_a_message(self, index: int, position: int) -> None:
        del self.conversations[index % len(self.conversations)][position : position + 1]

    @rule(index=st.integers(0, 9))
    def is_sent(self, index: int) -> None:
        messages = tuple(self.conversations[index % len(self.conversations)])
        recalled = self.memory.recall(messages)
        plain = CODEC.encode(Call(model="m", messages=messages))
        resumed = CODEC.encode(Call(model="m", messages=messages), recalled.prefix)
        assert resumed == plain
        resumed.map(lambda encoded: self.memory.keep(recalled, messages, encoded.prefix))

    @rule()
    def all_end(self) -> None:
        self.conversations = [[]]
        gc.collect(1)  # an earlier failure leaves a reference cycle of traceback and frame
        assert len(self.memory) == 0


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=30, stateful_step_count=25)
