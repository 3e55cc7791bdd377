"""Assemble ordered blocks, such as text, reasoning and tool calls, from the events of a stream.

A block begins with what it is and grows: texts of any key are appended, lists are extended, the JSON of an
input is joined and parsed at the end, and what else comes under a key is its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from casual_llm.frozen import Json
from casual_llm.wire.json import items, parse, text
from casual_llm.wire.parts import Block


class BlockDelta(NamedTuple):
    """What an event holds of a block: how it begins, or how it grows.

    A delta with a `type` begins a block of that type itself, where none has begun.
    """

    block_index: int | None
    fields: Block
    begins: bool = False


class BlockInProgress(NamedTuple):
    """A block that grows: what it began with, and the texts that came since, by their keys."""

    block: dict[str, Json]
    texts: dict[str, list[str]]


def blocks_of(deltas: Iterable[BlockDelta], input_key: str = "input") -> list[Block]:
    """Put blocks together, in the order in which they began.

    >>> begun = BlockDelta(0, {"type": "text", "text": ""}, begins=True)
    >>> blocks_of([begun, BlockDelta(0, {"text": "Hi"})])
    [{'type': 'text', 'text': 'Hi'}]
    """
    blocks, by_index = list[BlockInProgress](), dict[int | None, BlockInProgress]()
    for index, fields, begins in deltas:
        if begins or (index not in by_index and "type" in fields):
            by_index[index] = BlockInProgress(dict(fields) if begins else {"type": fields["type"]}, {})
            blocks.append(by_index[index])
        if not begins and index in by_index:
            _grow(by_index[index], fields)
    return [finished_block(block, input_key) for block in blocks]


def _grow(progress: BlockInProgress, fields: Block) -> None:
    for key, value in fields.items():
        if key == "type":
            continue
        if isinstance(value, str):
            progress.texts.setdefault(key, []).append(value)
        elif isinstance(value, list):
            progress.block[key] = [*items(progress.block.get(key)), *value]
        else:
            progress.block[key] = value


def finished_block(progress: BlockInProgress, input_key: str) -> Block:
    """Return a block with all that came for it."""
    block = progress.block
    for key, texts in progress.texts.items():
        if key != input_key:
            block[key] = text(block.get(key)) + "".join(texts)
        elif "".join(texts).strip():
            block[key] = _input("".join(texts))
    return block


def _input(arguments: str) -> Json:
    value = parse(arguments.encode("utf-8", "replace")).value_or(None)
    # JSON that was cut off is kept as the text it is.
    return value if isinstance(value, Mapping) else arguments
