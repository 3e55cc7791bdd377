"""The servers that are known, a row each, and how one is chosen: by its name, or by the host of a URL.

Facts are the vendors' own documentation unless a comment names another source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from returns.result import safe

from casual_llm.providers.openai_chat.dialect import Dialect

_ALL = re.compile(r".*", re.DOTALL)
_PENALTIES = ("frequency_penalty", "presence_penalty")
_SAMPLING = ("temperature", "top_p", *_PENALTIES)
# `Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40`
_SHORT = re.compile(r".{1,40}", re.DOTALL)
_TEXT_KEYS = frozenset({"reasoning", "reasoning_content"})


def _by(models: re.Pattern[str], *options: str) -> dict[str, re.Pattern[str]]:
    return dict.fromkeys(options, models)


# Reasoning models refuse sampling ("Reasoning models", Limitations); from 5.1 on they take it while they
# do not reason, and 5.6 refuses it again (reports of users). The chat models accept all of it.
_REASONING = re.compile(r"o\d(-.*)?|gpt-5(-mini|-nano|-pro|-codex)?(-\d{4}-\d\d-\d\d)?|gpt-5\.6.*")
# `Unsupported parameter: 'stop' is not supported with this model.` (reports of users).
_STOPLESS = re.compile(r"o[34](-.*)?|gpt-5(?!-chat)(\.[0-4])?(-.*)?")

# `Unrecognized request argument supplied: reasoning_effort`, of models that do not reason.
_NOT_REASONING = re.compile(r"(gpt-[34]|chatgpt-|gpt-5(\.\d)?-chat).*")
# `Unsupported parameter: 'parallel_tool_calls' is not supported with this model.`
_ONE_BY_ONE = re.compile(r"o\d(-.*)?")

OPENAI = Dialect(
    name="openai",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    hosts=(".api.openai.com",),  # regions: eu.api.openai.com
    token_key="max_completion_tokens",
    reasoning="effort",
    unsupported_by_model=_by(_ALL, "top_k")
    | _by(_REASONING, *_SAMPLING)
    | _by(_STOPLESS, "stop")
    | _by(_NOT_REASONING, "reasoning")
    | _by(_ONE_BY_ONE, "parallel_tool_calls"),
    # The schema of CreateChatCompletionRequest.
    ranges={"temperature": (0, 2), **dict.fromkeys(_PENALTIES, (-2, 2)), "seed": (-(2**63), 2**63 - 1)},
    max_stop_sequences=4,
    call_ids=_SHORT,
    # An audio answer is referred to by its id ("Audio", Multi-turn conversations).
    replayed_fields=frozenset({"audio"}),
)
AZURE = Dialect(
    name="azure",
    key_variable="AZURE_OPENAI_API_KEY",
    key_header="api-key",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
    token_key="max_completion_tokens",
    reasoning="effort",
    unsupported_by_model=OPENAI.unsupported_by_model,
    ranges=OPENAI.ranges,
    max_stop_sequences=OPENAI.max_stop_sequences,
    call_ids=_SHORT,
    files="none",
    replayed_fields=frozenset({"audio"}),
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
    reasoning="effort",
    base_url="https://api.groq.com/openai/v1",
    key_variable="GROQ_API_KEY",
    unsupported_by_model=_by(_ALL, "top_k", *_PENALTIES),
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
    unsupported_by_model=_by(_ALL, "top_k"),
    files="document_url",
    file_urls=True,
    refusal=False,
    replayed_fields=frozenset({"content"}),  # thinking stands among the parts of the content
)
DEEPSEEK = Dialect(
    name="deepseek",
    parallel_tool_calls=False,
    base_url="https://api.deepseek.com",
    key_variable="DEEPSEEK_API_KEY",
    unsupported_by_model=_by(_ALL, "top_k", "seed") | _by(re.compile("deepseek-reasoner"), *_SAMPLING),
    json_schema=False,
    strict=False,  # under the base URL /beta only
    files="none",
    audio=False,
    # Required of answers with tool calls, ignored in others ("Thinking Mode", Tool calls).
)
XAI = Dialect(
    name="xai",
    reasoning="effort",
    base_url="https://api.x.ai/v1",
    key_variable="XAI_API_KEY",
    unsupported_by_model=_by(_ALL, "top_k")
    | _by(re.compile(r"grok-(?!.*non-reasoning)(3-mini|4|code).*"), *_PENALTIES, "stop"),
    files="none",
    audio=False,
)
TOGETHER = Dialect(
    name="together",
    reasoning="effort",
    base_url="https://api.together.xyz/v1",
    key_variable="TOGETHER_API_KEY",
    hosts=("api.together.ai",),
    files="none",
    audio=False,
)
FIREWORKS = Dialect(
    name="fireworks",
    reasoning="effort",
    base_url="https://api.fireworks.ai/inference/v1",
    key_variable="FIREWORKS_API_KEY",
    files="none",
    audio=False,
)
CEREBRAS = Dialect(
    name="cerebras",
    reasoning="effort",
    base_url="https://api.cerebras.ai/v1",
    key_variable="CEREBRAS_API_KEY",
    token_key="max_completion_tokens",
    unsupported_by_model=_by(_ALL, "top_k", *_PENALTIES),
    files="none",
    audio=False,
    refusal=False,
    replayed_fields=frozenset(),
)
PERPLEXITY = Dialect(
    name="perplexity",
    parallel_tool_calls=False,
    reasoning="effort",
    base_url="https://api.perplexity.ai",
    key_variable="PERPLEXITY_API_KEY",
    json_mode=False,
    files="none",
    audio=False,
    refusal=False,
    replayed_fields=frozenset(),
)
GEMINI_COMPAT = Dialect(
    name="gemini-compat",
    parallel_tool_calls=False,
    reasoning="effort",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_variable="GEMINI_API_KEY",
    content_with_tool_calls="absent",
    # `Invalid JSON payload received. Unknown name "seed"`, and so for the others (reports of users).
    unsupported_by_model=_by(_ALL, "top_k", "seed", *_PENALTIES),
    files="none",
    replayed_fields=frozenset({"extra_content"}),  # thought signatures, on messages and on tool calls
)
VLLM = Dialect(
    name="vllm",
    base_url="http://localhost:8000/v1",
    reasoning="effort",
    files="none",
    replayed_fields=_TEXT_KEYS,
)
LLAMACPP = Dialect(
    name="llamacpp",
    aliases=("local",),
    base_url="http://localhost:8080/v1",
    named_tool_choice=False,  # it reads any object as `auto`
    files="none",
)
LMSTUDIO = Dialect(
    name="lmstudio",
    parallel_tool_calls=False,
    base_url="http://localhost:1234/v1",
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
    parallel_tool_calls=False,
    reasoning="effort",
    base_url="http://localhost:11434/v1",
    key_variable="OLLAMA_API_KEY",
    hosts=("ollama.com",),
    content_with_tool_calls="empty",
    unsupported_by_model=_by(_ALL, "top_k"),
    tool_choice=False,
    files="none",
    image_urls=False,  # "OpenAI compatibility", Supported features: base64 alone
    audio=False,
    replayed_fields=_TEXT_KEYS,
)
COMPATIBLE = Dialect(
    name="compatible",
    reasoning="effort",
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
