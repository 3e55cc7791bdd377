"""Bytes of all kinds against every decoder and reader: none may raise (`just fuzz SECONDS`).

The first byte chooses the format and what is done, the rest is what arrives. Recorded exchanges are
the seeds, where they are there, and coverage guides the changes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["casual_llm"]):
    from casual_llm.formats import FORMATS
    from casual_llm.reply import StreamChunk
    from casual_llm.wire.codec import Request, Response
    from casual_llm.wire.collect import collect

import json

CODECS = [FORMATS[name] for name in ("openai", "anthropic", "ollama", "compatible", "mistral", "openrouter")]
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SEEDS = {"openai-chat": 0, "anthropic-messages": 1, "ollama-chat": 2}
DECODE, STREAM, READ = range(3)


def one_input(data: bytes) -> None:
    """Decode, stream or read what was made up; whatever comes out must also collect, or read again."""
    if not data:
        return
    what, which = divmod(data[0], len(CODECS))
    codec, body = CODECS[which], data[1:]
    if what % 3 == DECODE:
        codec.decode(Response(status=200 + (what // 3) * 97, body=body))
    elif what % 3 == STREAM:
        state, chunks = codec.start, list[StreamChunk]()
        cut = max(1, len(body) // 3)
        for at in range(0, len(body), cut):
            state, more = codec.step(state, body[at : at + cut]).unwrap()
            chunks += more
        codec.finish(state).map(lambda last: collect([*chunks, *last]))
    else:
        call = codec.read(Request(url="", body=body)).value_or(None)
        if call is not None:
            codec.encode(call)


def seeds(folder: Path) -> None:
    """Write the recordings as inputs: each body to its decoder, each request to its reader."""
    for name, which in SEEDS.items():
        path = CORPUS / f"{name}.jsonl"
        for line in path.read_bytes().splitlines() if path.exists() else []:
            record = json.loads(line)
            what = STREAM if record["stream"] else DECODE
            body = bytes([which + len(CODECS) * what]) + record["response_body"].encode()
            (folder / f"{record['id']}-reply").write_bytes(body)
            asked = bytes([which + len(CODECS) * READ]) + json.dumps(record["request_body"]).encode()
            (folder / f"{record['id']}-request").write_bytes(asked)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        seeds(Path(made))
        atheris.Setup([*sys.argv, made], one_input)
        atheris.Fuzz()
