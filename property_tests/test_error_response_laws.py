"""Whatever a server answers instead of a reply, it is read as an error response."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given, strategies as st
from strategies import json_values, non_empty_texts, texts
from wire_strategies import odd_bodies

from casual_llm.frozen import Json
from casual_llm.wire.codec import Response
from casual_llm.wire.error_bodies import error_message_and_code, error_response
from casual_llm.wire.json import dump

_moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 # set below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
_any_headers = st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), texts, max_size=3)
_NAIVE = "Wed, 21 Oct 2015 07:28:00 -0000"
_AWARE = "Wed, 21 Oct 2015 07:28:00 GMT"


def _retry_after(headers: dict[str, str]) -> float | None:
    return error_response(Response(status=429, headers=headers, body=b"")).retry_after


@given(st.integers(300, 599), st.binary() | odd_bodies, _any_headers)
@example(429, b"", {"retry-after": _NAIVE, "date": _AWARE})
@example(429, b"", {"retry-after": _AWARE, "date": _NAIVE})
@example(429, b"", {"retry-after": "Wed, 21 Oct 2015 07:28:00 +9999999999", "date": _AWARE})
@example(429, b"", {"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT", "date": _AWARE})
@example(500, b'{"error": {"code": ' + b"9" * 4000 + b"}}", {})
def test_any_answer_is_read_as_an_error_response_of_its_status(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    assert error_response(Response(status=status, headers=headers, body=body)).status == status


@given(json_values)
@example([])
@example({"error": [1]})
@example({"error": {"code": [1], "type": {}}})
def test_any_json_has_a_message_and_perhaps_a_code(body: Json) -> None:
    message, code = error_message_and_code(body)
    assert (type(message), type(code)) in {(str, str), (str, type(None))}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda message: {"error": {"message": message, "code": 400}},
        lambda message: {"error": message},
        lambda message: {"detail": message},
        lambda message: {"detail": [{"loc": ["body"], "msg": message}]},
        lambda message: {"message": message, "code": None},
        lambda message: {"title": message},
        lambda message: [{"error": {"message": message}}],
        lambda message: {"errors": [{"message": message}]},
        lambda message: {"Message": message},
        lambda message: {"error": {"detail": [{"msg": message}]}},
    ],
)
@given(message=non_empty_texts)
def test_the_message_of_the_server_is_found_in_any_body(wrap: Callable[[str], Json], message: str) -> None:
    assert error_response(Response(status=400, body=dump(wrap(message)))).message == message


@given(st.text("abc <>/\u2028é", max_size=20))
def test_a_body_that_is_not_json_is_the_message(body: str) -> None:
    assert error_response(Response(status=502, body=body.encode())).message == body.strip()


@given(non_empty_texts)
def test_a_long_page_is_truncated_to_an_excerpt(word: str) -> None:
    page = f"<html>{word}" * 1000
    assert len(error_response(Response(status=502, body=page.encode())).message) <= 500


@given(st.text(min_size=1, max_size=5) | st.integers(1, 999))
def test_the_code_is_text_whatever_its_key(code: str | int) -> None:
    assert (
        error_message_and_code({"error": {"code": code}})
        == error_message_and_code({"error": {"type": code}})
        == ("", str(code))
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_wait_in_milliseconds_comes_before_one_in_seconds(seconds: int, milliseconds: int) -> None:
    headers = {"Retry-After": str(seconds), "Retry-After-Ms": str(milliseconds)}
    assert _retry_after(headers) == milliseconds / 1000


@given(st.integers(0, 10**6) | st.floats(0.001, 10**6).map(lambda wait: round(wait, 3)))
def test_a_wait_in_seconds_is_unchanged(seconds: float) -> None:
    assert _retry_after({"retry-after": str(seconds)}) == seconds


@given(_moments, st.integers(-(10**6), 10**6))
def test_a_date_is_measured_on_the_clock_of_the_server(now: datetime, wait: int) -> None:
    then = format_datetime(now + timedelta(seconds=wait))
    assert _retry_after({"retry-after": then, "date": format_datetime(now)}) == max(wait, 0)


@given(_any_headers)
@example({"retry-after": "9" * 400})
@example({"retry-after-ms": "9" * 400})
def test_a_wait_is_unknown_or_finite_and_never_negative(headers: dict[str, str]) -> None:
    wait = _retry_after(headers)
    assert wait is None or 0 <= wait < float("inf")


@given(json_values)
def test_an_error_response_is_read_the_same_each_time(body: Json) -> None:
    response = Response(status=400, body=json.dumps(body).encode())
    assert error_response(response) == error_response(response)
