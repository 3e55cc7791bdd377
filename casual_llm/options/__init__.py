"""What a caller may set, how layers of options merge, and where each merged value came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casual_llm.options.chat_options import FIELDS, ChatOptions, Layer, set_fields
from casual_llm.options.field_types import Extra, SystemMessageHandling
from casual_llm.options.layers import checked, extra_of, layered, merge, resolve_for
from casual_llm.options.omit import OMIT, Omit, Replace
from casual_llm.options.reasoning import Reasoning, ReasoningEffort
from casual_llm.options.response_format import JsonSchema, ResponseFormat
from casual_llm.options.values import Values
from casual_llm.validation import deprecated_names

__all__ = [
    "FIELDS",
    "OMIT",
    "ChatOptions",
    "Extra",
    "JsonSchema",
    "Layer",
    "Omit",
    "Reasoning",
    "ReasoningEffort",
    "Replace",
    "ResponseFormat",
    "SystemMessageHandling",
    "Values",
    "checked",
    "extra_of",
    "layered",
    "merge",
    "resolve_for",
    "set_fields",
]

if not TYPE_CHECKING:  # pragma: no branch # a type checker knows the names of today alone
    __getattr__ = deprecated_names(
        __name__, {"sent": "casual_llm.options.resolve_for", "Only": "casual_llm.options.Replace"}
    )
