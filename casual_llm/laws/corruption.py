"""Bytes as networks cut them and as servers break them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from casual_llm.frozen import Json
from casual_llm.laws.conversations import json_values
from casual_llm.wire.json import dump, parse

_ODD: SearchStrategy[Any] = (
    st.sampled_from([None, "", 0, -1, 1.5, True, [], {}, [None], [[]], [{}], 10**400, 1e308, "\ufeff"])
    | json_values
)


@st.composite
def chunkings(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Cut bytes as a network does: anywhere, empty reads included; now and then into single bytes."""
    if draw(st.integers(0, 4)) == 0:
        return [data[index : index + 1] for index in range(len(data))]
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=6).map(sorted))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


@st.composite
def corrupted(draw: st.DrawFn, data: bytes) -> bytes:
    """Break bytes in up to three places: by pieces, and by values of the JSON in them."""
    for breaks in draw(st.lists(st.sampled_from([_by_pieces, _by_values, _by_values]), max_size=3)):
        data = draw(breaks(data))
    return data


@st.composite
def _by_pieces(draw: st.DrawFn, data: bytes) -> bytes:
    start, end = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
    put = draw(st.just(b"") | st.just(data[start:end] * 2) | st.binary(max_size=4) | st.just(b"\r\n\n"))
    return data[:start] + put + data[end:]


@st.composite
def _by_values(draw: st.DrawFn, data: bytes) -> bytes:
    lines = data.split(b"\n")
    number = draw(st.integers(0, len(lines) - 1))
    before, brace, _ = lines[number].partition(b"{")
    parsed = parse(lines[number][len(before) :]).value_or(None)
    if not brace or parsed is None:
        return data
    path = draw(st.sampled_from([*_paths(parsed)]))
    lines[number] = before + dump(_put(parsed, path, draw(_ODD)))
    return b"\n".join(lines)


def _paths(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in inner:
        yield from _paths(item, (*path, key))


def _put(value: Any, path: tuple[Any, ...], new: Json) -> Any:  # noqa: ANN401 # any JSON
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = _put(value[path[0]], path[1:], new)
    return copied
