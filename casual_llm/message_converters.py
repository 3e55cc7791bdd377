"""Messages in the words of OpenAI, Anthropic and Ollama, without a client; the names callers import."""

from __future__ import annotations

from collections.abc import Sequence

from casual_llm.frozen import Json
from casual_llm.messages import AssistantToolCall, ChatMessage
from casual_llm.providers import anthropic, ollama, openai
from casual_llm.shell.fetch import fetch_image_as_base64
from casual_llm.wire.system import merge_system_messages
