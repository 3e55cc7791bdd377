"""Bodies of one wire format in the words of another.

A translation is made of the two halves of two codecs and nothing else: one reads, the other writes.
What either leg cannot say is a loss. Of a reply that is told by doing each leg backwards: what writing
it in its own format does not give back was not read, what reading the translation does not give back
was not written. A stream is translated as the reply that it spells, so it must be there as a whole.
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
from casual_llm.wire.codec import Call, Chunks, Codec, Request, Response, S
from casual_llm.wire.collect import collect
from casual_llm.wire.json import dump, parse, text
from casual_llm.wire.report import Loss, unsupported

BodyKind: TypeAlias = Literal["request", "reply", "stream"]
KINDS: Mapping[str, None] = dict.fromkeys(get_args(BodyKind))
Untranslatable: TypeAlias = ReadError | EncodeError | DecodeError


def _size(body: bytes) -> str:
    return f"<{len(body)} bytes>"


@frozen(kw_only=True)
class Translated:
    """A body in another format, and what of the original it does not say."""

    body: bytes = field(repr=_size)
    losses: tuple[Loss, ...] = ()
    changes: tuple[Loss, ...] = ()


def translate(
    body: bytes | Mapping[str, Json], *, from_: str, to: str, kind: BodyKind = "request"
) -> Result[Translated, Untranslatable]:
    """Translate the body of a request, of a whole reply, or of a stream.

    >>> asked = {"model": "gpt-4.1", "seed": 7, "messages": [{"role": "user", "content": "Hi"}]}
    >>> told = translate(asked, from_="openai", to="ollama").unwrap()
    >>> told.body
    b'{"model":"gpt-4.1","stream":false,"options":{"seed":7},"messages":[{"role":"user","content":"Hi"}]}'
    >>> [loss.path for loss in translate(asked, from_="openai", to="anthropic").unwrap().losses]
    ['options.max_tokens', 'options.seed']
    >>> print(translate(b"[]", from_="openai", to="ollama").failure())
    body: expected a JSON object

    Of a stream, losses tell what the answer says, and not what each of its events says beside that.
    """
    if kind not in KINDS:
        raise unknown("kind", str(kind), KINDS, "kind")
    source, target = format_named(from_, "from_"), format_named(to, "to")
    data = _bytes(body)
    if not is_successful(data):
        return Failure(data.failure())
    if kind == "request":
        return _request(source, target, data.unwrap())
    if kind == "reply":
        return _reply(source, target, data.unwrap())
    return _stream(source, target, data.unwrap())


def _bytes(body: bytes | Mapping[str, Json]) -> Result[bytes, ReadError]:
    if isinstance(body, bytes):
        return Success(body)
    dumped = safe(exceptions=(ValueError,))(dump)(body)
    return dumped.alt(lambda error: ReadError("body", f"no JSON: {error}"))


def _request(source: Codec[Any], target: Codec[Any], data: bytes) -> Result[Translated, Untranslatable]:
    read = source.read(Request(url="", body=data))
    return _asked(source, target, read.unwrap()) if is_successful(read) else Failure(read.failure())


def _asked(source: Codec[Any], target: Codec[Any], call: Call) -> Result[Translated, Untranslatable]:
    options, foreign = resolve_for(call.options, *source.names), dict[str, Json]()
    if source.names[0] != target.names[0]:
        # What no option could say in full is in the words of the source.
        foreign, options = extra_of(options), options.without("extra")
    unsaid = tuple(unsupported(key, value) for key, value in foreign.items() if value is not None)
    encoded = target.encode(evolve(call, options=options))
    return encoded.map(
        lambda told: Translated(body=told.request.body, losses=(*unsaid, *told.losses), changes=told.changes)
    )


def _reply(source: Codec[Any], target: Codec[Any], data: bytes) -> Result[Translated, Untranslatable]:
    read = source.decode(Response(status=200, body=data))
    if not is_successful(read):
        return Failure(read.failure())
    said = _said(source, target, read.unwrap())
    lost = _unread(_json(data), _json(source.write(read.unwrap()).body))
    return Success(_written(target, said, target.write(said).body, lost))


def _stream(source: Codec[Any], target: Codec[Any], data: bytes) -> Result[Translated, Untranslatable]:
    read = source.step(source.start, data).bind(lambda stood: _heard(source, *stood))
    if not is_successful(read):
        return Failure(read.failure())
    said = _said(source, target, read.unwrap())
    return Success(_written(target, said, b"".join(target.write_stream(said))))


def _heard(source: Codec[S], state: S, chunks: Chunks) -> Result[Reply, DecodeError]:
    return source.finish(state).map(lambda last: collect([*chunks, *last]))


def _said(source: Codec[Any], target: Codec[Any], reply: Reply) -> Reply:
    # A word such as `end_turn` means nothing in another format; its meaning is in `finish_reason`.
    return reply if source.names[0] == target.names[0] else evolve(reply, raw_finish_reason=None)


def _json(body: bytes) -> Json:
    return parse(body).value_or(None)


def _unread(body: Json, again: Json) -> tuple[Loss, ...]:
    """Tell what a body says and its copy does not, at the same place or, being a text, at another."""
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


def _written(target: Codec[Any], said: Reply, body: bytes, lost: tuple[Loss, ...] = ()) -> Translated:
    """Tell of a reply what reading its translation gives back in other words, or not at all."""
    asked, heard = _told(said), _told(target.decode(target.write(said)).value_or(said))
    told = [
        Loss(path=name, kind=_kind(value, heard[name]), asked=value, applied=heard[name])
        for name, value in asked.items()
        if value not in (None, heard[name])
    ]
    losses = tuple(loss for loss in told if loss.kind != "rewritten")
    changes = tuple(loss for loss in told if loss.kind == "rewritten")
    return Translated(body=body, losses=(*lost, *losses), changes=changes)


def _kind(asked: Json, applied: Json) -> str:
    if applied is None:
        return "unsupported"
    return "rewritten" if _meant(asked) == _meant(applied) else "replaced"


def _meant(value: Json) -> Json:
    """Give what is said without the way in which the arguments of calls are written."""
    if isinstance(value, Mapping):
        return {key: _arguments(item) if key == "arguments" else _meant(item) for key, item in value.items()}
    return [_meant(item) for item in value] if isinstance(value, list | tuple) else value


def _arguments(written: Json) -> Json:
    return parse(text(written).strip().encode() or b"{}").value_or(written)


def _told(reply: Reply) -> dict[str, Json]:
    """Say what a reply says, but for the provider's own word for its end."""
    own = {name: list(keys) for name, keys in (reply.message.native or {}).items()}
    return {
        **reply.message.model_dump(exclude={"role", "native"}),
        "native": own or None,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason,
        "usage": None if reply.usage is None else reply.usage.model_dump(),
        "model": reply.model,
        "id": reply.id,
    }
