"""What was written of conversations, kept while they live.

Messages do not change, so a message that is the very same object has the same bytes. A conversation is
known by the identities of its messages, which are held weakly: as soon as one of them is gone, so are
the bytes. Found are the first messages of a conversation, as many as were written before; a codec
writes the rest.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

from attrs import define, field, frozen

from casual_llm.messages import ChatMessage
from casual_llm.wire.written import NOTHING, Written

Identities: TypeAlias = tuple[int, ...]


@define(eq=False)
class _Conversation:
    identities: Identities = ()
    written: list[Written] = field(factory=list)
    """Of all its messages, and of those of the call before: what was asked last is often asked anew."""
    living: list[weakref.ref[ChatMessage]] = field(factory=list)

    def lasts(self) -> list[int]:
        """Give the last message of each beginning that is written."""
        return [self.identities[written.count - 1] for written in self.written]

    def cut(self, count: int) -> None:
        """Keep what is written of the first messages, at most so many."""
        self.written = [written for written in self.written if written.count <= count]
        kept = self.written[-1].count if self.written else 0
        self.identities, self.living = self.identities[:kept], self.living[:kept]


@frozen(eq=False)
class Recalled:
    """What is remembered of a conversation that is about to be sent."""

    identities: Identities
    written: Written = NOTHING
    conversation: _Conversation | None = None


@define(eq=False)
class Memory:
    """The conversations that a client has sent.

    >>> from casual_llm.messages import UserMessage
    >>> memory, said = Memory(), [UserMessage(content="Hi")]
    >>> memory.keep(memory.recall(said), said, Written(count=1, pieces=(b"{}",)))
    >>> memory.recall(said).written.count
    1
    >>> del said
    >>> len(memory)
    0
    """

    _by_last: dict[int, _Conversation] = field(factory=dict, init=False, repr=False)
    """By the identity of the last message, which is looked for from the end: the new ones are few."""

    def __len__(self) -> int:
        """Count the conversations that are remembered."""
        return len({id(conversation) for conversation in self._by_last.values()})

    def recall(self, messages: Sequence[ChatMessage]) -> Recalled:
        """Give what was written of the first messages, of as many of them as possible."""
        identities = tuple(map(id, messages))
        for count in range(len(identities), 0, -1):
            known = self._by_last.get(identities[count - 1])
            if known is not None and known.identities[:count] == identities[:count]:
                for written in known.written:
                    if written.count == count:
                        return Recalled(identities, written, known)
        return Recalled(identities)

    def keep(self, recalled: Recalled, messages: Sequence[ChatMessage], written: Written) -> None:
        """Remember what was written, in the place of what it goes on from."""
        known = recalled.written.count
        if written.count <= known:
            return
        conversation = recalled.conversation or _Conversation()
        self._forget(conversation, known)
        forget = partial(_forget, weakref.ref(self), weakref.ref(conversation), known)
        conversation.living += [weakref.ref(message, forget) for message in messages[known : written.count]]
        self._leave(conversation)
        conversation.identities = recalled.identities[: written.count]
        conversation.written = [*conversation.written[-1:], written]
        for last in conversation.lasts():
            self._by_last[last] = conversation

    def _leave(self, conversation: _Conversation) -> None:
        for last in conversation.lasts():
            if self._by_last.get(last) is conversation:
                del self._by_last[last]

    def _forget(self, conversation: _Conversation, count: int) -> None:
        """Forget a conversation from a message on; what is written of those before it is still right."""
        self._leave(conversation)
        conversation.cut(count)
        for last in conversation.lasts():
            self._by_last[last] = conversation


def _forget(
    memory: weakref.ref[Memory], conversation: weakref.ref[_Conversation], count: int, _: object
) -> None:
    holder, gone = memory(), conversation()
    if holder is not None and gone is not None:
        holder._forget(gone, count)  # noqa: SLF001 # of this module
