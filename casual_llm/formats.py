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


def format_named(name: str, path: str = "format") -> Codec[Any]:
    """Return the codec of a format by its name.

    Args:
        name: A key of `FORMATS`: a format, such as `anthropic`, or a server that speaks OpenAI Chat, such as
            `groq`.
        path: What an error message calls the name, such as `--to`.

    Raises:
        ConfigurationError: No format has this name; the message suggests one that is spelled alike.

    >>> format_named("anthropic").names
    ('anthropic',)
    >>> format_named("antropic")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: format.antropic: unknown format, did you mean anthropic?
    """
    if name not in FORMATS:
        raise unknown(path, name, FORMATS, "format")
    return FORMATS[name]
