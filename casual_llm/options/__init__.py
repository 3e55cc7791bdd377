"""What a caller may set, how layers of options merge, and where each merged value came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casual_llm.deprecation import deprecated_names
from casual_llm.options.chat_options import (
    FIELDS,
    ChatOptions,
    Extra,
    JsonSchema,
    Layer,
    ResponseFormat,
    SystemMessageHandling,
    Values,
    checked,
    extra_of,
    layered,
    merge,
    resolve_for,
    set_fields,
)
from casual_llm.options.omit import OMIT, Omit, Replace

__all__ = [
    "FIELDS",
    "OMIT",
    "ChatOptions",
    "Extra",
    "JsonSchema",
    "Layer",
    "Omit",
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

if not TYPE_CHECKING:  # a type checker knows the names of today alone
    __getattr__ = deprecated_names(
        __name__, {"sent": "casual_llm.options.resolve_for", "Only": "casual_llm.options.Replace"}
    )
