"""Read error responses: their message, code and waiting time, in the forms that all formats share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from returns.result import safe

from casual_llm.failures import ErrorResponse
from casual_llm.frozen import Json
from casual_llm.wire.codec import Response
from casual_llm.wire.json import items, mapping, parse, text

_EXCERPT = 500
_STATUSES = {str(status): status for status in range(400, 600)}


def error_response(response: Response) -> ErrorResponse:
    """Read an error response with any body: nested, flat, a list, plain text or empty.

    >>> error_response(Response(status=429, headers={"Retry-After": "2"}, body=b'{"error": "Slow down."}'))
    ErrorResponse(status=429, message='Slow down.', code=None, retry_after=2.0, partial=None)
    """
    body = parse(response.body).value_or(None)
    message, code = error_message_and_code(body)
    excerpt = response.body.decode("utf-8", "replace").strip()[:_EXCERPT]
    return ErrorResponse(response.status, message or excerpt, code, _retry_after(response.headers))


def error_message_and_code(body: Json) -> tuple[str, str | None]:
    """Return the message and the code of an error body.

    >>> error_message_and_code({"error": {"message": "No such model.", "code": "model_not_found"}})
    ('No such model.', 'model_not_found')
    """
    outer = mapping(_first(body))
    error = _first(outer.get("error") or outer.get("errors"))
    inner = mapping(error) or outer
    message = text(error) or _message(inner)
    code = inner.get("code") or inner.get("type")
    return message, None if code is None or isinstance(code, Mapping | list) else str(code)


def error_object(body: Json) -> Mapping[str, Json]:
    """Read an object, also one inside a list if it holds an error, as Gemini sends it.

    >>> error_object([{"error": {"code": 429}}])
    {'error': {'code': 429}}
    >>> error_object([{"text": "Hi"}])
    {}
    """
    first = mapping(_first(body))
    return first if first is body or first.get("error") else {}


def status_in(code: str | None, status: int) -> int:
    """Return the HTTP status that a proxy put into an error's code, or else the given status.

    >>> status_in("429", 200), status_in("overloaded", 200)
    (429, 200)
    """
    return _STATUSES.get(code or "", status)


def _first(value: Json) -> Json:
    if not isinstance(value, list | tuple):
        return value
    return value[0] if value else None


def _message(error: Mapping[str, Json]) -> str:
    for key in ("message", "Message", "detail", "msg", "title"):
        value = error.get(key)
        message = text(value) or "; ".join(_message(mapping(item)) for item in items(value))
        if message:
            return message
    return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    return seconds if seconds is not None else _seconds_until(value, headers.get("date", ""))


def _number(value: str) -> float | None:
    number = float(value) if value.isascii() and value.replace(".", "", 1).isdigit() else math.inf
    return number if math.isfinite(number) else None


def _seconds_until(moment: str, now: str) -> float | None:
    # Measured with the provider's own clock, so that none of ours is needed.
    wait = _date(moment).bind(lambda then: _date(now).map(lambda start: (then - start).total_seconds()))
    seconds = wait.value_or(None)
    return None if seconds is None else max(seconds, 0.0)


@safe(exceptions=(ValueError, TypeError))
def _date(value: str) -> datetime:
    moment = parsedate_to_datetime(value)
    # A date without a zone, or with the zone -0000, is in UTC; two dates with and without do not subtract.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
