"""Reasoning and parallel tool calls are sent as each server and model supports them, or reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from casual_llm import ChatOptions, Tool, UserMessage
from casual_llm.formats import FORMATS
from casual_llm.laws.strategies import reasoning
from casual_llm.wire.codec import Call, Encoded, Request

_MODELS = ["m", "gpt-5.1", "gpt-4.1", "o3", "claude-3-5-sonnet", "claude-sonnet-4-5", "claude-opus-4-6"]
models = st.sampled_from([*_MODELS, "claude-opus-4-7"])
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


@pytest.mark.parametrize("name", FORMATS)
@given(models, reasoning, limits)
@example("claude-sonnet-4-5", {"budget_tokens": 9}, 1024)
@example("claude-sonnet-4-5", {"effort": "max", "show": True, "between_tools": True}, 2000)
@example("claude-opus-4-7", {"between_tools": True, "effort": "minimal", "show": False}, None)
@example("claude-opus-4-7", {"budget_tokens": 2000, "show": True}, None)
@example("claude-3-5-sonnet", "low", None)
@example("m", {"between_tools": False}, None)
def test_reasoning_reads_back_or_is_reported(name: str, model: str, asked: Any, limit: int | None) -> None:  # noqa: ANN401
    encoded = _encoded(name, model, reasoning=asked, max_tokens=limit)
    read = FORMATS[name].read(encoded.request).unwrap().options.reasoning
    assert _reported(encoded, "reasoning") or read == ChatOptions(reasoning=asked).reasoning


@pytest.mark.parametrize("name", FORMATS)
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


@given(reasoning, st.integers(1, 100_000))
def test_the_reasoning_budget_stays_below_max_tokens(asked: Any, limit: int) -> None:  # noqa: ANN401 # any shorthand
    body = json.loads(
        _encoded("anthropic", "claude-sonnet-4-5", reasoning=asked, max_tokens=limit).request.body
    )
    assert body.get("thinking", {}).get("budget_tokens", 0) < limit
