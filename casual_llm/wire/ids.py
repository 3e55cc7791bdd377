"""Make ids of tool calls valid for a provider, so that a conversation can go on with another one.

An id that does not fit is replaced by a digest of that id alone: a call and its result, which are
written apart from each other, still agree, and what was written of a conversation stays as it is.
"""

from __future__ import annotations

import re
from hashlib import sha256

LONGEST = 40
"""Digits: enough that no two ids share a digest, and the most that OpenAI accepts."""


def valid_tool_call_id(identity: str, pattern: re.Pattern[str]) -> str:
    """Return an id as it is, if it matches the pattern; else the longest digest of it that does.

    >>> valid_tool_call_id("call_1", re.compile("[a-zA-Z0-9_-]+"))
    'call_1'
    >>> valid_tool_call_id("call_1", re.compile("[a-zA-Z0-9]{9}"))
    '74196fe72'
    """
    if pattern.fullmatch(identity):
        return identity
    digest = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    cuts = (digest[:length] for length in range(LONGEST, 0, -1))
    return next(filter(pattern.fullmatch, cuts), identity)
