"""A digest of all bytes that another process encodes, for each format.

It reads pickled values from its standard input and is run by a law.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from casual_llm.formats import FORMATS
from casual_llm.wire.codec import Codec


def _bytes_of(codec: Codec[Any], values: Any) -> Iterator[bytes]:  # noqa: ANN401 # as they were pickled
    calls, replies = values
    for call in calls:
        encoded_call = codec.encode(call)
        yield encoded_call.map(lambda encoded: encoded.request.body).value_or(b"")
        yield repr(encoded_call).encode()
    for reply in replies:
        yield b"".join([codec.write(reply).body, *codec.write_stream(reply)])


if __name__ == "__main__":
    values = pickle.load(sys.stdin.buffer)  # noqa: S301 # from the process that runs this one
    for name, codec in FORMATS.items():
        print(name, sha256(b"\n".join(_bytes_of(codec, values))).hexdigest())  # noqa: T201
