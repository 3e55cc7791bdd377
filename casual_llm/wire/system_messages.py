"""Merge system messages into one, for servers that accept only one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage, SystemMessage
from casual_llm.wire.report import Report, native_for

PATH = "options.system_message_handling"


def has_several_system_messages(messages: Sequence[ChatMessage]) -> bool:
    """Return whether more than one system message has content.

    >>> has_several_system_messages([SystemMessage(content="Be brief."), SystemMessage(content=" ")])
    False
    """
    return len(_with_content(messages)) > 1


def _with_content(messages: Sequence[ChatMessage]) -> list[SystemMessage]:
    return [m for m in messages if isinstance(m, SystemMessage) and m.content.strip()]


def merge_system_messages(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    r"""Join the system messages by a blank line and put them in front.

    >>> brief, kind = SystemMessage(content="Be brief."), SystemMessage(content="Be kind.")
    >>> merge_system_messages([brief, kind])[0].content
    'Be brief.\n\nBe kind.'

    With at most one that has content, the list comes back as it is.
    """
    with_content = _with_content(messages)
    if len(with_content) <= 1:
        return list(messages)
    others = [message for message in messages if not isinstance(message, SystemMessage)]
    return [_joined(with_content), *others]


def merge_reported(
    messages: Sequence[SystemMessage], names: Collection[str], report: Report, *, cache_marks: bool
) -> SystemMessage:
    """Join canonical system messages; report what belonged to one of them and now belongs to all or to none.

    `names` are the keys of `native` that the format knows; `cache_marks` is whether it sends `cache_control`.

    >>> brief = SystemMessage(content="Be brief.", native={"openai": {"name": "a"}})
    >>> report = Report()
    >>> kind = SystemMessage(content="Be kind.")
    >>> merged = merge_reported([brief, kind], ["openai"], report, cache_marks=False)
    >>> report.losses[0].path, report.losses[0].asked
    ('options.system_message_handling', ({'native': {'name': 'a'}},))
    """
    merged, last = _joined(_with_content(messages)), _with_content(messages)[-1]
    # The mark of the last one covers what it covered before.
    fields = [_fields(m, names, mark=cache_marks and m is not last) for m in messages]
    set_fields = [field for field in fields if field]
    if set_fields:
        report.replaced(PATH, set_fields, _fields(merged, names, mark=cache_marks))
    return merged


def _fields(message: SystemMessage, names: Collection[str], *, mark: bool) -> dict[str, Json]:
    keys = native_for(message.native, names)
    native: dict[str, Json] = {"native": keys} if keys else {}
    return {**native, "cache_control": message.cache_control} if mark and message.cache_control else native


def _joined(messages: Sequence[SystemMessage]) -> SystemMessage:
    # The last mark for the prompt cache covers all that stands before it.
    marks = [message.cache_control for message in messages if message.cache_control is not None]
    native: dict[str, dict[str, Json]] = {}
    for message in messages:
        for name, keys in (message.native or {}).items():
            native[name] = {**native.get(name, {}), **keys}
    return SystemMessage(
        content="\n\n".join(message.content for message in messages),
        cache_control=marks[-1] if marks else None,
        native=native or None,
    )
