"""A structured answer is read back as it was written, and a partial one is the beginning of it."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import example, given, strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel
from returns.result import Failure, Success
from strategies import json_objects, json_values, numbers, plain_formats, texts, tool_call_lists
from wire_strategies import mutations, replies

from casual_llm.errors import ConfigurationError
from casual_llm.failures import CUTS, Incomplete, NotJson, SchemaMismatch
from casual_llm.frozen import Json, thaw_object
from casual_llm.messages import AssistantMessage, AssistantToolCall, UserMessage
from casual_llm.options import ChatOptions, ResponseFormat
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE
from casual_llm.reply import FinishReason, Reply, StreamChunk
from casual_llm.structured import (
    Arriving,
    Partial,
    due,
    parse,
    partial_end,
    partial_step,
    repair_turn,
    reply_of,
    shaped,
)
from casual_llm.wire.codec import Call
from casual_llm.wire.collect import collect

_ENCODE, _READ = codec(COMPATIBLE).encode, codec(COMPATIBLE).read


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Item(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    title: str = Field(alias="the title")
    price: float | int | None = None
    size: Size = Size.SMALL


class Order(BaseModel):
    number: int
    at: datetime | None
    items: list[Item]
    notes: dict[str, str]
    pair: tuple[bool, str]


class Anything(RootModel[dict[str, JsonValue]]):
    """Any JSON object."""


_items = st.builds(Item, title=texts, price=st.none() | numbers, size=st.sampled_from(Size))
_orders = st.builds(
    Order,
    number=st.integers(),
    at=st.none() | st.datetimes(),
    items=st.lists(_items, max_size=3),
    notes=st.dictionaries(texts, texts, max_size=2),
    pair=st.tuples(st.booleans(), texts),
)
instances: SearchStrategy[Order | Item] = _orders | _items


def reply_with(content: str | None) -> Reply:
    return Reply(message=AssistantMessage(content=content))


@st.composite
def _written(draw: st.DrawFn) -> str:
    """Write an object as models do: with or without escapes, spaces and a fence."""
    orders = _orders.map(lambda order: json.loads(order.model_dump_json()))
    many = st.builds(lambda order, times: {"orders": [order] * times}, orders, st.integers(0, 40))
    value = draw(json_objects | orders | many)
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    return draw(st.sampled_from(["{}", "```json\n{}\n```", "\n{}\n"])).replace("{}", text)


@st.composite
def _chunked(draw: st.DrawFn, written: SearchStrategy[str]) -> list[StreamChunk]:
    text = draw(written)
    evenly = st.integers(3, 30).map(lambda size: [*range(size, len(text), size)])
    cuts = draw(evenly | st.lists(st.integers(0, len(text)), max_size=20).map(sorted))
    return [StreamChunk(content=text[start:end]) for start, end in pairwise([0, *cuts, len(text)])]


# Texts that are not JSON, because they are cut off or have words around them, and JSON of another schema.
_order_texts = _orders.map(Order.model_dump_json)
invalid_texts = st.one_of(
    _order_texts.flatmap(lambda text: st.integers(1, len(text) - 1).map(lambda end: text[:end])),
    _order_texts.map("Sure, 🦙:\n".__add__),
    _order_texts.map(lambda text: f"```json\n{text} Bye!\n```"),
)
mismatched_texts = (json_objects | st.lists(json_values, max_size=2)).map(json.dumps)
_odd_texts = st.one_of(
    texts,
    invalid_texts,
    json_values.map(json.dumps),
    _order_texts.flatmap(lambda text: mutations(text.encode())).map(
        lambda data: data.decode("utf-8", "replace")
    ),
)
streams = _chunked(_written())


def arriving(chunks: list[StreamChunk]) -> tuple[list[Partial[Anything]], Arriving[Anything]]:
    state, partials = Arriving(into=Anything), list[Partial[Anything]]()
    for chunk in chunks:
        state, grown = partial_step(state, chunk)
        partials += [] if grown is None else [grown]
    return partials, state


def _of(data: Mapping[str, Json]) -> Anything:
    return Anything.model_validate(thaw_object(data))


def begins(part: Json, whole: Json) -> bool:
    """Return whether a value may be the part of another one that has arrived so far."""
    if isinstance(part, Mapping) and isinstance(whole, Mapping):
        return all(key in whole and begins(part[key], whole[key]) for key in part)
    if isinstance(part, tuple) and isinstance(whole, tuple):
        return len(part) <= len(whole) and all(map(begins, part, whole))
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    return (type(part), part) == (type(whole), whole)


@given(instances)
def test_an_instance_is_parsed_as_it_was_written(value: BaseModel) -> None:
    assert parse(reply_with(value.model_dump_json(by_alias=True)), type(value)) == Success(value)


@given(instances, st.sampled_from(["```json\n%s\n```", "```\n%s```", "\n %s \n"]))
def test_a_fence_and_space_around_the_json_are_ignored(value: BaseModel, around: str) -> None:
    written = value.model_dump_json(by_alias=True)
    assert parse(reply_with(around.replace("%s", written)), type(value)) == parse(
        reply_with(written), type(value)
    )


@given(replies | _odd_texts.map(reply_with))
@example(reply_with("[" * 100_000))
@example(reply_with("9" * 10_000))
@example(reply_with('{"number": ' + "9" * 10_000 + "}"))
@example(reply_with("```json\n"))
@example(reply_with("``` ```\n\n```"))
@example(reply_with('"\\ud800"'))
def test_any_reply_is_a_value_or_a_failure_with_a_text(reply: Reply) -> None:
    assert parse(reply, Order).map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()


@given(instances, st.sampled_from([*CUTS]))
def test_an_answer_that_was_cut_off_is_a_failure(value: BaseModel, reason: FinishReason) -> None:
    reply = evolve(reply_with(value.model_dump_json(by_alias=True)), finish_reason=reason)
    assert parse(reply, type(value)) == Failure(Incomplete(reason))
    assert str(parse(reply, type(value)).failure()) in CUTS.values()


@given(texts, tool_call_lists.map(tuple))
def test_an_answer_that_calls_tools_is_a_failure_that_names_them(
    content: str, calls: tuple[AssistantToolCall, ...]
) -> None:
    text = str(parse(Reply(message=AssistantMessage(content=content, tool_calls=calls)), Order).failure())
    assert all(call.function.name in text for call in calls)


@given(st.none() | st.integers(), st.sampled_from([Order, Item, Anything]))
def test_a_class_sets_the_response_format_and_no_other_option(
    seed: int | None, into: type[BaseModel]
) -> None:
    assert shaped(into, ChatOptions(seed=seed)) == ChatOptions(seed=seed, response_format=into)
    assert shaped(into, None) == ChatOptions(response_format=into)


@given(plain_formats | st.just(Item))
def test_a_call_has_one_response_format_and_not_two(form: ResponseFormat) -> None:
    with pytest.raises(ConfigurationError, match=r"^options\.response_format: "):
        shaped(Order, ChatOptions(response_format=form))


@given(json_values | st.sampled_from([int, dict, Anything({})]))
def test_anything_but_a_pydantic_class_is_refused_as_a_response_format(into: type[BaseModel]) -> None:
    with pytest.raises(ConfigurationError, match=r"^into: "):
        shaped(into, None)


@given(invalid_texts)
def test_an_answer_that_is_not_json_is_reported_with_a_position_inside_the_text(text: str) -> None:
    failure = parse(reply_with(text), Order).failure()
    assert isinstance(failure, NotJson)
    assert failure.position < len(text)
    assert failure.excerpt in text


@given(mismatched_texts)
def test_an_answer_of_another_schema_is_reported_with_a_line_for_each_problem(text: str) -> None:
    failure = parse(reply_with(text), Order).failure()
    assert isinstance(failure, SchemaMismatch)
    assert failure.details.splitlines() == [*failure.problems]


@given((invalid_texts | mismatched_texts).map(reply_with))
def test_a_conversation_with_a_repair_can_be_sent(reply: Reply) -> None:
    failure = parse(reply, Order).failure()
    assert isinstance(failure, NotJson | SchemaMismatch)
    call = Call(model="m", messages=(UserMessage(content="?"), *repair_turn(reply, failure)))
    assert _READ(_ENCODE(call).unwrap().request).unwrap().messages == call.messages


@given(streams)
@example([StreamChunk(content=piece) for piece in '```json\n{"k": " ``` ` "}\n```'])
@example([StreamChunk(content=piece) for piece in '{"k": " ``` ` "}'])
def test_a_partial_is_the_beginning_of_every_later_one(chunks: list[StreamChunk]) -> None:
    partials, state = arriving(chunks)
    data = [partial.data for partial in (*partials, partial_end(state).unwrap())]
    assert all(begins(part, whole) for part, whole in pairwise(data))


@given(streams)
def test_a_partial_is_returned_only_if_the_object_has_grown(chunks: list[StreamChunk]) -> None:
    data = [partial.data for partial in arriving(chunks)[0]]
    assert all(earlier != later for earlier, later in pairwise([{}, *data]))


@given(streams)
def test_only_the_last_partial_holds_the_value(chunks: list[StreamChunk]) -> None:
    partials, state = arriving(chunks)
    assert [partial.value for partial in partials] == [None] * len(partials)
    assert partial_end(state).unwrap().value == _of(partial_end(state).unwrap().data)


@given(_chunked(_written() | _odd_texts))
def test_the_end_of_a_stream_is_the_value_of_the_whole_reply(chunks: list[StreamChunk]) -> None:
    end = partial_end(arriving(chunks)[1])
    assert end.map(lambda partial: partial.value) == parse(collect(chunks), Anything)


@given(replies.map(lambda reply: reply.message.content or ""), st.lists(st.text(max_size=3)))
def test_the_chunks_of_a_stream_are_collected(content: str, pieces: list[str]) -> None:
    chunks = [StreamChunk(content=piece, reasoning=piece) for piece in (content, *pieces)]
    assert reply_of(arriving(chunks)[1]) == collect(chunks)


def _parsed(lengths: list[int]) -> Iterator[int]:
    """Yield the length of each text that is parsed when chunks of these lengths arrive."""
    read = length = 0
    for more in lengths:
        length += more
        if due(read, length):
            read = length
            yield read


@given(st.lists(st.integers(0, 4000) | st.integers(0, 9), min_size=1), st.integers(1, 200))
def test_the_parsed_characters_are_at_most_seventeen_times_the_text_and_a_constant(
    lengths: list[int], times: int
) -> None:
    parsed, whole = sum(_parsed(lengths * times)), sum(lengths * times)
    assert parsed <= 17 * whole + 2**20


@given(st.lists(st.integers(1, 30), max_size=34))
@example([1] * 1024)
def test_a_short_text_is_parsed_with_every_chunk(lengths: list[int]) -> None:
    assert len(list(_parsed(lengths))) == len(lengths)
