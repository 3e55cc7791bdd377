"""System messages: some servers take one and no second."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from attrs import evolve

from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage, SystemMessage
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix
from casual_llm.wire.report import Loss, native_for

Write: TypeAlias = Callable[[Sequence[ChatMessage], Prefix], Prefix]
"""How a format writes messages behind those that are known."""


def merge_system_messages(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    r"""Join the system messages by a blank line and put them in front.

    >>> brief, kind = SystemMessage(content="Be brief."), SystemMessage(content="Be kind.")
    >>> merge_system_messages([brief, kind])[0].content
    'Be brief.\n\nBe kind.'

    With at most one that says anything, the list comes back as it is.
    """
    spoken = [m for m in messages if isinstance(m, SystemMessage) and m.content.strip()]
    if len(spoken) <= 1:
        return list(messages)
    others = [message for message in messages if not isinstance(message, SystemMessage)]
    return [_joined(spoken), *others]


def encode_with_merged_system(
    write: Write, messages: Sequence[ChatMessage], known: Prefix, names: Collection[str], *, marks: bool
) -> Prefix:
    r"""Write messages with their system messages as one; losses and changes are told of them as they were.

    `names` are the keys of `native` that are heard; `marks` says whether those for the prompt cache are.

    >>> said = [SystemMessage(content="Be brief."), SystemMessage(content="Be kind.")]
    >>> def write(messages, known):
    ...     return Prefix(count=len(messages), pieces=[message.content.encode() for message in messages])
    >>> b"".join(encode_with_merged_system(write, said, EMPTY_PREFIX, [], marks=False).pieces)
    b'Be brief.\n\nBe kind.'
    """
    merged = merge_system_messages(messages)
    if len(merged) == len(messages):
        return write(merged, known)
    # Joined messages stand elsewhere than in the call, so nothing that is known of it fits them.
    apart, joined = (write(said, EMPTY_PREFIX) for said in (messages, merged))
    told = (*apart.losses, *losses_of_merge(messages, names, marks=marks))
    return evolve(joined, count=0, losses=told, changes=apart.changes)


def losses_of_merge(messages: Sequence[ChatMessage], names: Collection[str], *, marks: bool) -> list[Loss]:
    """Tell what was said of a system message alone, and is said of all of them or of none once they are one.

    `names` are the keys of `native` that are heard; `marks` says whether those for the prompt cache are.

    >>> brief = SystemMessage(content="Be brief.", native={"openai": {"name": "a"}})
    >>> (lost,) = losses_of_merge([brief, SystemMessage(content="Be kind.")], ["openai"], marks=False)
    >>> lost.path, lost.kind, lost.asked, lost.applied
    ('options.system_message_handling', 'replaced', ({'native': {'name': 'a'}},), {'native': {'name': 'a'}})
    """
    said = [message for message in messages if isinstance(message, SystemMessage)]
    spoken = [index for index, message in enumerate(said) if message.content.strip()]
    if len(spoken) <= 1:
        return []
    # The mark of the last one covers what it covered before.
    beside = [_beside(m, names, mark=marks and index != spoken[-1]) for index, m in enumerate(said)]
    asked = [keys for keys in beside if keys]
    applied = _beside(_joined([said[index] for index in spoken]), names, mark=marks)
    path = "options.system_message_handling"
    return [Loss(path=path, kind="replaced", asked=asked, applied=applied)] if asked else []


def _beside(message: SystemMessage, names: Collection[str], *, mark: bool) -> dict[str, Json]:
    keys, told = native_for(message.native, names), message.cache_control if mark else None
    native: dict[str, Json] = {"native": keys} if keys else {}
    return native if told is None else {**native, "cache_control": told}


def _joined(spoken: Sequence[SystemMessage]) -> SystemMessage:
    # The last mark for the prompt cache covers all that stands before it.
    marks = [message.cache_control for message in spoken if message.cache_control is not None]
    native: dict[str, dict[str, Json]] = {}
    for message in spoken:
        for name, keys in (message.native or {}).items():
            native[name] = {**native.get(name, {}), **keys}
    return SystemMessage(
        content="\n\n".join(message.content for message in spoken),
        cache_control=marks[-1] if marks else None,
        native=native or None,
    )
