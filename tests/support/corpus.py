"""Recorded exchanges that lie beside the checkout, and how a reading of one is compared.

The recordings are other people's data and no part of the package, so a checkout may lack them:
the tests that need them then skip and say so. With CASUAL_LLM_REQUIRE_SHARED set they fail instead.
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
"""The finish reasons of all protocols, by what they mean."""


@frozen(kw_only=True)
class Expected:
    """Somebody else's reading of the answer: naive, and not always right."""

    text: str
    tool_calls: ToolCalls
    finish: str | None
    input_tokens: int
    output_tokens: int


@frozen(kw_only=True)
class Exchange:
    """A request and its answer as they were recorded; `request` is None where it was not kept."""

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
    """Load the recordings of a protocol, or skip the test that asks for them."""
    path = FOLDER / f"{protocol}.jsonl"
    _required(path, "recordings")
    with path.open("rb") as lines:
        return tuple(_exchange(json.loads(line)) for line in lines)


def _required(path: Path, what: str) -> None:
    if not path.exists():
        missing = pytest.fail if os.environ.get("CASUAL_LLM_REQUIRE_SHARED") else pytest.skip
        missing(f"there are no {what} at ../shared/{path.parent.name}/{path.name}")


@cache
def _validator(name: str) -> Draft202012Validator:
    path = SHARED / "specs" / f"{name}.schema.json"
    _required(path, "schemas")
    return Draft202012Validator(json.loads(path.read_text("utf-8")))


def problems(name: str, value: object) -> list[str]:
    """Say where a value breaks a schema that its vendor publishes, or skip the test that asks."""
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
        # Unknown is not zero, but readings that know nothing and readings that say zero agree.
        input_tokens=reading["input_tokens"] or 0,
        output_tokens=reading["output_tokens"] or 0,
    )


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    """Cut a body as a network might; size 0 leaves it whole."""
    yield from (body[at : at + size] for at in range(0, len(body), size)) if size else (body,)


def events(body: bytes) -> list[bytes]:
    """Cut a stream of server-sent events behind each blank line."""
    return [event for event in re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)", body) if event]


def answer(codec: Codec[S], exchange: Exchange, size: int = 0) -> Result[Reply, DecodeError]:
    """Decode what was recorded, a stream in pieces of `size` bytes."""
    if not exchange.stream:
        response = Response(status=exchange.status, headers=exchange.headers, body=exchange.body)
        return codec.decode(response)
    return streamed(codec, pieces(exchange.body, size))


def streamed(codec: Codec[S], reads: Iterable[bytes]) -> Result[Reply, DecodeError]:
    """Fold the reads of a stream and collect what they gave."""
    state, chunks = codec.start, list[StreamChunk]()
    for read in reads:
        state, more = codec.step(state, read).unwrap()
        chunks += more
    return codec.finish(state).map(lambda rest: collect([*chunks, *rest]))


def disagreements(reply: Reply, expected: Expected) -> frozenset[str]:
    """Name what two readings of one answer see differently."""
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
    # Beside tool calls, `stop` may be read as what happened: tools were called.
    beside_calls = category == "stop" and reply.message.tool_calls
    return {category, "tool_calls"} if beside_calls else {category}


@frozen
class Difference:
    """A place where two JSON values differ: `added a.b`, `gone a[1].c`."""

    kind: Literal["added", "gone", "changed"]
    place: str
    before: Any = None
    after: Any = None

    @property
    def path(self) -> str:
        """The place, list positions left out."""
        return re.sub(r"\[\d+\]", "[]", self.place)

    @property
    def name(self) -> str:
        return f"{self.kind} {self.path}"


def differences(before: object, after: object, path: str = "") -> Iterator[Difference]:
    """Find the places where two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            place = f"{path}.{key}".removeprefix(".")
            if key in before and key in after:
                yield from differences(before[key], after[key], place)
            else:
                kind: Literal["added", "gone"] = "gone" if key in before else "added"
                yield Difference(kind, place, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (earlier, later) in enumerate(zip(before, after, strict=True)):
            yield from differences(earlier, later, f"{path}[{index}]")
    elif (type(before), before) != (type(after), after):
        yield Difference("changed", path, before, after)
