"""The fields of `ChatOptions` as keyword arguments, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Never

from typing_extensions import TypedDict, TypeVar

from casual_llm.options.field_types import Extra, SystemMessageHandling
from casual_llm.options.omit import Omit
from casual_llm.options.reasoning import Reasoning, ReasoningEffort
from casual_llm.options.response_format import ResponseFormat
from casual_llm.tools import Tool

P = TypeVar("P", bound=Omit, default=Never)


class Values(TypedDict, Generic[P], total=False):
    """The arguments of `ChatOptions.set`: the fields of `ChatOptions`."""

    response_format: ResponseFormat | P | None
    max_tokens: int | P | None
    tools: Sequence[Tool] | P | None
    temperature: float | P | None
    top_p: float | P | None
    stop: str | Sequence[str] | P | None
    tool_choice: str | P | None
    parallel_tool_calls: bool | P | None
    reasoning: Reasoning | ReasoningEffort | Mapping[str, object] | P | None
    frequency_penalty: float | P | None
    presence_penalty: float | P | None
    seed: int | P | None
    top_k: int | P | None
    extra: Extra | P | None
    provider_options: Mapping[str, Extra | Omit] | P | None
    system_message_handling: SystemMessageHandling | P | None
    strict: bool | P | None
