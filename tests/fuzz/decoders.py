"""Fuzzing of every decoder and reader: none may raise (`just fuzz SECONDS`).

The first byte of an input chooses the format and the function, the rest is the body. Recorded exchanges are
the seeds, if there are any, and coverage guides the mutations.
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
    """Decode, stream or read an input; chunks must also collect into a reply, and a call must encode."""
    if not data:
        return
    action, format_index = divmod(data[0], len(CODECS))
    codec, body = CODECS[format_index], data[1:]
    if action % 3 == DECODE:
        codec.decode(Response(status=200 + (action // 3) * 97, body=body))
    elif action % 3 == STREAM:
        state, chunks = codec.start, list[StreamChunk]()
        cut = max(1, len(body) // 3)
        for start in range(0, len(body), cut):
            state, more = codec.step(state, body[start : start + cut]).unwrap()
            chunks += more
        codec.finish(state).map(lambda last: collect([*chunks, *last]))
    else:
        call = codec.read(Request(url="", body=body)).value_or(None)
        if call is not None:
            codec.encode(call)


def seeds(folder: Path) -> None:
    """Write the recordings as inputs: each body to its decoder, each request to its reader."""
    for name, format_index in SEEDS.items():
        path = CORPUS / f"{name}.jsonl"
        for line in path.read_bytes().splitlines() if path.exists() else []:
            record = json.loads(line)
            action = STREAM if record["stream"] else DECODE
            body = bytes([format_index + len(CODECS) * action]) + record["response_body"].encode()
            (folder / f"{record['id']}-reply").write_bytes(body)
            request = bytes([format_index + len(CODECS) * READ]) + json.dumps(record["request_body"]).encode()
            (folder / f"{record['id']}-request").write_bytes(request)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        seeds(Path(folder))
        atheris.Setup([*sys.argv, folder], one_input)
        atheris.Fuzz()
