"""The three protocols as the recordings know them: whose codec reads an exchange, and how a stream ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from support.corpus import Exchange, events

from casual_llm import AnthropicClient, CodecClient, OllamaClient, OpenAIClient
from casual_llm.formats import FORMATS
from casual_llm.providers.openai_chat import COMPATIBLE, codec, dialect_named
from casual_llm.wire.codec import Codec


@frozen(kw_only=True)
class Protocol:
    """What the proof needs to know of a wire format."""

    name: str
    format: str
    codec_for: Callable[[Exchange], Codec[Any]]
    """The codec of the server that was recorded."""
    client: Callable[[str], CodecClient]
    """A client of ours for a server on loopback."""
    split: Callable[[bytes], list[bytes]]
    """Cuts a stream behind each of its events."""
    evidence: re.Pattern[bytes]
    """What an event holds that says the answer is complete."""
    stream_kind: str = "text/event-stream"

    def before_evidence(self, body: bytes) -> Sequence[bytes]:
        """Give the events up to the first that says the answer is complete, which is the last given."""
        found = list[bytes]()
        for event in self.split(body):
            found.append(event)
            if self.evidence.search(event):
                return found
        return []


def _lines(body: bytes) -> list[bytes]:
    return [line for line in re.split(rb"(?<=\n)", body) if line]


OPENAI = Protocol(
    name="openai-chat",
    format="openai",
    codec_for=lambda exchange: codec(dialect_named(exchange.provider) or COMPATIBLE),
    client=lambda url: OpenAIClient(api_key="sk-x", base_url=url),
    split=events,
    evidence=re.compile(rb'"finish_reason": ?"[^"]|data: ?\[DONE\]'),
)
ANTHROPIC = Protocol(
    name="anthropic-messages",
    format="anthropic",
    codec_for=lambda _: FORMATS["anthropic"],
    client=lambda url: AnthropicClient(api_key="sk-x", base_url=url),
    split=events,
    evidence=re.compile(rb'"type": ?"message_stop"'),
)
OLLAMA = Protocol(
    name="ollama-chat",
    format="ollama",
    codec_for=lambda _: FORMATS["ollama"],
    client=lambda url: OllamaClient(url.removesuffix("/v1")),
    split=_lines,
    evidence=re.compile(rb'"done": ?true'),
    stream_kind="application/x-ndjson",
)
PROTOCOLS = (OPENAI, ANTHROPIC, OLLAMA)
