"""Resolve what models support by the version in their names; a name without one supports everything.

Names differ by platform (`claude-opus-4-7`, `claude-3-5-sonnet-20240620`, `claude-sonnet-4@20250514`,
`us.anthropic.claude-opus-4-6-v1`), and new families come, so the version decides and not the family.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from casual_llm.wire.capabilities import Capabilities

Version: TypeAlias = tuple[int, int]

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_UNSUPPORTED = frozenset({"frequency_penalty", "presence_penalty", "seed"})

FIXED_SAMPLING: Version = (4, 7)
"""From here on temperature, top_p and top_k are refused (vendor's page "What's new in Claude Opus 4.7",
"Sampling parameters removed"; recorded refusals name Opus 4.8 and the models of version 5 too)."""

STRUCTURED_ANSWERS: Version = (4, 5)
"""From here on answers can be held to a schema (vendor's page "Structured outputs", which lists the
models of version 4.5 and later)."""

EXTENDED_THINKING: Version = (3, 7)
"""From here on models think by a budget of tokens (vendor's page "Extended thinking")."""

ADAPTIVE_THINKING: Version = (4, 6)
"""From here on models think by an effort; later ones refuse budgets (vendor's page "Adaptive thinking")."""


def version_of(model: str) -> Version | None:
    """Read the version out of a model's name.

    >>> version_of("claude-sonnet-4-20250514"), version_of("us.anthropic.claude-opus-4-7-v1")
    ((4, 0), (4, 7))
    >>> version_of("my-model") is None
    True
    """
    match = _VERSION.search(model)
    return None if match is None else (int(match[1]), int(match[2] or 0))


def capabilities(model: str) -> Capabilities:
    """Return what a model takes.

    >>> sorted(capabilities("claude-opus-4-6").unsupported)
    ['frequency_penalty', 'presence_penalty', 'seed']
    >>> capabilities("claude-opus-4-7").unsupported >= {"temperature", "top_p", "top_k"}
    True
    >>> capabilities("claude-haiku-4-5").schemas, capabilities("claude-3-haiku-20240307").schemas
    (True, False)
    """
    version = version_of(model)
    fixed_sampling = version is not None and version >= FIXED_SAMPLING
    return Capabilities(
        unsupported=_UNSUPPORTED | ({"temperature", "top_p", "top_k"} if fixed_sampling else set()),
        ranges={"temperature": (0, 1)},
        reasoning_effort=version is None or version >= ADAPTIVE_THINKING,
        reasoning_budget=version is None or EXTENDED_THINKING <= version <= ADAPTIVE_THINKING,
        schemas=version is None or version >= STRUCTURED_ANSWERS,
    )
