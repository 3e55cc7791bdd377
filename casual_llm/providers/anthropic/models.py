"""What models can do, told from the version in their names; a name without one is taken to know all.

Names differ by place (`claude-opus-4-7`, `claude-3-5-sonnet-20240620`, `claude-sonnet-4@20250514`,
`us.anthropic.claude-opus-4-6-v1`), and new families come, so the version decides and not the family.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Version: TypeAlias = tuple[int, int]

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")

FIXED_SAMPLING: Version = (4, 7)
"""From here on temperature, top_p and top_k are refused (vendor's page "What's new in Claude Opus 4.7",
"Sampling parameters removed"; recorded refusals name Opus 4.8 and the models of version 5 too)."""

STRUCTURED_ANSWERS: Version = (4, 5)
"""From here on answers can be held to a schema (vendor's page "Structured outputs", which lists the
models of version 4.5 and later)."""


def version_of(model: str) -> Version | None:
    """Read the version out of a model's name.

    >>> version_of("claude-sonnet-4-20250514"), version_of("us.anthropic.claude-opus-4-7-v1")
    ((4, 0), (4, 7))
    >>> version_of("my-model") is None
    True
    """
    found = _VERSION.search(model)
    return None if found is None else (int(found[1]), int(found[2] or 0))


def takes_sampling(model: str) -> bool:
    """Tell whether a model takes temperature, top_p and top_k.

    >>> takes_sampling("claude-opus-4-6"), takes_sampling("claude-opus-4-7")
    (True, False)
    """
    version = version_of(model)
    return version is None or version < FIXED_SAMPLING


def takes_schemas(model: str) -> bool:
    """Tell whether a model's answers can be held to a schema.

    >>> takes_schemas("claude-haiku-4-5"), takes_schemas("claude-3-haiku-20240307")
    (True, False)
    """
    version = version_of(model)
    return version is None or version >= STRUCTURED_ANSWERS
