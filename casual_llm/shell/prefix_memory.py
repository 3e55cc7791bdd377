"""A cache of encoded conversations, which lives as long as their messages.

Messages do not change, so their encoding stays right. A conversation is looked up by the identity of its
last message, and matches where all before it are the same: comparing a thousand messages that are the very
same objects takes a few microseconds. Messages that hold nothing but text are compared by equality; JSON of
a caller's own is compared by identity, because 1, 1.0 and true are equal and are encoded differently. A
codec then encodes the rest.

We hold weak references to nine evenly spaced messages; when one is collected, the cached prefix is truncated
at that point. The messages between are held, because watching each would cost more than the turn.
"""

from __future__ import annotations

import weakref
from functools import partial
from operator import is_

from attrs import define, field, frozen

from casual_llm.messages import AssistantMessage, ChatMessage, UserMessage
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix

_PARTS = 8
"""A conversation is divided into so many parts; the messages at their ends are watched."""


@define(eq=False)
class _CachedConversation:
    held: list[ChatMessage | None] = field(factory=list)
    """The messages, `None` where one is watched instead."""
    watched: dict[int, weakref.ref[ChatMessage]] = field(factory=dict)
    prefixes: list[Prefix] = field(factory=list)
    """Of all its messages, and of those of the call before, because a call is often repeated."""
    last_ids: list[int] = field(factory=list)
    """The identities of the last messages of each prefix."""

    plain: bool = True
    """Whether its messages hold nothing but text."""

    def starts_with(self, messages: tuple[ChatMessage, ...], count: int) -> bool:
        """Return whether its first messages are the first of these."""
        cached, given = self.messages(count), [*messages[:count]]
        return cached == given and (self.plain or all(map(is_, cached, given)))

    def messages(self, count: int) -> list[ChatMessage | None]:
        """Return the first `count` messages, `None` where one was collected."""
        messages = self.held[:count]
        for index, reference in self.watched.items():
            if index < count:
                messages[index] = reference()
        return messages


@frozen(eq=False)
class PrefixMatch:
    """The cached prefix of a conversation that is about to be sent."""

    prefix: Prefix = EMPTY_PREFIX
    conversation: _CachedConversation | None = None


@define(eq=False)
class PrefixMemory:
    """The encoded prefixes of the conversations that a client has sent.

    >>> from casual_llm.messages import UserMessage
    >>> memory, messages = PrefixMemory(), (UserMessage(content="Hi"),)
    >>> memory.keep(memory.recall(messages), messages, Prefix(count=1, pieces=(b"{}",)))
    >>> memory.recall(messages).prefix.count
    1
    >>> del messages
    >>> len(memory)
    0
    """

    _by_last: dict[int, _CachedConversation] = field(factory=dict, init=False, repr=False)
    """By the identity of the last message of each prefix."""

    def __len__(self) -> int:
        """Return the number of conversations."""
        return len({id(conversation) for conversation in self._by_last.values()})

    def recall(self, messages: tuple[ChatMessage, ...]) -> PrefixMatch:
        """Return the longest cached prefix of the messages."""
        # From the end, because the new messages are few.
        for count in range(len(messages), 0, -1):
            conversation = self._by_last.get(id(messages[count - 1]))
            if conversation is None:
                continue
            for prefix in conversation.prefixes:
                if prefix.count == count and conversation.starts_with(messages, count):
                    return PrefixMatch(prefix, conversation)
        return PrefixMatch()

    def keep(self, match: PrefixMatch, messages: tuple[ChatMessage, ...], prefix: Prefix) -> None:
        """Cache a prefix, instead of the match that it extends."""
        if prefix.count <= match.prefix.count:
            return
        conversation = match.conversation or _CachedConversation()
        self._remove(conversation)
        before = [match.prefix] if match.prefix.count else []
        new = messages[match.prefix.count : prefix.count]
        conversation.plain = conversation.plain and all(map(_is_plain, new))
        self._insert(conversation, [*messages[: prefix.count]], [*before, prefix])

    def _insert(
        self, conversation: _CachedConversation, messages: list[ChatMessage], prefixes: list[Prefix]
    ) -> None:
        conversation.prefixes, conversation.held = prefixes, [*messages]
        conversation.last_ids = [id(messages[prefix.count - 1]) for prefix in prefixes]
        for last_id in conversation.last_ids:
            self._by_last[last_id] = conversation
        memory, itself = weakref.ref(self), weakref.ref(conversation)
        for index in {(len(messages) - 1) * part // _PARTS for part in range(_PARTS + 1)}:
            forget = partial(_forget, memory, itself, index)
            conversation.watched[index] = weakref.ref(messages[index], forget)
            conversation.held[index] = None

    def _remove(self, conversation: _CachedConversation) -> None:
        for last_id in conversation.last_ids:
            if self._by_last.get(last_id) is conversation:
                del self._by_last[last_id]
        conversation.watched = {}

    def _truncate(self, conversation: _CachedConversation, index: int) -> None:
        """Forget a conversation from a message on; the prefixes before it are still right."""
        remaining = [prefix for prefix in conversation.prefixes if prefix.count <= index]
        messages = conversation.messages(remaining[-1].count) if remaining else []
        living = [message for message in messages if message is not None]
        self._remove(conversation)
        if remaining and len(living) == len(messages):
            self._insert(conversation, living, remaining)


def _is_plain(message: ChatMessage) -> bool:
    if message.native is not None or not isinstance(message.content, str | None):
        return False
    if isinstance(message, AssistantMessage):
        return all(call.native is None for call in message.tool_calls or ())
    return isinstance(message, UserMessage) or message.cache_control is None


def _forget(
    memory: weakref.ref[PrefixMemory], conversation: weakref.ref[_CachedConversation], index: int, _: object
) -> None:
    cache, truncated = memory(), conversation()
    if cache is not None and truncated is not None:
        cache._truncate(truncated, index)  # noqa: SLF001 # of this module
