"""Declare how a wire format writes and reads its requests: the keys, and a function for each part.

`RequestFormat` is a value. Everything that formats do alike is done by `encoding.encode_with` and
`reading.read_with`, which are given one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from attrs import frozen

from casual_llm.frozen import Json
from casual_llm.messages import ChatMessage
from casual_llm.options import ChatOptions
from casual_llm.wire.codec import Call
from casual_llm.wire.message_format import Body, MessageFormat
from casual_llm.wire.report import Report


@frozen(kw_only=True)
class EncodedOptions:
    """The options of a call as keys of the body."""

    body: Mapping[str, Json]
    leading_arrays: Mapping[str, Sequence[bytes]] = {}
    """Last items of arrays that stand before the messages, such as an instruction."""


class PathFields(NamedTuple):
    """What the URL path of a request declares, for formats whose body does not."""

    model: str
    stream: bool


@frozen(kw_only=True)
class RequestFormat:
    """A format of requests: the names by which options mean it, its path and keys, and its functions."""

    names: Sequence[str]
    path: Callable[[Call], str]
    """Where a call is sent, below the base URL."""
    messages: MessageFormat
    encode_options: Callable[[Call, ChatOptions, Report], EncodedOptions]
    read_messages: Callable[[Sequence[Json], Body], list[ChatMessage]]
    """Takes the messages and the rest of the body, out of which it takes what else holds messages."""
    read_options: Callable[[Body], ChatOptions]
    """Takes the rest of the body; what no option can express stays in `extra`."""
    model_key: str | None = "model"
    """The key of the model; `None` where the path carries it."""
    messages_key: str = "messages"
    stream_key: str | None = "stream"
    """The key of the stream flag; `None` where the path carries it."""
    stream_default: bool = False
    """What leaving the flag out means; where it means true, it is always sent."""
    stream_body: Mapping[str, Json] = {}
    """Keys that are sent with every stream, such as the wish for its usage."""
    read_path: Callable[[str], PathFields] | None = None
    """Reads the path back, where it carries the model."""
    headers: Mapping[str, str] = {}
    """What the format requires in addition to the content type."""
    requires_options: bool = False
    """Whether something is sent although no option is set."""
    merge_keys: Collection[str] = ()
    """Objects of the body to which keys of `extra` are added; any other value they replace."""

    @property
    def reserved_keys(self) -> frozenset[str]:
        """Return the keys that the call itself sets, so that `extra` may not."""
        return frozenset({self.model_key, self.messages_key, self.stream_key} - {None})  # type: ignore[arg-type] # None is out
