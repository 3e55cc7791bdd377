"""The laws of replies and streams, each a function of a codec and of what was drawn for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve
from returns.pipeline import is_successful

from casual_llm.failures import ErrorResponse, Truncated
from casual_llm.frozen import Json
from casual_llm.laws.assertions import failure_of, holds, same, value_of
from casual_llm.laws.conversations import ELSEWHERE
from casual_llm.laws.playback import collect_stream, play
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Codec, Response
from casual_llm.wire.collect import collect

AnyCodec: TypeAlias = Codec[Any]


def a_written_reply_is_decoded_to_itself(codec: AnyCodec, reply: Reply) -> None:
    """Text, tool calls and tokens are read back; every other field is read back or absent."""
    decoded = value_of(codec.decode(codec.write(reply)))
    same(_required_fields(decoded), _required_fields(reply))
    for name, value in _optional_fields(reply).items():
        other = _optional_fields(decoded)[name]
        holds(other in {value, None}, f"{name}: {other!r} is not {value!r}")


def _required_fields(reply: Reply) -> tuple[object, ...]:
    message, usage = reply.message, reply.usage or Usage()
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]
    text = (message.content or "") + (message.refusal or "")
    return text, calls, usage.prompt_tokens, usage.completion_tokens


def _optional_fields(reply: Reply) -> dict[str, object]:
    usage = reply.usage or Usage()
    return {
        "reasoning": reply.reasoning,
        "model": reply.model,
        "id": reply.id,
        "finish_reason": reply.finish_reason,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def the_finish_reason_of_a_reply_is_preserved(codec: AnyCodec, reply: Reply) -> None:
    """Every format distinguishes a complete answer, one cut off at the limit, and one that calls tools."""
    decoded = value_of(codec.decode(codec.write(reply)))
    if reply.finish_reason in {None, "stop", "length", "tool_calls"}:
        same(decoded.finish_reason, reply.finish_reason)


def a_decoded_reply_survives_a_round_trip(codec: AnyCodec, response: Response) -> None:
    """A reply that was decoded, written and decoded again is the same."""
    decoded = codec.decode(response)
    same(decoded.map(codec.write).bind(codec.decode), decoded)


def native_keys_of_other_formats_are_not_written(
    codec: AnyCodec, reply: Reply, keys: Mapping[str, Json]
) -> None:
    """A reply of another format is written without the keys that only that format knows."""
    message = reply.message.model_copy(update={"native": {ELSEWHERE: keys}})
    foreign = evolve(reply, message=message)
    same((codec.write(foreign), codec.write_stream(foreign)), (codec.write(reply), codec.write_stream(reply)))


def a_collected_stream_is_the_whole_reply(codec: AnyCodec, reply: Reply) -> None:
    """A reply that is streamed and collected equals the reply that is sent whole."""
    same(collect_stream(codec, codec.write_stream(reply)), codec.decode(codec.write(reply)))


def a_stream_does_not_depend_on_where_the_network_cuts(
    codec: AnyCodec, cut: tuple[bytes, Sequence[bytes]]
) -> None:
    """The same bytes mean the same, however they are split."""
    whole, reads = cut
    same(collect_stream(codec, reads), collect_stream(codec, [whole]))
    same(collect(play(codec, reads)[0]), collect(play(codec, [whole])[0]))


def a_stream_that_is_cut_is_truncated_and_carries_what_was_received(
    codec: AnyCodec, reply: Reply, share: float
) -> None:
    """A stream without evidence of its end is a failure with the beginning of the reply."""
    data = b"".join(codec.write_stream(reply))
    whole = value_of(collect_stream(codec, [data]))
    given, end = play(codec, [data[: round(share * len(data))]])
    if is_successful(end):
        same(collect([*given, *end.unwrap()]).message, whole.message)
        return
    failure = end.failure()
    holds(isinstance(failure, Truncated), f"{failure!r} is not Truncated")
    partial = failure.partial or Reply(message=collect([]).message)
    _begins(_texts(partial), _texts(collect(given)))
    _begins(_texts(whole), _texts(partial))


def _texts(reply: Reply) -> tuple[str, ...]:
    return reply.message.content or "", reply.message.refusal or "", reply.reasoning or ""


def _begins(whole: tuple[str, ...], part: tuple[str, ...]) -> None:
    begun = all(long.startswith(short) for long, short in zip(whole, part, strict=True))
    holds(begun, f"{whole!r} does not begin with {part!r}")


def any_response_is_a_reply_or_a_failure_with_a_text(codec: AnyCodec, response: Response) -> None:
    """Decoding never raises."""
    reply = codec.decode(response)
    holds(is_successful(reply) or str(reply.failure()), "the failure has no text")


def an_error_status_is_an_error_response(codec: AnyCodec, response: Response, status: int) -> None:
    """The status decides, whatever the body contains."""
    failure = failure_of(codec.decode(evolve(response, status=status)))
    holds(
        isinstance(failure, ErrorResponse) and failure.status == status,
        f"{failure!r} is not ErrorResponse({status})",
    )


def any_bytes_are_a_stream_or_a_failure_with_a_text(codec: AnyCodec, data: bytes) -> None:
    """Decoding a stream never raises."""
    reply = collect_stream(codec, [data])
    holds(is_successful(reply) or str(reply.failure()), "the failure has no text")
