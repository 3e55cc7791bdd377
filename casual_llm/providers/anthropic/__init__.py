"""Anthropic Messages: the vendor's own API, and everything that speaks like it."""

from __future__ import annotations

from casual_llm.providers.anthropic.blocks import NAME, NAMES
from casual_llm.providers.anthropic.decode import decode
from casual_llm.providers.anthropic.encode import encode
from casual_llm.providers.anthropic.normal import normalize
from casual_llm.providers.anthropic.read import read
from casual_llm.providers.anthropic.stream import START, State, finish, step
from casual_llm.providers.anthropic.write import write, write_stream
from casual_llm.wire.codec import Codec

__all__ = ["State", "codec"]


def codec() -> Codec[State]:
    """Make the codec.

    >>> codec().name
    'anthropic'
    """
    return Codec(
        name=NAME,
        names=NAMES,
        normalize=normalize,
        encode=encode,
        decode=decode,
        start=START,
        step=step,
        finish=finish,
        read=read,
        write=write,
        write_stream=write_stream,
    )
