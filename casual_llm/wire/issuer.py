"""Mark `native` with its issuer: the format, the server and the family of the model.

Signed reasoning is refused by everyone but its issuer, even by another deployment of the same format. So a
client marks what a reply brings with its issuer, and a call gets back only what its own issuer marked; the
rest is left out and reported, like anything that only another format knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

from attrs import evolve

from casual_llm.failures import CallFailure, EncodeError
from casual_llm.frozen import FrozenDict, Json
from casual_llm.messages import AssistantMessage, ChatMessage
from casual_llm.reply import Reply, StreamChunk

_REGION_AND_VENDOR = re.compile(r"(?:[a-z]+\.)+(?=[a-z])")
_WORD = re.compile(r"[^-_.:@ ]+")
_VERSION = re.compile(r"\d.*", re.DOTALL)
_RELEASES = {"", "v", "latest", "preview"}
F = TypeVar("F", bound=CallFailure)
_Natives = Mapping[str, Mapping[str, Json]] | None


def model_family(model: str) -> str:
    """Return the name of a model without its version, its size and who offers it.

    What is left are its words: a version, a date or a size makes no other family, and any other word does.

    >>> model_family("claude-opus-4-6"), model_family("us.anthropic.claude-3-opus-20240229-v1:0")
    ('claude-opus', 'claude-opus')
    >>> model_family("google/gemini-2.5-pro"), model_family("gemini-2.5-flash"), model_family("o4-mini")
    ('gemini-pro', 'gemini-flash', 'o-mini')
    >>> model_family("2026-11")
    '2026-11'
    """
    name = model.lower().rpartition("/")[2] or model.lower()
    vendor = _REGION_AND_VENDOR.match(name)
    words = [_VERSION.sub("", word) for word in _WORD.findall(name, vendor.end() if vendor else 0)]
    return "-".join(word for word in words if word not in _RELEASES) or name


def server_name(base_url: str) -> str:
    """Return the name of a server in the name of an issuer: its host with port and path, and no password.

    >>> server_name("https://api.example.com:8443/eu/v1"), server_name("https://me:pw@api.example.com?a=b")
    ('api.example.com:8443/eu/v1', 'api.example.com')
    >>> server_name("local:")
    'local'
    """
    parts = urlsplit(base_url)
    return (parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")) or parts.scheme


@lru_cache(maxsize=256)  # a client asks with each call, and a process knows few models
def issuer_name(format_name: str, server: str, model: str) -> str:
    """Return the key of `native` under which an issuer's marks stand.

    >>> issuer_name("anthropic", "api.anthropic.com", "claude-opus-4-6")
    'anthropic@api.anthropic.com/claude-opus'
    """
    return f"{format_name}@{server}/{model_family(model)}"


def format_of(issuer: str) -> str:
    """Return the name of the format in the name of an issuer.

    >>> format_of("anthropic@api.anthropic.com/claude-opus")
    'anthropic'
    """
    return issuer.partition("@")[0]


def mark_reply(reply: Reply, issuer: str | None) -> Reply:
    """Mark what a reply brings in `native` with its issuer.

    >>> reply = Reply(message=AssistantMessage(content="Hi", native={"ollama": {"thinking": "Hm."}}))
    >>> mark_reply(reply, "ollama@localhost/qwen").message.native
    {'ollama@localhost/qwen': {'thinking': 'Hm.'}}
    """
    if issuer is None or (reply.message.native is None and not reply.message.tool_calls):
        return reply
    return evolve(reply, message=_renamed(reply.message, format_of(issuer), issuer))


def mark_failure(failure: F, issuer: str | None) -> F:
    """Mark the partial reply of a failure with its issuer: it may be sent back like any other.

    >>> from casual_llm.failures import Truncated
    >>> partial = Reply(message=AssistantMessage(content="Hi", native={"ollama": {"thinking": "Hm."}}))
    >>> mark_failure(Truncated(partial), "ollama@localhost/qwen").partial.message.native
    {'ollama@localhost/qwen': {'thinking': 'Hm.'}}
    """
    if isinstance(failure, EncodeError) or failure.partial is None:
        return failure
    return evolve(failure, partial=mark_reply(failure.partial, issuer))


def mark_chunk(chunk: StreamChunk, issuer: str | None) -> StreamChunk:
    """Mark what a chunk brings in `native` with its issuer.

    >>> chunk = StreamChunk(native={"ollama": {"thinking": "Hm."}})
    >>> mark_chunk(chunk, "ollama@localhost/qwen").native
    {'ollama@localhost/qwen': {'thinking': 'Hm.'}}
    """
    if issuer is None or (chunk.native is None and not chunk.tool_calls):
        return chunk
    update: dict[str, object] = {}
    if chunk.native is not None:
        update["native"] = _rename(chunk.native, format_of(issuer), issuer)
    if any(delta.native is not None for delta in chunk.tool_calls):
        update["tool_calls"] = tuple(
            delta.model_copy(update={"native": _rename(delta.native, format_of(issuer), issuer)})
            for delta in chunk.tool_calls
        )
    return chunk.model_copy(update=update) if update else chunk


def is_marked(message: ChatMessage) -> bool:
    """Return whether an issuer marked something of a message.

    >>> is_marked(AssistantMessage(content="Hi", native={"ollama": {"thinking": "Hm."}}))
    False
    """
    if message.role != "assistant" or (message.native is None and not message.tool_calls):
        return False
    natives = [message.native, *(call.native for call in message.tool_calls or ())]
    return any("@" in name for native in natives if native for name in native)


def unmark_message(message: ChatMessage, issuer: str) -> ChatMessage:
    """Return a message as its format wrote it, if this issuer marked it.

    >>> message = AssistantMessage(content="Hi", native={"ollama@localhost/qwen": {"thinking": "Hm."}})
    >>> unmark_message(message, "ollama@localhost/qwen").native
    {'ollama': {'thinking': 'Hm.'}}
    """
    return _renamed(message, issuer, format_of(issuer)) if isinstance(message, AssistantMessage) else message


def _renamed(message: AssistantMessage, old: str, new: str) -> AssistantMessage:
    update: dict[str, object] = {}
    if message.native is not None and old in message.native:
        update["native"] = _rename(message.native, old, new)
    calls = message.tool_calls or ()
    if any(call.native is not None and old in call.native for call in calls):
        update["tool_calls"] = tuple(
            call.model_copy(update={"native": _rename(call.native, old, new)}) for call in calls
        )
    return message.model_copy(update=update) if update else message


def _rename(native: _Natives, old: str, new: str) -> _Natives:
    if native is None or old not in native:
        return native
    others = {name: keys for name, keys in native.items() if name != old}
    return FrozenDict({**others, new: FrozenDict({**others.get(new, {}), **native[old]})})
