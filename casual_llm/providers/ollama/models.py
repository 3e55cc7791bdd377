"""Resolve which options a model supports."""

from __future__ import annotations

from casual_llm.wire.capabilities import Capabilities

_EVERYTHING = Capabilities()


def capabilities(_: str) -> Capabilities:
    """Return what a model takes: a server has all options for all of its models.

    >>> capabilities("llama3.2").unsupported
    ()

    What no model takes, a choice among the tools, is reported where the tools are listed.
    """
    return _EVERYTHING
