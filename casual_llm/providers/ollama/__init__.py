"""Ollama's own API, `/api/chat`."""

from __future__ import annotations

from casual_llm.providers.ollama.decode import decode
from casual_llm.providers.ollama.messages import MESSAGES, NAMES
from casual_llm.providers.ollama.options import encode_options, read_options, write_tool
from casual_llm.providers.ollama.read import read_messages
from casual_llm.providers.ollama.stream import STREAM_FORMAT, State
from casual_llm.providers.ollama.write import write, write_stream
from casual_llm.wire.building import build_codec
from casual_llm.wire.codec import Codec
from casual_llm.wire.request_format import RequestFormat

__all__ = ["MESSAGES", "State", "codec", "write_tool"]

REQUEST_FORMAT = RequestFormat(
    names=NAMES,
    path=lambda _: "/api/chat",
    messages=MESSAGES,
    encode_options=encode_options,
    read_messages=read_messages,
    read_options=read_options,
    stream_default=True,
    merge_keys=("options",),
)


def codec() -> Codec[State]:
    """Build the codec.

    >>> codec().name
    'ollama'
    """
    return build_codec(
        NAMES[0], REQUEST_FORMAT, STREAM_FORMAT, decode=decode, write=write, write_stream=write_stream
    )
