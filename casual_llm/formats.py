"""The wire formats by name: a new one is a folder of pure functions and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casual_llm.providers import anthropic, ollama, openai_chat
from casual_llm.validation import unknown
from casual_llm.wire.codec import Codec

FORMATS: Mapping[str, Codec[Any]] = {
    "openai": openai_chat.codec(),
    "anthropic": anthropic.codec(),
    "ollama": ollama.codec(),
    **{dialect.name: openai_chat.codec(dialect) for dialect in openai_chat.DIALECTS},
}
"""The three formats, and OpenAI Chat in the dialect of each known server."""


def format_named(name: str, place: str = "format") -> Codec[Any]:
    """Return a codec by its name.

    >>> format_named("anthropic").names
    ('anthropic',)
    >>> format_named("antropic")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: format.antropic: unknown format, did you mean anthropic?
    """
    if name not in FORMATS:
        raise unknown(place, name, FORMATS, "format")
    return FORMATS[name]
