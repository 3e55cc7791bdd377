"""Decode a Chat Completions reply, in all the variants that compatible servers send.

The whole reply is read as a stream of one chunk, so that a collected stream and a whole reply
cannot differ. The oddities met here are listed, with their servers, in docs/wire-openai.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from returns.pipeline import is_successful
from returns.result import Result

from casual_llm.failures import DecodeError, ErrorResponse
from casual_llm.frozen import Json
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.replay import CUSTOM, native, replayed, signature
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage
from casual_llm.wire.arguments import arguments_of
from casual_llm.wire.codec import Response
from casual_llm.wire.decoding import OUR_REASONS, decode_with, finish_reason_of
from casual_llm.wire.error_bodies import error_message_and_code, status_in
from casual_llm.wire.json import EMPTY, count, dump, items, mapping, parse, text

Object = Mapping[str, Json]

FINISH_REASONS: Mapping[str, FinishReason] = {
    **OUR_REASONS,
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "safety": "content_filter",
    "refusal": "content_filter",
    "sensitive": "content_filter",
    "network_error": "error",
    "insufficient_system_resource": "error",
    "function_call_filter": "error",
    "pause_turn": "pause",
}
"""The finish reasons of servers and their meanings; one not listed stays in `raw_finish_reason` alone."""

_TOTALS = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
"""All that most servers report."""
_CACHED = ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens")
"""The keys of OpenAI, Mistral and DeepSeek."""
_CACHE_WRITES = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
"""The keys of OpenRouter, and of proxies in front of Anthropic."""


class ToolCallInProgress(NamedTuple):
    """A tool call of the stream so far: how the server refers to it, and what of it has arrived."""

    number: int | None
    id: str
    name: str
    arguments: str = ""


class ResponseIds(NamedTuple):
    """The ids of the answer and of the model, as far as they are known."""

    id: str | None = None
    model: str | None = None


NO_IDS = ResponseIds()


def decode(dialect: Dialect, response: Response) -> Result[Reply, DecodeError]:
    """Read a whole reply.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> body = b'{"choices": [{"message": {"content": "Paris."}, "finish_reason": "stop"}]}'
    >>> decode(OPENAI, Response(status=200, body=body)).unwrap().message.content
    'Paris.'
    >>> decode(OPENAI, Response(status=401, body=b"")).failure()
    ErrorResponse(status=401, message='', code=None, retry_after=None, partial=None)
    """
    return decode_with(
        response,
        error_in=error_in,
        is_reply=lambda body: bool(items(body.get("choices"))),
        content="choices",
        chunks=partial(_chunks, dialect),
    )


def _chunks(dialect: Dialect, body: Object) -> Iterator[StreamChunk]:
    fields, delta = read_chunk(dialect, body, [], whole=True)
    yield StreamChunk(**fields, native=replayed(dialect, [delta], fields.get("reasoning", "")))


def error_in(body: Object, status: int) -> ErrorResponse | None:
    """Return the error in a body that came with a success status, and in a chunk of a stream."""
    choices = items(body.get("choices"))
    if body.get("error") or ("choices" not in body and _is_error(body)):
        message, code = error_message_and_code(body)
        # Some gateways add an empty error to a good answer.
        is_error = message or code or not choices
        return ErrorResponse(status_in(code, status), message, code) if is_error else None
    choice = mapping(choices[0]) if choices else EMPTY
    if choice.get("error"):
        return error_in(choice, status)
    return error_in(mapping(body["x_groq"]), status) if "x_groq" in body else None


def _is_error(body: Object) -> bool:
    # FastAPI, and what is built with it, sends `detail`, others a bare message.
    return "error" in (body.get("object"), body.get("type")) or "detail" in body or "message" in body


def read_chunk(
    dialect: Dialect,
    body: Object,
    calls: list[ToolCallInProgress],
    ids: ResponseIds = NO_IDS,
    *,
    whole: bool = False,
) -> tuple[dict[str, Any], Object]:
    """Read a reply object, whole or a chunk of a stream: the fields of a `StreamChunk`, and the delta itself.

    Only fields that the object sets are returned, because most chunks set one. `ids` are those read before,
    which every chunk of a stream repeats. `calls` are the tool calls so far; the function updates them.
    """
    fields: dict[str, Any] = {}
    choice = _first(items(body.get("choices")), whole=whole)
    delta = _delta(choice, whole=whole)
    identity, model = text(body.get("id")), text(body.get("model"))
    if identity and identity != ids.id:
        fields["id"] = identity
    if model and model != ids.model:
        fields["model"] = model
    content = delta.get("content")
    is_text = isinstance(content, str)  # as in nearly every chunk
    answer, thought = (content, "") if is_text else _content(content)
    if answer := answer or text(choice.get("text")):
        fields["content"] = answer
    if reasoning := _named_reasoning(delta) or thought:
        fields["reasoning"] = reasoning
    if refusal := text(delta.get("refusal")) or ("" if is_text else _refusal(content)):
        fields["refusal"] = refusal
    deltas = [mapping(call) for call in items(delta["tool_calls"])] if "tool_calls" in delta else ()
    if deltas:
        fields["tool_calls"] = [_tool_call(dialect, call, calls, new=whole) for call in deltas]
    raw = text(choice.get("finish_reason"))
    if raw and raw != "null":
        fields |= {"raw_finish_reason": raw, "finish_reason": _finish_reason(raw, has_tool_calls=bool(calls))}
    usage = _usage(body, choice)
    if usage is not None:
        fields["usage"] = usage
    return fields, delta


def reasoning_in(delta: Object) -> str:
    """Return the reasoning of a message or delta, under whichever key it stands.

    >>> reasoning_in({"content": [{"type": "thinking", "thinking": "hm"}]})
    'hm'
    """
    return _named_reasoning(delta) or _content(delta.get("content"))[1]


def _named_reasoning(delta: Object) -> str:
    return text(delta.get("reasoning_content")) or text(delta.get("reasoning"))


def _delta(choice: Object, *, whole: bool) -> Object:
    # Perplexity sends both: the new piece as `delta`, and the whole answer so far as `message`.
    for key in ("message", "delta") if whole else ("delta", "message"):
        delta = choice.get(key)
        if type(delta) is dict or isinstance(delta, Mapping):
            return delta
    return EMPTY


def _first(choices: Sequence[Json], *, whole: bool) -> Object:
    # With n > 1, chunks of several choices are mixed; the answer is the one with index 0.
    for choice in map(mapping, choices):
        if not count(choice.get("index")):
            return choice
    return mapping(choices[0]) if whole and choices else EMPTY


def _content(content: Json) -> tuple[str, str]:
    if content is None or isinstance(content, str):
        return content or "", ""
    if isinstance(content, Mapping):
        # Cloudflare sends the object that a schema asked for instead of its text.
        return dump(content).decode(), ""
    parts = [mapping(part) or {"text": part} for part in items(content)]
    thoughts = [_content(part.get("thinking"))[0] for part in parts if part.get("type") == "thinking"]
    return "".join(text(part.get("text")) for part in parts), "".join(thoughts)


def _refusal(content: Json) -> str:
    parts = map(mapping, items(content))
    return "".join(text(part.get("refusal")) for part in parts if part.get("type") == "refusal")


def _finish_reason(raw: str, *, has_tool_calls: bool) -> FinishReason | None:
    # Gemini appends its own reason after a colon.
    reason = FINISH_REASONS.get(raw.lower().partition(":")[0])
    return finish_reason_of(reason, has_tool_calls=has_tool_calls)


def _usage(body: Object, choice: Object) -> Usage | None:
    # Groq has the usage of a stream under a key of its own, Moonshot in the choice.
    reported = body.get("usage") or choice.get("usage")
    reported = reported or ("x_groq" in body and mapping(body["x_groq"]).get("usage"))
    if not reported:
        return None
    usage = mapping(reported)
    figures = {key: count(usage.get(key)) for key in ("prompt_tokens", "completion_tokens")}
    if not usage.keys() <= _TOTALS:
        figures |= {
            "cached_tokens": _figure(usage, "prompt_tokens_details", _CACHED),
            "reasoning_tokens": _figure(usage, "completion_tokens_details", ("reasoning_tokens",)),
            "cache_write_tokens": _figure(usage, "prompt_tokens_details", _CACHE_WRITES),
        }
    return None if set(figures.values()) == {None} else Usage(**figures)


def _figure(usage: Object, details: str, keys: Sequence[str]) -> int | None:
    """Return a figure from the details, or from next to them, where servers without details have it."""
    for source in (mapping(usage.get(details)), usage):
        for key in keys if source else ():
            figure = count(source[key]) if key in source else None
            if figure is not None:
                return figure
    return None


def _tool_call(
    dialect: Dialect, call: Object, calls: list[ToolCallInProgress], *, new: bool
) -> ToolCallDelta:
    custom = mapping(call.get("custom"))
    function = {**custom, "arguments": custom.get("input")} if custom else mapping(call.get("function"))
    index, identity, name = count(call.get("index")), text(call.get("id")), text(function.get("name"))
    given = function.get("arguments")
    arguments = "" if given is None else arguments_of(given)
    position = len(calls) if new else _position(calls, ToolCallInProgress(index, identity, name, arguments))
    known = ToolCallInProgress(index, "", "") if position == len(calls) else calls[position]
    number = known.number if index is None else index
    updated = ToolCallInProgress(
        number, known.id or identity, known.name or name, known.arguments + arguments
    )
    calls[position : position + 1] = [updated]
    # Some servers repeat id and name on every delta: what came once is not repeated.
    fields: dict[str, Any] = {"index": position, "arguments": arguments}
    if identity and not known.id:
        fields["id"] = identity
    if name and not known.name:
        fields["name"] = name
    if "extra_content" in call:
        fields["native"] = signature(dialect, call)
    if call.get("type") == CUSTOM:
        fields["native"] = native(dialect, {"type": CUSTOM})
    return ToolCallDelta(**fields)


def _position(calls: Sequence[ToolCallInProgress], delta: ToolCallInProgress) -> int:
    """Return the position of the call that a delta continues; a new id means a new call at any index."""
    index, identity, name, _ = delta
    new = len(calls)
    for position in reversed(range(new)):
        known = calls[position]
        if index is not None and known.number is not None and known.number != index:
            continue
        if identity and known.id and identity != known.id:
            continue
        if not identity and name and known.name and (index is None or (not known.id and name != known.name)):
            return new  # whole calls, one after the other, which only their ids distinguish
        if not identity and name and _begins_anew(known, delta):
            return new  # Gemini gives all calls the index 0
        return position
    return new


def _begins_anew(known: ToolCallInProgress, delta: ToolCallInProgress) -> bool:
    """Return whether whole arguments are followed by others: together they would not be JSON."""
    follows = known.arguments.endswith("}") and delta.arguments.startswith("{")
    return follows and is_successful(parse(known.arguments.encode("utf-8", "replace")))
