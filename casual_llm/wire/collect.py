"""Folding: chunks into a reply, and a reply into the one form that both ways of asking give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TypeVar

from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import join

_T = TypeVar("_T")


def collect(chunks: Iterable[StreamChunk]) -> Reply:
    """Fold the chunks of a stream into the reply that they spell.

    >>> collect([StreamChunk(content="Par"), StreamChunk(content="is.", finish_reason="stop")]).message
    AssistantMessage(role='assistant', content='Paris.', tool_calls=None, refusal=None)
    """
    parts = tuple(chunks)
    identity = _last(part.id for part in parts)
    calls = _tool_calls([delta for part in parts for delta in part.tool_calls], identity)
    refusal = "".join(part.refusal for part in parts)
    content = "".join(part.content for part in parts)
    return Reply(
        # An answer without any text is "", unless something else is said in its place.
        message=AssistantMessage(
            content=None if not content and (calls or refusal) else content,
            tool_calls=calls or None,
            refusal=refusal or None,
            native=_last(part.native for part in parts),
        ),
        usage=reduce(join, (part.usage for part in parts), None),
        finish_reason=_last(part.finish_reason for part in parts),
        raw_finish_reason=_last(part.raw_finish_reason for part in parts),
        reasoning="".join(part.reasoning for part in parts) or None,
        model=_last(part.model for part in parts),
        id=identity,
    )


def chunk_of(reply: Reply) -> StreamChunk:
    """Put a whole reply into one chunk; `collect` gives it back.

    >>> chunk_of(Reply(message=AssistantMessage(content="Paris."))).content
    'Paris.'
    """
    message = reply.message
    return StreamChunk(
        content=message.content or "",
        refusal=message.refusal or "",
        tool_calls=tuple(
            ToolCallDelta(
                index=index,
                id=call.id,
                name=call.function.name,
                arguments=call.function.arguments,
                native=call.native,
            )
            for index, call in enumerate(message.tool_calls or ())
        ),
        reasoning=reply.reasoning or "",
        usage=reply.usage,
        finish_reason=reply.finish_reason,
        raw_finish_reason=reply.raw_finish_reason,
        model=reply.model,
        id=reply.id,
        native=message.native,
    )


def _last(values: Iterable[_T | None]) -> _T | None:
    found = None
    for value in values:
        found = found if value is None else value
    return found


def _tool_calls(deltas: Sequence[ToolCallDelta], identity: str | None) -> tuple[AssistantToolCall, ...]:
    by_index: dict[int, list[ToolCallDelta]] = {}
    for delta in deltas:
        by_index.setdefault(delta.index, []).append(delta)
    return tuple(
        AssistantToolCall(
            id=next((delta.id for delta in same if delta.id), derived_id(identity, index)),
            function=AssistantToolCallFunction(
                name=next((delta.name for delta in same if delta.name), ""),
                arguments="".join(delta.arguments for delta in same),
            ),
            native=_last(delta.native for delta in same),
        )
        for index, same in sorted(by_index.items())
    )


def derived_id(identity: str | None, index: int) -> str:
    """Name a tool call that came without an id, the same way each time the reply is read.

    >>> derived_id("chatcmpl-7", 0)
    'call_chatcmpl-7_0'
    """
    return f"call_{identity}_{index}" if identity else f"call_{index}"
