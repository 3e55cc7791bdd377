"""Error responses, with an error status or a success status, and when to try again."""

from __future__ import annotations

import json

import pytest

from casual_llm.errors import (
    AuthenticationError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ServerError,
    exception_for,
)
from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.providers.openai_chat import codec
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.wire.codec import Response

decode = codec(OPENAI).decode


def refused(status: int, body: bytes, **headers: str) -> ErrorResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    failure = decode(Response(status=status, headers=named, body=body)).failure()
    assert isinstance(failure, ErrorResponse)
    return failure


BODIES = {
    "nested, as documented": (
        {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": "bad_key"}},
        "No.",
        "bad_key",
    ),
    "code is null": ({"error": {"message": "No.", "type": "tokens", "code": None}}, "No.", "tokens"),
    "code is a number": ({"error": {"message": "No.", "code": 404}}, "No.", "404"),
    "code is an object": ({"error": {"message": "No.", "code": {"a": 1}}}, "No.", None),
    "no code": ({"error": {"message": "No."}}, "No.", None),
    "error is a text": ({"error": "No."}, "No.", None),
    "error is a text, with a code next to it": ({"error": "No.", "type": "overloaded"}, "No.", "overloaded"),
    "flat": ({"message": "No.", "code": "bad_key"}, "No.", "bad_key"),
    "detail": ({"detail": "No."}, "No.", None),
    "a list of details": (
        {"detail": [{"loc": ["body"], "msg": "field required"}, {"msg": "no such field"}]},
        "field required; no such field",
        None,
    ),
    "title": ({"title": "No.", "status": 404}, "No.", None),
    "a list with one error": ([{"error": {"message": "No.", "code": 400}}], "No.", "400"),
    "a list of errors": ({"errors": [{"message": "No.", "code": 7003}]}, "No.", "7003"),
    "an error that is a list": ({"error": [{"message": "No."}]}, "No.", None),
    "in capitals": ({"Message": "No."}, "No.", None),
    "an empty message before a detail": ({"error": {"message": "", "detail": "No."}}, "No.", None),
}


@pytest.mark.parametrize("status", [401, 404, 429, 500])
@pytest.mark.parametrize(("body", "message", "code"), BODIES.values(), ids=BODIES.keys())
def test_error_bodies_of_all_shapes_are_read(
    status: int, body: object, message: str, code: str | None
) -> None:
    failure = refused(status, json.dumps(body).encode())
    assert failure == ErrorResponse(status, message, code)


@pytest.mark.parametrize("status", [401, 404, 429, 500])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b" \n", ""),
        (b"upstream connect error", "upstream connect error"),
        (b"<html><h1>502 Bad Gateway</h1></html>\n", "<html><h1>502 Bad Gateway</h1></html>"),
        (b'{"error": {"message": "N', '{"error": {"message": "N'),
        (b'{"error": {}}', '{"error": {}}'),
        (b'{"error": {"message": 5}}', '{"error": {"message": 5}}'),
        (b'{"issues": [{"code": 7003}]}', '{"issues": [{"code": 7003}]}'),
        (b"[]", "[]"),
        (b"null", "null"),
        (b"\xff", "\ufffd"),
    ],
)
def test_an_unknown_error_body_is_shown_as_it_is(status: int, body: bytes, message: str) -> None:
    assert refused(status, body) == ErrorResponse(status, message)


def test_a_long_error_page_is_truncated() -> None:
    assert refused(502, b"<p>" + b"x" * 100_000).message == "<p>" + "x" * 497


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (400, ProviderError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (429, RateLimitError),
        (500, ServerError),
        (529, ServerError),
        (302, ProviderError),
        (100, ProviderError),
    ],
)
def test_a_status_becomes_its_exception(status: int, exception: type[ProviderError]) -> None:
    raised = exception_for(refused(status, b'{"error": {"message": "No.", "code": "x"}}', retry_after="3"))
    assert type(raised) is exception
    assert isinstance(raised, ProviderError)
    assert (raised.status, raised.code, raised.retry_after) == (status, "x", 3.0)
    assert f"{status}: No." in str(raised)


NOW = "Wed, 21 Oct 2026 07:28:00 GMT"
WAITS = {
    "no header": ({}, None),
    "seconds": ({"retry_after": "20"}, 20.0),
    "no seconds": ({"retry_after": "0"}, 0.0),
    "parts of a second": ({"retry_after": "0.25"}, 0.25),
    "milliseconds": ({"retry_after_ms": "1500"}, 1.5),
    "milliseconds are more exact than seconds": ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
    "milliseconds that are no number": ({"retry_after_ms": "soon", "retry_after": "2"}, 2.0),
    "a date, by the server's own clock": (
        {"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": NOW},
        30.0,
    ),
    "a date in another zone": ({"retry_after": "Wed, 21 Oct 2026 09:28:30 +0200", "date": NOW}, 30.0),
    "a date without a zone": ({"retry_after": "Wed, 21 Oct 2026 07:28:30", "date": NOW}, 30.0),
    "a date in the zone -0000": ({"retry_after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": NOW}, 30.0),
    "a date that is over": ({"retry_after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": NOW}, 0.0),
    "a date without a clock": ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    "a date and a broken clock": ({"retry_after": NOW, "date": "today"}, None),
    "a negative number": ({"retry_after": "-5"}, None),
    "a word": ({"retry_after": "later", "date": NOW}, None),
    "an empty text": ({"retry_after": "", "retry_after_ms": ""}, None),
    "foreign digits": ({"retry_after": "²"}, None),
    "no finite number": ({"retry_after": "9" * 400}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_the_time_to_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert refused(429, b"", **headers).retry_after == seconds


ERRORS_IN_200 = {
    "nested": ({"error": {"message": "No.", "code": "filtered"}}, ErrorResponse(200, "No.", "filtered")),
    "a status written as text": (
        {"error": {"message": "No.", "code": "429"}},
        ErrorResponse(429, "No.", "429"),
    ),
    "a text": ({"error": "No."}, ErrorResponse(200, "No.")),
    "next to choices": (
        {"error": {"message": "No."}, "choices": [{"message": {}}]},
        ErrorResponse(200, "No."),
    ),
    "inside the choice": (
        {"choices": [{"error": {"message": "No.", "code": 502}}]},
        ErrorResponse(502, "No.", "502"),
    ),
    "with a status": ({"error": {"message": "No.", "code": 429}}, ErrorResponse(429, "No.", "429")),
    "with a code that is no status": (
        {"error": {"message": "No.", "code": 7}},
        ErrorResponse(200, "No.", "7"),
    ),
    "without a message": ({"error": {"code": "overloaded"}}, ErrorResponse(200, "", "overloaded")),
    "in a list": ([{"error": {"message": "No.", "code": 429}}], ErrorResponse(429, "No.", "429")),
    "named by its object": (
        {"object": "error", "message": "No.", "code": 400},
        ErrorResponse(400, "No.", "400"),
    ),
    "named by its type": ({"type": "error", "message": "No."}, ErrorResponse(200, "No.", "error")),
    "a bare message": (
        {"code": "InvalidParameter", "message": "No."},
        ErrorResponse(200, "No.", "InvalidParameter"),
    ),
    "a bare detail": ({"detail": "No."}, ErrorResponse(200, "No.")),
    "under x_groq": (
        {"choices": [], "x_groq": {"error": "over_capacity"}},
        ErrorResponse(200, "over_capacity"),
    ),
}


@pytest.mark.parametrize(("body", "failure"), ERRORS_IN_200.values(), ids=ERRORS_IN_200.keys())
def test_an_error_inside_a_success_is_an_error(body: object, failure: ErrorResponse) -> None:
    assert decode(Response(status=200, body=json.dumps(body).encode())).failure() == failure


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, {"message": "", "type": "", "code": None}])
def test_an_empty_error_is_not_an_error(nothing: object) -> None:
    body = {
        "error": nothing,
        "choices": [{"error": None if nothing else nothing, "message": {"content": "a"}}],
    }
    assert decode(Response(status=200, body=json.dumps(body).encode())).unwrap().message.content == "a"


def test_an_empty_body_with_a_success_status_is_not_a_reply() -> None:
    assert isinstance(decode(Response(status=204, body=b"")).failure(), Malformed)
