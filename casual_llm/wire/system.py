"""System messages: some servers take one and no second."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage, SystemMessage


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
