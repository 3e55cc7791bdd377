"""An answer as an instance of a pydantic class: asked for, parsed, mended, and read as it arrives.

`parse` reads a whole reply; what it is instead of a value is a value too. `repair_turn` is what to
say to a model that made a mistake it can mend. `partial_step` and `partial_end` fold the chunks of a
stream into the object as far as it has arrived.

The text of a stream is parsed from its beginning, so parsing it with every chunk would cost the
square of its length. Up to 1,024 characters it is parsed with every chunk all the same; beyond them,
once it has grown by a sixteenth. All that is parsed is then at most seventeen times the text and a
constant more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial, reduce
from typing import Generic, TypeAlias, TypeVar

from attrs import field, frozen
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from returns.result import Failure, Result, safe

from casual_llm.failures import (
    CUTS,
    CalledTools,
    Empty,
    Incomplete,
    ModelRefusal,
    NotJson,
    ParseFailure,
    Repairable,
    SchemaMismatch,
)
from casual_llm.frozen import FrozenDict, Json, freeze
from casual_llm.messages import AssistantMessage, UserMessage
from casual_llm.options import ChatOptions, Layer, layered
from casual_llm.reply import Reply, StreamChunk
from casual_llm.validation import invalid, join_path, preview
from casual_llm.wire.collect import collect

T = TypeVar("T", bound=BaseModel)
Seen: TypeAlias = "tuple[Seen, StreamChunk] | None"
"""The chunks so far, newest first: adding one costs the same however many there are."""

_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\r?\n", re.IGNORECASE)
_AT = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)
_OF_NUMBERS = "-+.eE0123456789"
_EXCERPT, _LONGEST_KEY, _LONGEST_TEXT = 20, 60, 200
_SMALL, _SIXTEENTH = 1024, 16


def shaped(into: type[BaseModel], options: Layer | None) -> Layer:
    """Lay a class over the options of a call, as the form of the answer.

    >>> class Person(BaseModel):
    ...     name: str
    >>> shaped(Person, ChatOptions(seed=1)).response_format.__name__
    'Person'
    """
    if not (isinstance(into, type) and issubclass(into, BaseModel)):
        raise invalid("into", f"{preview(into)} given", "give a pydantic class")
    given = layered(options=options)
    if given.response_format is not None:
        raise invalid("options.response_format", f"{into.__name__} says it already", "leave it out")
    return given | ChatOptions(response_format=into)


def parse(reply: Reply, into: type[T]) -> Result[T, ParseFailure]:
    r"""Read the answer as an instance of a class, or say what it is instead.

    >>> class Person(BaseModel):
    ...     name: str
    ...     age: int
    >>> parse(Reply(message=AssistantMessage(content='{"name": "Ann", "age": 30}')), Person)
    <Success: name='Ann' age=30>
    >>> parse(Reply(message=AssistantMessage(content='{"age": "thirty"}')), Person).failure().problems[0]
    'name: Field required'

    A fence of Markdown around the JSON is taken off; any other text around it is refused.
    """
    instead = _instead(reply)
    if instead is not None:
        return Failure(instead)
    content = reply.message.content or ""
    start = _start(content)
    return safe(exceptions=(ValidationError,))(into.model_validate_json)(_body(content, start)).alt(
        partial(_misfit, into.__name__, content, start)
    )


def _instead(reply: Reply) -> ParseFailure | None:
    message = reply.message
    if message.refusal:
        return ModelRefusal(message.refusal)
    reason = reply.finish_reason
    if reason is not None and reason in CUTS:
        return Incomplete(reason)
    if message.tool_calls:
        return CalledTools(tuple(call.function.name for call in message.tool_calls))
    return None if message.content and not message.content.isspace() else Empty()


def _start(content: str) -> int:
    """Tell where the JSON begins: behind the opening of a fence, if there is one."""
    fence = _FENCE.match(content)
    return fence.end() if fence else 0


def _body(content: str, start: int) -> str:
    return content[start:].rstrip().removesuffix("```") if start else content


def _misfit(name: str, content: str, start: int, error: ValidationError) -> Repairable:
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid" and not details[0]["loc"]:
        return _not_json(content, start, str(details[0].get("ctx", {}).get("error")))
    return SchemaMismatch(name, tuple(_problem(detail) for detail in details))


def _not_json(content: str, start: int, told: str) -> NotJson:
    # The parser counts lines, and bytes in a line, both from 1.
    found = _AT.fullmatch(told)
    problem, line, column = found.groups() if found else (told, "1", "1")
    before, rest = content[:start], content[start:].encode().split(b"\n")
    lines = b"".join(each + b"\n" for each in rest[: int(line) - 1])
    passed = lines + rest[int(line) - 1][: max(int(column) - 1, 0)]
    position = len(before) + len(passed.decode("utf-8", "ignore"))
    return NotJson(problem, position, content[max(0, position - _EXCERPT) : position + _EXCERPT])


def _problem(detail: ErrorDetails) -> str:
    place = reduce(_deeper, detail["loc"], "") or "the answer"
    said = detail["msg"][:_LONGEST_TEXT]
    # What is missing is missing in an object, which need not be shown.
    return f"{place}: {said}" + ("" if detail["type"] == "missing" else f", got {preview(detail['input'])}")


def _deeper(place: str, key: str | int) -> str:
    return f"{place}[{key}]" if isinstance(key, int) else join_path(place, key[:_LONGEST_KEY])


def repair_turn(reply: Reply, failure: Repairable) -> tuple[AssistantMessage, UserMessage]:
    """Give what to append to the conversation so that the model mends its answer.

    >>> reply = Reply(message=AssistantMessage(content='{"name": "Ann"}'))
    >>> print(repair_turn(reply, SchemaMismatch("Person", ("age: Field required",)))[1].content)
    Your answer does not fit the schema:
    age: Field required
    Answer again with the whole JSON, corrected, and nothing else.
    """
    mistake = "is not JSON" if isinstance(failure, NotJson) else "does not fit the schema"
    wanted = "Answer again with the whole JSON, corrected, and nothing else."
    return reply.message, UserMessage(content=f"Your answer {mistake}:\n{failure.details}\n{wanted}")


@frozen(kw_only=True)
class Partial(Generic[T]):
    """An answer as far as it has arrived; the last one holds the `value`."""

    data: Mapping[str, Json]
    """The object: strings may still grow, and arrays and objects may get more members."""
    value: T | None = None


@frozen(kw_only=True)
class Arriving(Generic[T]):
    """An answer on its way, between two chunks."""

    into: type[T]
    data: Mapping[str, Json] = FrozenDict()
    read: str = field(default="", repr=False)
    """The text as far as it was parsed."""
    length: int = 0
    """How much text there is."""
    seen: Seen = field(default=None, repr=False, eq=False)


def partial_step(state: Arriving[T], chunk: StreamChunk) -> tuple[Arriving[T], Partial[T] | None]:
    """Take in a chunk, and give the object as far as it has arrived, if there is more of it.

    >>> class Person(BaseModel):
    ...     name: str
    >>> state, first = partial_step(Arriving(into=Person), StreamChunk(content='{"name": "An'))
    >>> state, second = partial_step(state, StreamChunk(content='n"}'))
    >>> first.data, second.data
    ({'name': 'An'}, {'name': 'Ann'})
    >>> partial_end(state)
    <Success: Partial(data={'name': 'Ann'}, value=Person(name='Ann'))>
    """
    seen: Seen = (state.seen, chunk)
    length = state.length + len(chunk.content)
    if not due(len(state.read), length):
        return Arriving(into=state.into, data=state.data, read=state.read, length=length, seen=seen), None
    read = state.read + _latest(seen, length - len(state.read))
    data = _arrived(read, state.data)
    after = Arriving(into=state.into, data=data, read=read, length=length, seen=seen)
    return after, None if data == state.data else Partial(data=data)


def partial_end(state: Arriving[T]) -> Result[Partial[T], ParseFailure]:
    """Give the last partial, which holds the value, or say what the answer is instead."""
    reply = reply_of(state)
    data = _arrived(reply.message.content or "", state.data)
    return parse(reply, state.into).map(lambda value: Partial(data=data, value=value))


def reply_of(state: Arriving[T]) -> Reply:
    """Fold the chunks so far into the reply that they spell."""
    chunks, seen = list[StreamChunk](), state.seen
    while seen is not None:
        seen, chunk = seen
        chunks.append(chunk)
    return collect(reversed(chunks))


def due(read: int, length: int) -> bool:
    """Tell whether a text that was parsed up to `read` characters has grown enough to be parsed again.

    >>> due(500, 501), due(5000, 5100), due(5000, 5300)
    (True, False, True)
    """
    return length > read and (length - read) * _SIXTEENTH > read - _SMALL


def _latest(seen: Seen, length: int) -> str:
    pieces = list[str]()
    while seen is not None and length:
        seen, chunk = seen
        pieces.append(chunk.content)
        length -= len(chunk.content)
    return "".join(reversed(pieces))


def _arrived(content: str, before: Mapping[str, Json]) -> Mapping[str, Json]:
    start = _start(content)
    # Backticks at the end may be of a text or close the fence; they count once something follows them.
    text = content[start:].rstrip().rstrip("`") if start else content
    try:
        data = freeze(from_json(_settled(text), allow_partial="trailing-strings"))
    except ValueError:
        return before
    return data if isinstance(data, Mapping) else before


def _settled(text: str) -> str:
    # A number at the end may have more digits to come, so it has not arrived until something follows.
    head = text.rstrip(_OF_NUMBERS)
    return head if head.rstrip().endswith((":", ",", "[")) else text
