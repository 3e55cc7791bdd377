"""Fold the chunks of a stream into a reply; and the reverse, a reply as one chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TypeVar

from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import join

_T = TypeVar("_T")


def collect(chunks: Iterable[StreamChunk]) -> Reply:
    """Fold the chunks of a stream into one reply.

    Content, reasoning and refusal are concatenated, usage is joined as by `usage.join`, and of every other
    field the last value that is not `None` counts. The deltas of one index become one tool call, with the
    first id, the first name and all arguments; a call without an id gets one from `derived_id`. Without any
    text, the content is `None` if there are tool calls or a refusal, and `""` otherwise.

    Args:
        chunks: The chunks in the order of their arrival; none, or those of a broken stream, are valid.

    >>> collect([StreamChunk(content="Par"), StreamChunk(content="is.", finish_reason="stop")]).message
    AssistantMessage(role='assistant', content='Paris.', tool_calls=None, refusal=None)
    """
    parts = tuple(chunks)
    identity = _last(part.id for part in parts)
    calls = _tool_calls([delta for part in parts for delta in part.tool_calls], identity)
    refusal = "".join(part.refusal for part in parts)
    content = "".join(part.content for part in parts)
    return Reply(
        # An answer without any text is "", unless it consists of tool calls or a refusal.
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
    """Build one chunk that holds a whole reply.

    `collect` turns the chunk back into an equal reply if the reply is one that `collect` could return: its
    tool calls have ids, and its empty fields are `None` or `""` as described there.

    >>> reply = Reply(message=AssistantMessage(content="Paris."), finish_reason="stop")
    >>> collect([chunk_of(reply)]) == reply
    True
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
    last = None
    for value in values:
        last = last if value is None else value
    return last


def _tool_calls(deltas: Sequence[ToolCallDelta], identity: str | None) -> tuple[AssistantToolCall, ...]:
    by_index: dict[int, list[ToolCallDelta]] = {}
    for delta in deltas:
        by_index.setdefault(delta.index, []).append(delta)
    return tuple(
        AssistantToolCall(
            id=next((delta.id for delta in parts if delta.id), derived_id(identity, index)),
            function=AssistantToolCallFunction(
                name=next((delta.name for delta in parts if delta.name), ""),
                arguments="".join(delta.arguments for delta in parts),
            ),
            native=_last(delta.native for delta in parts),
        )
        for index, parts in sorted(by_index.items())
    )


def derived_id(identity: str | None, index: int) -> str:
    """Return an id for a tool call that came without one, the same each time the reply is read.

    >>> derived_id("chatcmpl-7", 0)
    'call_chatcmpl-7_0'
    """
    return f"call_{identity}_{index}" if identity else f"call_{index}"
