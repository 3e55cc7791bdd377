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
    ConfigurationError,
    ImageFetchError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ReplyError,
    RequestError,
    RequestTimeoutError,
    ServerError,
    StructuredOutputError,
    TransportError,
    TruncatedError,
)
from casual_llm.failures import ConfigProblems
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import (
    ChatOptions,
    JsonSchema,
    Layer,
    Reasoning,
    extra_of,
    layered,
    merge,
    resolve_for,
)
from casual_llm.options.explain import Explanation, Row, explain
from casual_llm.options.omit import OMIT, Omit, Replace
from casual_llm.options.paths import diff
from casual_llm.redaction import Secret
from casual_llm.reply import FinishReason, Reply, StreamChunk, ToolCallDelta
from casual_llm.tools import Tool, ToolParameter
from casual_llm.usage import Ledger, Usage, UsageParts
from casual_llm.validation import deprecated_names
from casual_llm.wire.collect import collect
from casual_llm.wire.media import add_base64_prefix, strip_base64_prefix
from casual_llm.wire.report import Change, Loss

if TYPE_CHECKING:
    from casual_llm.config.parse import parse_config
    from casual_llm.config.sections import config_schema
    from casual_llm.config.values import Config
    from casual_llm.shell.client import CodecClient, Plan
    from casual_llm.shell.clients import AnthropicClient, LocalClient, OllamaClient, OpenAIClient
    from casual_llm.shell.config_files import Models, load, load_config
    from casual_llm.shell.download import fetch_image_as_base64
    from casual_llm.shell.factories import create_client, create_model
    from casual_llm.shell.images import read_image
    from casual_llm.shell.model import Model
    from casual_llm.shell.protocols import LLMClient
    from casual_llm.structured import Partial, parse
    from casual_llm.translation import Translated, translate

__version__ = "0.1.0"

__all__ = [
    # talk: clients, models and what they answer
    "Model",
    "LLMClient",
    "CodecClient",
    "OpenAIClient",
    "AnthropicClient",
    "OllamaClient",
    "LocalClient",
    "create_client",
    "create_model",
    "Plan",
    "Reply",
    "StreamChunk",
    "ToolCallDelta",
    "FinishReason",
    "collect",
    "Usage",
    "UsageParts",
    "Ledger",
    "parse",
    "Partial",
    # messages, their parts, and tools
    "ChatMessage",
    "UserMessage",
    "AssistantMessage",
    "SystemMessage",
    "ToolResultMessage",
    "TextContent",
    "ImageContent",
    "AudioContent",
    "FileContent",
    "NativeContent",
    "AssistantToolCall",
    "AssistantToolCallFunction",
    "Tool",
    "ToolParameter",
    "read_image",
    "fetch_image_as_base64",
    "add_base64_prefix",
    "strip_base64_prefix",
    # options and how their layers merge
    "ChatOptions",
    "JsonSchema",
    "Reasoning",
    "Layer",
    "OMIT",
    "Omit",
    "Replace",
    "merge",
    "layered",
    "resolve_for",
    "extra_of",
    "diff",
    "explain",
    "Explanation",
    "Row",
    # configuration
    "ClientConfig",
    "ModelConfig",
    "Provider",
    "Timeout",
    "Secret",
    "Config",
    "ConfigProblems",
    "Models",
    "load",
    "load_config",
    "parse_config",
    "config_schema",
    # errors
    "CasualLLMError",
    "ConfigurationError",
    "RequestError",
    "ImageFetchError",
    "TransportError",
    "RequestTimeoutError",
    "ProviderError",
    "AuthenticationError",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "ReplyError",
    "TruncatedError",
    "StructuredOutputError",
    # wire: what a format cannot express, and translation between formats
    "Loss",
    "Change",
    "translate",
    "Translated",
    # about the package
    "__version__",
]

_ON_FIRST_USE = {
    "AnthropicClient": "shell.clients",
    "CodecClient": "shell.client",
    "Config": "config.values",
    "LLMClient": "shell.protocols",
    "LocalClient": "shell.clients",
    "Model": "shell.model",
    "Models": "shell.config_files",
    "OllamaClient": "shell.clients",
    "OpenAIClient": "shell.clients",
    "Partial": "structured",
    "config_schema": "config.sections",
    "create_client": "shell.factories",
    "create_model": "shell.factories",
    "fetch_image_as_base64": "shell.download",
    "load": "shell.config_files",
    "load_config": "shell.config_files",
    "parse": "structured",
    "parse_config": "config.parse",
    "Plan": "shell.client",
    "Translated": "translation",
    "read_image": "shell.images",
    "translate": "translation",
}


_deprecated = deprecated_names(
    __name__,
    {
        "ConfigError": "casual_llm.ConfigProblems",
        "Only": "casual_llm.Replace",
        "sent": "casual_llm.resolve_for",
    },
    stacklevel=3,
)


def __getattr__(name: str) -> object:
    if name not in _ON_FIRST_USE:
        return _deprecated(name)
    value: object = getattr(import_module(f"casual_llm.{_ON_FIRST_USE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
