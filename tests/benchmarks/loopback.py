"""Servers in a process of their own that answer any request with the same bytes.

`python -m benchmarks.loopback` prints their addresses as JSON and serves until its input ends. One
gives a whole reply, the others streams with so many events in each write to the network.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager

from attrs import frozen
from support.servers import END, STREAM_HEAD, Script, piece, response, says, serving

MODEL = "gpt-4.1-mini"


@frozen
class Stream:
    """A way of sending a stream: its pieces of text, the events of one write, the seconds between two."""

    pieces: int
    together: int
    pause: float


STREAMS: Mapping[str, Stream] = {
    "64 events a read": Stream(6_400, together=64, pause=0.001),
    "1 event a read": Stream(400, together=1, pause=0.001),
    "1 event an HTTP chunk, without pauses": Stream(3_200, together=1, pause=0.0),
}
_HEAD = {"id": "chatcmpl-BxD7qWn5kq0pVv3pYp0eWm6R1zJ2a", "created": 1_763_000_000, "model": MODEL}
_USAGE = {
    "prompt_tokens": 19,
    "completion_tokens": 42,
    "total_tokens": 61,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
_TEXT = "The capital of France is Paris. It has been the seat of its government for centuries."


def whole() -> bytes:
    """Give the body of a reply, with all that OpenAI puts into one."""
    message: dict[str, object] = {"role": "assistant", "content": _TEXT, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    return json.dumps({**body, "service_tier": "default", "system_fingerprint": "fp_51db84afab"}).encode()


def _event(choices: list[dict[str, object]], usage: object = None) -> bytes:
    body = {**_HEAD, "object": "chat.completion.chunk", "service_tier": "default"}
    body |= {"system_fingerprint": "fp_51db84afab", "choices": choices, "usage": usage}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _choice(delta: Mapping[str, str], reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def events(number: int) -> list[bytes]:
    """Give the events of a stream with so many pieces of text."""
    words = _TEXT.split(" ")
    said = [_event([_choice({"content": f" {words[index % len(words)]}"})]) for index in range(number)]
    first, last = _event([_choice({"role": "assistant", "content": ""})]), _event([_choice({}, "stop")])
    return [first, *said, last, _event([], _USAGE), b"data: [DONE]\n\n"]


def streaming(stream: Stream) -> Script:
    """Answer with a stream; with a pause after each write, each is a read of its own."""
    said = events(stream.pieces)
    starts = range(0, len(said), stream.together)
    writes = [piece(b"".join(said[start : start + stream.together])) for start in starts]

    async def script(writer: asyncio.StreamWriter) -> None:
        await says(STREAM_HEAD)(writer)
        for data in writes:
            await says(data)(writer)
            await asyncio.sleep(stream.pause)
        await says(END)(writer)

    return script


async def _serve() -> None:
    scripts = {name: streaming(stream) for name, stream in STREAMS.items()}
    scripts["whole"] = says(response(whole()))
    async with AsyncExitStack() as stack:
        under_way = {
            name: await stack.enter_async_context(serving(script)) for name, script in scripts.items()
        }
        sys.stdout.write(json.dumps({name: server.url for name, server in under_way.items()}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def addresses() -> Iterator[Mapping[str, str]]:
    """Run the servers for as long as the block lasts, and give their addresses by name."""
    command = [sys.executable, "-m", "benchmarks.loopback"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 # our own
        yield json.loads(process.stdout.readline() if process.stdout else b"")


if __name__ == "__main__":
    asyncio.run(_serve())
