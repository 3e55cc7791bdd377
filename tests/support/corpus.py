"""Recorded exchanges in the folder next to the checkout, and the comparison of two readings of one.

The recordings are other people's data and not part of the package, so a checkout may lack them:
the tests that need them then skip with a message. With CASUAL_LLM_REQUIRE_SHARED set they fail instead.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from attrs import frozen
from jsonschema import Draft202012Validator
from returns.result import Result

from casual_llm.failures import DecodeError
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.codec import Codec, Response, StreamState
from casual_llm.wire.collect import collect

SHARED = Path(__file__).resolve().parents[3] / "shared"
FOLDER = SHARED / "corpus"
OK = 200

S = TypeVar("S", bound=StreamState)
ToolCalls = tuple[tuple[str, Any], ...]

CATEGORIES: Mapping[str, str] = {
    word: category
    for category, words in {
        "stop": ("stop", "end_turn", "STOP", "eos", "stop_sequence", "completed"),
        "length": ("length", "max_tokens", "MAX_TOKENS", "incomplete"),
        "tool_calls": ("tool_calls", "tool_use", "function_call"),
        "content_filter": ("content_filter", "refusal", "SAFETY"),
    }.items()
    for word in words
}
"""The finish reasons of all protocols, mapped to ours."""


@frozen(kw_only=True)
class Expected:
    """Another program's reading of an answer: naive, and not always right."""

    text: str
    tool_calls: ToolCalls
    finish: str | None
    input_tokens: int
    output_tokens: int


@frozen(kw_only=True)
class Exchange:
    """A request and its answer as they were recorded; `request` is None where only the answer was."""

    id: str
    provider: str
    stream: bool
    status: int
    headers: Mapping[str, str]
    request: Any
    body: bytes
    tags: frozenset[str]
    expected: Expected | None


@cache
def exchanges(protocol: str) -> tuple[Exchange, ...]:
    """Load the recordings of a protocol, or skip the calling test where they are missing."""
    path = FOLDER / f"{protocol}.jsonl"
    _require(path, "recordings")
    with path.open("rb") as lines:
        return tuple(_exchange(json.loads(line)) for line in lines)


def _require(path: Path, content: str) -> None:
    if not path.exists():
        missing = pytest.fail if os.environ.get("CASUAL_LLM_REQUIRE_SHARED") else pytest.skip
        missing(f"there are no {content} at ../shared/{path.parent.name}/{path.name}")


@cache
def _validator(name: str) -> Draft202012Validator:
    path = SHARED / "specs" / f"{name}.schema.json"
    _require(path, "schemas")
    return Draft202012Validator(json.loads(path.read_text("utf-8")))


def problems(name: str, value: object) -> list[str]:
    """List where a value violates a schema published by its vendor, or skip the test where it is missing."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator(name).iter_errors(value)]


def _exchange(record: dict[str, Any]) -> Exchange:
    return Exchange(
        id=record["id"],
        provider=record["provider"],
        stream=record["stream"] and record["status"] == OK,
        status=record["status"],
        headers=record["response_headers"],
        request=record["request_body"],
        body=record["response_body"].encode(),
        tags=frozenset(record["tags"]),
        expected=None if record["expect"] is None else _expected(record["expect"]),
    )


def _expected(reading: dict[str, Any]) -> Expected:
    return Expected(
        text=reading["text"],
        tool_calls=tuple((call["name"], call["arguments"]) for call in reading["tool_calls"]),
        finish=reading["finish"],
        # Unknown is not zero, but here a reading without a count agrees with a count of zero.
        input_tokens=reading["input_tokens"] or 0,
        output_tokens=reading["output_tokens"] or 0,
    )


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    """Split a body into network reads of `size` bytes; 0 leaves it whole."""
    yield from (body[at : at + size] for at in range(0, len(body), size)) if size else (body,)


def events(body: bytes) -> list[bytes]:
    """Split a stream of server-sent events after each blank line."""
    return [event for event in re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)", body) if event]


def answer(codec: Codec[S], exchange: Exchange, size: int = 0) -> Result[Reply, DecodeError]:
    """Decode a recorded answer, a stream in reads of `size` bytes."""
    if not exchange.stream:
        response = Response(status=exchange.status, headers=exchange.headers, body=exchange.body)
        return codec.decode(response)
    return streamed(codec, pieces(exchange.body, size))


def streamed(codec: Codec[S], reads: Iterable[bytes]) -> Result[Reply, DecodeError]:
    """Decode a stream read by read, and collect its chunks into a reply."""
    state, chunks = codec.start, list[StreamChunk]()
    for read in reads:
        state, more = codec.step(state, read).unwrap()
        chunks += more
    return codec.finish(state).map(lambda rest: collect([*chunks, *rest]))


def disagreements(reply: Reply, expected: Expected) -> frozenset[str]:
    """Name the fields in which our reading of an answer differs from another one."""
    usage = reply.usage
    agreement = {
        "text": (reply.message.content or "") == expected.text,
        "tool calls": _tool_calls(reply) == expected.tool_calls,
        "finish reason": reply.finish_reason in _finish_reasons(reply, expected),
        "finish word": reply.raw_finish_reason == expected.finish,
        "input tokens": ((usage and usage.prompt_tokens) or 0) == expected.input_tokens,
        "output tokens": ((usage and usage.completion_tokens) or 0) == expected.output_tokens,
    }
    return frozenset(name for name, agrees in agreement.items() if not agrees)


def _tool_calls(reply: Reply) -> ToolCalls:
    functions = (call.function for call in reply.message.tool_calls or ())
    return tuple((function.name, _arguments(function.arguments)) for function in functions)


def _arguments(text: str) -> object:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return {"__raw__": text}


def _finish_reasons(reply: Reply, expected: Expected) -> set[str | None]:
    category = CATEGORIES.get(expected.finish or "")
    # With tool calls in the message, `stop` may be read as `tool_calls`.
    may_be_tool_calls = category == "stop" and reply.message.tool_calls
    return {category, "tool_calls"} if may_be_tool_calls else {category}


@frozen
class Difference:
    """A path at which two JSON values differ, such as `added a.b` or `gone a[1].c`."""

    kind: Literal["added", "gone", "changed"]
    path: str
    before: Any = None
    after: Any = None

    @property
    def pattern(self) -> str:
        """The path without the indices of arrays, such as `a[].c`."""
        return re.sub(r"\[\d+\]", "[]", self.path)

    @property
    def name(self) -> str:
        """The kind and the pattern, such as `gone a[].c`."""
        return f"{self.kind} {self.pattern}"


def differences(before: object, after: object, path: str = "") -> Iterator[Difference]:
    """Find the paths at which two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            inner = f"{path}.{key}".removeprefix(".")
            if key in before and key in after:
                yield from differences(before[key], after[key], inner)
            else:
                kind: Literal["added", "gone"] = "gone" if key in before else "added"
                yield Difference(kind, inner, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (earlier, later) in enumerate(zip(before, after, strict=True)):
            yield from differences(earlier, later, f"{path}[{index}]")
    elif (type(before), before) != (type(after), after):
        yield Difference("changed", path, before, after)
