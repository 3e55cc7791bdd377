"""Anthropic Messages: the vendor's own API, and everything compatible with it."""

from __future__ import annotations

from casual_llm.providers.anthropic.content import FORMAT, NAMES
from casual_llm.providers.anthropic.decode import decode
from casual_llm.providers.anthropic.messages import MESSAGES
from casual_llm.providers.anthropic.options import encode_options, read_options, write_tool
from casual_llm.providers.anthropic.read import read_messages
from casual_llm.providers.anthropic.stream import STREAM_FORMAT, State
from casual_llm.providers.anthropic.write import write, write_stream
from casual_llm.wire.building import build_codec
from casual_llm.wire.codec import Codec
from casual_llm.wire.request_format import RequestFormat

__all__ = ["MESSAGES", "State", "codec", "write_tool"]

REQUEST_FORMAT = RequestFormat(
    names=NAMES,
    path=lambda _: "/v1/messages",
    headers={"anthropic-version": "2023-06-01"},
    messages=MESSAGES,
    encode_options=encode_options,
    read_messages=read_messages,
    read_options=read_options,
    merge_keys=("output_config",),
    requires_options=True,
)


def codec() -> Codec[State]:
    """Build the codec.

    >>> codec().name
    'anthropic'
    """
    return build_codec(
        FORMAT, REQUEST_FORMAT, STREAM_FORMAT, decode=decode, write=write, write_stream=write_stream
    )
