"""What another process makes of calls and replies: a digest of all bytes, for each format.

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


def _written(codec: Codec[Any], values: Any) -> Iterator[bytes]:  # noqa: ANN401 # as they were pickled
    calls, replies = values
    for call in calls:
        told = codec.encode(call)
        yield told.map(lambda encoded: encoded.request.body).value_or(b"")
        yield repr(told).encode()
    for reply in replies:
        yield b"".join([codec.write(reply).body, *codec.write_stream(reply)])


if __name__ == "__main__":
    values = pickle.load(sys.stdin.buffer)  # noqa: S301 # from the process that runs this one
    for name, codec in FORMATS.items():
        print(name, sha256(b"\n".join(_written(codec, values))).hexdigest())  # noqa: T201
