"""OpenAI Chat Completions, and everything compatible with it.

The wire format is one; how servers differ is a `Dialect`, a row of values.
"""

from __future__ import annotations

from functools import partial

from casual_llm.providers.openai_chat.decode import decode
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.dialects import (
    AZURE,
    CEREBRAS,
    COMPATIBLE,
    DEEPSEEK,
    DIALECTS,
    FIREWORKS,
    GEMINI_COMPAT,
    GROQ,
    LLAMACPP,
    LMSTUDIO,
    MISTRAL,
    OLLAMA_V1,
    OPENAI,
    OPENROUTER,
    PERPLEXITY,
    TOGETHER,
    VLLM,
    XAI,
    dialect_named,
    dialect_of,
)
from casual_llm.providers.openai_chat.encode import encode
from casual_llm.providers.openai_chat.normal import normalize
from casual_llm.providers.openai_chat.read import read
from casual_llm.providers.openai_chat.stream import State, finish, start, step
from casual_llm.providers.openai_chat.write import write, write_stream
from casual_llm.wire.codec import Codec

__all__ = [
    "AZURE",
    "CEREBRAS",
    "COMPATIBLE",
    "DEEPSEEK",
    "DIALECTS",
    "FIREWORKS",
    "GEMINI_COMPAT",
    "GROQ",
    "LLAMACPP",
    "LMSTUDIO",
    "MISTRAL",
    "OLLAMA_V1",
    "OPENAI",
    "OPENROUTER",
    "PERPLEXITY",
    "TOGETHER",
    "VLLM",
    "XAI",
    "Dialect",
    "State",
    "codec",
    "dialect_named",
    "dialect_of",
]


def codec(dialect: Dialect = OPENAI) -> Codec[State]:
    """Make the codec of a dialect.

    >>> codec(LLAMACPP).name
    'llamacpp'
    """
    return Codec(
        name=dialect.name,
        names=dialect.names,
        normalize=partial(normalize, dialect),
        encode=partial(encode, dialect),
        decode=partial(decode, dialect),
        start=start(dialect),
        step=step,
        finish=finish,
        read=partial(read, dialect),
        write=partial(write, dialect),
        write_stream=partial(write_stream, dialect),
    )
