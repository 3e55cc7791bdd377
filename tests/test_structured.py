"""Answers as instances of a class, from a transport that gives one prepared answer after the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import define, field
from fakes import ASK, JSON, SSE, FakeTransport, model_on
from pydantic import BaseModel, Field, RootModel, model_validator

from casual_llm import (
    OMIT,
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatOptions,
    ConfigurationError,
    JsonSchema,
    Layer,
    Model,
    OpenAIClient,
    ProviderError,
    Reply,
    RequestError,
    ServerError,
    StreamChunk,
    ToolCallDelta,
    Usage,
)
from casual_llm.errors import StructuredOutputError
from casual_llm.misfits import (
    CalledTools,
    CutOff,
    Declined,
    DoesNotFit,
    Empty,
    NotJson,
    ParseFailure,
)
from casual_llm.providers.openai import codec
from casual_llm.shell.transport import Incoming
from casual_llm.structured import Arriving, Partial, parse, partial_end, partial_step
from casual_llm.wire.codec import Request


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)
    tags: list[str] = []


ANN = Person(name="Ann", age=30)
GOOD, YOUNG, PROSE = '{"name": "Ann", "age": 30}', '{"name": "Ann", "age": -1}', "Ann is 30 years old."
CALL = AssistantToolCall(id="a", function=AssistantToolCallFunction(name="look_up", arguments="{}"))


def said(content: str | None, **more: Any) -> Reply:  # noqa: ANN401 # fields of a reply
    return Reply(
        message=AssistantMessage(content=content), usage=Usage(prompt_tokens=1, completion_tokens=2), **more
    )


@define(eq=False)
class Answers:
    """A transport that gives one prepared answer after the other, whole or as a stream."""

    replies: list[Reply]
    streamed: bool = False
    requests: list[Request] = field(factory=list)
    open_bodies: int = 0

    async def open(self, request: Request) -> Incoming:
        self.requests.append(request)
        self.open_bodies += 1
        headers = SSE if self.streamed else JSON
        return Incoming(
            status=200, headers=headers, body=self._body(self.replies.pop(0)), aclose=self._closed
        )

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _closed(self) -> None:
        self.open_bodies -= 1

    async def _body(self, reply: Reply) -> AsyncIterator[bytes]:
        for frame in codec().write_stream(reply) if self.streamed else (codec().write(reply).body,):
            yield frame

    def bodies(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests]


def answering(*replies: Reply, streamed: bool = False) -> tuple[Model, Answers]:
    transport = Answers([*replies], streamed)
    return Model(OpenAIClient(api_key="sk-x", transport=transport), "gpt-5"), transport


# Reading one reply.


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        f"\n {GOOD}\n\n",
        f"```json\n{GOOD}\n```",
        f"\n```\n{GOOD}\n```\n",
        f"```JSON\r\n{GOOD}```",
        f"```json\n{GOOD}",
        '{"age": 30, "name": "Ann", "tags": [], "more": 1}',
    ],
)
def test_json_with_or_without_a_fence_is_read(content: str) -> None:
    assert parse(said(content), Person).unwrap() == ANN


FAILURES: list[tuple[Reply, ParseFailure, str]] = [
    (said(None), Empty(), "the answer is empty; say in the messages"),
    (said(" \n"), Empty(), "the answer is empty"),
    (
        Reply(message=AssistantMessage(content=GOOD, refusal="I can't help.")),
        Declined("I can't help."),
        "the model refuses: I can't help.; change what is asked",
    ),
    (said('{"name": "An', finish_reason="length"), CutOff("length"), "limit of tokens; raise max_tokens"),
    (said("", finish_reason="length"), CutOff("length"), "raise max_tokens"),
    (said("1", finish_reason="content_filter"), CutOff("content_filter"), "filter ended the answer; change"),
    (said(None, finish_reason="error"), CutOff("error"), "the provider failed within the answer; try again"),
    (
        Reply(message=AssistantMessage(content=GOOD, tool_calls=[CALL, CALL])),
        CalledTools(("look_up", "look_up")),
        'look_up, look_up instead of answering; append the results and ask again, or set tool_choice="none"',
    ),
    (
        said(PROSE),
        NotJson("expected value", 0, "Ann is 30 years old."),
        "not JSON: expected value at character 0, near 'Ann is 30 years old.'; ask for JSON alone",
    ),
    (
        said(f"Sure:\n```json\n{GOOD}\n```"),
        NotJson("expected value", 0, 'Sure:\n```json\n{"name'),
        "expected value at character 0",
    ),
    (
        said(f"{GOOD} Bye!"),
        NotJson("trailing characters", 27, ': "Ann", "age": 30} Bye!'),
        "character 27",
    ),
    (
        said('```json\n{"name": "Ünÿ🦙",\n age: 30}\n```'),
        NotJson("key must be a string", 26, 'n\n{"name": "Ünÿ🦙",\n age: 30}\n```'),
        "key must be a string at character 26",
    ),
    (said('{"name": "Ann"'), NotJson("EOF while parsing an object", 13, '{"name": "Ann"'), "EOF"),
    (
        said('{"age": "thirty", "tags": ["a", 1]}'),
        DoesNotFit(
            "Person",
            (
                "name: Field required",
                "age: Input should be a valid integer, unable to parse string as an integer, got 'thirty'",
                "tags[1]: Input should be a valid string, got 1",
            ),
        ),
        "does not fit Person; describe in the messages, or in the class, what is wanted:\nname: Field",
    ),
    (
        said("[1]"),
        DoesNotFit("Person", ("the answer: Input should be an object, got [1]",)),
        "the answer: Input should be an object",
    ),
]


@pytest.mark.parametrize(("reply", "failure", "text"), FAILURES, ids=lambda value: type(value).__name__)
def test_what_an_answer_is_instead_is_a_value_with_a_text(
    reply: Reply, failure: ParseFailure, text: str
) -> None:
    assert parse(reply, Person).failure() == failure
    assert text in str(failure)


def test_a_long_answer_is_not_quoted_at_length() -> None:
    long = "x" * 10_000
    told = [
        str(parse(reply, Person).failure())
        for reply in (
            said(long),
            said(json.dumps({"name": "Ann", "age": long})),
            said(json.dumps({"name": "Ann", "age": 1, "tags": [[long]] * 1000})),
            Reply(message=AssistantMessage(refusal=long)),
        )
    ]
    assert [len(text) < limit for text, limit in zip(told, (200, 300, 3000, 300), strict=True)] == [True] * 4
    assert told[2].endswith("and 980 more")


def test_the_place_of_a_key_is_told_in_short_and_on_one_line() -> None:
    class Counts(RootModel[dict[str, int]]):
        pass

    (problem,) = parse(said(json.dumps({"a\nb" + "c" * 999: "x"})), Counts).failure().problems  # type: ignore[union-attr]
    place = problem.split(": Input", maxsplit=1)[0]
    assert (len(place) < 80, "\n" in place) == (True, False)


def test_a_class_may_refuse_in_its_own_words() -> None:
    class Range(BaseModel):
        low: int
        high: int

        @model_validator(mode="after")
        def _in_order(self) -> Range:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    failure = parse(said('{"low": 2, "high": 1}'), Range).failure()
    assert failure == DoesNotFit(
        "Range", ("the answer: Value error, low is above high, got {'low': 2, 'high': 1}",)
    )


# Asking.


async def test_a_class_is_asked_for_and_an_instance_comes_back() -> None:
    model, transport = answering(said(GOOD))
    assert await model.chat_as(Person, ASK, ChatOptions(seed=1)) == ANN
    (body,) = transport.bodies()
    assert body["seed"] == 1
    assert body["response_format"]["json_schema"]["name"] == "Person"


async def test_the_class_wins_over_the_form_that_the_model_has_by_default() -> None:
    model, transport = answering(said(GOOD))
    formed = Model(model.client, "gpt-5", ChatOptions(response_format="text"))
    assert await formed.chat_as(Person, ASK) == ANN
    assert transport.bodies()[0]["response_format"]["type"] == "json_schema"


async def test_a_mistake_is_sent_back_and_mended() -> None:
    model, transport = answering(said(YOUNG), said(GOOD))
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
    model, _ = answering(said(PROSE), said(YOUNG), Reply(message=AssistantMessage(content=GOOD), usage=last))
    assert await model.chat_as(Person, ASK, repairs=2) == ANN
    assert (model.ledger.calls, model.ledger.total.total_tokens, model.get_usage()) == (3, 24, last)


@pytest.mark.parametrize(("repairs", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_repairs_are_bounded(repairs: int, calls: int) -> None:
    model, transport = answering(*[said(YOUNG)] * 9)
    with pytest.raises(StructuredOutputError, match=r"does not fit Person; .*\nage: Input") as raised:
        await model.chat_as(Person, ASK, repairs=repairs)
    assert len(transport.requests) == calls
    assert raised.value.reply.message.content == YOUNG


UNMENDABLE = [
    (reply, failure) for reply, failure, _ in FAILURES if not isinstance(failure, NotJson | DoesNotFit)
]


@pytest.mark.parametrize(("reply", "failure"), UNMENDABLE, ids=lambda value: type(value).__name__)
async def test_what_a_model_cannot_mend_is_raised_at_once(reply: Reply, failure: ParseFailure) -> None:
    written = codec().write(reply)
    model, transport = answering(reply, said(GOOD))
    with pytest.raises(StructuredOutputError) as raised:
        await model.chat_as(Person, ASK, repairs=5)
    decoded = codec().decode(written).unwrap()
    assert (raised.value.failure, raised.value.reply, raised.value.partial) == (failure, decoded, decoded)
    assert len(transport.requests) == 1


async def test_the_calls_of_tools_can_be_answered_and_the_class_asked_for_again() -> None:
    model, _ = answering(FAILURES[7][0])
    with pytest.raises(StructuredOutputError) as raised:
        await model.chat_as(Person, ASK)
    assert raised.value.reply.message.tool_calls == (CALL, CALL)


FORMS: list[Layer] = [
    ChatOptions(response_format="json"),
    ChatOptions(response_format=Person),
    ChatOptions(response_format=OMIT),
]


@pytest.mark.parametrize("options", FORMS)
async def test_a_second_form_of_the_answer_is_refused(options: Layer) -> None:
    model, transport = answering(said(GOOD))
    with pytest.raises(ConfigurationError, match=r"options\.response_format: Person says it already; leave"):
        await model.chat_as(Person, ASK, options)
    with pytest.raises(ConfigurationError, match=r"options\.response_format: Person says it already; leave"):
        model.stream_as(Person, ASK, options)
    assert transport.requests == []


@pytest.mark.parametrize("into", [dict, list[Person], "Person", None, ANN, JsonSchema(name="x", schema={})])
async def test_what_is_no_class_of_pydantic_is_refused(into: Any) -> None:  # noqa: ANN401
    model, _ = answering(said(GOOD))
    with pytest.raises(ConfigurationError, match=r"(?s)into: .* given; give a pydantic class"):
        await model.chat_as(into, ASK)


@pytest.mark.parametrize("repairs", [-1, 1.0, None, True])
async def test_what_is_no_number_of_repairs_is_refused(repairs: Any) -> None:  # noqa: ANN401
    model, _ = answering(said(GOOD))
    with pytest.raises(ConfigurationError, match=r"repairs: .* given; give a number of turns, 0 or more"):
        await model.chat_as(Person, ASK, repairs=repairs)


async def test_what_is_no_conversation_is_refused_as_in_a_chat() -> None:
    messages: Any = "Hello!"
    with pytest.raises(RequestError, match="messages: str given"):
        await answering(said(GOOD))[0].chat_as(Person, messages)


# Streaming.


def arrived(*pieces: str) -> list[dict[str, Any]]:
    state, given = Arriving(into=Person), list[dict[str, Any]]()
    for piece in pieces:
        state, some = partial_step(state, StreamChunk(content=piece))
        given += [] if some is None else [dict(some.data)]
    return given


@pytest.mark.parametrize(
    ("pieces", "data"),
    [
        (["{", '"name": "A', "n", 'n"'], [{"name": "A"}, {"name": "An"}, {"name": "Ann"}]),
        (['{"age": 3', "0", "}"], [{"age": 30}]),
        (['{"age": -', "3", "."], []),
        (['{"tags": ["a', '", "', "b", '"]}'], [{"tags": ("a",)}, {"tags": ("a", "")}, {"tags": ("a", "b")}]),
        (['{"name": "caf\\u00', 'e9"}'], [{"name": "caf"}, {"name": "café"}]),
        (['{"name": "\\ud83e', '\\udd99"}'], [{"name": ""}, {"name": "🦙"}]),
        (["``", "`js", "on\n", '{"name": "A', '"}\n``', "`"], [{"name": "A"}]),
        (["Sure: ", GOOD], []),
        (["[1, 2", "]"], []),
        (['{"age": NaN', "}"], []),
        (["", '{"name": "A', "", ""], [{"name": "A"}]),
        (['{"name": ' + "[" * 150], []),
    ],
)
def test_the_object_is_given_as_far_as_it_has_arrived(pieces: list[str], data: list[dict[str, Any]]) -> None:
    assert arrived(*pieces) == data


async def test_a_stream_ends_with_the_value() -> None:
    model, transport = answering(said(GOOD, finish_reason="stop"), streamed=True)
    partials = [partial async for partial in model.stream_as(Person, ASK)]
    assert partials[-1] == Partial(data={"name": "Ann", "age": 30}, value=ANN)
    assert [partial.value for partial in partials[:-1]] == [None] * (len(partials) - 1)
    assert transport.bodies()[0]["response_format"]["json_schema"]["name"] == "Person"
    assert (model.ledger.calls, transport.open_bodies) == (1, 0)


@pytest.mark.parametrize("content", [PROSE, YOUNG, "", '{"name": "Ann"}'])
async def test_a_stream_whose_object_does_not_fit_ends_with_an_error(content: str) -> None:
    model, transport = answering(said(content, finish_reason="stop"), streamed=True)
    with pytest.raises(StructuredOutputError) as raised:
        assert [partial async for partial in model.stream_as(Person, ASK)]
    assert raised.value.reply.message.content == content
    assert raised.value.reply.usage == Usage(prompt_tokens=1, completion_tokens=2)
    assert len(transport.requests) == 1


async def test_leaving_a_stream_of_partials_ends_the_request() -> None:
    model, transport = answering(said(GOOD, finish_reason="stop"), streamed=True)
    partials = model.stream_as(Person, ASK)
    await anext(partials)
    await partials.aclose()
    assert (transport.open_bodies, model.ledger.calls) == (0, 1)


OVERLOADED = b'{"error": {"message": "Overloaded."}}'


async def test_an_error_of_the_provider_is_raised_as_in_a_chat() -> None:
    model = model_on(FakeTransport((OVERLOADED,), JSON, status=500))
    with pytest.raises(ServerError, match="Overloaded"):
        await model.chat_as(Person, ASK)


async def test_an_error_within_a_stream_is_raised_after_what_had_arrived() -> None:
    begun = codec().write_stream(said('{"name": "Ann", "age'))[:2]
    partials = model_on(FakeTransport((*begun, b"data: " + OVERLOADED + b"\n\n"))).stream_as(Person, ASK)
    assert await anext(partials) == Partial(data={"name": "Ann"})
    with pytest.raises(ProviderError, match="Overloaded") as raised:
        await anext(partials)
    assert raised.value.partial is not None
    assert raised.value.partial.message.content == '{"name": "Ann", "age'


def test_tools_called_in_a_stream_are_told() -> None:
    call = ToolCallDelta(index=0, id="a", name="look_up", arguments="{}")
    state, some = partial_step(Arriving(into=Person), StreamChunk(tool_calls=(call,)))
    assert (some, partial_end(state).failure()) == (None, CalledTools(("look_up",)))


def test_an_answer_that_is_no_object_arrives_with_its_last_partial() -> None:
    class Numbers(RootModel[list[int]]):
        pass

    state, some = partial_step(Arriving(into=Numbers), StreamChunk(content="[1, 2]"))
    assert (some, partial_end(state).unwrap()) == (None, Partial(data={}, value=Numbers([1, 2])))
