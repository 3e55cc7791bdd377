"""The results of a call: a whole `Reply`, or `StreamChunk`s that fold into one."""

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

    Args:
        message: the answer as a message, to append to the conversation
        usage: the tokens of the call; by default `None`, where the provider reported none
        finish_reason: why the model stopped, in one vocabulary for all providers; `None` where it is unknown
        raw_finish_reason: the finish reason as the provider wrote it; by default `None`
        reasoning: the text of the reasoning that was returned with the answer; `None` for none
        model: the model that answered, by the provider's name for it; by default `None`
        id: the provider's id of the answer; by default `None`

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
    """A piece of a tool call: `id` and `name` come once, `arguments` are appended.

    Args:
        index: the position of the call among those of the answer, from 0
        id: the id of the call; by default `None`, where another delta contains it
        name: the name of the tool; by default `None`, where another delta contains it
        arguments: a piece of the JSON text of the arguments; empty by default
        native: extra keys of the call's JSON object, by the name of the format that supports them
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    native: Native = None


class StreamChunk(FrozenModel):
    """A piece of an answer, as it arrives; every field may be empty, and is by default.

    Args:
        content: a piece of the text
        finish_reason: why the model stopped; one of the last chunks has it
        usage: the tokens of the call so far; a later snapshot corrects an earlier one
        tool_calls: pieces of tool calls
        reasoning: a piece of the text of the reasoning
        refusal: a piece of a refusal
        raw_finish_reason: the finish reason as the provider wrote it
        model: the model that answers, by the provider's name for it
        id: the provider's id of the answer
        native: what the provider requires back with the whole message; the last chunk has it

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
