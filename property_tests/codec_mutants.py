"""Codecs that are broken on purpose, each with one bug, and the law that finds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

from attrs import evolve, frozen
from parrot import PARROT
from returns.result import Result, Success

from casual_llm.failures import DecodeError, EncodeError, ReadError
from casual_llm.laws.conversations import ELSEWHERE
from casual_llm.options import ChatOptions, set_fields
from casual_llm.options.omit import OMIT
from casual_llm.reply import Reply
from casual_llm.wire.codec import Call, Chunks, Codec, Encoded, Request, Response
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix
from casual_llm.wire.report import Change, native_for

Encoding = Result[Encoded, EncodeError]
_numbers = count()


@frozen
class Mutant:
    """The bug of a codec, and the law that finds it."""

    wrong: str
    codec: Codec[Any]
    law: str
    shows: type[Exception] = AssertionError


def _asked(change: Callable[[Call], Call]) -> Codec[Any]:
    """Encode another call than the one that was given."""

    def encode(call: Call, prefix: Prefix = EMPTY_PREFIX) -> Encoding:
        return PARROT.encode(change(call), prefix)

    return evolve(PARROT, encode=encode)


def _sent(change: Callable[[Call, bytes], bytes]) -> Codec[Any]:
    """Send another body than the one that was encoded."""

    def encode(call: Call, prefix: Prefix = EMPTY_PREFIX) -> Encoding:
        return PARROT.encode(call, prefix).map(
            lambda encoded: evolve(
                encoded, request=evolve(encoded.request, body=change(call, encoded.request.body))
            )
        )

    return evolve(PARROT, encode=encode)


def _answered(change: Callable[[Reply], Reply]) -> Codec[Any]:
    """Write another reply than the one that was given."""
    return evolve(
        PARROT,
        write=lambda reply: PARROT.write(change(reply)),
        write_stream=lambda reply: PARROT.write_stream(change(reply)),
    )


def _without(*names: str) -> Callable[[Call], Call]:
    return lambda call: evolve(call, options=call.options.without(*names))


def _without_zeros(call: Call) -> Call:
    return _without(*(name for name, value in set_fields(call.options).items() if not value))(call)


def _omit_as_text(call: Call) -> Call:
    mood = {"mood": "OMIT"} if call.options.temperature is OMIT else {}
    return evolve(call, options=call.options | ChatOptions(extra=mood))


def _no_tools(call: Call) -> Call:
    if any(message.role == "tool" for message in call.messages):
        raise LookupError("results are not supported")
    return call


def _null(_: Call, body: bytes) -> bytes:
    return body if b'"mood"' in body else body.replace(b'"stream"', b'"mood":null,"stream"', 1)


def _counted(call: Call, body: bytes) -> bytes:
    return b'{"count":%d,' % len(call.messages) + body[1:]


def _numbered(_: Call, body: bytes) -> bytes:
    return body[:-1] + b',"number":%d}' % next(_numbers)


def _encoded_again(call: Call, prefix: Prefix = EMPTY_PREFIX) -> Encoding:
    return PARROT.encode(call, evolve(prefix, count=0))


def _changed_each_time(call: Call, prefix: Prefix = EMPTY_PREFIX) -> Encoding:
    change = Change(path="messages[0].content", kind="rewritten", asked=None)
    return PARROT.encode(call, prefix).map(lambda encoded: evolve(encoded, changes=(change,)))


def _read_whole(request: Request) -> Result[Call, ReadError]:
    json.loads(request.body)
    return PARROT.read(request)


def _read_no_extra(request: Request) -> Result[Call, ReadError]:
    return PARROT.read(request).map(_without("extra"))


def _read_no_stream(request: Request) -> Result[Call, ReadError]:
    return PARROT.read(request).map(lambda call: evolve(call, stream=False))


def _decoded_whole(response: Response) -> Result[Reply, DecodeError]:
    json.loads(response.body)
    return PARROT.decode(response)


def _emphatic(reply: Reply) -> Reply:
    content = {"content": f"{reply.message.content}!"}
    return evolve(reply, message=reply.message.model_copy(update=content))


def _with_foreign_keys(reply: Reply) -> Response:
    written = PARROT.write(reply)
    body = json.loads(written.body) | native_for(reply.message.native, [ELSEWHERE])
    return evolve(written, body=json.dumps(body, default=list).encode())


def _as_text(state: Any, data: bytes) -> Result[tuple[Any, Chunks], DecodeError]:  # noqa: ANN401 # of its own
    return PARROT.step(state, data.decode("utf-8", "replace").encode())


def _as_strict_text(state: Any, data: bytes) -> Result[tuple[Any, Chunks], DecodeError]:  # noqa: ANN401
    return PARROT.step(state, data.decode().encode())


MUTANTS = (
    Mutant(
        "reading drops unknown keys",
        evolve(PARROT, read=_read_no_extra),
        "a request without losses reads back to its call",
    ),
    Mutant(
        "reading drops the request for a stream",
        evolve(PARROT, read=_read_no_stream),
        "a request that was read is encoded to the same bytes again",
    ),
    Mutant(
        "two messages are sent, however many there are",
        _asked(lambda call: evolve(call, messages=call.messages[-2:])),
        "plain text is sent in full",
    ),
    Mutant(
        "an option is dropped without a report",
        _asked(_without("temperature")),
        "everything in a call is sent or reported",
    ),
    Mutant("zero is treated as unset", _asked(_without_zeros), "zero and empty values are sent or reported"),
    Mutant("OMIT is sent as a text", _asked(_omit_as_text), "omitted options are never sent"),
    Mutant("what is not set is sent as null", _sent(_null), "unset options are never sent"),
    Mutant(
        "an alias is declared that has no effect",
        evolve(PARROT, names=("parrot", "bird")),
        "options apply under each name of the format and no other",
    ),
    Mutant(
        "strict has no effect",
        _asked(_without("strict")),
        "strict turns losses into a failure and nothing else",
    ),
    Mutant(
        "merge has no effect",
        _asked(_without("system_message_handling")),
        "merged system messages are sent as one or reported",
    ),
    Mutant(
        "a tool's result raises",
        _asked(_no_tools),
        "a call is encoded or rejected with a path",
        LookupError,
    ),
    Mutant("requests are numbered", _sent(_numbered), "encoding gives the same bytes each time"),
    Mutant(
        "the number of messages comes first",
        _sent(_counted),
        "a new turn leaves all earlier bytes unchanged",
    ),
    Mutant(
        "what was encoded is encoded again",
        evolve(PARROT, encode=_encoded_again),
        "a prefix is not encoded again",
    ),
    Mutant(
        "what was read is changed again",
        evolve(PARROT, encode=_changed_each_time),
        "a request that was read is encoded without changes",
    ),
    Mutant(
        "reading raises on invalid JSON",
        evolve(PARROT, read=_read_whole),
        "any request is a call or a failure with a text",
        ValueError,
    ),
    Mutant(
        "an answer's tokens are not written",
        _answered(lambda reply: evolve(reply, usage=None)),
        "a written reply is decoded to itself",
    ),
    Mutant(
        "the finish reason is not written",
        _answered(lambda reply: evolve(reply, finish_reason=None)),
        "the finish reason of a reply is preserved",
    ),
    Mutant(
        "decoding changes the content",
        evolve(PARROT, decode=lambda response: PARROT.decode(response).map(_emphatic)),
        "a decoded reply survives a round trip",
    ),
    Mutant(
        "the keys of another format are written",
        evolve(PARROT, write=_with_foreign_keys),
        "native keys of other formats are not written",
    ),
    Mutant(
        "a stream has other content than the whole reply",
        evolve(PARROT, write_stream=lambda reply: PARROT.write_stream(_emphatic(reply))),
        "a collected stream is the whole reply",
    ),
    Mutant(
        "each read is decoded as a complete text",
        evolve(PARROT, step=_as_text),
        "a stream does not depend on where the network cuts",
    ),
    Mutant(
        "every stream is taken as complete",
        evolve(PARROT, finish=lambda _: Success(())),
        "a stream that is cut is truncated and carries what was received",
    ),
    Mutant(
        "decoding raises on invalid JSON",
        evolve(PARROT, decode=_decoded_whole),
        "any response is a reply or a failure with a text",
        ValueError,
    ),
    Mutant(
        "the status is ignored",
        evolve(PARROT, decode=lambda response: PARROT.decode(evolve(response, status=200))),
        "an error status is an error response",
    ),
    Mutant(
        "a stream raises on invalid UTF-8",
        evolve(PARROT, step=_as_strict_text),
        "any bytes are a stream or a failure with a text",
        ValueError,
    ),
)
"""The bugs that codecs have; each law finds one."""
