"""Bodies of one wire format in the words of another.

A translation is made of the two halves of two codecs and nothing else: one reads, the other writes.
What either leg cannot say is a loss; of a reply, that is what reading the translation does not give back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

from attrs import evolve, field, frozen
from returns.pipeline import is_successful
from returns.result import Failure, Result

from casual_llm.errors import DecodeError, EncodeError, ReadError
from casual_llm.formats import format_named
from casual_llm.frozen import Json
from casual_llm.options import extra_of, sent
from casual_llm.reply import Reply
from casual_llm.wire.codec import Call, Codec, Request, Response
from casual_llm.wire.collect import collect
from casual_llm.wire.json import dump
from casual_llm.wire.loss import Loss, unsupported

Kind: TypeAlias = Literal["request", "reply", "stream"]
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
    body: bytes | Mapping[str, Json], *, from_: str, to: str, kind: Kind = "request"
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
    """
    source, target = format_named(from_, "from_"), format_named(to, "to")
    data = body if isinstance(body, bytes) else dump(body)
    if kind == "request":
        read = source.read(Request(url="", body=data))
        return _request(source, target, read.unwrap()) if is_successful(read) else Failure(read.failure())
    heard = _collected(source, data) if kind == "stream" else source.decode(Response(status=200, body=data))
    return heard.map(partial(_answer, source, target, kind))


def _request(source: Codec[Any], target: Codec[Any], call: Call) -> Result[Translated, Untranslatable]:
    options, foreign = sent(call.options, *source.names), dict[str, Json]()
    if source.names[0] != target.names[0]:
        # What no option could say in full is in the words of the source.
        foreign, options = extra_of(options), options.without("extra")
    unsaid = tuple(unsupported(key, value) for key, value in foreign.items())
    encoded = target.encode(evolve(call, options=options))
    return encoded.map(
        lambda told: Translated(body=told.request.body, losses=(*unsaid, *told.losses), changes=told.changes)
    )


def _collected(source: Codec[Any], data: bytes) -> Result[Reply, DecodeError]:
    state, chunks = source.step(source.start, data).unwrap()
    return source.finish(state).map(lambda last: collect([*chunks, *last]))


def _answer(source: Codec[Any], target: Codec[Any], kind: Kind, reply: Reply) -> Translated:
    # A word such as `end_turn` means nothing in another format; its meaning is in `finish_reason`.
    same = source.names[0] == target.names[0]
    said = reply if same else evolve(reply, raw_finish_reason=None)
    whole = target.write(said)
    body = whole.body if kind == "reply" else b"".join(target.write_stream(said))
    return Translated(body=body, losses=tuple(_lost(said, target.decode(whole).value_or(said))))


def _lost(said: Reply, heard: Reply) -> Iterator[Loss]:
    for name, asked in _told(said).items():
        applied = _told(heard)[name]
        if asked != applied and asked is not None:
            kind = "unsupported" if applied is None else "replaced"
            yield Loss(path=name, kind=kind, asked=asked, applied=applied)


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
