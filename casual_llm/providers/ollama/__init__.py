"""Ollama's own API, `/api/chat`."""

from __future__ import annotations

from casual_llm.providers.ollama.decode import decode
from casual_llm.providers.ollama.encode import encode, normalize
from casual_llm.providers.ollama.messages import NAMES
from casual_llm.providers.ollama.read import read
from casual_llm.providers.ollama.stream import START, State, finish, step
from casual_llm.providers.ollama.write import write, write_stream
from casual_llm.wire.codec import Codec

__all__ = ["State", "codec"]


def codec() -> Codec[State]:
    """Make the codec.

    >>> codec().name
    'ollama'
    """
    return Codec(
        name=NAMES[0],
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
