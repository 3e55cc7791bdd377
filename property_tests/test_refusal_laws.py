"""Whatever a server answers instead of a reply, it is read as a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given, strategies as st
from strategies import json_values, said_texts, texts
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


def _told(headers: dict[str, str]) -> float | None:
    return error_response(Response(status=429, headers=headers, body=b"")).retry_after


@given(st.integers(300, 599), st.binary() | odd_bodies, _any_headers)
@example(429, b"", {"retry-after": _NAIVE, "date": _AWARE})
@example(429, b"", {"retry-after": _AWARE, "date": _NAIVE})
@example(429, b"", {"retry-after": "Wed, 21 Oct 2015 07:28:00 +9999999999", "date": _AWARE})
@example(429, b"", {"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT", "date": _AWARE})
@example(500, b'{"error": {"code": ' + b"9" * 4000 + b"}}", {})
def test_any_answer_is_read_as_a_refusal_of_its_status(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    assert error_response(Response(status=status, headers=headers, body=body)).status == status


@given(json_values)
@example([])
@example({"error": [1]})
@example({"error": {"code": [1], "type": {}}})
def test_any_json_is_explained_by_a_text_and_perhaps_a_code(body: Json) -> None:
    message, code = error_message_and_code(body)
    assert (type(message), type(code)) in {(str, str), (str, type(None))}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda said: {"error": {"message": said, "code": 400}},
        lambda said: {"error": said},
        lambda said: {"detail": said},
        lambda said: {"detail": [{"loc": ["body"], "msg": said}]},
        lambda said: {"message": said, "code": None},
        lambda said: {"title": said},
        lambda said: [{"error": {"message": said}}],
        lambda said: {"errors": [{"message": said}]},
        lambda said: {"Message": said},
        lambda said: {"error": {"detail": [{"msg": said}]}},
    ],
)
@given(said=said_texts)
def test_what_the_server_said_is_found_in_any_body(wrap: Callable[[str], Json], said: str) -> None:
    assert error_response(Response(status=400, body=dump(wrap(said)))).message == said


@given(st.text("abc <>/\u2028é", max_size=20))
def test_a_body_that_is_no_json_is_the_message(body: str) -> None:
    assert error_response(Response(status=502, body=body.encode())).message == body.strip()


@given(said_texts)
def test_a_long_page_is_cut_to_an_excerpt(word: str) -> None:
    page = f"<html>{word}" * 1000
    assert len(error_response(Response(status=502, body=page.encode())).message) <= 500


@given(st.text(min_size=1, max_size=5) | st.integers(1, 999))
def test_the_code_is_kept_as_text_whatever_it_is_called(code: str | int) -> None:
    assert (
        error_message_and_code({"error": {"code": code}})
        == error_message_and_code({"error": {"type": code}})
        == ("", str(code))
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_milliseconds_come_before_seconds(seconds: int, milliseconds: int) -> None:
    headers = {"Retry-After": str(seconds), "Retry-After-Ms": str(milliseconds)}
    assert _told(headers) == milliseconds / 1000


@given(st.integers(0, 10**6) | st.floats(0.001, 10**6).map(lambda wait: round(wait, 3)))
def test_seconds_are_taken_as_they_are(seconds: float) -> None:
    assert _told({"retry-after": str(seconds)}) == seconds


@given(_moments, st.integers(-(10**6), 10**6))
def test_a_date_is_measured_on_the_servers_own_clock(now: datetime, wait: int) -> None:
    then = format_datetime(now + timedelta(seconds=wait))
    assert _told({"retry-after": then, "date": format_datetime(now)}) == max(wait, 0)


@given(_any_headers)
@example({"retry-after": "9" * 400})
@example({"retry-after-ms": "9" * 400})
def test_a_wait_is_unknown_or_finite_and_never_negative(headers: dict[str, str]) -> None:
    wait = _told(headers)
    assert wait is None or 0 <= wait < float("inf")


@given(json_values)
def test_a_refusal_is_read_the_same_each_time(body: Json) -> None:
    response = Response(status=400, body=json.dumps(body).encode())
    assert error_response(response) == error_response(response)
