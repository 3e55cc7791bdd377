"""What all formats do alike on the way from a call to a request.

Below `encode` a call that cannot be said is an `UnsayableError`, raised where it is met and turned into a
value once, so that the functions that write messages can be plain loops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from attrs import frozen
from returns.result import Failure, Result, Success, safe

from casual_llm.errors import EncodeError
from casual_llm.frozen import Json, thaw
from casual_llm.messages import AssistantMessage, ChatMessage, Message
from casual_llm.options import ChatOptions, extra_of, sent
from casual_llm.wire.codec import Call, Encoded, Request
from casual_llm.wire.extra import place_of
from casual_llm.wire.json import dump
from casual_llm.wire.loss import Loss
from casual_llm.wire.written import Written, array

MODES = frozenset({"auto", "none", "required"})
"""What `tool_choice` says beside the name of a tool."""


class UnsayableError(ValueError):
    """A call that cannot be put on the wire, on its way to becoming a value."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path)
        self.error = EncodeError(path, problem, remedy)


@frozen(kw_only=True)
class Settings:
    """The options of a call in the words of a format: keys of the body, and what has no word."""

    body: Mapping[str, Json]
    losses: tuple[Loss, ...] = ()
    changes: tuple[Loss, ...] = ()
    front: Mapping[str, Sequence[bytes]] = {}
    """Last items of arrays that stand before the messages, such as an instruction."""
    joined: Collection[str] = ()
    """Keys of the body in which what `extra` says of them is said already."""


@frozen(kw_only=True)
class Conversation:
    """The messages of a call in the words of a format."""

    written: Written
    tail: tuple[bytes, ...] = ()
    """Messages that a next one may still change."""
    losses: tuple[Loss, ...] = ()
    """Of the tail."""
    changes: tuple[Loss, ...] = ()
    """Of the tail."""
    front: Mapping[str, Sequence[bytes]] = {}
    """Arrays that stand before the messages, such as system blocks."""


@frozen(kw_only=True)
class Words:
    """How a format writes a call: the names by which options mean it, and its own words for the parts."""

    names: Sequence[str]
    url: str
    settings: Callable[[Call, ChatOptions], Settings]
    conversation: Callable[[Call, ChatOptions], Conversation]
    headers: Mapping[str, str] = {}
    """What the format wants to see beside the content type."""


def encode_with(words: Words, call: Call) -> Result[Encoded, EncodeError]:
    """Write a call in the words of a format.

    Of the body `messages` is the last key, so that appending a turn leaves all earlier bytes as they
    were: the providers' prompt caches live on this.
    """
    options = sent(call.options, *words.names)
    written = safe(exceptions=(UnsayableError,))(_encoded)(words, call, options)
    return written.alt(lambda error: error.error).bind(partial(_strictly, options))


def _encoded(words: Words, call: Call, options: ChatOptions) -> Encoded:
    place = partial(place_of, call.options, words.names)
    _check(call, options, place)
    told, spoken = words.settings(call, options), words.conversation(call, options)
    extra = {key: value for key, value in extra_of(options).items() if key not in told.joined}
    front = {
        key: (*spoken.front.get(key, ()), *told.front.get(key, ())) for key in (*spoken.front, *told.front)
    }
    asked = {**told.body, **{key: b",".join(parts).decode() for key, parts in front.items() if key in extra}}
    overridden = tuple(
        Loss(path=place(key), kind="overridden", asked=asked[key], applied=extra[key])
        for key in extra
        if key in asked and thaw(asked[key]) != thaw(extra[key])
    )
    front = {key: parts for key, parts in front.items() if key not in extra}
    body = _dumped({"model": call.model, **told.body, **extra})
    arrays = [(key, array((), parts)) for key, parts in front.items()]
    arrays.append(("messages", array(spoken.written.pieces, spoken.tail)))
    pieces = [part for key, parts in arrays for part in (b',"' + key.encode() + b'":', *parts)]
    return Encoded(
        request=Request(
            url=words.url,
            headers={"content-type": "application/json", **words.headers},
            body=b"".join([body[:-1], *pieces, b"}"]),
        ),
        losses=(*told.losses, *overridden, *spoken.written.losses, *spoken.losses),
        changes=(*told.changes, *spoken.written.changes, *spoken.changes),
        written=spoken.written,
    )


def _dumped(body: Mapping[str, Json]) -> bytes:
    try:
        return dump(body)
    except ValueError as error:
        remedy = "decode its bytes with the right encoding"
        raise UnsayableError("options", f"a text is no Unicode: {error}", remedy) from None


def _strictly(options: ChatOptions, encoded: Encoded) -> Result[Encoded, EncodeError]:
    if not options.strict or not encoded.losses:
        return Success(encoded)
    lost = ", ".join(f"{loss.path} ({loss.kind})" for loss in encoded.losses)
    first = encoded.losses[0].path
    remedy = "leave it out, or give strict=False"
    return Failure(EncodeError(first, f"strict, and this would not be said as asked: {lost}", remedy))


def _check(call: Call, options: ChatOptions, place: Callable[[str], str]) -> None:
    if not call.messages:
        raise UnsayableError("messages", "the list is empty", "give at least one message")
    extra = options.extra or {}
    for key in sorted({"model", "messages", "stream"}.intersection(extra)):
        raise UnsayableError(place(key), "the call itself says this", "leave it out")
    names = {tool.name for tool in options.tools or ()}
    if options.tool_choice not in {None, *MODES, *names} and "tools" not in extra:
        listed = ", ".join(sorted(names)) or "no tools"
        remedy = f"give auto, none, required or one of: {listed}"
        raise UnsayableError("options.tool_choice", f"no tool is called {options.tool_choice!r}", remedy)


def check_message(path: str, message: ChatMessage) -> None:
    """Refuse what is no message, and a message that says nothing."""
    if not isinstance(message, Message):
        kind = type(message).__name__
        raise UnsayableError(path, f"{kind} is no message", "give UserMessage(content=...)")
    if not message.content and not message.native and not isinstance(message.content, str):
        spoken = isinstance(message, AssistantMessage) and (message.tool_calls or message.refusal)
        if not spoken:
            raise UnsayableError(f"{path}.content", "there is nothing to say", "give text or parts")


def dump_message(path: str, body: Mapping[str, Json]) -> bytes:
    """Write the body of a message, or refuse half a character by its place."""
    try:
        return dump(body)
    except ValueError as error:
        remedy = "decode its bytes with the right encoding"
        raise UnsayableError(path, f"a text is no Unicode: {error}", remedy) from None


def said(body: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out what is not set: `None` is not sent, and 0, "" and [] are values.

    >>> said({"temperature": 0.0, "seed": None})
    {'temperature': 0.0}
    """
    return {key: value for key, value in body.items() if value is not None}
