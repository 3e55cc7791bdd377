"""Configuration as values: how to reach a provider, and files of clients, presets and models."""

from __future__ import annotations

from casual_llm.config.connection import (
    ClientConfig,
    ModelConfig,
    Provider,
    address_of,
    key_variables,
    resolve_api_key,
)
from casual_llm.config.timeout import Timeout
from casual_llm.options import ChatOptions
from casual_llm.redaction import redact

__all__ = [
    "ChatOptions",
    "ClientConfig",
    "ModelConfig",
    "Provider",
    "Timeout",
    "address_of",
    "key_variables",
    "redact",
    "resolve_api_key",
]
