"""How the vendor says no, with an error status, with a status of success, and inside a stream."""

from __future__ import annotations

import json

import pytest
from support.corpus import streamed

from casual_llm.errors import (
    AuthenticationError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ServerError,
    exception_for,
)
from casual_llm.failures import ErrorResponse
from casual_llm.messages import AssistantMessage
from casual_llm.providers.anthropic import codec
from casual_llm.reply import Reply
from casual_llm.wire.codec import Response

KINDS: dict[str, tuple[int, type[ProviderError]]] = {
    "invalid_request_error": (400, ProviderError),
    "authentication_error": (401, AuthenticationError),
    "billing_error": (402, ProviderError),
    "permission_error": (403, AuthenticationError),
    "not_found_error": (404, NotFoundError),
    "request_too_large": (413, ProviderError),
    "rate_limit_error": (429, RateLimitError),
    "api_error": (500, ServerError),
    "timeout_error": (504, ServerError),
    "overloaded_error": (529, ServerError),
    "new_error": (200, ProviderError),
}


def error(kind: str) -> bytes:
    body = {"type": "error", "error": {"type": kind, "message": "No."}, "request_id": "req_1"}
    return json.dumps(body).encode()


def refused(body: bytes, status: int = 200, **headers: str) -> object:
    return codec().decode(Response(status=status, headers=headers, body=body)).failure()


@pytest.mark.parametrize(("kind", "status", "raised"), [(kind, *it) for kind, it in KINDS.items()])
def test_an_error_that_comes_with_success_has_the_status_of_its_kind(
    kind: str, status: int, raised: type[ProviderError]
) -> None:
    failure = ErrorResponse(status, "No.", kind)
    assert refused(error(kind)) == failure
    assert type(exception_for(failure)) is raised


def test_the_status_that_was_sent_is_the_status() -> None:
    failure = codec().decode(Response(status=503, headers={"retry-after": "7"}, body=error("api_error")))
    assert failure.failure() == ErrorResponse(503, "No.", "api_error", retry_after=7.0)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"error": "No."}', "No.", None),
        (b'{"type": "error", "message": "No."}', "No.", "error"),
        (b'{"type": "error"}', "", "error"),
    ],
)
def test_an_error_of_another_form_is_one_too(body: bytes, message: str, code: str | None) -> None:
    assert refused(body) == ErrorResponse(200, message, code)


HEAD = b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": '
BEFORE = HEAD + b'{"type": "text_delta", "text": "a"}}\n\n'


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        (b"event: error\ndata: " + error("overloaded_error"), ErrorResponse(529, "No.", "overloaded_error")),
        (b"data: " + error("api_error"), ErrorResponse(500, "No.", "api_error")),
        (b'event: error\ndata: {"message": "No."}', ErrorResponse(200, "No.")),
        (b"event: error\ndata: Overloaded", ErrorResponse(200, "Overloaded")),
        (
            b'data: {"error": {"message": "No.", "type": "rate_limit_error"}}',
            ErrorResponse(429, "No.", "rate_limit_error"),
        ),
    ],
)
def test_an_error_in_a_stream_carries_what_came_before(event: bytes, failure: ErrorResponse) -> None:
    found = streamed(codec(), [BEFORE, event + b"\n\n", BEFORE]).failure()
    assert isinstance(found, ErrorResponse)
    assert (found.status, found.message) == (failure.status, failure.message)
    assert found.partial == Reply(message=AssistantMessage(content="a"))
