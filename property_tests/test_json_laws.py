"""JSON from the wire is read without an exception, and our own JSON is read back unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, strategies as st
from strategies import json_objects, json_values, texts
from wire_strategies import odd_bodies

from casual_llm.frozen import Json
from casual_llm.wire.json import count, dump, items, mapping, parse, text


@given(json_values)
def test_what_is_written_is_read_back(value: Json) -> None:
    assert parse(dump(value)).unwrap() == value


@given(json_values)
def test_what_is_written_is_standard_json(value: Json) -> None:
    assert json.loads(dump(value)) == value


@given(json_objects)
def test_space_around_json_is_ignored(value: Json) -> None:
    assert parse(b"\n\n  " + dump(value) + b" \r\n").unwrap() == value


@given(texts)
def test_a_byte_order_mark_is_ignored(value: str) -> None:
    assert parse(b"\xef\xbb\xbf" + dump(value)).unwrap() == value


@given(st.binary() | odd_bodies)
@example(b"[" * 100_000)
@example(b'{"a":' * 199 + b"1" + b"}" * 199)
@example(b"9" * 5000)
@example(b"")
def test_parsing_never_raises(data: bytes) -> None:
    assert parse(data).map(lambda _: "fine").value_or("not JSON") in {"fine", "not JSON"}


@given(texts, st.sampled_from([b"\xff", b"\xf0\x9f", b"\\ud83e", b"\xed\xa0\x80"]), texts)
def test_text_around_invalid_characters_is_kept(before: str, broken: bytes, after: str) -> None:
    read = text(parse(dump(before)[:-1] + broken + dump(after)[1:]).unwrap())
    assert (read[: len(before)], read[len(read) - len(after) :]) == (before, after)


@given(texts, st.sampled_from([b"\xff", b"\\ud83e", b"\\ud83e\\ud83e"]))
def test_text_with_replaced_characters_can_be_written_again(before: str, broken: bytes) -> None:
    read = parse(dump(before)[:-1] + broken + b'"').unwrap()
    assert parse(dump(read)).unwrap() == read


@given(json_values)
@example(10**400)
@example(-(10**400))
@example(float("nan"))
@example(float("inf"))
@example([])
@example(7.0)
def test_a_count_is_unknown_or_not_negative(value: Json) -> None:
    tokens = count(value)
    assert tokens is None or (type(tokens) is int and tokens >= 0)


@given(st.integers(0, 2**53))
def test_a_count_may_be_written_as_a_float(tokens: int) -> None:
    assert count(tokens) == count(float(tokens)) == tokens


@given(json_values)
def test_a_value_of_the_wrong_type_is_read_as_absent(value: Json) -> None:
    parts = [reader(value) for reader in (mapping, items, text)]
    assert all(part in (value, {}, (), "") for part in parts)


@given(json_objects, st.lists(json_values), texts)
def test_a_value_of_the_right_type_is_unchanged(an_object: Json, array: Json, word: str) -> None:
    assert (mapping(an_object), items(array), text(word)) == (an_object, array, word)


@pytest.mark.parametrize("depth", [1, 50, 150])
def test_nested_json_that_can_be_read_can_be_written(depth: int) -> None:
    nested = parse(b'{"a":[' * depth + b"]}" * depth).value_or(None)
    assert parse(dump(nested)).unwrap() == nested
