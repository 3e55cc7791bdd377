"""The one fold over messages, which goes on from bytes that were encoded before.

Messages do not change, so what was encoded of a conversation can be kept. `Prefix` is the state of the fold:
it takes the one of an earlier call, encodes the messages that came since, and returns the next. Without an
earlier one, the bytes are the same. Formats know nothing of it: they canonicalise a message and write a unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from attrs import evolve, field, frozen
from frozendict import frozendict

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    Message,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.validation import type_name
from casual_llm.wire.issuer import is_marked, unmark_message
from casual_llm.wire.json import dump
from casual_llm.wire.message_format import Body, MessageFormat, Role, Unit
from casual_llm.wire.report import Change, Loss, PlacedError, Report, native_for
from casual_llm.wire.system_messages import has_several_system_messages, merge_reported

_MESSAGES = frozenset({UserMessage, AssistantMessage, SystemMessage, ToolResultMessage})


@frozen(kw_only=True)
class Prefix:
    """The first messages of a conversation as bytes, and what it takes to go on."""

    count: int = 0
    """How many messages are encoded for good; those after them can still change their bytes."""
    pieces: tuple[bytes, ...] = field(default=(), repr=False)
    """Together, the inside of the array of messages."""
    losses: tuple[Loss, ...] = ()
    changes: tuple[Change, ...] = ()
    tool_names: Mapping[str, str] = frozendict()
    """The names of the tools that were called, by the ids of the calls."""
    system: tuple[bytes, ...] = ()
    """System messages, for a format that sends them in a field of their own."""
    issuer: str | None = None
    """For whom marked messages were encoded; `None` where none of them is marked."""


EMPTY_PREFIX = Prefix()
"""Of a conversation that was never encoded."""


@frozen(kw_only=True)
class EncodedMessages:
    """The messages of a call on the wire."""

    prefix: Prefix
    """What the next call can go on from; empty where system messages were merged."""
    pieces: tuple[bytes, ...] = ()
    """Together, the inside of the array of messages, but for the open turn."""
    open_turn: tuple[bytes, ...] = ()
    """The turn that a next message may still join."""
    system: tuple[bytes, ...] = ()
    report: Report


class _Canonical(NamedTuple):
    position: int
    path: str
    message: ChatMessage | None
    losses: int
    changes: int
    """How much had been reported before it."""


class _Mark(NamedTuple):
    """How far the fold had come when the last unit was closed."""

    messages: int
    losses: int
    changes: int
    system: int
    calls: int


def encode_messages(
    form: MessageFormat,
    messages: Sequence[ChatMessage],
    prefix: Prefix,
    *,
    merge_system: bool = False,
    issuer: str | None = None,
) -> EncodedMessages:
    """Encode the messages behind a prefix; with `merge_system`, with their system messages as one."""
    prefix = fitting_prefix(prefix, messages, merge_system=merge_system, issuer=issuer)
    fold = _Fold(form, prefix, issuer)
    if merge_system and has_several_system_messages(messages):
        for one in _merged(form, [*fold.canonical(messages)], fold.report):
            fold.add(one)
        return evolve(fold.result(len(messages)), prefix=EMPTY_PREFIX)
    for one in fold.canonical(messages):
        fold.add(one)
    return fold.result(len(messages))


def fitting_prefix(
    prefix: Prefix, messages: Sequence[ChatMessage], *, merge_system: bool, issuer: str | None
) -> Prefix:
    """Return the prefix if a call can be encoded on from it, else the empty one."""
    # Merged messages stand elsewhere than in the call, so no prefix fits them, nor theirs another call.
    merged = merge_system and has_several_system_messages(messages)
    return prefix if prefix.issuer in {None, issuer or ""} and not merged else EMPTY_PREFIX


def write_messages(form: MessageFormat, messages: Sequence[ChatMessage]) -> tuple[list[Body], Report]:
    """Write messages as plain objects, empty ones included, and without system messages that stand apart."""
    fold = _Fold(form, EMPTY_PREFIX, None)
    for one in fold.canonical(messages, may_be_empty=True):
        fold.add(one)
    fold.close()
    return fold.bodies, fold.report


def _merged(form: MessageFormat, canonical: Sequence[_Canonical], report: Report) -> Iterator[_Canonical]:
    """Replace all system messages by one, in front."""
    systems, others = list[SystemMessage](), list[_Canonical]()
    for one in canonical:
        if isinstance(one.message, SystemMessage):
            systems.append(one.message)
        else:
            others.append(one)
    merged = merge_reported(systems, form.names, report, cache_marks=form.cache_marks)
    for one in [canonical[0]._replace(message=merged), *others]:
        yield one._replace(losses=len(report.losses), changes=len(report.changes))


class _Fold:
    """The units that are closed, and the one that is open."""

    def __init__(self, form: MessageFormat, prefix: Prefix, issuer: str | None) -> None:
        self.form, self.prefix, self.issuer = form, prefix, issuer
        self.marked = prefix.issuer is not None
        self.report = Report([*prefix.losses], [*prefix.changes])
        self.tool_names = dict(prefix.tool_names)
        self.calls = list[tuple[str, str]]()
        self.bodies, self.starts, self.system = list[Body](), list[str](), [*prefix.system]
        self.unit = Unit([], [])
        self.role: Role | None = None
        self.follows_others = prefix.count > 0
        self.mark = _Mark(prefix.count, len(prefix.losses), len(prefix.changes), len(prefix.system), 0)

    def canonical(
        self, messages: Sequence[ChatMessage], *, may_be_empty: bool = False
    ) -> Iterator[_Canonical]:
        """Canonicalise the messages behind the prefix one by one."""
        report, canonicalise = self.report, self.form.canonical
        for index in range(self.prefix.count, len(messages)):
            message, path = messages[index], f"messages[{index}]"
            if type(message) not in _MESSAGES and not isinstance(message, Message):
                problem = f"expected a message, got {type_name(message)}"
                raise PlacedError(path, problem, "use a message such as UserMessage(content=...)")
            if not may_be_empty:
                _check_content(message, path, message.native or ())
            losses, changes = len(report.losses), len(report.changes)
            if message.role == "assistant" and is_marked(message):
                message, self.marked = self._unmarked(message), True
            canonical = canonicalise(message, path, self.tool_names, report)
            if canonical is not None and not (canonical.content or may_be_empty):
                _check_content(canonical, path, self.form.names)
            self._report_move(message, canonical, path)
            yield _Canonical(index, path, canonical, losses, changes)
            if canonical is not None and canonical.role == "assistant" and canonical.tool_calls:
                calls = [(call.id, call.function.name) for call in canonical.tool_calls]
                self.calls += calls
                self.tool_names.update(calls)

    def _unmarked(self, message: ChatMessage) -> ChatMessage:
        return message if self.issuer is None else unmark_message(message, self.issuer)

    def _report_move(self, message: ChatMessage, canonical: ChatMessage | None, path: str) -> None:
        """Report a system message that stands behind others, where the format puts all in front."""
        if message.role != "system":
            self.follows_others = True
        elif self.follows_others and canonical is not None and self.form.write_system is not None:
            self.report.changed(path, "moved", "system", "in front")

    def add(self, one: _Canonical) -> None:
        """Add a canonical message to its unit, and write the unit before it where one ends."""
        form, message = self.form, one.message
        if message is None:
            return
        if form.write_system is not None and isinstance(message, SystemMessage):
            body = form.write_system(message, one.path, self.report)
            self.system.append(dump_body(one.path, body))
        elif form.role_of is None:
            self._write(Unit([one.path], [message]))
        else:
            self._join(one, message, form.role_of(message))

    def _join(self, one: _Canonical, message: ChatMessage, role: Role) -> None:
        if self.unit.messages and role != self.role:
            later = self.report.split(one.losses, one.changes)
            self._write(self.unit)
            self.mark = self._position(one.position)
            self.report.extend(later)
            self.unit = Unit([], [])
        self.role = role
        self.unit.paths.append(one.path)
        self.unit.messages.append(message)

    def _write(self, unit: Unit) -> None:
        self.bodies.append(self.form.write(unit, self.report))
        self.starts.append(unit.paths[0])

    def _position(self, count: int) -> _Mark:
        report = self.report
        return _Mark(count, len(report.losses), len(report.changes), len(self.system), len(self.calls))

    def close(self) -> None:
        """Write the turn that is open."""
        if self.unit.messages:
            self._write(self.unit)

    def result(self, count: int) -> EncodedMessages:
        """Return what is encoded for good, and the turn that is still open."""
        closed = len(self.bodies)
        self.close()
        if self.form.role_of is None:
            self.mark = self._position(count)
        bodies = dump_bodies(self.bodies[:closed], self.starts)
        mark, report = self.mark, self.report
        pieces = append(self.prefix.pieces, bodies)
        return EncodedMessages(
            prefix=Prefix(
                count=mark.messages,
                pieces=pieces,
                losses=tuple(report.losses[: mark.losses]),
                changes=tuple(report.changes[: mark.changes]),
                tool_names={**self.prefix.tool_names, **dict(self.calls[: mark.calls])}
                if self.calls
                else self.prefix.tool_names,
                system=tuple(self.system[: mark.system]),
                issuer=(self.issuer or "") if self.marked else None,
            ),
            pieces=pieces,
            open_turn=tuple(dump_bodies(self.bodies[closed:], self.starts[closed:])),
            system=tuple(self.system),
            report=report,
        )


def _check_content(message: ChatMessage, path: str, names: Collection[str]) -> None:
    """Refuse a message that has nothing to send."""
    if message.content or isinstance(message.content, str) or native_for(message.native, names):
        return
    if not isinstance(message, AssistantMessage) or not (message.tool_calls or message.refusal):
        raise PlacedError(f"{path}.content", "the message is empty", "add text or parts")


def dump_bodies(bodies: Sequence[Body], paths: Sequence[str]) -> list[bytes]:
    """Dump objects, all at once where they can be, or name the one that cannot."""
    if not bodies:
        return []
    try:
        return [dump(bodies)[1:-1]]  # all at once costs half as much
    except ValueError:
        return [dump_body(path, body) for path, body in zip(paths, bodies, strict=True)]


def dump_body(path: str, body: Mapping[str, Json]) -> bytes:
    """Dump an object, or refuse half a character by the path of the object."""
    try:
        return dump(body)
    except ValueError as error:
        problem = f"contains text that is not valid Unicode: {error}"
        raise PlacedError(path, problem, "decode its bytes with the right encoding") from None


def append(pieces: tuple[bytes, ...], bodies: Iterable[bytes]) -> tuple[bytes, ...]:
    r"""Append the bodies of messages to those that were encoded before.

    >>> append((b'{"a":1}',), [b'{"b":2}'])
    (b'{"a":1},{"b":2}',)

    A piece is joined to the one before it unless that one is more than twice as long, so there are few
    pieces, and adding a message does not copy all that came before.
    """
    added = b",".join(bodies)
    if not added:
        return pieces
    merged = [*pieces, b"," + added] if pieces else [added]
    while len(merged) > 1 and len(merged[-2]) <= 2 * len(merged[-1]):
        last = merged.pop()
        merged[-1] += last
    return tuple(merged)
