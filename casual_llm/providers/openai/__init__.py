"""OpenAI Chat Completions, and everything compatible with it.

The wire format is one; how servers differ is a `Dialect`, a row of values.
"""

from __future__ import annotations

from functools import partial

from casual_llm.providers.openai.decode import decode
from casual_llm.providers.openai.dialect import COMPATIBLE, LLAMACPP, OPENAI, Dialect, dialect_of
from casual_llm.providers.openai.encode import encode, normalize
from casual_llm.providers.openai.read import read
from casual_llm.providers.openai.stream import START, State, finish, step
from casual_llm.providers.openai.write import write, write_stream
from casual_llm.wire.codec import Codec

__all__ = ["COMPATIBLE", "LLAMACPP", "OPENAI", "Dialect", "State", "codec", "dialect_of"]


def codec(dialect: Dialect = OPENAI) -> Codec[State]:
    """Make the codec of a dialect.

    >>> codec(LLAMACPP).name
    'llamacpp'
    """
    return Codec(
        name=dialect.name,
        names=dialect.names,
        normalize=normalize,
        encode=partial(encode, dialect),
        decode=decode,
        start=START,
        step=step,
        finish=finish,
        read=read,
        write=partial(write, dialect),
        write_stream=write_stream,
    )
