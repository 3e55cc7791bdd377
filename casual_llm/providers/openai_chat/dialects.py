"""The servers that are known, a row each, and how one is chosen: by its name, or by the host of a URL.

Facts are the vendors' own documentation unless a comment names another source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import evolve
from returns.result import safe

from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.models import (
    ALL,
    GPT_OSS,
    LEVELS,
    OPENAI_EFFORTS,
    OPENAI_UNSUPPORTED,
    OPENAI_UNSUPPORTED_WHILE_REASONING,
    PENALTIES,
    SAMPLING,
    by_models,
)

# `Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40`
_SHORT = re.compile(r".{1,40}", re.DOTALL)
_TEXT_KEYS = frozenset({"reasoning", "reasoning_content"})

OPENAI = Dialect(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    hosts=(".api.openai.com",),  # regions: eu.api.openai.com
    token_key="max_completion_tokens",
    unsupported_by_model=OPENAI_UNSUPPORTED,
    unsupported_while_reasoning=OPENAI_UNSUPPORTED_WHILE_REASONING,
    efforts=OPENAI_EFFORTS,
    # The schema of CreateChatCompletionRequest.
    ranges={"temperature": (0, 2), **dict.fromkeys(PENALTIES, (-2, 2)), "seed": (-(2**63), 2**63 - 1)},
    max_stop_sequences=4,
    call_ids=_SHORT,
    # An audio answer is referred to by its id ("Audio", Multi-turn conversations).
    replayed_fields=frozenset({"audio"}),
)
AZURE = evolve(
    OPENAI,
    name="azure",
    base_url=None,
    key_variable="AZURE_OPENAI_API_KEY",
    key_header="api-key",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
    files="none",
)
OPENROUTER = Dialect(
    name="openrouter",
    reasoning="object",
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
    cache_control=True,
    file_urls=True,
    tool_media=True,
    # Signed and encrypted reasoning is in the details ("Reasoning Tokens", Preserving reasoning).
    replayed_fields=frozenset({"reasoning_details"}),
)
GROQ = Dialect(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    key_variable="GROQ_API_KEY",
    unsupported_by_model=by_models(ALL, "top_k", *PENALTIES),
    # `reasoning_effort` must be one of `none` or `default`
    efforts=(*GPT_OSS, (re.compile(r"qwen/.*"), ("none",))),
    files="none",
    audio=False,
    refusal=False,
    replayed_fields=frozenset(),  # of an assistant's message, no key that it does not document is taken
)
MISTRAL = Dialect(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    key_variable="MISTRAL_API_KEY",
    seed_key="random_seed",
    # `Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9.`
    call_ids=re.compile(r"[a-zA-Z0-9]{9}"),
    content_with_tool_calls="empty",
    # Every key that is not documented is refused (`extra_forbidden`); usage comes with each stream anyway.
    stream_options=False,
    unsupported_by_model=by_models(ALL, "top_k")
    | by_models(re.compile(r"(?!mistral-(small|medium)|magistral-small).+"), "reasoning"),
    # `reasoning_effort='medium' is not supported for this model. Must be one of ... 'none' ... 'high'`
    efforts=((ALL, ("none", "high")),),
    files="document_url",
    file_urls=True,
    refusal=False,
    replayed_fields=frozenset({"content"}),  # thinking stands among the parts of the content
)
DEEPSEEK = Dialect(
    name="deepseek",
    base_url="https://api.deepseek.com",
    key_variable="DEEPSEEK_API_KEY",
    unsupported_by_model=by_models(ALL, "top_k", "seed", "parallel_tool_calls")
    | by_models(re.compile("deepseek-reasoner"), *SAMPLING)
    | by_models(re.compile("deepseek-(chat|reasoner)"), "reasoning"),
    # "Thinking Mode": an effort turns it on, and sampling is then ignored.
    unsupported_while_reasoning=by_models(ALL, *SAMPLING),
    efforts=((ALL, ("high", "max")),),
    json_schema=False,
    strict=False,  # under the base URL /beta only
    files="none",
    audio=False,
    # Required of answers with tool calls, ignored in others ("Thinking Mode", Tool calls).
)
XAI = Dialect(
    name="xai",
    base_url="https://api.x.ai/v1",
    key_variable="XAI_API_KEY",
    unsupported_by_model=by_models(ALL, "top_k")
    | by_models(re.compile(r"grok-(?!.*non-reasoning)(3-mini|4|code).*"), *PENALTIES, "stop"),
    files="none",
    audio=False,
)
TOGETHER = Dialect(
    name="together",
    base_url="https://api.together.xyz/v1",
    key_variable="TOGETHER_API_KEY",
    hosts=("api.together.ai",),
    efforts=GPT_OSS,
    files="none",
    audio=False,
)
FIREWORKS = Dialect(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    key_variable="FIREWORKS_API_KEY",
    efforts=GPT_OSS,
    files="none",
    audio=False,
)
CEREBRAS = Dialect(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_variable="CEREBRAS_API_KEY",
    token_key="max_completion_tokens",
    unsupported_by_model=by_models(ALL, "top_k", *PENALTIES),
    efforts=GPT_OSS,
    files="none",
    audio=False,
    refusal=False,
    replayed_fields=frozenset(),
)
PERPLEXITY = Dialect(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    key_variable="PERPLEXITY_API_KEY",
    unsupported_by_model=by_models(ALL, "parallel_tool_calls"),
    efforts=((ALL, ("minimal", *LEVELS)),),
    json_mode=False,
    files="none",
    audio=False,
    refusal=False,
    replayed_fields=frozenset(),
)
GEMINI_COMPAT = Dialect(
    name="gemini-compat",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_variable="GEMINI_API_KEY",
    content_with_tool_calls="absent",
    # `Invalid JSON payload received. Unknown name "seed"`, and so for the others (reports of users).
    unsupported_by_model=by_models(ALL, "top_k", "seed", "parallel_tool_calls", *PENALTIES),
    # "OpenAI compatibility", Thinking: `none` is for models of 2.5 other than Pro.
    efforts=(
        (re.compile(r"gemini-(2\.5-pro|[3-9]).*"), ("minimal", *LEVELS)),
        (ALL, ("none", "minimal", *LEVELS)),
    ),
    files="none",
    replayed_fields=frozenset({"extra_content"}),  # thought signatures, on messages and on tool calls
)
VLLM = Dialect(
    name="vllm",
    base_url="http://localhost:8000/v1",
    files="none",
    replayed_fields=_TEXT_KEYS,
)
LLAMACPP = Dialect(
    name="llamacpp",
    aliases=("local",),
    base_url="http://localhost:8080/v1",
    unsupported_by_model=by_models(ALL, "reasoning"),
    named_tool_choice=False,  # it reads any object as `auto`
    files="none",
)
LMSTUDIO = Dialect(
    name="lmstudio",
    base_url="http://localhost:1234/v1",
    unsupported_by_model=by_models(ALL, "reasoning", "parallel_tool_calls"),
    # `'response_format.type' must be 'json_schema' or 'text'`
    # `Invalid tool_choice type: 'object'. Supported string values: none, auto, required`
    json_mode=False,
    named_tool_choice=False,
    files="none",
    audio=False,
    replayed_fields=_TEXT_KEYS,
)
OLLAMA_V1 = Dialect(
    name="ollama-v1",
    base_url="http://localhost:11434/v1",
    key_variable="OLLAMA_API_KEY",
    hosts=("ollama.com",),
    content_with_tool_calls="empty",
    unsupported_by_model=by_models(ALL, "top_k", "tool_choice", "parallel_tool_calls"),
    # `invalid reasoning value: ... (must be "high", "medium", "low", "max", or "none")`
    efforts=((ALL, ("none", *LEVELS, "max")),),
    files="none",
    image_urls=False,  # "OpenAI compatibility", Supported features: base64 alone
    audio=False,
    replayed_fields=_TEXT_KEYS,
)
COMPATIBLE = Dialect(
    name="compatible",
    # What an unknown server or gateway has sent of these, it understands.
    replayed_fields=frozenset({"reasoning_content", "reasoning_details", "extra_content"}),
)
"""All servers that have no row of their own."""

DIALECTS = (
    OPENAI,
    AZURE,
    OPENROUTER,
    GROQ,
    MISTRAL,
    DEEPSEEK,
    XAI,
    TOGETHER,
    FIREWORKS,
    CEREBRAS,
    PERPLEXITY,
    GEMINI_COMPAT,
    VLLM,
    LLAMACPP,
    LMSTUDIO,
    OLLAMA_V1,
    COMPATIBLE,
)

# The names without a suffix mean the vendors' own formats in `native`, so they are not aliases.
_BY_NAME: Mapping[str, Dialect] = {name: row for row in DIALECTS for name in (row.name, *row.aliases)} | {
    "gemini": GEMINI_COMPAT,
    "ollama": OLLAMA_V1,
}
_HOSTS = [(host, row) for row in DIALECTS for host in (urlsplit(row.base_url or "").hostname, *row.hosts)]
_LOCAL = "localhost"
"""A port reveals nothing about the server behind it."""


def dialect_named(name: str) -> Dialect | None:
    """Find a dialect by the name of its server.

    >>> dialect_named("OpenRouter").name
    'openrouter'
    >>> dialect_named("my-gateway") is None
    True
    """
    return _BY_NAME.get(name.lower().replace("_", "-"))


def dialect_of(base_url: str) -> Dialect:
    """Choose the dialect by the host of a base URL.

    >>> dialect_of("https://my-resource.openai.azure.com/openai/v1").name
    'azure'
    >>> dialect_of("http://localhost:8000/v1").name
    'compatible'
    """
    host = _host(base_url).value_or(None) or ""
    rows = (row for known, row in _HOSTS if known not in {None, _LOCAL} and _matches(host, known or ""))
    return next(rows, COMPATIBLE)


def _matches(host: str, known: str) -> bool:
    return host.endswith(known) if known.startswith(".") else host == known


@safe(exceptions=(ValueError,))
def _host(url: str) -> str | None:
    return urlsplit(url).hostname
