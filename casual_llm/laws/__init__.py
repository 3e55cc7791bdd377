"""The laws that every wire format obeys, for testing custom formats, too (`casual-llm[laws]`).

A law is a check of a codec, and a strategy for its arguments. The laws know no format: the losses of a codec
show what it does not support, so a codec passes if it reports them all, however little it supports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import frozen
from hypothesis import HealthCheck, given, settings as tried, strategies as st
from hypothesis.strategies import SearchStrategy

from casual_llm.laws import reply_checks as of_replies, request_checks as of_requests
from casual_llm.laws.conversations import further_keys, further_turns
from casual_llm.laws.corruption import chunkings, corrupted
from casual_llm.laws.strategies import (
    any_calls,
    calls,
    empty_options,
    instructed_calls,
    odd_replies,
    option_names,
    plain_calls,
    plain_options,
    replies,
)
from casual_llm.wire.codec import Codec, Response

__all__ = ["LAWS", "Law", "check_codec", "check_law"]

AnyCodec: TypeAlias = Codec[Any]
Values: TypeAlias = SearchStrategy[Any]


@frozen
class Law:
    """A law: the check of a codec, and a strategy for its arguments."""

    check: Callable[..., None]
    """Takes the codec and the values; raises `AssertionError`."""
    values: Callable[[AnyCodec], SearchStrategy[tuple[Any, ...]]]
    """Returns what the check takes after the codec."""

    @property
    def meaning(self) -> str:
        """The law in one sentence."""
        return self.check.__doc__ or ""


def _of(*strategies: Callable[[AnyCodec], Values]) -> Callable[[AnyCodec], SearchStrategy[tuple[Any, ...]]]:
    return lambda codec: st.tuples(*(strategy(codec) for strategy in strategies))


def _calls(codec: AnyCodec) -> Values:
    return calls(codec.names)


def _any_calls(codec: AnyCodec) -> Values:
    return any_calls(codec.names) | calls(codec.names)


def _instructed(codec: AnyCodec) -> Values:
    return instructed_calls(codec.names)


def _calls_and_instructed(codec: AnyCodec) -> Values:
    return calls(codec.names) | instructed_calls(codec.names)


def _plain(_: AnyCodec) -> Values:
    return plain_calls


def _turns(codec: AnyCodec) -> Values:
    return further_turns(codec.names)


def _replies(_: AnyCodec) -> Values:
    return replies


def _odd_replies(_: AnyCodec) -> Values:
    return odd_replies


def _requests(codec: AnyCodec) -> Values:
    bodies = calls(codec.names).map(codec.encode)
    written = bodies.map(lambda result: result.map(lambda encoded: encoded.request.body).value_or(b"{}"))
    return written.flatmap(corrupted) | st.binary(max_size=20)


def _responses(codec: AnyCodec) -> Values:
    written = _odd_replies(codec).map(codec.write)
    bodies = written.flatmap(lambda whole: corrupted(whole.body)) | st.binary(max_size=20)
    return bodies.map(lambda body: Response(status=200, body=body))


def _streams(codec: AnyCodec) -> Values:
    return _odd_replies(codec).map(lambda reply: b"".join(codec.write_stream(reply)))


def _odd_streams(codec: AnyCodec) -> Values:
    return _streams(codec).flatmap(corrupted) | st.binary(max_size=20)


def _cut_streams(codec: AnyCodec) -> Values:
    streams = _streams(codec) | _odd_streams(codec)
    return streams.flatmap(lambda data: st.tuples(st.just(data), chunkings(data)))


def _just(strategy: Values) -> Callable[[AnyCodec], Values]:
    return lambda _: strategy


_LAWS = (
    Law(of_requests.a_request_without_losses_reads_back_to_its_call, _of(_calls)),
    Law(of_requests.a_request_that_was_read_is_encoded_to_the_same_bytes_again, _of(_any_calls)),
    Law(of_requests.plain_text_is_sent_in_full, _of(_plain)),
    Law(of_requests.everything_in_a_call_is_sent_or_reported, _of(_calls)),
    Law(of_requests.zero_and_empty_values_are_sent_or_reported, _of(_plain, _just(empty_options))),
    Law(of_requests.omitted_options_are_never_sent, _of(_calls, _just(option_names))),
    Law(of_requests.unset_options_are_never_sent, _of(_plain, _just(plain_options))),
    Law(
        of_requests.options_apply_under_each_name_of_the_format_and_no_other, _of(_plain, _just(further_keys))
    ),
    Law(of_requests.strict_turns_losses_into_a_failure_and_nothing_else, _of(_calls)),
    Law(of_requests.merged_system_messages_are_sent_as_one_or_reported, _of(_instructed)),
    Law(of_requests.a_call_is_encoded_or_rejected_with_a_path, _of(_any_calls)),
    Law(of_requests.encoding_gives_the_same_bytes_each_time, _of(_any_calls)),
    Law(of_requests.a_new_turn_leaves_all_earlier_bytes_unchanged, _of(_calls, _turns)),
    Law(of_requests.a_prefix_is_not_encoded_again, _of(_calls_and_instructed)),
    Law(of_requests.a_request_that_was_read_is_encoded_without_changes, _of(_any_calls)),
    Law(of_requests.any_request_is_a_call_or_a_failure_with_a_text, _of(_requests)),
    Law(of_replies.a_written_reply_is_decoded_to_itself, _of(_replies)),
    Law(of_replies.the_finish_reason_of_a_reply_is_preserved, _of(_replies)),
    Law(of_replies.a_decoded_reply_survives_a_round_trip, _of(_responses)),
    Law(of_replies.native_keys_of_other_formats_are_not_written, _of(_replies, _just(further_keys))),
    Law(of_replies.a_collected_stream_is_the_whole_reply, _of(_odd_replies)),
    Law(of_replies.a_stream_does_not_depend_on_where_the_network_cuts, _of(_cut_streams)),
    Law(
        of_replies.a_stream_that_is_cut_is_truncated_and_carries_what_was_received,
        _of(_odd_replies, _just(st.floats(0, 1))),
    ),
    Law(of_replies.any_response_is_a_reply_or_a_failure_with_a_text, _of(_responses)),
    Law(of_replies.an_error_status_is_an_error_response, _of(_responses, _just(st.integers(300, 599)))),
    Law(of_replies.any_bytes_are_a_stream_or_a_failure_with_a_text, _of(_odd_streams)),
)
LAWS: Mapping[str, Law] = {law.check.__name__.replace("_", " "): law for law in _LAWS}
"""All laws by their names."""


def check_law(codec: AnyCodec, name: str, settings: tried | None = None) -> None:
    """Check one law on random values; an `AssertionError` describes the values that violate it.

    Args:
        codec: The codec to check.
        name: A key of `LAWS`.
        settings: Settings of hypothesis, such as the number of examples; its own by default.

    Raises:
        AssertionError: The codec does not obey the law.

    >>> from casual_llm.providers import openai_chat
    >>> check_law(openai_chat.codec(), "plain text is sent in full", tried(max_examples=5))
    """
    law = LAWS[name]

    def holds(values: tuple[Any, ...]) -> None:
        law.check(codec, *values)

    holds.__name__ = law.check.__name__  # hypothesis remembers and shows examples by it
    # A deadline, or a slow draw, depends on the machine rather than on the law.
    limits = tried(settings, deadline=None, suppress_health_check=[*HealthCheck])
    try:
        limits(given(law.values(codec))(holds))()
    except Exception as error:
        error.add_note(f"{codec.name} does not obey the law: {name}")
        raise


def check_codec(codec: AnyCodec, settings: tried | None = None) -> None:
    """Check all laws on random values.

    Args:
        codec: The codec to check.
        settings: Settings of hypothesis for each law; its own by default.

    Raises:
        AssertionError: The codec does not obey a law, which a note of the error names.

    >>> from casual_llm.providers import openai_chat
    >>> check_codec(openai_chat.codec(), tried(max_examples=1))
    """
    for name in LAWS:
        check_law(codec, name, settings)
