"""A toy format whose path carries the model and the stream flag, and whose messages are called `contents`."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from attrs import evolve
from parrot import NAMES, PARROT

from casual_llm.wire.building import build_codec
from casual_llm.wire.codec import Call
from casual_llm.wire.report import PlacedError
from casual_llm.wire.request_format import PathFields, RequestFormat

_PATH = re.compile(r"/models/([^/:]*):(say|sing)")


def _path(call: Call) -> str:
    return f"/models/{quote(call.model, safe='', errors='surrogatepass')}:{'sing' if call.stream else 'say'}"


def _read_path(url: str) -> PathFields:
    match = _PATH.search(url)
    if match is None:
        raise PlacedError("url", "expected /models/NAME:say or /models/NAME:sing")
    return PathFields(unquote(match[1], errors="surrogatepass"), match[2] == "sing")


_PARROT: RequestFormat = NAMES["parrot_requests"]
REQUESTS = evolve(
    _PARROT,
    names=("heron",),
    path=_path,
    read_path=_read_path,
    messages=evolve(_PARROT.messages, names=("heron",)),
    model_key=None,
    messages_key="contents",
    stream_key=None,
)
HERON = build_codec(
    "heron",
    REQUESTS,
    NAMES["parrot_stream"],
    decode=PARROT.decode,
    write=PARROT.write,
    write_stream=PARROT.write_stream,
)
