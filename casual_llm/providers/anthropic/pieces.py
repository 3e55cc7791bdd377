"""Content blocks put together from the events of a stream.

A block begins with what it is and grows: texts of any key are appended, citations are added, the
JSON of an input is joined and parsed at the end. What is not known grows by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from casual_llm.frozen import Json
from casual_llm.wire.json import items, mapping, parse, text

Block = Mapping[str, Json]
IMPLIED: Mapping[Json, str] = {"text_delta": "text", "thinking_delta": "thinking"}
"""What a block is whose beginning never came."""


class Piece(NamedTuple):
    """What an event says of a block: how it begins, or how it grows."""

    at: int | None
    told: Block
    begins: bool


class _Growing(NamedTuple):
    block: dict[str, Json]
    texts: dict[str, list[str]]
    citations: list[Json]


def blocks_of(pieces: Iterable[Piece]) -> list[Block]:
    """Put blocks together, in the order in which they began.

    >>> begun = Piece(0, {"type": "text", "text": ""}, begins=True)
    >>> blocks_of([begun, Piece(0, {"type": "text_delta", "text": "Hi"}, begins=False)])
    [{'type': 'text', 'text': 'Hi'}]
    """
    growing, open_ = list[_Growing](), dict[int | None, _Growing]()
    for index, told, begins in pieces:
        if begins or (index not in open_ and told.get("type") in IMPLIED):
            block: dict[str, Json] = dict(told) if begins else {"type": IMPLIED[told.get("type")]}
            open_[index] = _Growing(block, {}, [])
            growing.append(open_[index])
        if not begins and index in open_:
            _grow(open_[index], told)
    return [_grown(one) for one in growing]


def _grow(one: _Growing, delta: Block) -> None:
    if delta.get("type") == "citations_delta":
        one.citations.append(delta.get("citation"))
        return
    for key, value in delta.items():
        if key == "type" or value is None:
            continue
        if isinstance(value, str):
            one.texts.setdefault(key, []).append(value)
        else:
            one.block[key] = value


def _grown(one: _Growing) -> Block:
    block = one.block
    for key, told in one.texts.items():
        whole = "".join(told)
        if key == "partial_json":
            block |= _input(whole)
        else:
            block[key] = text(block.get(key)) + whole
    if one.citations:
        block["citations"] = [*items(block.get("citations")), *one.citations]
    return block


def _input(whole: str) -> dict[str, Json]:
    if not whole.strip():
        return {}
    read = parse(whole.encode("utf-8", "replace")).value_or(None)
    # JSON that was cut off is kept as the text it is.
    return {"input": mapping(read) if isinstance(read, Mapping) else whole}
