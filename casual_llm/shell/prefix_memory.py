"""What was written of conversations, kept while they live.

Messages do not change, so what was written of them stays right. A conversation is looked for by the
identity of its last message, and found where all before it are the same: comparing a thousand messages
that are the very same objects takes a few microseconds. Equal is the same where there is nothing but
text; JSON of a caller's own is compared by identity, because 1, 1.0 and true are equal and are not
written alike. A codec then writes the rest.

Nine messages from the first to the last are held weakly, and when one of them is gone, so is what was
remembered from there on. Those between are held, because watching each would cost more than the turn.
"""

from __future__ import annotations

import weakref
from functools import partial
from operator import is_

from attrs import define, field, frozen

from casual_llm.messages import AssistantMessage, ChatMessage, UserMessage
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix

_PARTS = 8
"""Of a conversation: the messages between them are watched, and the first and the last."""


@define(eq=False)
class _Conversation:
    held: list[ChatMessage | None] = field(factory=list)
    """The messages, `None` where one is watched."""
    watched: dict[int, weakref.ref[ChatMessage]] = field(factory=dict)
    written: list[Prefix] = field(factory=list)
    """Of all its messages, and of those of the call before: what was asked last is often asked anew."""
    lasts: list[int] = field(factory=list)
    """The identities of the last messages of what is written."""

    plain: bool = True
    """Whether there is nothing but text in it."""

    def begins(self, messages: tuple[ChatMessage, ...], count: int) -> bool:
        """Tell whether the first messages are those of this conversation."""
        known, said = self.messages(count), [*messages[:count]]
        return known == said and (self.plain or all(map(is_, known, said)))

    def messages(self, count: int) -> list[ChatMessage | None]:
        """Give the first messages, as many as are asked for."""
        found = self.held[:count]
        for place, living in self.watched.items():
            if place < count:
                found[place] = living()
        return found


@frozen(eq=False)
class PrefixMatch:
    """What is remembered of a conversation that is about to be sent."""

    written: Prefix = EMPTY_PREFIX
    conversation: _Conversation | None = None


@define(eq=False)
class PrefixMemory:
    """The conversations that a client has sent.

    >>> from casual_llm.messages import UserMessage
    >>> memory, said = PrefixMemory(), (UserMessage(content="Hi"),)
    >>> memory.keep(memory.recall(said), said, Prefix(count=1, pieces=(b"{}",)))
    >>> memory.recall(said).written.count
    1
    >>> del said
    >>> len(memory)
    0
    """

    _by_last: dict[int, _Conversation] = field(factory=dict, init=False, repr=False)
    """By the identity of the last message of each beginning that is written."""

    def __len__(self) -> int:
        """Count the conversations that are remembered."""
        return len({id(conversation) for conversation in self._by_last.values()})

    def recall(self, messages: tuple[ChatMessage, ...]) -> PrefixMatch:
        """Give what was written of the first messages, of as many of them as possible."""
        # From the end, because the new messages are few.
        for count in range(len(messages), 0, -1):
            known = self._by_last.get(id(messages[count - 1]))
            if known is None:
                continue
            for written in known.written:
                if written.count == count and known.begins(messages, count):
                    return PrefixMatch(written, known)
        return PrefixMatch()

    def keep(self, recalled: PrefixMatch, messages: tuple[ChatMessage, ...], written: Prefix) -> None:
        """Remember what was written, in the place of what it goes on from."""
        if written.count <= recalled.prefix.count:
            return
        conversation = recalled.conversation or _Conversation()
        self._leave(conversation)
        before = [recalled.prefix] if recalled.prefix.count else []
        new = messages[recalled.prefix.count : written.count]
        conversation.plain = conversation.plain and all(map(_is_plain, new))
        self._enter(conversation, [*messages[: written.count]], [*before, written])

    def _enter(self, conversation: _Conversation, messages: list[ChatMessage], written: list[Prefix]) -> None:
        conversation.written, conversation.held = written, [*messages]
        conversation.lasts = [id(messages[each.count - 1]) for each in written]
        for last in conversation.lasts:
            self._by_last[last] = conversation
        memory, itself = weakref.ref(self), weakref.ref(conversation)
        for place in {(len(messages) - 1) * part // _PARTS for part in range(_PARTS + 1)}:
            forget = partial(_forget, memory, itself, place)
            conversation.watched[place] = weakref.ref(messages[place], forget)
            conversation.held[place] = None

    def _leave(self, conversation: _Conversation) -> None:
        for last in conversation.lasts:
            if self._by_last.get(last) is conversation:
                del self._by_last[last]
        conversation.watched = {}

    def _cut(self, conversation: _Conversation, place: int) -> None:
        """Forget a conversation from a message on; what is written of those before it is still right."""
        kept = [written for written in conversation.written if written.count <= place]
        found = conversation.messages(kept[-1].count) if kept else []
        living = [message for message in found if message is not None]
        self._leave(conversation)
        if kept and len(living) == len(found):
            self._enter(conversation, living, kept)


def _is_plain(message: ChatMessage) -> bool:
    if message.native is not None or not isinstance(message.content, str | None):
        return False
    if isinstance(message, AssistantMessage):
        return all(call.native is None for call in message.tool_calls or ())
    return isinstance(message, UserMessage) or message.cache_control is None


def _forget(
    memory: weakref.ref[PrefixMemory], conversation: weakref.ref[_Conversation], place: int, _: object
) -> None:
    holder, gone = memory(), conversation()
    if holder is not None and gone is not None:
        holder._cut(gone, place)  # noqa: SLF001 # of this module
