"""Resolve what models support by the version in their names; a name without one supports everything.

Names differ by platform (`claude-opus-4-7`, `claude-3-5-sonnet-20240620`, `claude-sonnet-4@20250514`,
`us.anthropic.claude-opus-4-6-v1`), and new families come, so the version decides and not the family.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeAlias

from casual_llm.wire.capabilities import Capabilities

Version: TypeAlias = tuple[int, int]

_VERSION = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_NEWEST: Version = (99, 99)
"""Stands for an unknown version."""
_UNSUPPORTED = frozenset({"frequency_penalty", "presence_penalty", "seed"})
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})

EXTENDED_THINKING: Version = (3, 7)
"""From here on models think by a budget of tokens (vendor's page "Extended thinking")."""

ONE_SAMPLER: Version = (4, 1)
"""From here on temperature and top_p exclude each other (refusals: "cannot both be specified")."""

STRUCTURED_ANSWERS: Version = (4, 5)
"""From here on answers can be held to a schema (vendor's page "Structured outputs", which lists the
models of version 4.5 and later)."""

ADAPTIVE_THINKING: Version = (4, 6)
"""From here on models think by an effort; later ones refuse budgets (vendor's page "Adaptive thinking").
The effort `xhigh` is newer (a recorded refusal of Opus 4.6 names all others)."""

FIXED_SAMPLING: Version = (4, 7)
"""From here on temperature, top_p and top_k are refused (vendor's page "What's new in Claude Opus 4.7",
"Sampling parameters removed"; recorded refusals name Opus 4.8 and the models of version 5 too)."""

ALWAYS_THINKING: Mapping[str, Version] = {"fable": (5, 0), "mythos": (5, 0), "opus": (5, 5)}
"""From here on a family always thinks (vendor's pages "Thinking", "What's new in Claude Opus 5.5")."""

UNFORCED_CALLS: Mapping[str, Version] = {"fable": (5, 1), "mythos": (5, 1), "opus": (5, 5), "sonnet": (5, 5)}
"""From here on a family refuses to be forced to call a tool (vendor's pages "What's new in …")."""

BETWEEN_TOOLS: Mapping[str, Version] = {"sonnet": (5, 5)}
"""From here on a family thinks at least between calls of tools ("What's new in Claude Sonnet 5.5")."""


def version_of(model: str) -> Version | None:
    """Read the version out of a model's name.

    >>> version_of("claude-sonnet-4-20250514"), version_of("us.anthropic.claude-opus-4-7-v1")
    ((4, 0), (4, 7))
    >>> version_of("my-model") is None
    True
    """
    match = _VERSION.search(model)
    return None if match is None else (int(match[2]), int(match[3] or 0))


def thinking_off(model: str) -> tuple[str, ...]:
    """Return the types of `thinking` that turn it off, the usual one first.

    >>> thinking_off("claude-sonnet-5"), thinking_off("claude-sonnet-5-5")
    (('disabled',), ('between_tools',))
    """
    if version_of(model) is None:
        return "disabled", "between_tools"
    return ("between_tools",) if _is_from(BETWEEN_TOOLS, model) else ("disabled",)


def capabilities(model: str) -> Capabilities:
    """Return what a model takes.

    >>> sorted(capabilities("claude-opus-4-6").unsupported)
    ['frequency_penalty', 'presence_penalty', 'seed']
    >>> capabilities("claude-opus-4-7").unsupported >= {"temperature", "top_p", "top_k"}
    True
    >>> capabilities("claude-haiku-4-5").schemas, capabilities("claude-3-haiku-20240307").schemas
    (True, False)
    """
    version = version_of(model) or _NEWEST
    is_known = version != _NEWEST
    return Capabilities(
        unsupported=_UNSUPPORTED | (_SAMPLING if is_known and version >= FIXED_SAMPLING else set()),
        ranges={"temperature": (0, 1)},
        # "Thinking", Feature compatibility; refusals: "`temperature` may only be set to 1 when thinking is
        # enabled or in adaptive mode".
        unsupported_while_reasoning={"top_k"},
        ranges_while_reasoning={"temperature": (1, 1), "top_p": (0.95, 1)},
        alternatives=("temperature", "top_p") if is_known and version >= ONE_SAMPLER else (),
        forced_calls=not _is_from(UNFORCED_CALLS, model),
        efforts=_efforts(model, version),
        budgets=not is_known or EXTENDED_THINKING <= version <= ADAPTIVE_THINKING,
        schemas=version >= STRUCTURED_ANSWERS,
    )


def _efforts(model: str, version: Version) -> Collection[str]:
    if version < EXTENDED_THINKING:
        return ()
    off = () if _is_from(ALWAYS_THINKING, model) else ("none",)
    if version < ADAPTIVE_THINKING:
        return off
    return (*off, *_EFFORTS) if version > ADAPTIVE_THINKING else (*off, *_EFFORTS - {"xhigh"})


def _is_from(versions: Mapping[str, Version], model: str) -> bool:
    """Return whether the family of a model is one of these, and its version this or a later one."""
    match, version = _VERSION.search(model), version_of(model)
    first = versions.get(match[1] or "") if match else None
    return first is not None and version is not None and version >= first
