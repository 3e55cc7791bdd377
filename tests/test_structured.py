"""How an answer is read: as an instance of a class, as a failure, or as an object so far."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, RootModel, model_validator
from support.answers import ANN, CALL, GOOD, PROSE, Person, reply_with

from casual_llm import (
    AssistantMessage,
    ConfigurationError,
    Reply,
    StreamChunk,
    ToolCallDelta,
)
from casual_llm.failures import (
    CalledTools,
    Empty,
    Incomplete,
    ModelRefusal,
    NotJson,
    ParseFailure,
    SchemaMismatch,
)
from casual_llm.structured import Arriving, Partial, parse, partial_end, partial_step

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
    assert parse(reply_with(content), Person).unwrap() == ANN


FAILURES: list[tuple[Reply, ParseFailure, str]] = [
    (reply_with(None), Empty(), "the answer is empty; describe in the messages"),
    (reply_with(" \n"), Empty(), "the answer is empty"),
    (
        Reply(message=AssistantMessage(content=GOOD, refusal="I can't help.")),
        ModelRefusal("I can't help."),
        "the model refused: I can't help.; change the request",
    ),
    (
        reply_with("1", finish_reason="pause"),
        Incomplete("pause"),
        "paused its turn; append the message and call",
    ),
    (
        reply_with('{"name": "An', finish_reason="length"),
        Incomplete("length"),
        "token limit; raise max_tokens",
    ),
    (reply_with("", finish_reason="length"), Incomplete("length"), "raise max_tokens"),
    (
        reply_with("1", finish_reason="content_filter"),
        Incomplete("content_filter"),
        "filter ended the answer; change",
    ),
    (
        reply_with(None, finish_reason="error"),
        Incomplete("error"),
        "the provider failed while answering; try again",
    ),
    (
        Reply(message=AssistantMessage(content=GOOD, tool_calls=[CALL, CALL])),
        CalledTools(("look_up", "look_up")),
        'look_up, look_up instead of answering; append the results and call again, or set tool_choice="none"',
    ),
    (
        reply_with(PROSE),
        NotJson("expected value", 0, "Ann is 30 years old."),
        "not JSON: expected value at character 0, near 'Ann is 30 years old.'; ask for JSON alone",
    ),
    (
        reply_with(f"Sure:\n```json\n{GOOD}\n```"),
        NotJson("expected value", 0, 'Sure:\n```json\n{"name'),
        "expected value at character 0",
    ),
    (
        reply_with(f"{GOOD} Bye!"),
        NotJson("trailing characters", 27, ': "Ann", "age": 30} Bye!'),
        "character 27",
    ),
    (
        reply_with('```json\n{"name": "Ünÿ🦙",\n age: 30}\n```'),
        NotJson("key must be a string", 26, 'n\n{"name": "Ünÿ🦙",\n age: 30}\n```'),
        "key must be a string at character 26",
    ),
    (reply_with('{"name": "Ann"'), NotJson("EOF while parsing an object", 13, '{"name": "Ann"'), "EOF"),
    (
        reply_with('{"age": "thirty", "tags": ["a", 1]}'),
        SchemaMismatch(
            "Person",
            (
                "name: Field required",
                "age: Input should be a valid integer, unable to parse string as an integer, got 'thirty'",
                "tags[1]: Input should be a valid string, got 1",
            ),
        ),
        "does not match Person; describe in the messages, or in the class, what is wanted:\nname: Field",
    ),
    (
        reply_with("[1]"),
        SchemaMismatch("Person", ("the answer: Input should be an object, got [1]",)),
        "the answer: Input should be an object",
    ),
]


@pytest.mark.parametrize(("reply", "failure", "text"), FAILURES, ids=lambda value: type(value).__name__)
def test_an_answer_that_is_no_instance_is_a_failure_with_a_text(
    reply: Reply, failure: ParseFailure, text: str
) -> None:
    assert parse(reply, Person).failure() == failure
    assert text in str(failure)


@pytest.mark.parametrize("into", [dict, int, 5, None, list[Person]])
def test_what_is_not_a_pydantic_class_is_refused(into: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match=r"^into: expected a pydantic class, got "):
        parse(Reply(message=AssistantMessage(content="{}")), into)


def test_a_long_answer_is_not_quoted_at_length() -> None:
    long = "x" * 10_000
    texts = [
        str(parse(reply, Person).failure())
        for reply in (
            reply_with(long),
            reply_with(json.dumps({"name": "Ann", "age": long})),
            reply_with(json.dumps({"name": "Ann", "age": 1, "tags": [[long]] * 1000})),
            Reply(message=AssistantMessage(refusal=long)),
        )
    ]
    assert [len(text) < limit for text, limit in zip(texts, (200, 300, 3000, 300), strict=True)] == [True] * 4
    assert texts[2].endswith("and 980 more")


def test_the_path_of_a_problem_is_short_and_on_one_line() -> None:
    class Counts(RootModel[dict[str, int]]):
        pass

    (problem,) = parse(reply_with(json.dumps({"a\nb" + "c" * 999: "x"})), Counts).failure().problems  # type: ignore[union-attr]
    path = problem.split(": Input", maxsplit=1)[0]
    assert (len(path) < 80, "\n" in path) == (True, False)


def test_the_error_of_a_validator_is_a_problem() -> None:
    class Range(BaseModel):
        low: int
        high: int

        @model_validator(mode="after")
        def _in_order(self) -> Range:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    failure = parse(reply_with('{"low": 2, "high": 1}'), Range).failure()
    assert failure == SchemaMismatch(
        "Range", ("the answer: Value error, low is above high, got {'low': 2, 'high': 1}",)
    )


# Streaming.


def partial_data(*pieces: str) -> list[dict[str, Any]]:
    state, data = Arriving(into=Person), list[dict[str, Any]]()
    for piece in pieces:
        state, grown = partial_step(state, StreamChunk(content=piece))
        data += [] if grown is None else [dict(grown.data)]
    return data


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
        (['```json\n{"name": "`', "`", "`", '`"}\n```'], [{"name": ""}, {"name": "````"}]),
        (
            ['```\n{"name": "Use ', "`a", "`", '"', "}\n`"],
            [{"name": "Use"}, {"name": "Use `a"}, {"name": "Use `a`"}],
        ),
        (["Sure: ", GOOD], []),
        (["[1, 2", "]"], []),
        (['{"age": NaN', "}"], []),
        (["", '{"name": "A', "", ""], [{"name": "A"}]),
        (['{"name": ' + "[" * 150], []),
    ],
)
def test_the_object_is_returned_as_far_as_it_has_arrived(
    pieces: list[str], data: list[dict[str, Any]]
) -> None:
    assert partial_data(*pieces) == data


def test_tools_called_in_a_stream_are_a_failure() -> None:
    call = ToolCallDelta(index=0, id="a", name="look_up", arguments="{}")
    state, grown = partial_step(Arriving(into=Person), StreamChunk(tool_calls=(call,)))
    assert (grown, partial_end(state).failure()) == (None, CalledTools(("look_up",)))


def test_an_answer_that_is_not_an_object_arrives_with_its_last_partial() -> None:
    class Numbers(RootModel[list[int]]):
        pass

    state, grown = partial_step(Arriving(into=Numbers), StreamChunk(content="[1, 2]"))
    assert (grown, partial_end(state).unwrap()) == (None, Partial(data={}, value=Numbers([1, 2])))
