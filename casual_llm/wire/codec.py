"""What passes between a caller, a wire format and a transport: records, and the `Codec` itself.

A codec is a record of pure functions. Its first half is what a client needs (encode a request,
decode a reply or a stream); its other half reads requests and writes replies, which is what
round-trip laws, fake servers and translation between formats are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from attrs import field, frozen
from frozendict import frozendict
from returns.result import Result

from casual_llm.failures import DecodeError, EncodeError, ReadError
from casual_llm.frozen import FrozenDict
from casual_llm.messages import ChatMessage
from casual_llm.options import ChatOptions, Layer
from casual_llm.reply import Reply, StreamChunk
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix
from casual_llm.wire.report import Change, Loss


def _messages(value: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    return tuple(value)


def _names(headers: Mapping[str, str]) -> str:
    return repr(sorted(headers))


def size_of(body: bytes) -> str:
    """Return how long a body is, to show it by.

    >>> size_of(b"{}")
    '<2 bytes>'
    """
    return f"<{len(body)} bytes>"


class _Headers(FrozenDict[str]):
    """Headers whose names are lower case already."""


def _headers(value: Mapping[str, str]) -> Mapping[str, str]:
    # A request is built anew where it gets its address and its key, and most headers stay as they are.
    return value if type(value) is _Headers else _Headers({name.lower(): value[name] for name in value})


@frozen(kw_only=True)
class Call:
    """One request to a model: its name, the messages and the merged options (`OMIT` not yet resolved)."""

    model: str
    messages: tuple[ChatMessage, ...] = field(converter=_messages)
    options: Layer = ChatOptions()
    stream: bool = False
    issuer: str | None = None
    """Whose marks in `native` are sent (`wire/issuer.py`); `None` where no server is known."""


@frozen(kw_only=True)
class Request:
    """An HTTP request, ready to send; its repr shows neither header values nor the body.

    >>> Request(url="/chat/completions", headers={"authorization": "Bearer sk-x"}, body=b"{}")
    Request(url='/chat/completions', headers=['authorization'], body=<2 bytes>)
    """

    url: str
    headers: Mapping[str, str] = field(default=frozendict(), converter=_headers, repr=_names)
    body: bytes = field(repr=size_of)


@frozen(kw_only=True)
class Response:
    """A whole HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default=frozendict(), converter=_headers, repr=_names)
    body: bytes


@frozen(kw_only=True)
class Encoded:
    """A request, and what of the call it loses or changes."""

    request: Request
    losses: tuple[Loss, ...] = ()
    changes: tuple[Change, ...] = ()
    """Equivalent rewrites, such as two consecutive user turns merged into one."""
    prefix: Prefix = field(default=EMPTY_PREFIX, repr=False, eq=False)
    """What a longer conversation can go on from."""


class StreamState(Protocol):
    """The state of a stream; once `ended` is true, nothing that follows matters."""

    @property
    def ended(self) -> bool:
        """Whether the stream is complete, or failed."""
        ...


S = TypeVar("S", bound=StreamState)
Chunks: TypeAlias = tuple[StreamChunk, ...]


class Encode(Protocol):
    """Encode a call; the messages behind a prefix are appended to its bytes."""

    def __call__(self, call: Call, prefix: Prefix = EMPTY_PREFIX) -> Result[Encoded, EncodeError]:
        """Return the request, and what of the call it loses or changes."""
        ...


@frozen(kw_only=True)
class Codec(Generic[S]):
    """A wire format as pure functions, in both directions."""

    name: str
    names: tuple[str, ...]
    """The keys of `provider_options` and `native` that mean it: the format's, then the dialect's."""
    encode: Encode
    decode: Callable[[Response], Result[Reply, DecodeError]]
    start: S
    step: Callable[[S, bytes], Result[tuple[S, Chunks], DecodeError]]
    finish: Callable[[S], Result[Chunks, DecodeError]]
    read: Callable[[Request], Result[Call, ReadError]]
    write: Callable[[Reply], Response]
    write_stream: Callable[[Reply], tuple[bytes, ...]]
