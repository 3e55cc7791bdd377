"""Messages: the four roles, the tool calls of an assistant, and the parts that content is made of.

A conversation is a list of `ChatMessage`; every message survives a round trip through JSON.
"""

from casual_llm.messages.content import (
    AudioContent,
    CacheControl,
    ContentPart,
    FileContent,
    ImageContent,
    Native,
    NativeContent,
    Source,
    TextContent,
    is_reference,
    is_url,
)
from casual_llm.messages.roles import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    Message,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)

__all__ = [
    "AssistantMessage",
    "AssistantToolCall",
    "AssistantToolCallFunction",
    "AudioContent",
    "CacheControl",
    "ChatMessage",
    "ContentPart",
    "FileContent",
    "ImageContent",
    "Message",
    "Native",
    "NativeContent",
    "Source",
    "SystemMessage",
    "TextContent",
    "ToolResultMessage",
    "UserMessage",
    "is_reference",
    "is_url",
]
