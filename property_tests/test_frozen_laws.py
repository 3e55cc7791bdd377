"""Values are immutable and hashable, and survive copying and pickling."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest
from hypothesis import example, given, strategies as st
from playback import play
from pydantic import BaseModel, ValidationError
from strategies import (
    any_calls,
    json_objects,
    json_schemas,
    json_values,
    messages,
    options,
    texts,
    tool_parameters,
    tools,
    usages,
)
from wire_strategies import chunks, replies, streamed_replies

from casual_llm.config import ClientConfig, ModelConfig, Timeout
from casual_llm.failures import EncodeError, ErrorResponse, Malformed, ReadError, Truncated
from casual_llm.frozen import Json, freeze, freeze_object, thaw, thaw_object
from casual_llm.messages import UserMessage
from casual_llm.options import ChatOptions
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, LLAMACPP, OPENAI
from casual_llm.tools import ToolParameter
from casual_llm.usage import Ledger
from casual_llm.wire.codec import Call, Request, Response
from casual_llm.wire.report import Loss

_configs = st.builds(
    ClientConfig,
    provider=st.sampled_from(["openai", "LOCAL"]),
    name=texts,
    api_key=st.none() | texts,
    timeout=st.floats(0.1, 100) | st.just(Timeout(total=5.0)),
    extra_kwargs=json_objects,
)
_failures = st.one_of(
    st.builds(EncodeError, texts, texts, texts),
    st.builds(ReadError, texts, texts),
    st.builds(ErrorResponse, st.integers(400, 599), texts, texts),
    st.builds(Malformed, texts, st.none() | replies),
    st.builds(Truncated, replies),
)
_records = st.one_of(
    any_calls,
    replies,
    json_schemas,
    st.builds(ModelConfig, name=texts, default_options=options),
    st.builds(Request, url=texts, headers=st.dictionaries(texts, texts, max_size=2), body=st.binary()),
    st.builds(Response, status=st.just(200), headers=st.dictionaries(texts, texts), body=st.binary()),
    st.builds(Ledger, last=usages, total=usages),
    st.builds(Loss, path=texts, kind=texts, asked=json_values, applied=json_values),
)
values = st.one_of(messages, tools, tool_parameters, usages, chunks, options, _configs, _failures, _records)

_OVERRIDDEN = ChatOptions(stop=["a"], extra={"stop": ["b"]})


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 # any pydantic or attrs value
    return dict(value) if isinstance(value, BaseModel) else attrs.asdict(value, recurse=False)


def _parts(value: object) -> Iterator[object]:
    """Walk through a value, whatever holds its parts."""
    yield value
    inner: list[object] = []
    if isinstance(value, Mapping):
        inner = [*value, *value.values()]
    elif isinstance(value, list | tuple | set):
        inner = [*value]
    elif isinstance(value, BaseModel) or (attrs.has(type(value))):
        inner = [*_fields(value).values()]
    for part in inner:
        yield from _parts(part)


def _wreck(value: Any) -> None:  # noqa: ANN401 # any JSON, to be emptied in place
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        _wreck(part)
    if isinstance(value, dict | list):
        value.clear()


@given(values)
def test_no_field_of_a_value_can_be_set(value: object) -> None:
    for name, present in _fields(value).items():
        with pytest.raises((AttributeError, ValidationError)):
            setattr(value, name, present)


@given(values)
def test_nothing_inside_a_value_can_be_changed(value: object) -> None:
    assert not [part for part in _parts(value) if type(part) in {list, dict, set, bytearray}]


@given(values)
def test_every_value_can_be_hashed(value: object) -> None:
    assert hash(value) == hash(value)


@given(values)
def test_a_deep_copy_is_equal_and_has_an_equal_hash(value: object) -> None:
    again = copy.deepcopy(value)
    assert (again, hash(again)) == (value, hash(value))


@given(values.filter(lambda value: getattr(value, "secret", None) is None))  # a key is not pickled
def test_a_pickled_value_is_restored_equal_and_with_an_equal_hash(value: object) -> None:
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 # bytes of our own
    assert (again, hash(again)) == (value, hash(value))


@given(streamed_replies)
def test_chunks_and_collected_streams_are_values_too(streamed: tuple[object, list[bytes]]) -> None:
    given_, end = play(streamed[1])
    assert hash((given_, end.unwrap())) == hash(copy.deepcopy((given_, end.unwrap())))


@given(any_calls, st.sampled_from([OPENAI, COMPATIBLE, LLAMACPP]))
@example(Call(model="m", messages=[UserMessage(content="")], options=_OVERRIDDEN), OPENAI)
def test_encoded_requests_are_values_too(call: Call, dialect: Dialect) -> None:
    encoded = codec(dialect).encode(call)
    assert hash(encoded) == hash(copy.deepcopy(encoded))


def test_the_extra_keywords_of_a_parameter_cannot_be_changed() -> None:
    parameter = ToolParameter.model_validate({"minimum": 1})
    with pytest.raises((AttributeError, TypeError)):
        parameter.model_extra["minimum"] = 2  # type: ignore[index]


@given(json_values)
def test_thaw_reverses_freeze(value: Json) -> None:
    assert thaw(freeze(value)) == value


@given(json_values)
def test_freeze_reverses_thaw(value: Json) -> None:
    frozen = freeze(value)
    assert freeze(thaw(frozen)) == frozen


@given(json_objects)
def test_a_thawed_value_is_a_separate_copy(value: dict[str, Json]) -> None:
    frozen = freeze_object(value)
    _wreck(thaw_object(frozen))
    assert thaw(frozen) == value


@given(json_objects)
def test_a_frozen_value_does_not_change_with_the_dict_it_was_made_from(value: dict[str, Json]) -> None:
    frozen, before = freeze_object(value), copy.deepcopy(value)
    _wreck(value)
    assert thaw(frozen) == before
