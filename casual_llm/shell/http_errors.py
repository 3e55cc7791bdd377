"""Translate exceptions of the HTTP library into ours.

They are recognised by name, because httpx and httpx2 share the names and a caller's client may be of either.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from casual_llm.config import Timeout
from casual_llm.errors import ConfigurationError, RequestTimeoutError, TransportError

_ENDED = re.compile(r"disconnected|closed connection|StreamReset|ConnectionTerminated")


def translate_exception(error: Exception, url: str, limits: Timeout) -> Exception:
    """Return our exception for one of the library's; any other comes back unchanged."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ProtocolError" in names and not _ENDED.search(str(error)):
        # Its text, and so its traceback, quotes what the server sent, which may quote the key.
        return TransportError(f"{_origin(url)} did not answer in HTTP; check base_url")
    translated = _by_name(names, str(error) or type(error).__name__, _origin(url), limits)
    if translated is None:
        return error
    translated.__cause__ = without_frames(error)
    return translated


def without_frames(error: Exception) -> Exception:
    """Remove the tracebacks of an exception and its causes: local variables of the library hold the key."""
    causes: list[BaseException | None] = [error]
    while causes:
        cause = causes.pop()
        if cause is not None and cause.__traceback__ is not None:
            cause.__traceback__ = None
            causes += [cause.__cause__, cause.__context__]
    return error


def _by_name(names: set[str], reason: str, origin: str, limits: Timeout) -> Exception | None:
    if "TimeoutException" in names:
        problem = f"{origin} took longer than allowed ({reason})"
        return RequestTimeoutError(f"{problem}; use a longer timeout (now {limits})")
    if "ConnectError" in names:
        return TransportError(
            f"cannot reach {origin}: {reason}; check base_url and that the server is running"
        )
    if names & {"InvalidURL", "UnsupportedProtocol"}:
        return ConfigurationError(f"base_url: {origin!r} cannot be used ({reason}); use http:// or https://")
    if names & {"HTTPError", "StreamError"}:
        return TransportError(f"the connection to {origin} broke: {reason}; try again")
    return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
