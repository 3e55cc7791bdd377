"""OpenAI Chat Completions, and everything compatible with it.

The wire format is one; how servers differ is a `Dialect`, a row of values.
"""

from __future__ import annotations

from functools import partial

from casual_llm.providers.openai_chat.decode import decode
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.dialects import DIALECTS, OPENAI, dialect_named, dialect_of
from casual_llm.providers.openai_chat.messages import message_format
from casual_llm.providers.openai_chat.options import encode_options, read_options, write_tool
from casual_llm.providers.openai_chat.read import read_messages
from casual_llm.providers.openai_chat.stream import State, stream_format
from casual_llm.providers.openai_chat.write import write, write_stream
from casual_llm.wire.building import build_codec
from casual_llm.wire.codec import Codec
from casual_llm.wire.request_format import RequestFormat

__all__ = [
    "DIALECTS",
    "Dialect",
    "State",
    "codec",
    "dialect_named",
    "dialect_of",
    "message_format",
    "write_tool",
]


def request_format(dialect: Dialect) -> RequestFormat:
    """Return how a dialect writes and reads requests.

    >>> request_format(OPENAI).messages_key
    'messages'
    """
    return RequestFormat(
        names=dialect.names,
        path=lambda _: "/chat/completions",
        messages=message_format(dialect),
        encode_options=partial(encode_options, dialect),
        read_messages=partial(read_messages, dialect),
        read_options=partial(read_options, dialect),
        stream_body={"stream_options": {"include_usage": True}} if dialect.stream_options else {},
    )


def codec(dialect: Dialect = OPENAI) -> Codec[State]:
    """Build the codec of a dialect.

    >>> codec().name
    'openai'
    """
    return build_codec(
        dialect.name,
        request_format(dialect),
        stream_format(dialect),
        decode=partial(decode, dialect),
        write=partial(write, dialect),
        write_stream=partial(write_stream, dialect),
    )
