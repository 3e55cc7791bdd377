"""Resolve what a model supports: the row of its server, restricted by the name of the model."""

from __future__ import annotations

from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.capabilities import Capabilities


def capabilities(dialect: Dialect, model: str) -> Capabilities:
    """Return what a model takes.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> sorted(capabilities(OPENAI, "gpt-4.1").unsupported)
    ['reasoning', 'top_k']
    """
    patterns = dialect.unsupported_by_model.items()
    return Capabilities(
        unsupported={option for option, models in patterns if models.fullmatch(model)},
        ranges=dialect.ranges,
        max_stop_sequences=dialect.max_stop_sequences,
        schemas=dialect.json_schema,
    )
