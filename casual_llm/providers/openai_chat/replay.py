"""What a server wants to see again: signed reasoning, thought signatures, parts beside the text.

A dialect names the keys; here their values are put together out of the deltas of an answer, of which
a whole reply is one, as the whole reply has them. Items of a delta go on with items that earlier
deltas began, never with each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from returns.result import safe

from casual_llm.frozen import Json, freeze_object
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.json import items, mapping, text

Object = Mapping[str, Json]
THOUGHTS = ("reasoning_content", "reasoning")
"""The keys under which reasoning comes as a text; both are one thought."""
CUSTOM = "custom"
"""The type of a tool call whose arguments are a free text; `native` keeps it."""
_PIECES = frozenset({"text", "summary"})
_SIGNED = "extra_content"


def replayed(dialect: Dialect, deltas: Sequence[Object], reasoning: str) -> dict[str, Object] | None:
    """Give what of an answer goes into `native`, if anything does.

    >>> deltas = [{"reasoning_content": "h"}, {"reasoning_content": "m"}]
    >>> replayed(Dialect(name="deepseek"), deltas, "hm")
    {'deepseek': {'reasoning_content': 'hm'}}
    """
    found: dict[str, Json] = {}
    for delta in deltas:
        for key in sorted(dialect.replayed_fields.intersection(delta).difference(THOUGHTS)):
            found |= _taken(found, key, delta[key])
    if all(part.keys() == {"type", "text"} for part in map(mapping, items(found.get("content")))):
        found.pop("content", None)
    keys = (
        key for delta in deltas for key in THOUGHTS if key in dialect.replayed_fields and text(delta.get(key))
    )
    thought = next(keys, None)
    return native(dialect, found if thought is None else {**found, thought: reasoning})


_frozen = safe(exceptions=(ValueError,))(freeze_object)


def native(dialect: Dialect, keys: Object) -> dict[str, Object] | None:
    """Put keys under the dialect's name; what is nested too deep to be written again is given up."""
    kept = _frozen(keys).value_or({}) if keys else {}
    return {dialect.name: kept} if kept else None


def signature(dialect: Dialect, call: Object) -> dict[str, Object] | None:
    """Give what of a tool call goes into its `native`."""
    if _SIGNED not in dialect.replayed_fields or not mapping(call.get(_SIGNED)):
        return None
    return native(dialect, {_SIGNED: call[_SIGNED]})


def _taken(found: Object, key: str, value: Json) -> dict[str, Json]:
    earlier = found.get(key)
    if not value:
        return {}
    if key == "content":
        parts = [{"type": "text", "text": value}] if isinstance(value, str) else items(value)
        return {key: _parts(items(earlier), parts)}
    if key == "function_call":
        called, more = mapping(earlier), mapping(value)
        pieces: Object = {
            part: text(called.get(part)) + text(more.get(part)) for part in ("name", "arguments")
        }
        return {key: pieces} if any(pieces.values()) else {}
    if key == "audio":
        # Its data are for the caller to hear; the id alone refers to it.
        identity = text(mapping(value).get("id"))
        return {key: {"id": identity}} if identity else {}
    if key == _SIGNED:
        # On a message it may also say no more than that this piece is a thought.
        return {key: value} if mapping(mapping(value).get("google")).get("thought_signature") else {}
    return {key: _details(items(earlier), value) if isinstance(value, list) else value}


def _details(earlier: Sequence[Json], later: Sequence[Json]) -> list[Json]:
    merged, known = list(earlier), len(earlier)
    for item in later:
        place = _place(merged[:known], mapping(item))
        if place is None:
            merged.append(item)
        else:
            merged[place] = _joined(mapping(merged[place]), mapping(item))
    return merged


def _place(known: Sequence[Json], item: Object) -> int | None:
    """Find the item that a later one goes on with: of its type and index, and the last one if it has none."""
    index = item.get("index")
    for place in reversed(range(len(known)) if index is not None else range(len(known))[-1:]):
        other = mapping(known[place])
        same = (other.get("type"), other.get("index")) == (item.get("type"), index)
        named = other.get("id") and item.get("id") and other["id"] != item["id"]
        if same and not named and not (other.get("data") and item.get("data")):
            return place
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
