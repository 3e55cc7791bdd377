"""What all formats do alike on the way from a call to a request.

Below `encode` a call that cannot be said is an `PlacedError`, raised where it is met and turned into a
value once, so that the functions that write messages can be plain loops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from attrs import frozen
from returns.result import Failure, Result, Success

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
from casual_llm.messages import AssistantMessage, ChatMessage, Message
from casual_llm.options import ChatOptions, extra_of, resolve_for
from casual_llm.options.extra import path_of_extra
from casual_llm.wire.codec import Call, Encoded, Request
from casual_llm.wire.json import dump
from casual_llm.wire.prefix import Prefix, array
from casual_llm.wire.report import Loss, same_json

Limits: TypeAlias = Mapping[str, tuple[float, float]]
"""The least and the greatest number that a server takes, by the name of the option."""

MODES = frozenset({"auto", "none", "required"})
"""What `tool_choice` says beside the name of a tool."""


class PlacedError(ValueError):
    """A call that cannot be put on the wire, on its way to becoming a value."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(path)
        self.error = EncodeError(path, problem, remedy)


@frozen(kw_only=True)
class EncodedOptions:
    """The options of a call in the words of a format: keys of the body, and what has no word."""

    body: Mapping[str, Json]
    losses: tuple[Loss, ...] = ()
    changes: tuple[Loss, ...] = ()
    front: Mapping[str, Sequence[bytes]] = {}
    """Last items of arrays that stand before the messages, such as an instruction."""


@frozen(kw_only=True)
class EncodedMessages:
    """The messages of a call in the words of a format."""

    written: Prefix
    tail: tuple[bytes, ...] = ()
    """Messages that a next one may still change."""
    losses: tuple[Loss, ...] = ()
    """Of the tail."""
    changes: tuple[Loss, ...] = ()
    """Of the tail."""
    front: Mapping[str, Sequence[bytes]] = {}
    """Arrays that stand before the messages, such as system blocks."""


@frozen(kw_only=True)
class RequestFormat:
    """How a format writes a call: the names by which options mean it, and its own words for the parts."""

    names: Sequence[str]
    url: str
    settings: Callable[[Call, ChatOptions], EncodedOptions]
    conversation: Callable[[Call, ChatOptions], EncodedMessages]
    headers: Mapping[str, str] = {}
    """What the format wants to see beside the content type."""
    joined: Collection[str] = ()
    """Objects of the body to which further keys are added; any other value they replace."""


def encode_with(words: RequestFormat, call: Call) -> Result[Encoded, EncodeError]:
    """Write a call in the words of a format.

    Of the body `messages` is the last key, so that appending a turn leaves all earlier bytes as they
    were: the providers' prompt caches live on this.
    """
    try:
        encoded = _encoded(words, call, resolve_for(call.options, *words.names))
    except PlacedError as unsayable:
        return Failure(unsayable.error)
    return Success(encoded)


def _encoded(words: RequestFormat, call: Call, options: ChatOptions) -> Encoded:
    place = partial(path_of_extra, call.options, words.names)
    _check(call, options, place)
    told, spoken = words.settings(call, options), words.conversation(call, options)
    extra = extra_of(options)
    laid, overridden = _overlaid(told.body, extra, words.joined, place)
    front, hidden = _front(told, spoken, extra, place)
    body = _dumped({"model": call.model, **laid})
    arrays = [(key, array((), parts)) for key, parts in front.items()]
    arrays.append(("messages", array(spoken.written.pieces, spoken.tail)))
    pieces = [part for key, parts in arrays for part in (b',"' + key.encode() + b'":', *parts)]
    encoded = Encoded(
        request=Request(
            url=words.url,
            headers={"content-type": "application/json", **words.headers},
            body=b"".join([body[:-1], *pieces, b"}"]),
        ),
        losses=(*told.losses, *overridden, *hidden, *spoken.written.losses, *spoken.losses),
        changes=(*told.changes, *spoken.written.changes, *spoken.changes),
        written=spoken.written,
    )
    _check_strictness(options, encoded)
    return encoded


def _front(
    told: EncodedOptions, spoken: EncodedMessages, extra: Mapping[str, Json], place: Callable[[str], str]
) -> tuple[dict[str, tuple[bytes, ...]], list[Loss]]:
    """Join the arrays that stand before the messages; a further key of the name of one replaces it."""
    kept, losses = dict[str, tuple[bytes, ...]](), list[Loss]()
    for key in {**spoken.front, **told.front}:
        parts = (*spoken.front.get(key, ()), *told.front.get(key, ()))
        if key not in extra:
            kept[key] = parts
        else:
            asked = [part.decode() for part in parts]
            losses.append(Loss(path=place(key), kind="overridden", asked=asked, applied=extra[key]))
    return kept, losses


def _overlaid(
    body: Mapping[str, Json], extra: Mapping[str, Json], joined: Collection[str], place: Callable[[str], str]
) -> tuple[dict[str, Json], list[Loss]]:
    """Lay further keys over the body, and tell what of it they replace."""
    laid, losses = dict(body), list[Loss]()
    for key, value in extra.items():
        ours = body.get(key)
        if key in joined and isinstance(ours, Mapping) and isinstance(value, Mapping):
            laid[key], lost = _overlaid(ours, value, (), partial("{}.{}".format, place(key)))
            losses += lost
            continue
        laid[key] = value
        if key in body and not same_json(ours, value):
            losses.append(Loss(path=place(key), kind="overridden", asked=ours, applied=value))
    return laid, losses


def _dumped(body: Mapping[str, Json]) -> bytes:
    try:
        return dump(body)
    except ValueError as error:
        remedy = "decode its bytes with the right encoding"
        raise PlacedError("options", f"a text is no Unicode: {error}", remedy) from None


def _check_strictness(options: ChatOptions, encoded: Encoded) -> None:
    if options.strict and encoded.losses:
        lost = ", ".join(f"{loss.path} ({loss.kind})" for loss in encoded.losses)
        problem = f"strict, and this would not be said as asked: {lost}"
        raise PlacedError(encoded.losses[0].path, problem, "leave it out, or give strict=False")


def _check(call: Call, options: ChatOptions, place: Callable[[str], str]) -> None:
    if not call.messages:
        raise PlacedError("messages", "the list is empty", "give at least one message")
    extra = options.extra or {}
    for key in sorted({"model", "messages", "stream"}.intersection(extra)):
        raise PlacedError(place(key), "the call itself says this", "leave it out")
    names = {tool.name for tool in options.tools or ()}
    if options.tool_choice not in {None, *MODES, *names} and "tools" not in extra:
        listed = ", ".join(sorted(names)) or "no tools"
        remedy = f"give auto, none, required or one of: {listed}"
        raise PlacedError("options.tool_choice", f"no tool is called {options.tool_choice!r}", remedy)


def check_message(path: str, message: ChatMessage) -> None:
    """Refuse what is no message, and a message that says nothing."""
    if not isinstance(message, Message):
        problem = f"{type(message).__name__} given"
        raise PlacedError(path, problem, "give a message, such as UserMessage(content=...)")
    if not message.content and not message.native and not isinstance(message.content, str):
        spoken = isinstance(message, AssistantMessage) and (message.tool_calls or message.refusal)
        if not spoken:
            raise PlacedError(f"{path}.content", "there is nothing to say", "give text or parts")


def dump_message(path: str, body: Mapping[str, Json]) -> bytes:
    """Write the body of a message, or refuse half a character by its place."""
    try:
        return dump(body)
    except ValueError as error:
        remedy = "decode its bytes with the right encoding"
        raise PlacedError(path, f"a text is no Unicode: {error}", remedy) from None


def limited(options: ChatOptions, limits: Limits) -> tuple[ChatOptions, dict[str, Loss]]:
    """Bring the numbers that a server would refuse into its range; tell, by option, what was said instead.

    >>> options, losses = limited(ChatOptions(temperature=1.5), {"temperature": (0, 1)})
    >>> options, losses["temperature"].asked, losses["temperature"].applied
    (ChatOptions(temperature=1.0), 1.5, 1.0)

    What a further key replaces is left as it is: it is not sent.
    """
    given = {name: getattr(options, name) for name in limits if name not in (options.extra or {})}
    nearest: dict[str, Any] = {
        name: type(asked)(max(low, min(high, asked)))
        for name, asked in given.items()
        for low, high in [limits[name]]
        if asked is not None and not low <= asked <= high
    }
    return options.set(**nearest) if nearest else options, {
        name: Loss(path=f"options.{name}", kind="replaced", asked=given[name], applied=value)
        for name, value in nearest.items()
    }


def without_none(body: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out what is not set: `None` is not sent, and 0, "" and [] are values.

    >>> without_none({"temperature": 0.0, "seed": None})
    {'temperature': 0.0}
    """
    return {key: value for key, value in body.items() if value is not None}
