"""What of a call could not be said, as data."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from attrs import field, frozen
from returns.result import safe

from casual_llm.frozen import Json, freeze, thaw

_freeze = safe(exceptions=(ValueError,))(freeze)


def _frozen(value: Json) -> Json:
    # An account of a loss is no reason to fail: a text with half a character is told as it is written.
    return _freeze(value).value_or(repr(value))


@frozen(kw_only=True)
class Loss:
    """Something a caller asked for that the wire format or dialect cannot say."""

    path: str
    kind: str
    """Of a loss: `unsupported` (left out), `replaced` (said differently), `added` (said unasked, because
    the format requires it) or `overridden` (by `extra` or `native`). Of a change: `merged`, `moved`,
    `dropped`, `rewritten` or `implied`."""
    asked: Json = field(converter=_frozen)
    applied: Json = field(default=None, converter=_frozen)


def describe_loss(loss: Loss, format_name: str) -> str:
    """Tell a loss in a line.

    >>> describe_loss(unsupported("options.top_k", 40), "openai")
    'options.top_k is left out: openai cannot say it'
    """
    how = {
        "unsupported": f"is left out: {format_name} cannot say it",
        "overridden": "stands in place of the field that says the same",
        "added": f"is said unasked, because {format_name} requires it: {loss.applied}",
    }
    return f"{loss.path} {how.get(loss.kind, f'is said differently to {format_name}: {loss.applied}')}"


def unsupported(path: str, asked: Json) -> Loss:
    """Tell that something is left out.

    >>> unsupported("options.top_k", 40)
    Loss(path='options.top_k', kind='unsupported', asked=40, applied=None)
    """
    return Loss(path=path, kind="unsupported", asked=asked)


def foreign_native(
    path: str, native: Mapping[str, Mapping[str, Json]] | None, names: Collection[str]
) -> tuple[Loss, ...]:
    """Tell of what only other formats know: their keys, not their values, which may be long.

    >>> foreign_native("messages[1]", {"anthropic": {"content": []}}, ["openai"])
    (Loss(path='messages[1].native.anthropic', kind='unsupported', asked=('content',), applied=None),)
    """
    others = [(name, keys) for name, keys in (native or {}).items() if name not in names]
    return tuple(unsupported(f"{path}.native.{name}", sorted(keys)) for name, keys in others if keys)


def native_for(native: Mapping[str, Mapping[str, Json]] | None, names: Collection[str]) -> dict[str, Json]:
    """Give the keys that the named formats know, the last name having the last word.

    >>> native_for({"openai": {"name": "Ann"}, "anthropic": {"content": []}}, ["openai", "groq"])
    {'name': 'Ann'}
    """
    said: dict[str, Json] = {}
    for name in names:
        said |= (native or {}).get(name, {})
    return said


def overlay_native(
    body: Mapping[str, Json],
    native: Mapping[str, Mapping[str, Json]] | None,
    names: Collection[str],
    path: str,
    fuller: Collection[str] = (),
) -> tuple[dict[str, Json], list[Loss]]:
    """Lay the keys that the named formats know over a body, and tell what they replace and what is foreign.

    `fuller` are keys whose object may say more than ours, which is then no loss.

    >>> body, losses = overlay_native({"id": "1"}, {"openai": {"id": "2"}}, ["openai"], "messages[1]")
    >>> body, [(loss.path, loss.kind) for loss in losses]
    ({'id': '2'}, [('messages[1].native.openai.id', 'overridden')])
    """
    if native is None:
        return dict(body), []
    keys, losses = native_for(native, names), list(foreign_native(path, native, names))
    for key in body:
        if key in keys and not (_holds if key in fuller else same_json)(keys[key], body[key]):
            name = [name for name in names if key in native.get(name, {})][-1]
            place = f"{path}.native.{name}.{key}"
            losses.append(Loss(path=place, kind="overridden", asked=body[key], applied=keys[key]))
    return {**body, **keys}, losses


def same_json(value: Json, other: Json) -> bool:
    """Tell whether two values are written alike: 0, 0.0 and false are equal, and are not.

    >>> same_json({"a": 0, "b": []}, {"b": (), "a": 0}), same_json(1.0, True)
    (True, False)
    """
    return json.dumps(thaw(value), sort_keys=True) == json.dumps(thaw(other), sort_keys=True)


def _holds(value: Json, other: Json) -> bool:
    held = value if isinstance(value, Mapping) else {}
    kept = other if isinstance(other, Mapping) else {}
    return all(key in held and same_json(held[key], kept[key]) for key in kept)
