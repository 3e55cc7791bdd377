"""Decode a reply of `/api/chat`, whole or as a line of a stream.

Both are one kind of object and read by one function, so that both ways of asking return the same answer.
The oddities met here are listed in docs/wire-ollama.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from returns.result import Result

from casual_llm.failures import DecodeError, ErrorResponse
from casual_llm.frozen import Json
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage
from casual_llm.wire.arguments import compact_arguments
from casual_llm.wire.codec import Chunks, Response
from casual_llm.wire.collect import derived_id
from casual_llm.wire.decoding import OUR_REASONS, decode_with, finish_reason_of
from casual_llm.wire.error_bodies import error_message_and_code, status_in
from casual_llm.wire.json import count, items, mapping, text


def decode(response: Response) -> Result[Reply, DecodeError]:
    """Read a whole reply.

    >>> body = b'{"message": {"content": "Paris."}, "done": true, "done_reason": "stop"}'
    >>> decode(Response(status=200, body=body)).unwrap().message.content
    'Paris.'
    >>> decode(Response(status=404, body=b'{"error": "no such model"}')).failure().message
    'no such model'
    """
    return decode_with(
        response,
        error_in=error_in,
        is_reply=lambda body: isinstance(body.get("message"), Mapping) or body.get("done") is True,
        content="message",
        chunks=_chunks,
    )


def _chunks(body: Mapping[str, Json]) -> Chunks:
    chunks = [chunk for chunk in [read_chunk(body)] if chunk is not None]
    return (*chunks, *replayed(chunks))


def error_in(body: Mapping[str, Json], status: int) -> ErrorResponse | None:
    """Return the error in a body that came with a success status, and in a line of a stream."""
    if not body.get("error"):
        return None
    message, code = error_message_and_code(body)
    return ErrorResponse(status_in(code, status), message, code)


def read_chunk(
    body: Mapping[str, Json], calls: int = 0, model: str | None = None, identity: str | None = None
) -> StreamChunk | None:
    """Read an object; `None` if it adds nothing to the model and the id that are known already.

    `calls` is the number of tool calls that came before.
    """
    message, fields = mapping(body.get("message")), dict[str, Any]()
    for name, key in _TEXTS:
        value = message.get(key)
        if value and isinstance(value, str):
            fields[name] = value
    if message.get("tool_calls"):
        created, numbered = text(body.get("created_at")), enumerate(items(message["tool_calls"]), calls)
        fields["tool_calls"] = [_tool_call(index, mapping(call), created) for index, call in numbered]
    if message.get("images"):
        fields["native"] = _native(images=[it for it in items(message["images"]) if isinstance(it, str)])
    if body.get("done") is True:
        fields |= _end(body, has_tool_calls=calls > 0 or bool(fields.get("tool_calls")))
    for name, known in (("model", model), ("id", identity)):
        value = body.get(name)
        if value and value != known and isinstance(value, str):
            fields[name] = value
    return StreamChunk(**fields) if fields else None


_TEXTS = (("content", "content"), ("reasoning", "thinking"), ("refusal", "refusal"))


def _end(body: Mapping[str, Json], *, has_tool_calls: bool) -> dict[str, Any]:
    # `load` and `unload` answer a request that asks for no answer.
    raw = text(body.get("done_reason"))
    usage = Usage(
        prompt_tokens=count(body.get("prompt_eval_count")),
        completion_tokens=count(body.get("eval_count")),
        cached_tokens=count(body.get("cached_tokens")),
        reasoning_tokens=count(body.get("reasoning_tokens")),
        cache_write_tokens=count(body.get("cache_write_tokens")),
    )
    return {
        "finish_reason": finish_reason_of(OUR_REASONS.get(raw), has_tool_calls=has_tool_calls),
        "raw_finish_reason": raw or None,
        "usage": None if usage == Usage() else usage,
    }


def _tool_call(index: int, call: Mapping[str, Json], created: str) -> ToolCallDelta:
    # Older servers give no ids; elsewhere, no two calls of a conversation may have the same one.
    function = mapping(call.get("function"))
    return ToolCallDelta(
        index=index,
        id=text(call.get("id")) or (derived_id(created, index) if created else None),
        name=text(function.get("name")) or None,
        arguments=compact_arguments(function.get("arguments")),
    )


def _native(**keys: Json) -> dict[str, dict[str, Json]] | None:
    fields: dict[str, Json] = {key: value for key, value in keys.items() if value}
    return {"ollama": fields} if fields else None


def replayed(chunks: Iterable[StreamChunk]) -> Chunks:
    """Return, as a last chunk, what the server wants to see again with the message.

    >>> replayed([StreamChunk(reasoning="hm"), StreamChunk(reasoning=", yes")])[0].native
    {'ollama': {'thinking': 'hm, yes'}}
    """
    parts = tuple(chunks)
    images = [
        image for part in parts for image in items(mapping((part.native or {}).get("ollama")).get("images"))
    ]
    native = _native(thinking="".join(part.reasoning for part in parts), images=images)
    return (StreamChunk(native=native),) if native else ()
