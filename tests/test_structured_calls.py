"""Calls that return an instance of a class: the requests, the repair turns and the errors."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from support.answers import ANN, CALL, GOOD, PROSE, YOUNG, Person, answering, reply_with
from support.fakes import ASK, JSON, FakeTransport, model_on

from casual_llm import (
    OMIT,
    AssistantMessage,
    ChatOptions,
    ConfigurationError,
    JsonSchema,
    Layer,
    Model,
    ProviderError,
    Reply,
    RequestError,
    ServerError,
    Usage,
)
from casual_llm.errors import ReplyError, StructuredOutputError
from casual_llm.failures import (
    CalledTools,
    Empty,
    Incomplete,
    ModelRefusal,
    ParseFailure,
)
from casual_llm.providers.openai_chat import codec
from casual_llm.structured import Partial


async def test_a_class_is_requested_and_an_instance_returned() -> None:
    model, transport = answering(reply_with(GOOD))
    assert await model.chat_as(Person, ASK, ChatOptions(seed=1)) == ANN
    (body,) = transport.bodies()
    assert body["seed"] == 1
    assert body["response_format"]["json_schema"]["name"] == "Person"


async def test_the_class_overrides_the_default_response_format_of_the_model() -> None:
    model, transport = answering(reply_with(GOOD))
    with_default = Model(model.client, "gpt-5", ChatOptions(response_format="text"))
    assert await with_default.chat_as(Person, ASK) == ANN
    assert transport.bodies()[0]["response_format"]["type"] == "json_schema"


async def test_a_mistake_is_sent_back_and_repaired() -> None:
    model, transport = answering(reply_with(YOUNG), reply_with(GOOD))
    assert await model.chat_as(Person, ASK) == ANN
    first, second = transport.bodies()
    assert second["response_format"] == first["response_format"]
    assert second["messages"] == [
        *first["messages"],
        {"role": "assistant", "content": YOUNG},
        {
            "role": "user",
            "content": "Your answer does not fit the schema:\n"
            "age: Input should be greater than or equal to 0, got -1\n"
            "Answer again with the whole JSON, corrected, and nothing else.",
        },
    ]


async def test_every_call_of_a_repair_is_counted_and_usage_is_that_of_the_last() -> None:
    last = Usage(prompt_tokens=9, completion_tokens=9)
    model, _ = answering(
        reply_with(PROSE), reply_with(YOUNG), Reply(message=AssistantMessage(content=GOOD), usage=last)
    )
    assert await model.chat_as(Person, ASK, repairs=2) == ANN
    assert (model.ledger.calls, model.ledger.total.total_tokens, model.get_usage()) == (3, 24, last)


@pytest.mark.parametrize(("repairs", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_repairs_are_bounded(repairs: int, calls: int) -> None:
    model, transport = answering(*[reply_with(YOUNG)] * 9)
    with pytest.raises(StructuredOutputError, match=r"does not match Person; .*\nage: Input") as raised:
        await model.chat_as(Person, ASK, repairs=repairs)
    assert len(transport.requests) == calls
    assert raised.value.reply.message.content == YOUNG


UNREPAIRABLE: list[tuple[Reply, ParseFailure]] = [
    (reply_with(""), Empty()),
    (Reply(message=AssistantMessage(refusal="I can't help.")), ModelRefusal("I can't help.")),
    (reply_with('{"name": "An', finish_reason="length"), Incomplete("length")),
    (Reply(message=AssistantMessage(tool_calls=[CALL])), CalledTools(("look_up",))),
]


@pytest.mark.parametrize(("reply", "failure"), UNREPAIRABLE, ids=lambda value: type(value).__name__)
async def test_a_failure_that_a_model_cannot_repair_is_raised_at_once(
    reply: Reply, failure: ParseFailure
) -> None:
    written = codec().write(reply)
    model, transport = answering(reply, reply_with(GOOD))
    with pytest.raises(StructuredOutputError) as raised:
        await model.chat_as(Person, ASK, repairs=5)
    decoded = codec().decode(written).unwrap()
    assert (raised.value.failure, raised.value.reply, raised.value.partial) == (failure, decoded, decoded)
    assert len(transport.requests) == 1


def test_the_error_is_a_reply_error_and_survives_pickling() -> None:
    error = StructuredOutputError(Incomplete("length"), reply_with("{", finish_reason="length"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 # bytes of our own
    assert isinstance(again, StructuredOutputError)
    assert isinstance(again, ReplyError)
    assert (str(again), vars(again)) == (str(error), vars(error))


async def test_the_error_holds_the_tool_calls_of_the_reply() -> None:
    model, _ = answering(Reply(message=AssistantMessage(tool_calls=[CALL])))
    with pytest.raises(StructuredOutputError) as raised:
        await model.chat_as(Person, ASK)
    assert raised.value.reply.message.tool_calls == (CALL,)


RESPONSE_FORMATS: list[Layer] = [
    ChatOptions(response_format="json"),
    ChatOptions(response_format=Person),
    ChatOptions(response_format=OMIT),
]


@pytest.mark.parametrize("options", RESPONSE_FORMATS)
async def test_a_second_response_format_is_refused(options: Layer) -> None:
    model, transport = answering(reply_with(GOOD))
    with pytest.raises(
        ConfigurationError, match=r"options\.response_format: already set by into=Person; remove"
    ):
        await model.chat_as(Person, ASK, options)
    with pytest.raises(
        ConfigurationError, match=r"options\.response_format: already set by into=Person; remove"
    ):
        model.stream_as(Person, ASK, options)
    assert transport.requests == []


@pytest.mark.parametrize("into", [dict, list[Person], "Person", None, ANN, JsonSchema(name="x", schema={})])
async def test_anything_but_a_pydantic_class_is_refused(into: Any) -> None:  # noqa: ANN401
    model, _ = answering(reply_with(GOOD))
    with pytest.raises(ConfigurationError, match=r"(?s)into: expected a pydantic class, got .*"):
        await model.chat_as(into, ASK)


@pytest.mark.parametrize("repairs", [-1, 1.0, None, True])
async def test_an_invalid_number_of_repairs_is_refused(repairs: Any) -> None:  # noqa: ANN401
    model, _ = answering(reply_with(GOOD))
    with pytest.raises(ConfigurationError, match=r"repairs: expected a number of turns, 0 or more, got .*"):
        await model.chat_as(Person, ASK, repairs=repairs)


async def test_an_invalid_conversation_is_refused_as_in_a_chat() -> None:
    messages: Any = "Hello!"
    with pytest.raises(RequestError, match=r"messages: expected a list, .*, got a str"):
        await answering(reply_with(GOOD))[0].chat_as(Person, messages)


async def test_a_stream_ends_with_the_value() -> None:
    model, transport = answering(reply_with(GOOD, finish_reason="stop"), streamed=True)
    partials = [partial async for partial in model.stream_as(Person, ASK)]
    assert partials[-1] == Partial(data={"name": "Ann", "age": 30}, value=ANN)
    assert [partial.value for partial in partials[:-1]] == [None] * (len(partials) - 1)
    assert transport.bodies()[0]["response_format"]["json_schema"]["name"] == "Person"
    assert (model.ledger.calls, transport.open_bodies) == (1, 0)


@pytest.mark.parametrize("content", [PROSE, YOUNG, "", '{"name": "Ann"}'])
async def test_a_stream_whose_object_is_invalid_ends_with_an_error(content: str) -> None:
    model, transport = answering(reply_with(content, finish_reason="stop"), streamed=True)
    with pytest.raises(StructuredOutputError) as raised:
        assert [partial async for partial in model.stream_as(Person, ASK)]
    assert raised.value.reply.message.content == content
    assert raised.value.reply.usage == Usage(prompt_tokens=1, completion_tokens=2)
    assert len(transport.requests) == 1


async def test_leaving_a_stream_of_partials_ends_the_request() -> None:
    model, transport = answering(reply_with(GOOD, finish_reason="stop"), streamed=True)
    partials = model.stream_as(Person, ASK)
    await anext(partials)
    await partials.aclose()
    assert (transport.open_bodies, model.ledger.calls) == (0, 1)


OVERLOADED = b'{"error": {"message": "Overloaded."}}'


async def test_an_error_of_the_provider_is_raised_as_in_a_chat() -> None:
    model = model_on(FakeTransport((OVERLOADED,), JSON, status=500))
    with pytest.raises(ServerError, match="Overloaded"):
        await model.chat_as(Person, ASK)


async def test_an_error_within_a_stream_is_raised_after_the_partials_so_far() -> None:
    begun = codec().write_stream(reply_with('{"name": "Ann", "age'))[:2]
    partials = model_on(FakeTransport((*begun, b"data: " + OVERLOADED + b"\n\n"))).stream_as(Person, ASK)
    assert await anext(partials) == Partial(data={"name": "Ann"})
    with pytest.raises(ProviderError, match="Overloaded") as raised:
        await anext(partials)
    assert raised.value.partial is not None
    assert raised.value.partial.message.content == '{"name": "Ann", "age'
