from __future__ import annotations

import subprocess
import sys

import pytest

import casual_llm

PUBLIC = """
Model LLMClient CodecClient OpenAIClient AnthropicClient OllamaClient LocalClient create_client
create_model Plan Reply StreamChunk ToolCallDelta FinishReason collect Usage UsageParts Ledger parse Partial
ChatMessage UserMessage AssistantMessage SystemMessage ToolResultMessage TextContent ImageContent
AudioContent FileContent NativeContent AssistantToolCall AssistantToolCallFunction Tool ToolParameter
read_image fetch_image_as_base64 add_base64_prefix strip_base64_prefix
ChatOptions JsonSchema Reasoning Layer OMIT Omit Replace merge layered resolve_for extra_of diff explain
Explanation Row
ClientConfig ModelConfig Provider Timeout Secret Config ConfigProblems Models load load_config parse_config
config_schema
CasualLLMError ConfigurationError RequestError ImageFetchError TransportError RequestTimeoutError
ProviderError AuthenticationError NotFoundError RateLimitError ServerError ReplyError TruncatedError
StructuredOutputError
Loss Change translate Translated
__version__
"""


def test_the_public_names_are_these() -> None:
    assert casual_llm.__all__ == PUBLIC.split()
    assert dir(casual_llm) == sorted(casual_llm.__all__)


@pytest.mark.parametrize("name", PUBLIC.split())
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(casual_llm, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'casual_llm' has no attribute 'OpenAlClient'"):
        casual_llm.OpenAlClient  # noqa: B018 # the access is the test


def test_the_import_loads_neither_an_http_library_nor_the_command() -> None:
    script = "import sys, casual_llm; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 # our own script
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    libraries = {"httpx", "httpcore", "httpx2", "httpcore2"}
    assert loaded & {*libraries, "typer", "click", "rich", "prompt_toolkit", "asyncio"} == set()
    assert "casual_llm.shell" not in run.stdout.split()


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("casual_llm.messages", "UserMessage AssistantMessage SystemMessage ToolResultMessage ChatMessage"),
        ("casual_llm.config", "ChatOptions ClientConfig ModelConfig Provider"),
        ("casual_llm.usage", "Usage"),
        ("casual_llm.tools", "Tool ToolParameter"),
        (
            "casual_llm.message_converters",
            (
                "convert_messages_to_openai convert_messages_to_anthropic convert_messages_to_ollama "
                "convert_tool_calls_from_openai convert_tool_calls_from_anthropic "
                "convert_tool_calls_from_ollama "
                "extract_system_messages merge_system_messages strip_base64_prefix add_base64_prefix"
            ),
        ),
        (
            "casual_llm.tool_converters",
            (
                "tool_to_openai tools_to_openai tool_to_anthropic tools_to_anthropic tool_to_ollama "
                "tools_to_ollama"
            ),
        ),
    ],
)
def test_names_are_importable_where_callers_import_them(module: str, names: str) -> None:
    loaded = __import__(module, fromlist=names.split())
    assert [name for name in names.split() if not hasattr(loaded, name)] == []
