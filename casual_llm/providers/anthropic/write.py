"""Write a reply as an Anthropic response, whole or as a stream.

Clients need none of this; fake servers, translation and the laws do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from casual_llm.frozen import Json
from casual_llm.providers.anthropic.decode import UNKNOWN
from casual_llm.providers.anthropic.replay import BLOCKS, text_of, write_call
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.arguments import arguments_of
from casual_llm.wire.codec import Response
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import dump, items
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import agreeing_blocks

_STOP_REASONS: Mapping[str | None, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "pause": "pause_turn",
}
"""The vendor's name of each finish reason."""

_GROWS = frozenset({"text", "thinking"})
"""Blocks whose text is under a key of the same name as their type."""


def write(reply: Reply) -> Response:
    """Write a reply as a whole response.

    >>> from casual_llm.messages import AssistantMessage
    >>> write(Reply(message=AssistantMessage(content="Paris."), finish_reason="stop")).status
    200
    """
    body = {**_head(reply), "content": _blocks(reply), **_ending(reply), "usage": _usage(reply)}
    return Response(status=200, headers={"content-type": "application/json"}, body=dump(body))


def write_stream(reply: Reply) -> tuple[bytes, ...]:
    r"""Write a reply as the events of a stream: its head, its blocks piece by piece, its end.

    >>> from casual_llm.messages import AssistantMessage
    >>> write_stream(Reply(message=AssistantMessage(content="Paris."), finish_reason="stop"))[-1]
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    """
    start: Body = {
        **_head(reply),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage_before_output(reply),
    }
    events: list[Body] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(_blocks(reply)):
        events += [{"index": index, **event} for event in _events(block)]
    events.append({"type": "message_delta", "delta": _ending(reply), "usage": _usage(reply)})
    events.append({"type": "message_stop"})
    return tuple(_frame(event) for event in events)


def _frame(event: Body) -> bytes:
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + dump(event) + b"\n\n"


def _head(reply: Reply) -> Body:
    return {
        **without_none({"id": reply.id}),
        "type": "message",
        "role": "assistant",
        **without_none({"model": reply.model}),
    }


def _ending(reply: Reply) -> Body:
    explained = {"type": "refusal", "category": None, "explanation": reply.message.refusal}
    return {
        "stop_reason": reply.raw_finish_reason or _STOP_REASONS.get(reply.finish_reason, reply.finish_reason),
        "stop_sequence": None,
        **({"stop_details": explained} if reply.message.refusal else {}),
    }


def _blocks(reply: Reply) -> list[Body]:
    """Write the blocks that are kept, or text and calls; before them reasoning that is not among them."""
    message, reasoning = reply.message, list[Body]()
    blocks = agreeing_blocks(BLOCKS, message)
    if reply.reasoning and not text_of(blocks, "thinking"):
        reasoning.append({"type": "thinking", "thinking": reply.reasoning, "signature": ""})
    texts: list[Body] = [{"type": "text", "text": message.content}] if message.content else []
    return [*reasoning, *(blocks or [*texts, *map(write_call, message.tool_calls or ())])]


def _events(block: Body) -> Iterator[Body]:
    kind, rest = str(block.get("type")), dict(block)
    deltas = list[Body]()
    if kind in _GROWS and isinstance(rest.get(kind), str):
        lines = str(rest[kind]).splitlines(keepends=True)
        deltas += [{"type": f"{kind}_delta", kind: line} for line in lines]
        rest[kind] = ""
    if kind == "thinking" and rest.get("signature"):
        deltas.append({"type": "signature_delta", "signature": rest["signature"]})
        rest["signature"] = ""
    if items(rest.get("citations")):
        deltas += [{"type": "citations_delta", "citation": one} for one in items(rest["citations"])]
        rest["citations"] = []
    if kind in {"tool_use", "server_tool_use"} and "input" in rest:
        deltas.append({"type": "input_json_delta", "partial_json": ""})
        deltas.append({"type": "input_json_delta", "partial_json": arguments_of(rest["input"])})
        rest["input"] = {}
    yield {"type": "content_block_start", "content_block": rest}
    for delta in deltas:
        yield {"type": "content_block_delta", "delta": delta}
    yield {"type": "content_block_stop"}


def _usage_before_output(reply: Reply) -> Body:
    """Write the usage as it stands before the answer: a stream begins with no tokens of output."""
    usage = _usage(reply)
    return {**{name: usage[name] for name in usage if name != "output_tokens_details"}, "output_tokens": 0}


def _usage(reply: Reply) -> Body:
    """Write the usage; the format requires both token figures, so one that is unknown is 0, and listed."""
    usage = reply.usage or Usage()
    uncached, thinking = usage.parts.uncached_input, usage.reasoning_tokens
    required = {"input_tokens": uncached, "output_tokens": usage.completion_tokens}
    unknown: list[Json] = [name for name, figure in required.items() if figure is None]
    figures: Body = {
        "input_tokens": uncached or 0,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens or 0,
        "output_tokens_details": None if thinking is None else {"thinking_tokens": thinking},
        UNKNOWN: unknown or None,
    }
    return without_none(figures)
