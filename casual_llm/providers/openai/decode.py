"""A Chat Completions reply, and everything that compatible servers send in its place.

The whole reply is read as a stream of one chunk, so that a collected stream and a whole reply
cannot differ. The oddities met here are listed, with their servers, in docs/wire-openai.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from returns.result import Failure, Result, Success

from casual_llm.errors import DecodeError, Malformed, Refused
from casual_llm.frozen import Json
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage
from casual_llm.wire.codec import Response
from casual_llm.wire.collect import collect
from casual_llm.wire.json import EMPTY, count, dump, items, mapping, parse, text
from casual_llm.wire.refusals import explain, refused

_OK = range(200, 300)
_ERROR_CODES = frozenset(map(str, range(400, 600)))

FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
    "error": "error",
}
"""What servers say, and what it means; a word not listed keeps its raw form and no meaning."""


@frozen
class Slot:
    """A tool call of the stream so far: how the server refers to it, and whether it was named."""

    index: int | None
    id: str
    name: str


def decode(response: Response) -> Result[Reply, DecodeError]:
    """Read a whole reply.

    >>> body = b'{"choices": [{"message": {"content": "Paris."}, "finish_reason": "stop"}]}'
    >>> decode(Response(status=200, body=body)).unwrap().message.content
    'Paris.'
    >>> decode(Response(status=401, body=b"")).failure()
    Refused(status=401, message='', code=None, retry_after=None, partial=None)
    """
    if response.status not in _OK:
        return Failure(refused(response))
    body = mapping(parse(response.body).value_or({}))
    if not body:
        return Failure(Malformed(f"expected a JSON object, got {response.body[:80]!r}"))
    error = error_in(body, response.status)
    if error is not None:
        return Failure(error)
    if not items(body.get("choices")):
        return Failure(Malformed(f"the object has no choices; its keys are {sorted(body)[:20]}"))
    return Success(collect([read_chunk(body, [], whole=True)]))


def error_in(body: Mapping[str, Json], status: int) -> Refused | None:
    """Find the error in a body that came with a success status, and in a chunk of a stream."""
    if not body.get("error"):
        choice = mapping(items(body.get("choices"))[0]) if items(body.get("choices")) else EMPTY
        return error_in(choice, status) if choice.get("error") else None
    message, code = explain(body)
    # Proxies answer 200 and put the status they got into the code, as a number or as text.
    claimed = int(code) if code is not None and code in _ERROR_CODES else status
    return Refused(claimed, message, code)


def read_chunk(body: Mapping[str, Json], slots: list[Slot], *, whole: bool = False) -> StreamChunk:
    """Read a reply object, whole or a chunk of a stream; `slots` remembers the tool calls met."""
    choice = _first(items(body.get("choices")))
    # Perplexity sends both: the new piece as `delta`, and all that was said so far as `message`.
    places = ("message", "delta") if whole else ("delta", "message")
    delta = next(
        (mapping(choice[place]) for place in places if isinstance(choice.get(place), Mapping)), EMPTY
    )
    content, thoughts = _content(delta.get("content"))
    raw = text(choice.get("finish_reason"))
    tool_calls = _tool_calls(delta, slots, whole=whole)
    usage = body.get("usage") or mapping(body.get("x_groq")).get("usage")
    return StreamChunk(
        content=content or text(choice.get("text")),
        reasoning=text(delta.get("reasoning_content")) or text(delta.get("reasoning")) or thoughts,
        refusal=text(delta.get("refusal")),
        tool_calls=tool_calls,
        finish_reason=_finish_reason(raw, bool(slots)),
        raw_finish_reason=raw or None,
        usage=_usage(mapping(usage)),
        model=text(body.get("model")) or None,
        id=text(body.get("id")) or None,
    )


def _first(choices: Sequence[Json]) -> Mapping[str, Json]:
    # With n > 1, chunks of several choices are mixed; the answer is the one with index 0.
    found = (mapping(choice) for choice in choices if count(mapping(choice).get("index")) in {0, None})
    return next(found, EMPTY)


def _content(content: Json) -> tuple[str, str]:
    if isinstance(content, str):
        return content, ""
    if isinstance(content, Mapping):
        # Cloudflare gives the object that a schema asked for instead of its text.
        return dump(content).decode(), ""
    parts = [mapping(part) for part in items(content)]
    thoughts = [_content(part.get("thinking"))[0] for part in parts if part.get("type") == "thinking"]
    return "".join(text(part.get("text")) for part in parts), "".join(thoughts)


def _finish_reason(raw: str, has_tool_calls: bool) -> FinishReason | None:  # noqa: FBT001
    # Servers say `stop` beside tool calls; what happened is that tools were called.
    reason = FINISH_REASONS.get(raw.lower())
    return "tool_calls" if reason == "stop" and has_tool_calls else reason


def _usage(usage: Mapping[str, Json]) -> Usage | None:
    found = Usage(
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
        cached_tokens=count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        reasoning_tokens=count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )
    return None if found == Usage() else found


def _tool_calls(delta: Mapping[str, Json], slots: list[Slot], *, whole: bool) -> tuple[ToolCallDelta, ...]:
    calls: list[Mapping[str, Json]] = [mapping(call) for call in items(delta.get("tool_calls"))]
    legacy = mapping(delta.get("function_call"))
    if not calls and (legacy.get("name") or legacy.get("arguments")):
        calls = [{"index": 0, "function": legacy}]
    return tuple(_tool_call(call, slots, new=whole) for call in calls)


def _tool_call(call: Mapping[str, Json], slots: list[Slot], *, new: bool) -> ToolCallDelta:
    function = mapping(call.get("function"))
    index, identity, name = count(call.get("index")), text(call.get("id")), text(function.get("name"))
    place = len(slots) if new else _place(slots, index, identity, name)
    if place == len(slots):
        slots.append(Slot(index, "", ""))
    slot = slots[place]
    slots[place] = Slot(slot.index if index is None else index, slot.id or identity, slot.name or name)
    # Some servers repeat id and name on every delta: what was said once is not said again.
    return ToolCallDelta(
        index=place,
        id=identity if identity and not slot.id else None,
        name=name if name and not slot.name else None,
        arguments=_arguments(function.get("arguments")),
    )


def _place(slots: Sequence[Slot], index: int | None, identity: str, name: str) -> int:
    """Find the call that a delta goes on with: a new id is a new call, whatever the index says."""
    new = len(slots)
    for place in reversed(range(new)):
        slot = slots[place]
        if index is not None and slot.index is not None and slot.index != index:
            continue
        if identity and slot.id and identity != slot.id:
            continue
        if not identity and name and slot.name and (index is None or (not slot.id and name != slot.name)):
            return new  # whole calls, one after the other, told apart by nothing but their names
        return place
    return new


def _arguments(arguments: Json) -> str:
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return dump(arguments).decode()
