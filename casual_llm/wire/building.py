"""Build a codec from what a format declares."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from returns.result import Result

from casual_llm.failures import DecodeError
from casual_llm.reply import Reply
from casual_llm.wire.codec import Codec, Response
from casual_llm.wire.encoding import encode_with
from casual_llm.wire.reading import read_with
from casual_llm.wire.request_format import RequestFormat
from casual_llm.wire.streaming import Stream, StreamFormat, finish, step

D = TypeVar("D")


def build_codec(  # noqa: PLR0913 # the parts of a codec
    name: str,
    requests: RequestFormat,
    stream: StreamFormat[D],
    *,
    decode: Callable[[Response], Result[Reply, DecodeError]],
    write: Callable[[Reply], Response],
    write_stream: Callable[[Reply], tuple[bytes, ...]],
) -> Codec[Stream[D]]:
    """Build the codec of a format: its requests, its streams, and its replies both ways."""
    return Codec(
        name=name,
        names=tuple(requests.names),
        encode=partial(encode_with, requests),
        decode=decode,
        start=stream.start,
        step=partial(step, stream),
        finish=partial(finish, stream),
        read=partial(read_with, requests),
        write=write,
        write_stream=write_stream,
    )
