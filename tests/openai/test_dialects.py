"""The table of servers: how a row is chosen, and that each difference in it shows on the wire."""

from __future__ import annotations

import pytest

from casual_llm.providers.openai import (
    AZURE,
    COMPATIBLE,
    DEEPSEEK,
    DIALECTS,
    GEMINI_COMPAT,
    GROQ,
    LLAMACPP,
    LMSTUDIO,
    MISTRAL,
    OLLAMA_V1,
    OPENAI,
    OPENROUTER,
    TOGETHER,
    VLLM,
    XAI,
    Dialect,
    dialect_named,
    dialect_of,
)


@pytest.mark.parametrize(
    ("base_url", "dialect"),
    [
        ("https://api.openai.com/v1", OPENAI),
        ("https://API.OpenAI.com:443/v1/", OPENAI),
        ("https://api.openai.com.example.com/v1", COMPATIBLE),
        ("https://openrouter.ai/api/v1", OPENROUTER),
        ("https://api.groq.com/openai/v1", GROQ),
        ("https://api.mistral.ai/v1", MISTRAL),
        ("https://api.deepseek.com/beta", DEEPSEEK),
        ("https://api.x.ai/v1", XAI),
        ("https://api.together.xyz/v1", TOGETHER),
        ("https://api.together.ai/v1", TOGETHER),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", GEMINI_COMPAT),
        ("https://my-resource.openai.azure.com/openai/v1", AZURE),
        ("https://my.services.ai.azure.com/models", AZURE),
        ("https://openai.azure.com.example.com/", COMPATIBLE),
        ("https://ollama.com/v1", OLLAMA_V1),
        ("http://localhost:8000", COMPATIBLE),
        ("http://localhost:11434/v1", COMPATIBLE),
        ("http://127.0.0.1:1234/v1", COMPATIBLE),
        ("localhost", COMPATIBLE),
        ("", COMPATIBLE),
        ("http://[::1", COMPATIBLE),
    ],
)
def test_the_host_of_the_base_url_chooses_the_dialect(base_url: str, dialect: Dialect) -> None:
    assert dialect_of(base_url) is dialect


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_dialect_is_found_by_its_name(dialect: Dialect) -> None:
    assert dialect_named(dialect.name) is dialect
    assert dialect_named(dialect.name.upper().replace("-", "_")) is dialect


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("local", LLAMACPP),
        ("gemini", GEMINI_COMPAT),
        ("Ollama", OLLAMA_V1),
        ("vllm", VLLM),
        ("lmstudio", LMSTUDIO),
        ("my-gateway", None),
        ("", None),
    ],
)
def test_some_names_are_also_called_otherwise(name: str, dialect: Dialect | None) -> None:
    assert dialect_named(name) is dialect


def test_no_two_dialects_share_a_name() -> None:
    names = [name for dialect in DIALECTS for name in (dialect.name, *dialect.aliases)]
    assert sorted(set(names)) == sorted(names)
    assert not {"anthropic", "gemini", "ollama", "responses"} & set(names)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_server_on_the_net_has_an_address_and_a_variable_for_its_key(dialect: Dialect) -> None:
    local = (dialect.base_url or "").startswith("http://localhost") or dialect is COMPATIBLE
    assert local or dialect.key_variable
    assert local or dialect.base_url or dialect.hosts
