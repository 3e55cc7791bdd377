"""Reasoning and parallel tool calls are sent as each server and model supports them, or reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from strategies import FOR_EACH_FORMAT
from support.corpus import problems

from casual_llm import ChatOptions, Tool, UserMessage
from casual_llm.formats import FORMATS
from casual_llm.laws.strategies import reasoning
from casual_llm.wire.capabilities import EFFORTS
from casual_llm.wire.codec import Call, Encoded, Request

# The efforts that a model knows, by its format and name, from its vendor's pages and refusals.
_LEVELS = {"low", "medium", "high"}
_ADAPTIVE = {*_LEVELS, "xhigh", "max"}
KNOWN: dict[tuple[str, str], set[str]] = {
    ("openai", "gpt-4.1"): set(),
    ("openai", "o3"): _LEVELS,
    ("openai", "gpt-5-mini"): {*_LEVELS, "minimal"},
    ("openai", "gpt-5.1"): {*_LEVELS, "none"},
    ("azure", "gpt-5.2"): {*_LEVELS, "none", "xhigh"},
    ("azure", "gpt-5.6-luna"): {*_ADAPTIVE, "none"},
    ("groq", "openai/gpt-oss-120b"): _LEVELS,
    ("groq", "qwen/qwen3-32b"): {"none"},
    ("cerebras", "gpt-oss-120b"): _LEVELS,
    ("mistral", "mistral-small-latest"): {"none", "high"},
    ("mistral", "mistral-large-latest"): set(),
    ("deepseek", "deepseek-v4-pro"): {"high", "max"},
    ("deepseek", "deepseek-reasoner"): set(),
    ("perplexity", "sonar-deep-research"): {*_LEVELS, "minimal"},
    ("gemini-compat", "gemini-3-pro"): {*_LEVELS, "minimal"},
    ("gemini-compat", "gemini-2.5-flash"): {*_LEVELS, "minimal", "none"},
    ("ollama-v1", "qwen3"): {*_LEVELS, "max", "none"},
    ("llamacpp", "m"): set(),
    ("lmstudio", "m"): set(),
    ("ollama", "qwen3"): {*_LEVELS, "max", "none"},
    ("anthropic", "claude-3-5-sonnet"): set(),
    ("anthropic", "claude-sonnet-4-5"): {"none"},
    ("anthropic", "claude-opus-4-6"): {*_LEVELS, "max", "none"},
    ("anthropic", "claude-opus-4-7"): {*_ADAPTIVE, "none"},
    ("anthropic", "claude-sonnet-5"): {*_ADAPTIVE, "none"},
    ("anthropic", "claude-sonnet-5-5"): {*_ADAPTIVE, "none"},
    ("anthropic", "claude-opus-5-5"): _ADAPTIVE,
    ("anthropic", "claude-fable-5-1"): _ADAPTIVE,
}
_FREE = ("openai", "azure", "openrouter", "compatible", "vllm", "xai", "together", "fireworks", "cerebras")
"""Formats that send an unknown model what the caller wrote."""
models = st.sampled_from(["m", *sorted({model for _, model in KNOWN})])
choices = st.none() | st.sampled_from(["auto", "none", "required", "now"])
limits = st.none() | st.integers(1, 50_000)
_KEYS = ("thinking", "output_config", "reasoning", "reasoning_effort", "think")
_values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(0, 2000) | st.sampled_from(["low", "x"])
)
_objects = st.dictionaries(
    st.sampled_from(["type", "effort", "budget_tokens", "max_tokens", "exclude", "display", "x"]),
    _values | st.sampled_from(["adaptive", "enabled", "disabled", "between_tools", "summarized", "omitted"]),
)


def _encoded(name: str, model: str, **options: Any) -> Encoded:  # noqa: ANN401 # of any option
    call = Call(model=model, messages=[UserMessage(content="Hi")], options=ChatOptions(**options))
    return FORMATS[name].encode(call).unwrap()


def _reported(encoded: Encoded, option: str) -> bool:
    reports = [*(loss.path for loss in encoded.losses), *(change.path for change in encoded.changes)]
    return any(path.startswith(f"options.{option}") for path in reports)


def _effort(body: dict[str, Any]) -> object:
    """Return the effort that a body asks for."""
    if body.get("thinking", {}).get("type") in {"disabled", "between_tools"} or body.get("think") is False:
        return "none"
    nested = body.get("reasoning") or body.get("output_config") or {}
    return body.get("reasoning_effort") or body.get("think") or nested.get("effort")


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(("name", "model"), KNOWN)
def test_an_effort_is_sent_only_to_models_that_know_it(name: str, model: str, effort: str) -> None:
    encoded = _encoded(name, model, reasoning=effort)
    sent = _effort(json.loads(encoded.request.body))
    assert sent in {*KNOWN[name, model], None}
    assert (sent == effort) == (effort in KNOWN[name, model])
    assert sent == effort or _reported(encoded, "reasoning")


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", _FREE)
def test_an_unknown_model_is_sent_the_effort_that_was_asked_for(name: str, effort: str) -> None:
    encoded = _encoded(name, "my-model", reasoning=effort)
    assert (_effort(json.loads(encoded.request.body)), encoded.losses, encoded.changes) == (effort, (), ())


_SCHEMAS = {
    "anthropic": ("anthropic-sdk.MessageCreateParams", "anthropic.CreateMessageParams"),
    "ollama": ("ollama.ChatRequest",),
}


@pytest.mark.parametrize("name", FORMATS)
@FOR_EACH_FORMAT
@given(models, reasoning, limits, choices, st.none() | st.floats(0, 2), st.none() | st.integers(1, 9))
@example("claude-sonnet-4-5", {"budget_tokens": 9}, None, None, None, None)
@example("claude-opus-4-6", "xhigh", None, "required", 0.2, 5)
@example("m", "minimal", None, None, None, None)
@example("claude-sonnet-5-5", "none", None, None, None, None)
def test_a_request_for_reasoning_follows_the_schema_of_its_vendor(  # noqa: PLR0913, PLR0917
    name: str,
    model: str,
    asked: Any,  # noqa: ANN401 # any shorthand
    limit: int | None,
    choice: str | None,
    temperature: float | None,
    top_k: int | None,
) -> None:
    options = {"max_tokens": limit, "tool_choice": choice, "temperature": temperature, "top_k": top_k}
    body = json.loads(
        _encoded(name, model, reasoning=asked, tools=[Tool(name="now")], **options).request.body
    )
    newest, *published = _SCHEMAS.get(name, ("openai.CreateChatCompletionRequest",))
    # The published schema of Anthropic is older than `between_tools`.
    is_new = body.get("thinking") == {"type": "between_tools"}
    for schema in [newest] if is_new else [newest, *published]:
        assert problems(schema, body) == []


@given(models, reasoning, limits, choices, st.none() | st.floats(0, 2), st.none() | st.floats(0, 1))
@example("claude-sonnet-4-5", "low", None, "required", 0.2, 0.5)
@example("claude-opus-4-6", "low", None, "now", 0.2, 0.5)
@example("claude-opus-4-6", {"budget_tokens": 2000}, None, "now", None, None)
def test_anthropic_is_sent_nothing_that_excludes_thinking(  # noqa: PLR0913, PLR0917
    model: str,
    asked: Any,  # noqa: ANN401 # any shorthand
    limit: int | None,
    choice: str | None,
    temperature: float | None,
    top_p: float | None,
) -> None:
    options = {"max_tokens": limit, "tool_choice": choice, "temperature": temperature, "top_p": top_p}
    encoded = _encoded("anthropic", model, reasoning=asked, tools=[Tool(name="now")], top_k=5, **options)
    body = json.loads(encoded.request.body)
    kind = body.get("thinking", {}).get("type")
    if kind in {"enabled", "adaptive"}:
        assert "top_k" not in body
        assert body.get("temperature", 1) == 1
        assert 0.95 <= body.get("top_p", 1) <= 1
    assert kind != "enabled" or body.get("tool_choice", {}).get("type") in {None, "auto", "none"}
    for name in ("temperature", "top_p", "tool_choice"):
        assert name in body or options[name] is None or _reported(encoded, name)


@pytest.mark.parametrize("name", FORMATS)
@FOR_EACH_FORMAT
@given(models, reasoning, limits)
@example("claude-sonnet-4-5", {"budget_tokens": 9}, 1024)
@example("claude-sonnet-4-5", {"effort": "max", "show": True, "between_tools": True}, 2000)
@example("claude-opus-4-7", {"between_tools": True, "effort": "minimal", "show": False}, None)
@example("claude-opus-4-7", {"budget_tokens": 2000, "show": True}, None)
@example("claude-3-5-sonnet", "low", None)
@example("claude-sonnet-4-5", {"show": True}, None)
@example("m", {"between_tools": False}, None)
def test_reasoning_reads_back_or_is_reported(name: str, model: str, asked: Any, limit: int | None) -> None:  # noqa: ANN401
    encoded = _encoded(name, model, reasoning=asked, max_tokens=limit)
    read = FORMATS[name].read(encoded.request).unwrap().options.reasoning
    assert _reported(encoded, "reasoning") or read == ChatOptions(reasoning=asked).reasoning


@pytest.mark.parametrize("name", FORMATS)
@FOR_EACH_FORMAT
@given(models, st.booleans(), choices)
def test_the_parallel_tool_calls_option_reads_back_or_is_reported(
    name: str, model: str, parallel: object, choice: str | None
) -> None:
    encoded = _encoded(
        name, model, tools=[Tool(name="now")], parallel_tool_calls=parallel, tool_choice=choice
    )
    read = FORMATS[name].read(encoded.request).unwrap().options.parallel_tool_calls
    assert _reported(encoded, "parallel_tool_calls") or read == parallel


@pytest.mark.parametrize("name", ["openai", "openrouter", "anthropic", "ollama"])
@given(st.dictionaries(st.sampled_from(_KEYS), _values | _objects, min_size=1))
@example({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}})
@example({"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}})
@example({"thinking": {"type": "disabled"}, "output_config": {"x": 1}})
@example({"thinking": {"type": "between_tools"}})
@example({"reasoning": {"max_tokens": 9, "exclude": True}})
def test_a_request_for_reasoning_is_written_back_unchanged(name: str, body: dict[str, Any]) -> None:
    request = {"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "Hi"}], **body}
    call = FORMATS[name].read(Request(url="", body=json.dumps(request).encode())).unwrap()
    again = json.loads(FORMATS[name].encode(call).unwrap().request.body)
    assert {key: again.get(key) for key in body} == body


@given(models, reasoning, st.none() | st.integers(1, 100_000))
@example("claude-sonnet-4-5", {"budget_tokens": 99_999}, None)
def test_the_reasoning_budget_stays_below_max_tokens(model: str, asked: Any, limit: int | None) -> None:  # noqa: ANN401
    body = json.loads(_encoded("anthropic", model, reasoning=asked, max_tokens=limit).request.body)
    assert body.get("thinking", {}).get("budget_tokens", 0) < body["max_tokens"]
    assert limit in {None, body["max_tokens"]}
