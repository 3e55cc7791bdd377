"""An answer as an instance of a pydantic class: requested, parsed, repaired, and read as it arrives.

`parse` reads a whole reply and returns an instance, or a failure as a value. `repair_turn` builds the
messages that ask a model to correct its answer. `partial_step` and `partial_end` fold the chunks of a
stream into the object as far as it has arrived.

The text of a stream is parsed from its beginning, so parsing it with every chunk would take time
quadratic in its length. Up to 1,024 characters it is parsed with every chunk all the same; a longer text
is parsed again only when it has grown by a sixteenth. The characters parsed in total are then at most
seventeen times the length of the text, plus a constant.
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
from casual_llm.validation import expected, invalid, join_path, preview
from casual_llm.wire.collect import collect

T = TypeVar("T", bound=BaseModel)
ChunkLog: TypeAlias = "tuple[ChunkLog, StreamChunk] | None"
"""The chunks so far, newest first: appending one takes the same time however many there are."""

_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\r?\n", re.IGNORECASE)
_POSITION = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)
_NUMBER_CHARACTERS = "-+.eE0123456789"
_EXCERPT, _LONGEST_KEY, _LONGEST_TEXT = 20, 60, 200
_SMALL, _SIXTEENTH = 1024, 16


def shaped(into: type[BaseModel], options: Layer | None) -> Layer:
    """Set a class as the `response_format` of a call's options.

    >>> class Person(BaseModel):
    ...     name: str
    >>> shaped(Person, ChatOptions(seed=1)).response_format.__name__
    'Person'
    """
    _check_class(into)
    given = layered(options=options)
    if given.response_format is not None:
        raise invalid("options.response_format", f"already set by into={into.__name__}", "remove it")
    return given | ChatOptions(response_format=into)


def _check_class(into: object) -> None:
    if not (isinstance(into, type) and issubclass(into, BaseModel)):
        raise expected("into", "a pydantic class", into)


def parse(reply: Reply, into: type[T]) -> Result[T, ParseFailure]:
    r"""Read the answer as an instance of a class, or return the failure that explains why it is not one.

    Args:
        reply: A whole reply, or the reply that `collect` makes of a stream.
        into: The pydantic class that the answer should match.

    Returns:
        `Success` of the instance, or a `Failure`: the model refused, was cut off, called tools or sent no
        text, or its text is not JSON or does not match the class.

    >>> class Person(BaseModel):
    ...     name: str
    ...     age: int
    >>> parse(Reply(message=AssistantMessage(content='{"name": "Ann", "age": 30}')), Person)
    <Success: name='Ann' age=30>
    >>> parse(Reply(message=AssistantMessage(content='{"age": "thirty"}')), Person).failure().problems[0]
    'name: Field required'

    A Markdown fence around the JSON is removed; any other text around it is a failure.
    """
    _check_class(into)
    failure = _incomplete_answer(reply)
    if failure is not None:
        return Failure(failure)
    content = reply.message.content or ""
    start = _start(content)
    return safe(exceptions=(ValidationError,))(into.model_validate_json)(_body(content, start)).alt(
        partial(_invalid_answer, into.__name__, content, start)
    )


def _incomplete_answer(reply: Reply) -> ParseFailure | None:
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
    """Return the index where the JSON begins: behind the opening of a fence, if there is one."""
    fence = _FENCE.match(content)
    return fence.end() if fence else 0


def _body(content: str, start: int) -> str:
    return content[start:].rstrip().removesuffix("```") if start else content


def _invalid_answer(name: str, content: str, start: int, error: ValidationError) -> Repairable:
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid" and not details[0]["loc"]:
        return _not_json(content, start, str(details[0].get("ctx", {}).get("error")))
    return SchemaMismatch(name, tuple(_problem(detail) for detail in details))


def _not_json(content: str, start: int, message: str) -> NotJson:
    # The parser counts lines, and bytes in a line, both from 1.
    match = _POSITION.fullmatch(message)
    problem, line, column = match.groups() if match else (message, "1", "1")
    lines = content[start:].encode().split(b"\n")
    complete_lines = b"".join(each + b"\n" for each in lines[: int(line) - 1])
    valid = complete_lines + lines[int(line) - 1][: max(int(column) - 1, 0)]
    position = start + len(valid.decode("utf-8", "ignore"))
    return NotJson(problem, position, content[max(0, position - _EXCERPT) : position + _EXCERPT])


def _problem(detail: ErrorDetails) -> str:
    path = reduce(_path_to, detail["loc"], "") or "the answer"
    message = detail["msg"][:_LONGEST_TEXT]
    # The input of a missing field is the whole object around it, which need not be shown.
    return f"{path}: {message}" + ("" if detail["type"] == "missing" else f", got {preview(detail['input'])}")


def _path_to(path: str, key: str | int) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else join_path(path, key[:_LONGEST_KEY])


def repair_turn(reply: Reply, failure: Repairable) -> tuple[AssistantMessage, UserMessage]:
    """Build the two messages to append to a conversation so that the model corrects its answer.

    >>> reply = Reply(message=AssistantMessage(content='{"name": "Ann"}'))
    >>> print(repair_turn(reply, SchemaMismatch("Person", ("age: Field required",)))[1].content)
    Your answer does not fit the schema:
    age: Field required
    Answer again with the whole JSON, corrected, and nothing else.
    """
    mistake = "is not JSON" if isinstance(failure, NotJson) else "does not fit the schema"
    request = "Answer again with the whole JSON, corrected, and nothing else."
    return reply.message, UserMessage(content=f"Your answer {mistake}:\n{failure.details}\n{request}")


@frozen(kw_only=True)
class Partial(Generic[T]):
    """An answer as far as it has arrived; the last one of a stream has the `value`.

    Args:
        data: the object so far: strings may still grow, and arrays and objects may get more members
        value: the instance of the class; `None` except in the last one

    >>> Partial(data={"name": "An"}).value is None
    True
    """

    data: Mapping[str, Json]
    """The object so far: strings may still grow, and arrays and objects may get more members."""
    value: T | None = None
    """The instance of the class; `None` except in the last one."""


@frozen(kw_only=True)
class Arriving(Generic[T]):
    """The state of a streamed answer between two chunks."""

    into: type[T]
    data: Mapping[str, Json] = FrozenDict()
    read: str = field(default="", repr=False)
    """The text up to the last time it was parsed."""
    length: int = 0
    """The characters that have arrived."""
    chunks: ChunkLog = field(default=None, repr=False, eq=False)


def partial_step(state: Arriving[T], chunk: StreamChunk) -> tuple[Arriving[T], Partial[T] | None]:
    """Fold a chunk into the state, and return the object so far if it has grown.

    >>> class Person(BaseModel):
    ...     name: str
    >>> state, first = partial_step(Arriving(into=Person), StreamChunk(content='{"name": "An'))
    >>> state, second = partial_step(state, StreamChunk(content='n"}'))
    >>> first.data, second.data
    ({'name': 'An'}, {'name': 'Ann'})
    >>> partial_end(state)
    <Success: Partial(data={'name': 'Ann'}, value=Person(name='Ann'))>
    """
    chunks: ChunkLog = (state.chunks, chunk)
    length = state.length + len(chunk.content)
    if not due(len(state.read), length):
        return Arriving(into=state.into, data=state.data, read=state.read, length=length, chunks=chunks), None
    read = state.read + _last_text(chunks, length - len(state.read))
    data = _partial_object(read, state.data)
    after = Arriving(into=state.into, data=data, read=read, length=length, chunks=chunks)
    return after, None if data == state.data else Partial(data=data)


def partial_end(state: Arriving[T]) -> Result[Partial[T], ParseFailure]:
    """Return the last partial, which holds the value, or the failure of the whole answer."""
    reply = reply_of(state)
    data = _partial_object(reply.message.content or "", state.data)
    return parse(reply, state.into).map(lambda value: Partial(data=data, value=value))


def reply_of(state: Arriving[T]) -> Reply:
    """Collect the chunks so far into one reply."""
    newest_first, remaining = list[StreamChunk](), state.chunks
    while remaining is not None:
        remaining, chunk = remaining
        newest_first.append(chunk)
    return collect(reversed(newest_first))


def due(read: int, length: int) -> bool:
    """Return whether a text that was parsed at `read` characters has grown enough to be parsed again.

    >>> due(500, 501), due(5000, 5100), due(5000, 5300)
    (True, False, True)
    """
    return length > read and (length - read) * _SIXTEENTH > read - _SMALL


def _last_text(chunks: ChunkLog, length: int) -> str:
    newest_first = list[str]()
    while chunks is not None and length:
        chunks, chunk = chunks
        newest_first.append(chunk.content)
        length -= len(chunk.content)
    return "".join(reversed(newest_first))


def _partial_object(content: str, before: Mapping[str, Json]) -> Mapping[str, Json]:
    start = _start(content)
    # Backticks at the end may belong to a string or close the fence; text after them decides.
    text = content[start:].rstrip().rstrip("`") if start else content
    try:
        data = freeze(from_json(_without_open_number(text), allow_partial="trailing-strings"))
    except ValueError:
        return before
    return data if isinstance(data, Mapping) else before


def _without_open_number(text: str) -> str:
    # A number at the end may still get more digits, so it is left out until something follows it.
    head = text.rstrip(_NUMBER_CHARACTERS)
    return head if head.rstrip().endswith((":", ",", "[")) else text
