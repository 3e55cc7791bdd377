"""What comes back: a whole `Reply`, or `StreamChunk`s that fold into one."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from casual_llm.frozen import FrozenModel, FrozenSequence
from casual_llm.messages import AssistantMessage, Native
from casual_llm.usage import Usage

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "error", "pause"]
"""Why the model stopped, in one vocabulary for all providers; after `pause` the turn can be continued."""


@frozen(kw_only=True)
class Reply:
    """The whole answer of one call.

    >>> Reply(message=AssistantMessage(content="Paris."), finish_reason="stop").message.content
    'Paris.'
    """

    message: AssistantMessage
    usage: Usage | None = None
    finish_reason: FinishReason | None = None
    raw_finish_reason: str | None = None
    """The finish reason as the provider wrote it."""
    reasoning: str | None = None
    """Reasoning text that the provider returned with the answer."""
    model: str | None = None
    """The model that answered, by the provider's name for it."""
    id: str | None = None


class ToolCallDelta(FrozenModel):
    """A piece of a tool call: `id` and `name` come once, `arguments` are appended."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    native: Native = None


class StreamChunk(FrozenModel):
    """A piece of an answer, as it arrives; every field may be empty.

    >>> StreamChunk(content="Par").content
    'Par'
    """

    content: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    tool_calls: FrozenSequence[ToolCallDelta] = ()
    reasoning: str = ""
    refusal: str = ""
    raw_finish_reason: str | None = None
    model: str | None = None
    id: str | None = None
    native: Native = None
    """What the provider wants to see again with the whole message; it comes with the last chunk."""
