"""An LLM client whose core is values and pure functions.

    >>> from casual_llm import ChatOptions
    >>> ChatOptions(temperature=0.7, max_tokens=1000) | ChatOptions(temperature=0.95)
    ChatOptions(max_tokens=1000, temperature=0.95)

Values are there at once; the names that pull in httpx load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from casual_llm.config import ClientConfig, ModelConfig, Provider, Timeout
from casual_llm.errors import (
    AuthenticationError,
    CasualLLMError,
    ConfigError,
    ConfigurationError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ReplyError,
    RequestError,
    RequestTimeoutError,
    ServerError,
    TransportError,
    TruncatedError,
)
from casual_llm.explain import Explanation, Row, explain
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.omit import OMIT, Omit, Only
from casual_llm.options import ChatOptions, JsonSchema, Layer, extra_of, layered, merge, sent
from casual_llm.places import diff
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.tools import Tool, ToolParameter
from casual_llm.usage import Ledger, Usage

if TYPE_CHECKING:
    from casual_llm.settings.parse import Config, parse_config
    from casual_llm.settings.sections import config_schema
    from casual_llm.shell.client import CodecClient, LLMClient
    from casual_llm.shell.clients import LocalClient, OpenAIClient, create_client, create_model
    from casual_llm.shell.files import Models, load, load_config
    from casual_llm.shell.images import read_image
    from casual_llm.shell.model import Model

__version__ = "0.1.0"

__all__ = [
    "OMIT",
    "AssistantMessage",
    "AssistantToolCall",
    "AssistantToolCallFunction",
    "AuthenticationError",
    "CasualLLMError",
    "ChatMessage",
    "ChatOptions",
    "ClientConfig",
    "CodecClient",
    "Config",
    "ConfigError",
    "ConfigurationError",
    "Explanation",
    "ImageContent",
    "JsonSchema",
    "LLMClient",
    "Layer",
    "Ledger",
    "LocalClient",
    "Model",
    "ModelConfig",
    "Models",
    "NotFoundError",
    "Omit",
    "Only",
    "OpenAIClient",
    "Provider",
    "ProviderError",
    "RateLimitError",
    "Reply",
    "ReplyError",
    "RequestError",
    "RequestTimeoutError",
    "Row",
    "ServerError",
    "StreamChunk",
    "SystemMessage",
    "TextContent",
    "Timeout",
    "Tool",
    "ToolCallDelta",
    "ToolParameter",
    "ToolResultMessage",
    "TransportError",
    "TruncatedError",
    "Usage",
    "UserMessage",
    "__version__",
    "config_schema",
    "create_client",
    "create_model",
    "diff",
    "explain",
    "extra_of",
    "layered",
    "load",
    "load_config",
    "merge",
    "parse_config",
    "read_image",
    "sent",
]

_ON_FIRST_USE = {
    "CodecClient": "shell.client",
    "Config": "settings.parse",
    "LLMClient": "shell.client",
    "LocalClient": "shell.clients",
    "Model": "shell.model",
    "Models": "shell.files",
    "OpenAIClient": "shell.clients",
    "config_schema": "settings.sections",
    "create_client": "shell.clients",
    "create_model": "shell.clients",
    "load": "shell.files",
    "load_config": "shell.files",
    "parse_config": "settings.parse",
    "read_image": "shell.images",
}


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module 'casual_llm' has no attribute {name!r}")
    value: object = getattr(import_module(f"casual_llm.{_ON_FIRST_USE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
