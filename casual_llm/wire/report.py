"""What encoding a call reports: losses and changes, and the error that names a path.

One `Report` is made for one encoding and goes through all of it, so the functions that canonicalise and
write need not hand lists of losses around; from outside, `encode` is pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from casual_llm.failures import EncodeError, ReadError
from casual_llm.frozen import Json, freeze, thaw

Natives: TypeAlias = Mapping[str, Mapping[str, Json]]
LossKind: TypeAlias = Literal["unsupported", "replaced", "added", "overridden"]
"""`unsupported`: dropped; `replaced`: sent as something else; `added`: sent although nobody asked,
because the format requires it; `overridden`: replaced by a key of `extra` or `native`."""
ChangeKind: TypeAlias = Literal["merged", "moved", "dropped", "rewritten", "implied"]
"""How the same was written in another form: joined with another, elsewhere, left out because it is empty,
in other characters, or left out because the format means it anyway."""


class PlacedError(ValueError):
    """A call that cannot be encoded, or a request that cannot be read, on its way to becoming a value."""

    def __init__(self, path: str, problem: str, remedy: str = "") -> None:
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        """Return the path and the problem in one line."""
        return f"{self.path}: {self.problem}"

    @property
    def encode_error(self) -> EncodeError:
        """Return the failure of an encoder."""
        return EncodeError(self.path, self.problem, self.remedy)

    @property
    def read_error(self) -> ReadError:
        """Return the failure of a reader."""
        return ReadError(self.path, self.problem)


def _frozen(value: Json) -> Json:
    # A report must not fail: a string with half a character is shown as Python writes it.
    try:
        return freeze(value)
    except ValueError:
        return repr(value)


@frozen(kw_only=True)
class Loss:
    """Something a caller asked for that the wire format or dialect cannot express.

    Args:
        path: where it is in the call, such as `options.top_k` or `messages[1].native.anthropic`
        kind: what was done: "unsupported", "replaced", "added" or "overridden", as `LossKind` explains
        asked: the value that was asked for, frozen; `None` where nobody asked
        applied: the value that is sent instead; by default `None`, for none

    >>> Loss(path="options.top_k", kind="unsupported", asked=40)
    Loss(path='options.top_k', kind='unsupported', asked=40, applied=None)
    """

    path: str
    kind: LossKind
    asked: Json = field(converter=_frozen)
    applied: Json = field(default=None, converter=_frozen)


@frozen(kw_only=True)
class Change:
    """An equivalent rewrite, such as two consecutive user turns merged into one.

    Args:
        path: where it is in the call, such as `messages[2]`
        kind: what was done: "merged", "moved", "dropped", "rewritten" or "implied", as `ChangeKind` explains
        asked: the value in the call, frozen
        applied: the form in which it is sent; by default `None`, where it is left out

    >>> Change(path="messages[2]", kind="dropped", asked="").applied is None
    True
    """

    path: str
    kind: ChangeKind
    asked: Json = field(converter=_frozen)
    applied: Json = field(default=None, converter=_frozen)


@define
class Report:
    """The losses and changes of one encoding, in the order in which they arose.

    >>> report = Report()
    >>> report.dropped("options.top_k", 40)
    >>> report.losses
    [Loss(path='options.top_k', kind='unsupported', asked=40, applied=None)]
    """

    losses: list[Loss] = field(factory=list[Loss])
    changes: list[Change] = field(factory=list[Change])

    def dropped(self, path: str, asked: Json) -> None:
        """Report something that is not sent."""
        self.losses.append(Loss(path=path, kind="unsupported", asked=asked))

    def replaced(self, path: str, asked: Json, applied: Json) -> None:
        """Report something that is sent as something else."""
        self.losses.append(Loss(path=path, kind="replaced", asked=asked, applied=applied))

    def added(self, path: str, applied: Json) -> None:
        """Report something that is sent because the format requires it."""
        self.losses.append(Loss(path=path, kind="added", asked=None, applied=applied))

    def overridden(self, path: str, asked: Json, applied: Json) -> None:
        """Report something that a key of `extra` or `native` replaces."""
        self.losses.append(Loss(path=path, kind="overridden", asked=asked, applied=applied))

    def changed(self, path: str, kind: ChangeKind, asked: Json, applied: Json = None) -> None:
        """Report an equivalent rewrite."""
        self.changes.append(Change(path=path, kind=kind, asked=asked, applied=applied))

    def split(self, losses: int, changes: int) -> Report:
        """Cut off and return what was reported after so many losses and changes."""
        later = Report(self.losses[losses:], self.changes[changes:])
        del self.losses[losses:], self.changes[changes:]
        return later

    def extend(self, later: Report) -> None:
        """Append what another report holds."""
        self.losses += later.losses
        self.changes += later.changes


def unsupported(path: str, asked: Json) -> Loss:
    """Return the loss of something that is not sent.

    >>> unsupported("options.top_k", 40)
    Loss(path='options.top_k', kind='unsupported', asked=40, applied=None)
    """
    return Loss(path=path, kind="unsupported", asked=asked)


def describe_loss(loss: Loss, format_name: str) -> str:
    """Return a loss as a sentence.

    >>> describe_loss(unsupported("options.top_k", 40), "openai")
    'options.top_k was dropped: openai does not support it'
    """
    sentences: Mapping[LossKind, str] = {
        "unsupported": f"was dropped: {format_name} does not support it",
        "replaced": f"was changed to {loss.applied} for {format_name}",
        "added": f"was set to {loss.applied}: {format_name} requires a value",
        "overridden": "overrides the field of the same meaning",
    }
    return f"{loss.path} {sentences[loss.kind]}"


def native_for(native: Natives | None, names: Collection[str]) -> dict[str, Json]:
    """Return the keys that the named formats know; the last name wins.

    >>> native_for({"openai": {"name": "Ann"}, "anthropic": {"content": []}}, ["openai", "groq"])
    {'name': 'Ann'}
    """
    keys: dict[str, Json] = {}
    for name in names if native else ():
        keys |= (native or {}).get(name, {})
    return keys


def report_foreign(path: str, native: Natives | None, names: Collection[str], report: Report) -> None:
    """Report what only other formats know: their keys, not their values, which may be long.

    >>> report = Report()
    >>> report_foreign("messages[1]", {"anthropic": {"content": []}}, ["openai"], report)
    >>> report.losses
    [Loss(path='messages[1].native.anthropic', kind='unsupported', asked=('content',), applied=None)]
    """
    for name, keys in (native or {}).items():
        if keys and name not in names:
            report.dropped(f"{path}.native.{name}", sorted(keys))


def drop_unsupported(value: object, names: Collection[str], path: str, report: Report) -> dict[str, object]:
    """Report those of the named fields that are set, and return all of those as `None`, for a copy without.

    >>> from casual_llm.messages import ImageContent
    >>> report, path = Report(), "messages[0].content[0]"
    >>> drop_unsupported(ImageContent(source="aGk=", detail="low"), ["detail"], path, report)
    {'detail': None}
    >>> report.losses[0].path
    'messages[0].content[0].detail'
    """
    update: dict[str, object] = {}
    for name in names:
        asked = getattr(value, name)
        if asked is not None:
            report.dropped(f"{path}.{name}", asked)
            update[name] = None
    return update


def overlay_native(  # noqa: PLR0913 # what is laid over what, for whom, and where it is reported
    body: dict[str, Json],
    native: Natives | None,
    names: Collection[str],
    path: str,
    report: Report,
    *,
    may_extend: Collection[str] = (),
) -> dict[str, Json]:
    """Lay the keys that the named formats know over a body; report what they replace, and what is foreign.

    `may_extend` are keys whose object may hold more than ours, which is then no loss.

    >>> report = Report()
    >>> overlay_native({"id": "1"}, {"openai": {"id": "2"}}, ["openai"], "messages[1]", report)
    {'id': '2'}
    >>> [(loss.path, loss.kind) for loss in report.losses]
    [('messages[1].native.openai.id', 'overridden')]
    """
    if native is None:
        return body
    keys = native_for(native, names)
    report_foreign(path, native, names, report)
    for key in body if keys else ():
        if key in keys and not (_extends if key in may_extend else same_json)(keys[key], body[key]):
            name = next(name for name in reversed([*names]) if key in native.get(name, {}))
            report.overridden(f"{path}.native.{name}.{key}", body[key], keys[key])
    return {**body, **keys}


def same_json(value: Json, other: Json) -> bool:
    """Return whether two values are the same JSON: 0, 0.0 and false are equal in Python only.

    >>> same_json({"a": 0, "b": []}, {"b": (), "a": 0}), same_json(1.0, True)
    (True, False)
    """
    return json.dumps(thaw(value), sort_keys=True) == json.dumps(thaw(other), sort_keys=True)


def _extends(value: Json, other: Json) -> bool:
    longer = value if isinstance(value, Mapping) else {}
    shorter = other if isinstance(other, Mapping) else {}
    return all(key in longer and same_json(longer[key], shorter[key]) for key in shorter)
