"""Resolve which options a model supports."""

from __future__ import annotations

from casual_llm.wire.capabilities import Capabilities

_SERVER = Capabilities(
    unsupported=("parallel_tool_calls", "reasoning.between_tools"),
    efforts=("none", "low", "medium", "high", "max"),  # docs/openapi.yaml, ChatRequest.think
)


def capabilities(_: str) -> Capabilities:
    """Return what a model takes: a server has all options for all of its models.

    >>> capabilities("llama3.2").efforts
    ('none', 'low', 'medium', 'high', 'max')

    What no model takes, a choice among the tools, is reported where the tools are listed.
    """
    return _SERVER
