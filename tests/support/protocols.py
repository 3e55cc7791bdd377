"""The three recorded protocols: the codec that reads an exchange, and how a stream ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from support.corpus import Exchange, events

from casual_llm import AnthropicClient, CodecClient, OllamaClient, OpenAIClient
from casual_llm.formats import FORMATS
from casual_llm.providers.openai_chat import codec, dialect_named
from casual_llm.providers.openai_chat.dialects import COMPATIBLE
from casual_llm.wire.codec import Codec


@frozen(kw_only=True)
class Protocol:
    """A wire format, as far as the comparisons with recordings need it."""

    name: str
    format: str
    codec_for: Callable[[Exchange], Codec[Any]]
    """The codec of the server that was recorded."""
    client: Callable[[str], CodecClient]
    """A client of ours for a server on loopback."""
    split: Callable[[bytes], list[bytes]]
    """Splits a stream after each of its events."""
    evidence: re.Pattern[bytes]
    """Matches an event that completes the answer."""
    stream_kind: str = "text/event-stream"

    def before_evidence(self, body: bytes) -> Sequence[bytes]:
        """Return the events up to and including the first one that completes the answer."""
        events = list[bytes]()
        for event in self.split(body):
            events.append(event)
            if self.evidence.search(event):
                return events
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
