"""Each failure has a text, an exception, and what was received so far."""

from __future__ import annotations

import pickle
import string

import pytest
from hypothesis import given, strategies as st
from strategies import non_empty_texts, texts
from wire_strategies import replies

from casual_llm.errors import (
    AuthenticationError,
    CasualLLMError,
    ConfigurationError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ReplyError,
    RequestError,
    RequestTimeoutError,
    ServerError,
    StructuredOutputError,
    TransportError,
    TruncatedError,
    exception_for,
)
from casual_llm.failures import (
    CalledTools,
    CallFailure,
    Empty,
    EncodeError,
    ErrorResponse,
    Incomplete,
    Malformed,
    ModelRefusal,
    NotJson,
    ParseFailure,
    ReadError,
    Truncated,
    redact_failure,
)
from casual_llm.redaction import Secret
from casual_llm.reply import Reply

_partials = st.none() | replies
_refusals = st.builds(
    ErrorResponse,
    st.integers(200, 599),
    texts,
    code=st.none() | texts,
    retry_after=st.none() | st.floats(0, 99),
    partial=_partials,
)
_failures: st.SearchStrategy[CallFailure] = st.one_of(
    st.builds(EncodeError, non_empty_texts, non_empty_texts, non_empty_texts),
    st.builds(Malformed, non_empty_texts, _partials),
    st.builds(Truncated, replies),
    _refusals,
)


_misfits: st.SearchStrategy[ParseFailure] = st.one_of(
    st.just(Empty()),
    st.builds(ModelRefusal, texts),
    st.builds(Incomplete, st.sampled_from(["length", "content_filter", "error", "pause", "stop"])),
    st.builds(CalledTools, st.lists(texts, min_size=1).map(tuple)),
    st.builds(NotJson, texts, st.integers(0, 9), texts),
)
_errors = _failures.map(exception_for) | st.builds(StructuredOutputError, _misfits, replies)


@given(_failures)
def test_every_failure_becomes_an_exception_of_the_library_with_its_text(failure: CallFailure) -> None:
    error = exception_for(failure)
    assert isinstance(error, CasualLLMError)
    assert str(error) == str(failure)


@given(_refusals)
def test_the_exception_of_an_error_response_has_its_status_and_wait(failure: ErrorResponse) -> None:
    error = exception_for(failure)
    assert isinstance(error, ProviderError)
    assert (error.status, error.code, error.retry_after) == (
        failure.status,
        failure.code,
        failure.retry_after,
    )


@given(
    replies,
    st.sampled_from([Truncated, lambda r: Malformed("x", r), lambda r: ErrorResponse(500, "x", partial=r)]),
)
def test_what_was_received_so_far_is_in_the_exception(reply: Reply, failed: type[Truncated]) -> None:
    error = exception_for(failed(reply))
    assert isinstance(error, ReplyError | ProviderError)
    assert error.partial == reply


@given(_misfits, replies)
def test_the_exception_of_a_mismatched_answer_quotes_it_and_has_its_reply(
    failure: ParseFailure, reply: Reply
) -> None:
    error = StructuredOutputError(failure, reply)
    assert (str(error), error.failure, error.partial) == (str(failure), failure, reply)


@given(_errors)
def test_an_exception_survives_pickling(error: CasualLLMError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 # bytes of our own
    assert (type(again), again.args, vars(again)) == (type(error), error.args, vars(error))


@given(non_empty_texts, non_empty_texts, non_empty_texts)
def test_the_text_of_a_failed_call_has_path_problem_and_remedy(path: str, problem: str, remedy: str) -> None:
    assert str(EncodeError(path, problem, remedy)) == f"{path}: {problem}; {remedy}"
    assert str(ReadError(path, problem)) == f"{path}: {problem}"


@given(st.integers(200, 599), texts)
def test_the_text_of_an_error_response_names_the_status_and_the_message(status: int, message: str) -> None:
    assert str(status) in str(ErrorResponse(status, message))
    assert (message or "no message") in str(ErrorResponse(status, message))


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (EncodeError("messages", "empty", "say something"), RequestError),
        (Malformed("no JSON"), ReplyError),
        *((ErrorResponse(status, ""), AuthenticationError) for status in (401, 403)),
        (ErrorResponse(404, ""), NotFoundError),
        (ErrorResponse(429, ""), RateLimitError),
        *((ErrorResponse(status, ""), ProviderError) for status in (200, 302, 400, 408, 409, 422, 499)),
        *((ErrorResponse(status, ""), ServerError) for status in (500, 502, 503, 529)),
    ],
    ids=str,
)
def test_each_kind_of_failure_has_its_exception(failure: CallFailure, kind: type[CasualLLMError]) -> None:
    assert type(exception_for(failure)) is kind


_keys = st.text(string.ascii_letters, min_size=8).map("sk-".__add__)


@given(_keys, st.integers(200, 599), _partials)
def test_no_text_of_a_failure_quotes_the_key(key: str, status: int, partial: Reply | None) -> None:
    quote, secret = f"<html>{key}", Secret(key)
    for failure in (ErrorResponse(status, quote, quote, partial=partial), Malformed(quote, partial)):
        redacted = redact_failure(failure, secret)
        assert key not in f"{redacted} {redacted!r}"
        assert redacted.partial == partial


@given(_failures)
def test_a_failure_that_quotes_no_server_is_not_changed(failure: CallFailure) -> None:
    assert isinstance(failure, ErrorResponse | Malformed) or redact_failure(failure, Secret("k")) is failure


@given(replies)
def test_a_truncated_stream_has_an_exception_of_its_own(reply: Reply) -> None:
    assert type(exception_for(Truncated(reply))) is TruncatedError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConfigurationError, ValueError),
        (RequestError, ValueError),
        (RequestTimeoutError, TimeoutError),
        (RequestTimeoutError, TransportError),
        (TruncatedError, ReplyError),
        (RateLimitError, ProviderError),
    ],
)
def test_an_exception_is_caught_as_the_builtin_exception_that_it_extends(
    error: type[Exception], kind: type[Exception]
) -> None:
    assert issubclass(error, kind)
    assert issubclass(error, CasualLLMError)
