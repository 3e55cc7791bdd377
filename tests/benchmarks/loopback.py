"""Servers in another process that answer any request with the same bytes.

`python -m benchmarks.loopback` prints their base URLs as JSON and serves until its input ends. One server
sends a whole reply, the others send streams, with a fixed number of events in each write.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager

from attrs import frozen
from support.servers import END, STREAM_HEAD, Script, piece, response, sends, serving

MODEL = "gpt-4.1-mini"


@frozen
class Stream:
    """How a stream is sent: its number of texts, the events of one write, the seconds between two writes."""

    pieces: int
    events_per_write: int
    pause: float


STREAMS: Mapping[str, Stream] = {
    "64 events a read": Stream(6_400, events_per_write=64, pause=0.001),
    "1 event a read": Stream(400, events_per_write=1, pause=0.001),
    "1 event an HTTP chunk, without pauses": Stream(3_200, events_per_write=1, pause=0.0),
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


def whole_reply() -> bytes:
    """Build the body of a reply with all keys that OpenAI sends."""
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
    """Build the events of a stream with this number of texts."""
    words = _TEXT.split(" ")
    deltas = [_event([_choice({"content": f" {words[index % len(words)]}"})]) for index in range(number)]
    first, last = _event([_choice({"role": "assistant", "content": ""})]), _event([_choice({}, "stop")])
    return [first, *deltas, last, _event([], _USAGE), b"data: [DONE]\n\n"]


def streaming(stream: Stream) -> Script:
    """Answer with a stream; a pause after each write makes it a separate read."""
    sent = events(stream.pieces)
    starts = range(0, len(sent), stream.events_per_write)
    writes = [piece(b"".join(sent[start : start + stream.events_per_write])) for start in starts]

    async def script(writer: asyncio.StreamWriter) -> None:
        await sends(STREAM_HEAD)(writer)
        for data in writes:
            await sends(data)(writer)
            await asyncio.sleep(stream.pause)
        await sends(END)(writer)

    return script


async def _serve() -> None:
    scripts = {name: streaming(stream) for name, stream in STREAMS.items()}
    scripts["whole"] = sends(response(whole_reply()))
    async with AsyncExitStack() as stack:
        running = {name: await stack.enter_async_context(serving(script)) for name, script in scripts.items()}
        sys.stdout.write(json.dumps({name: server.url for name, server in running.items()}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def base_urls() -> Iterator[Mapping[str, str]]:
    """Run the servers for as long as the block lasts, and return their base URLs by name."""
    command = [sys.executable, "-m", "benchmarks.loopback"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 # our own
        yield json.loads(process.stdout.readline() if process.stdout else b"")


if __name__ == "__main__":
    asyncio.run(_serve())
