"""Collect what a server requires back: signed reasoning, thought signatures, parts that are not text.

A dialect names the keys; their values are merged from the deltas of an answer, of which a whole reply is one,
into the form of a whole reply. An item of a delta continues an item of earlier deltas, never one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import Native
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.json import items, mapping, text
from casual_llm.wire.parts import frozen_native

Object = Mapping[str, Json]
THOUGHTS = ("reasoning_content", "reasoning")
"""The keys under which reasoning comes as a text; both are one thought."""
CUSTOM = "custom"
"""The type of a tool call whose arguments are a free text; `native` keeps it."""
_PIECES = frozenset({"text", "summary"})
_SIGNED = "extra_content"


def replayed(dialect: Dialect, deltas: Sequence[Object], reasoning: str) -> Native:
    """Return the `native` of an answer; `None` where it holds nothing to send again.

    >>> deltas = [{"reasoning_content": "h"}, {"reasoning_content": "m"}]
    >>> replayed(Dialect(name="deepseek"), deltas, "hm")
    {'deepseek': {'reasoning_content': 'hm'}}
    """
    merged: dict[str, Json] = {}
    for delta in deltas:
        for key in sorted(dialect.replayed_fields.intersection(delta).difference(THOUGHTS)):
            merged |= _merged(merged, key, delta[key])
    if all(part.keys() == {"type", "text"} for part in map(mapping, items(merged.get("content")))):
        merged.pop("content", None)
    keys = (
        key for delta in deltas for key in THOUGHTS if key in dialect.replayed_fields and text(delta.get(key))
    )
    thought = next(keys, None)
    return native(dialect, merged if thought is None else {**merged, thought: reasoning})


def native(dialect: Dialect, keys: Object) -> Native:
    """Put keys under the dialect's name; drop them where they are nested too deep to be written again."""
    return frozen_native({dialect.name: keys}) if keys else None


def signature(dialect: Dialect, call: Object) -> Native:
    """Return the `native` of a tool call: its thought signature, if it has one."""
    if _SIGNED not in dialect.replayed_fields or not mapping(call.get(_SIGNED)):
        return None
    return native(dialect, {_SIGNED: call[_SIGNED]})


def _merged(merged: Object, key: str, value: Json) -> dict[str, Json]:
    earlier = merged.get(key)
    if not value:
        return {}
    if key == "content":
        given = [value] if isinstance(value, str) else items(value)
        parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in given]
        return {key: _parts(items(earlier), parts)}
    if key == "function_call":
        called, more = mapping(earlier), mapping(value)
        pieces: Object = {
            part: text(called.get(part)) + text(more.get(part)) for part in ("name", "arguments")
        }
        return {key: pieces} if any(pieces.values()) else {}
    if key == "audio":
        # Its data are for the caller; a request refers to it by id alone.
        identity = text(mapping(value).get("id"))
        return {key: {"id": identity}} if identity else {}
    if key == _SIGNED:
        # On a message it may also only mark this piece as a thought.
        return {key: value} if mapping(mapping(value).get("google")).get("thought_signature") else {}
    return {key: _details(items(earlier), value) if isinstance(value, list) else value}


def _details(earlier: Sequence[Json], later: Sequence[Json]) -> list[Json]:
    merged, known = list(earlier), len(earlier)
    for item in later:
        position = _position(merged[:known], mapping(item))
        if position is None:
            merged.append(item)
        else:
            merged[position] = _joined(mapping(merged[position]), mapping(item))
    return merged


def _position(known: Sequence[Json], item: Object) -> int | None:
    """Return the position of the item that a later one continues: of its type and index, or else the last."""
    index = item.get("index")
    for position in reversed(range(len(known)) if index is not None else range(len(known))[-1:]):
        other = mapping(known[position])
        same = (other.get("type"), other.get("index")) == (item.get("type"), index)
        named = other.get("id") and item.get("id") and other["id"] != item["id"]
        if same and not named and not (other.get("data") and item.get("data")):
            return position
    return None


def _joined(earlier: Object, later: Object) -> Object:
    fields = {key: value for key, value in later.items() if value is not None}
    pieces = {key: text(earlier.get(key)) + text(fields[key]) for key in _PIECES.intersection(fields)}
    return {**earlier, **fields, **pieces}


def _parts(earlier: Sequence[Json], later: Sequence[Json]) -> list[Json]:
    if not earlier or not later:
        return [*earlier, *later]
    last, first = mapping(earlier[-1]), mapping(later[0])
    kind = last.get("type")
    if kind != first.get("type") or kind not in {"text", "thinking"}:
        return [*earlier, *later]
    if kind == "text":
        joined: Json = {**last, **first, "text": text(last.get("text")) + text(first.get("text"))}
    else:
        joined = {**last, **first, "thinking": _parts(items(last.get(kind)), items(first.get(kind)))}
    return [*earlier[:-1], joined, *later[1:]]
