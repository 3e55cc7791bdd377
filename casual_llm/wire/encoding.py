"""Encode a call: everything that formats do alike on the way from a `Call` to a `Request`.

A call that cannot be encoded is a `PlacedError`, raised where it occurs and turned into a value here, once,
so that the functions that write messages can be plain loops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from returns.result import Failure, Result, Success

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
from casual_llm.options import ChatOptions, extra_of, resolve_for, set_fields
from casual_llm.options.extra import path_of_extra
from casual_llm.wire.codec import Call, Encoded, Request
from casual_llm.wire.json import dump
from casual_llm.wire.message_format import Body
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix, encode_messages
from casual_llm.wire.report import PlacedError, Report, same_json
from casual_llm.wire.request_format import EncodedOptions, RequestFormat

_NO_OPTIONS = EncodedOptions(body={})
TOOL_CHOICE_MODES = frozenset({"auto", "none", "required"})
"""What `tool_choice` may be, apart from the name of a tool."""


def encode_with(
    form: RequestFormat, call: Call, prefix: Prefix = EMPTY_PREFIX
) -> Result[Encoded, EncodeError]:
    """Encode a call in a format.

    The messages are the last key of the body, so that appending a turn leaves all earlier bytes as they
    were: the providers' prompt caches live on this.
    """
    try:
        encoded = _encoded(form, call, resolve_for(call.options, *form.names), prefix)
    except PlacedError as error:
        return Failure(error.encode_error)
    return Success(encoded)


def _encoded(form: RequestFormat, call: Call, options: ChatOptions, prefix: Prefix) -> Encoded:
    path_of = partial(path_of_extra, call.options, form.names)
    extra, report = extra_of(options), Report()
    _check(form, call, options, path_of)
    needed = form.requires_options or set_fields(options)
    encoded = form.encode_options(call, options, report) if needed else _NO_OPTIONS
    merge = options.system_message_handling == "merge"
    messages = encode_messages(form.messages, call.messages, prefix, merge_system=merge, issuer=call.issuer)
    if not (messages.pieces or messages.open_turn):
        has_system = any(message.role == "system" for message in call.messages)
        problem = "only system messages have content" if has_system else "no message has content"
        raise PlacedError("messages", problem, "add a non-blank user message")
    body = _merge_keys(_flags(form, call) | dict(encoded.body), extra, form.merge_keys, path_of, report)
    leading: dict[str, Sequence[bytes]] = {**encoded.leading_arrays}
    if messages.system:
        key = form.messages.system_key
        leading = {key: (*messages.system, *leading.pop(key, ())), **leading}
    arrays = _arrays(leading, extra, path_of, report)
    arrays.append((form.messages_key, _array(messages.pieces, messages.open_turn)))
    report.extend(messages.report)
    if options.strict and report.losses:
        raise _strict(report)
    return Encoded(
        request=Request(
            url=form.path(call),
            headers={"content-type": "application/json", **form.headers},
            body=_joined(_dumped(body), arrays),
        ),
        losses=tuple(report.losses),
        changes=tuple(report.changes),
        prefix=messages.prefix,
    )


def _check(form: RequestFormat, call: Call, options: ChatOptions, path_of: Callable[[str], str]) -> None:
    if not call.messages:
        raise PlacedError("messages", "the list is empty", "add at least one message")
    extra = options.extra or {}
    for key in sorted(form.reserved_keys.intersection(extra)):
        path = path_of(key)
        raise PlacedError(path, "already set by the call", f"remove it from {path.split('.')[1]}")
    names = {tool.name for tool in options.tools or ()}
    if options.tool_choice not in {None, *TOOL_CHOICE_MODES, *names} and "tools" not in extra:
        choices = ", ".join([*sorted(TOOL_CHOICE_MODES), *sorted(names)])
        problem = f"there is no tool named {options.tool_choice!r}"
        raise PlacedError("options.tool_choice", problem, f"use one of {choices}")


def _flags(form: RequestFormat, call: Call) -> Body:
    flags: Body = {} if form.model_key is None else {form.model_key: call.model}
    if form.stream_key is not None and (call.stream or form.stream_default):
        flags[form.stream_key] = call.stream
    return {**flags, **form.stream_body} if call.stream else flags


def _merge_keys(
    body: Body,
    extra: Mapping[str, Json],
    merge_keys: Collection[str],
    path_of: Callable[[str], str],
    report: Report,
) -> Body:
    """Lay the keys of `extra` over the body, and report what they replace."""
    merged = dict(body)
    for key, value in extra.items():
        ours = body.get(key)
        if key in merge_keys and isinstance(ours, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge_keys(dict(ours), value, (), partial("{}.{}".format, path_of(key)), report)
            continue
        merged[key] = value
        if key in body and not same_json(ours, value):
            report.overridden(path_of(key), ours, value)
    return merged


def _arrays(
    leading: Mapping[str, Sequence[bytes]],
    extra: Mapping[str, Json],
    path_of: Callable[[str], str],
    report: Report,
) -> list[tuple[str, tuple[bytes, ...]]]:
    """Close the arrays that stand before the messages; a key of `extra` with the same name replaces one."""
    for key in filter(extra.__contains__, leading):
        report.overridden(path_of(key), [item.decode() for item in leading[key]], extra[key])
    return [(key, _array((), items)) for key, items in leading.items() if key not in extra]


def _array(pieces: Sequence[bytes], bodies: Iterable[bytes] = ()) -> tuple[bytes, ...]:
    """Close an array: what is encoded for good, and what may still change."""
    tail = b",".join(bodies)
    return (b"[", *pieces, b"," if pieces and tail else b"", tail, b"]")


def _dumped(body: Body) -> bytes:
    try:
        return dump(body)
    except ValueError as error:
        problem = f"contain text that is not valid Unicode: {error}"
        raise PlacedError("options", problem, "decode its bytes with the right encoding") from None


def _joined(body: bytes, arrays: Sequence[tuple[str, tuple[bytes, ...]]]) -> bytes:
    pieces = [part for key, items in arrays for part in (b',"' + key.encode() + b'":', *items)]
    pieces[0] = pieces[0].removeprefix(b",") if body == b"{}" else pieces[0]
    return b"".join([body[:-1], *pieces, b"}"])


def _strict(report: Report) -> PlacedError:
    lost = ", ".join(f"{loss.path} ({loss.kind})" for loss in report.losses)
    problem = f"strict is set, and this would not be sent as asked: {lost}"
    remedy = "set it" if report.losses[0].kind == "added" else "remove it"
    return PlacedError(report.losses[0].path, problem, f"{remedy}, or set strict=False")


def without_none(body: Mapping[str, Json]) -> Body:
    """Return what is set: `None` is not sent, and 0, "" and [] are values.

    >>> without_none({"temperature": 0.0, "seed": None})
    {'temperature': 0.0}
    """
    return {key: value for key, value in body.items() if value is not None}
