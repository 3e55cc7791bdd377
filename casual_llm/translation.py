"""Bodies of one wire format, translated into another.

A translation combines the halves of two codecs and nothing else: one reads, the other writes. Whatever
either half does not support is a loss. The losses of a reply are measured by the way back: a value that
is missing when the reply is written in its source format was not read, and a value that is missing when
the translation is decoded was not written. A stream is translated as the reply that its chunks collect to,
so it must be complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Literal, TypeAlias, get_args

from attrs import evolve, field, frozen
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success, safe

from casual_llm.failures import DecodeError, EncodeError, ReadError
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.options import extra_of, resolve_for
from casual_llm.reply import Reply
from casual_llm.validation import unknown
from casual_llm.wire.codec import Call, Chunks, Codec, Request, Response, S, size_of
from casual_llm.wire.collect import collect
from casual_llm.wire.json import dump, parse, text
from casual_llm.wire.report import Change, Loss, Report, unsupported

BodyKind: TypeAlias = Literal["request", "reply", "stream"]
KINDS: Mapping[str, None] = dict.fromkeys(get_args(BodyKind))
Untranslatable: TypeAlias = ReadError | EncodeError | DecodeError


@frozen(kw_only=True)
class Translated:
    """A body in another format, and how it differs from the original.

    Args:
        body: the translated body
        url: where a request goes, below the base URL; empty for replies and streams
        losses: what the target format does not support, or requires
        changes: equivalent rewrites

    >>> translate({"messages": [{"role": "user", "content": "Hi"}]}, from_="openai", to="ollama").unwrap()
    Translated(body=<71 bytes>, url='/api/chat', losses=(), changes=())
    """

    body: bytes = field(repr=size_of)
    """The translated body."""
    url: str = ""
    """Where a request goes, below the base URL: some formats carry the model there."""
    losses: tuple[Loss, ...] = ()
    """What was dropped, replaced or added, because the target format does not support or requires it."""
    changes: tuple[Change, ...] = ()
    """Equivalent rewrites, such as two consecutive user turns merged into one."""


def translate(
    body: bytes | Mapping[str, Json], *, from_: str, to: str, kind: BodyKind = "request", url: str = ""
) -> Result[Translated, Untranslatable]:
    """Translate the body of a request, of a whole reply, or of a stream.

    Args:
        body: The body as bytes, or parsed from JSON.
        from_: The format of the body, or the server that it is for, such as `"openai"` or `"groq"`.
        to: The format or server to translate it to.
        kind: `"request"` (the default), `"reply"` or `"stream"`, which must be complete.
        url: The URL of the request, for formats that carry the model there; empty by default.

    Returns:
        `Success` of the translation with its losses and changes, or a `Failure` for a body that cannot be
        read and for a request that the target cannot encode.

    Raises:
        ConfigurationError: A format or the kind is unknown.

    >>> request = {"model": "gpt-4.1", "seed": 7, "messages": [{"role": "user", "content": "Hi"}]}
    >>> translate(request, from_="openai", to="ollama").unwrap().body
    b'{"model":"gpt-4.1","stream":false,"options":{"seed":7},"messages":[{"role":"user","content":"Hi"}]}'
    >>> [loss.path for loss in translate(request, from_="openai", to="anthropic").unwrap().losses]
    ['options.seed', 'options.max_tokens']
    >>> print(translate(b"[]", from_="openai", to="ollama").failure())
    body: expected a JSON object

    The losses of a stream are those of the collected answer; other fields of its events are not compared.
    """
    if kind not in KINDS:
        raise unknown("kind", str(kind), KINDS, "kind")
    source, target = format_named(from_, "from_"), format_named(to, "to")
    data = _bytes(body)
    if not is_successful(data):
        return Failure(data.failure())
    if kind == "request":
        request = Request(url=url, body=data.unwrap())
        return translate_request(source, target, request)
    if kind == "reply":
        return _reply(source, target, data.unwrap())
    return _stream(source, target, data.unwrap())


def _bytes(body: bytes | Mapping[str, Json]) -> Result[bytes, ReadError]:
    if isinstance(body, bytes):
        return Success(body)
    dumped = safe(exceptions=(ValueError,))(dump)(body)
    return dumped.alt(lambda error: ReadError("body", f"not valid JSON: {error}"))


def translate_request(
    source: Codec[Any], target: Codec[Any], request: Request
) -> Result[Translated, Untranslatable]:
    """Translate a request between two codecs, for formats that have no name in `formats`.

    >>> request = Request(url="/chat/completions", body=b'{"messages":[{"role":"user","content":"Hi"}]}')
    >>> translate_request(format_named("openai"), format_named("ollama"), request).unwrap().url
    '/api/chat'
    """
    read = source.read(request)
    return _encode_call(source, target, read.unwrap()) if is_successful(read) else Failure(read.failure())


def _encode_call(source: Codec[Any], target: Codec[Any], call: Call) -> Result[Translated, Untranslatable]:
    options, foreign = resolve_for(call.options, *source.names), dict[str, Json]()
    if source.names[0] != target.names[0]:
        # Keys that no option covers in full are read into `extra`, and only the source knows them.
        foreign, options = extra_of(options), options.without("extra")
    dropped = tuple(unsupported(key, value) for key, value in foreign.items() if value is not None)
    encoded = target.encode(evolve(call, options=options))
    return encoded.map(
        lambda result: Translated(
            body=result.request.body,
            url=result.request.url,
            losses=(*dropped, *result.losses),
            changes=result.changes,
        )
    )


def _reply(source: Codec[Any], target: Codec[Any], data: bytes) -> Result[Translated, Untranslatable]:
    read = source.decode(Response(status=200, body=data))
    if not is_successful(read):
        return Failure(read.failure())
    reply = _reply_for(source, target, read.unwrap())
    lost = _unread(_json(data), _json(source.write(read.unwrap()).body))
    return Success(_translated_reply(target, reply, target.write(reply).body, lost))


def _stream(source: Codec[Any], target: Codec[Any], data: bytes) -> Result[Translated, Untranslatable]:
    read = source.step(source.start, data).bind(lambda stepped: _collect(source, *stepped))
    if not is_successful(read):
        return Failure(read.failure())
    reply = _reply_for(source, target, read.unwrap())
    return Success(_translated_reply(target, reply, b"".join(target.write_stream(reply))))


def _collect(source: Codec[S], state: S, chunks: Chunks) -> Result[Reply, DecodeError]:
    return source.finish(state).map(lambda last: collect([*chunks, *last]))


def _reply_for(source: Codec[Any], target: Codec[Any], reply: Reply) -> Reply:
    # A raw reason such as `end_turn` is unknown to another format; `finish_reason` carries its meaning.
    return reply if source.names[0] == target.names[0] else evolve(reply, raw_finish_reason=None)


def _json(body: bytes) -> Json:
    return parse(body).value_or(None)


def _unread(body: Json, again: Json) -> tuple[Loss, ...]:
    """Return the values of a body that its copy lacks at the same path and, as strings, at any other."""
    texts = frozenset(leaf for leaf in _leaves(again) if isinstance(leaf, str))
    missing = [(path, value) for path, value in _missing(body, again) if frozenset(_leaves(value)) - texts]
    return tuple(unsupported(path, value) for path, value in missing)


def _missing(body: Json, again: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(body, Mapping) and isinstance(again, Mapping):
        for key, value in body.items():
            yield from _missing(value, again.get(key), f"{path}.{key}" if path else key)
    elif isinstance(body, list) and isinstance(again, list):
        for index, (item, copy) in enumerate(zip_longest(body, again)):
            yield from _missing(item, copy, f"{path}[{index}]")
    elif again is None and body not in (None, "", [], {}):
        yield path, body


def _leaves(value: Json) -> Iterator[str | float | None]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        yield from (leaf for item in value for leaf in _leaves(item))
    elif isinstance(value, str | float | int) and value != "":
        yield value


def _translated_reply(
    target: Codec[Any], reply: Reply, body: bytes, lost: tuple[Loss, ...] = ()
) -> Translated:
    """Report the fields of a reply that differ, or are missing, when its translation is decoded."""
    before, after = _fields(reply), _fields(target.decode(target.write(reply)).value_or(reply))
    report = Report()
    for name, value in before.items():
        if value not in (None, after[name]):
            _report(name, value, after[name], report)
    return Translated(body=body, losses=(*lost, *report.losses), changes=tuple(report.changes))


def _report(name: str, asked: Json, applied: Json, report: Report) -> None:
    if applied is None:
        report.dropped(name, asked)
    elif _with_parsed_arguments(asked) == _with_parsed_arguments(applied):
        report.changed(name, "rewritten", asked, applied)
    else:
        report.replaced(name, asked, applied)


def _with_parsed_arguments(value: Json) -> Json:
    """Replace the arguments of tool calls by the JSON that they spell."""
    if isinstance(value, Mapping):
        return {
            key: _arguments(item) if key == "arguments" else _with_parsed_arguments(item)
            for key, item in value.items()
        }
    return [_with_parsed_arguments(item) for item in value] if isinstance(value, list | tuple) else value


def _arguments(value: Json) -> Json:
    return parse(text(value).strip().encode() or b"{}").value_or(value)


def _fields(reply: Reply) -> dict[str, Json]:
    """Return the fields of a reply, except for the provider's own finish reason."""
    native = {name: list(keys) for name, keys in (reply.message.native or {}).items()}
    return {
        **reply.message.model_dump(exclude={"role", "native"}),
        "native": native or None,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "usage": None if reply.usage is None else reply.usage.model_dump(),
        "model": reply.model,
        "id": reply.id,
    }
