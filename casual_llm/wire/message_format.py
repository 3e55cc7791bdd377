"""How a wire format writes messages: canonicalise one to one, group into units, write each unit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple, TypeAlias

from attrs import frozen

from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage, SystemMessage
from casual_llm.wire.report import Report

Body: TypeAlias = dict[str, Json]
Role: TypeAlias = Literal["user", "assistant"]


class Unit(NamedTuple):
    """Canonical messages that are one object on the wire: a message, or a turn."""

    paths: list[str]
    messages: list[ChatMessage]


@frozen(kw_only=True)
class MessageFormat:
    """How a format writes messages: canonicalise one to one, group into units, write each unit.

    `canonical` takes a message, its path, the names of the tools called so far by the ids of the calls, and
    the report. It takes out what the format cannot hold, or puts it in its equivalent form, and reports it;
    `None` is a message that leaves nothing. `write` reports only what comes from joining messages: that they
    are merged or moved, and keys of `native` that a later message of the unit replaces.
    """

    names: Collection[str]
    """The keys of `native` that mean it."""
    canonical: Callable[[ChatMessage, str, Mapping[str, str], Report], ChatMessage | None]
    write: Callable[[Unit, Report], Body]
    role_of: Callable[[ChatMessage], Role] | None = None
    """Where roles alternate: the role of a canonical message. The last turn stays open, because the next
    message may join it. `None`: each message is a unit of its own."""
    write_system: Callable[[SystemMessage, str, Report], Body] | None = None
    """Where system messages stand apart from the others, in the array `system_key`."""
    system_key: str = "system"
    cache_marks: bool = False
    """Whether `cache_control` is sent, so that merging system messages may lose one."""
