"""Calls and replies to try a wire format with: legal values, constructed; nothing here filters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from casual_llm.laws.conversations import (
    ELSEWHERE,
    FEATURE_SETS,
    FEATURES,
    Features,
    Given,
    Names,
    conversations,
    further_keys,
    joined,
    json_values,
    marks,
    messages,
    natives,
    nonempty_texts,
    numbers,
    odd_arguments,
    only,
    plain_arguments,
    plain_texts,
    texts,
    words,
)
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    SystemMessage,
    UserMessage,
)
from casual_llm.options import FIELDS, ChatOptions, JsonSchema, Layer
from casual_llm.options.omit import OMIT
from casual_llm.options.reasoning import ReasoningEffort
from casual_llm.reply import FinishReason, Reply
from casual_llm.tools import Tool, ToolParameter
from casual_llm.usage import Usage
from casual_llm.wire.codec import Call


class Person(BaseModel):
    """Someone, as a structured answer."""

    name: str
    age: int = 0


_parameters = st.builds(
    ToolParameter, type=st.sampled_from(["string", "integer"]), description=st.none() | texts
)
_schemas: SearchStrategy[Any] = st.dictionaries(texts.map("x-".__add__), json_values, max_size=1) | st.just(
    {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
)
_at_least_none = st.floats(min_value=0, max_value=1e9) | st.integers(0, 2**31)
_efforts = st.sampled_from(get_args(ReasoningEffort))
reasoning: SearchStrategy[Any] = _efforts | st.fixed_dictionaries(
    {}, optional={"show": st.booleans(), "between_tools": st.booleans()}
).flatmap(
    lambda fields: (
        st.builds(lambda effort: {"effort": effort, **fields}, _efforts)
        | st.builds(lambda budget: {"budget_tokens": budget, **fields}, st.integers(1, 2**31))
    )
)
_SCALARS: Given = {
    "max_tokens": st.integers(1, 2**31),
    "temperature": _at_least_none,
    "top_p": st.floats(0, 1) | st.integers(0, 1),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "seed": st.integers(-(2**53), 2**53),
    "top_k": st.integers(0, 2**31),
    "stop": texts | st.lists(texts, max_size=2),
    "parallel_tool_calls": st.booleans(),
    "reasoning": reasoning,
}
_json_or_omit: SearchStrategy[Any] = json_values | st.just(OMIT)
_FORMATS = st.sampled_from(["json", "text"]) | st.builds(
    JsonSchema, name=words, schema=_schemas, strict=st.none() | st.booleans()
)


@cache
def _tools(names: Names, features: Features) -> SearchStrategy[list[Tool]]:
    tool = st.builds(
        Tool,
        name=words.map("f".__add__),  # no tool is called like one of the modes of `tool_choice`
        description=st.none() | texts,
        parameters=st.dictionaries(texts, _parameters, max_size=2),
        required=st.lists(texts, max_size=1),
        keywords=st.dictionaries(texts.map("x-".__add__), json_values, max_size=1),
        strict=only(features, "marks", st.booleans()),
        cache_control=only(features, "marks", marks),
        native=natives(names, features),
    )
    return st.lists(tool, max_size=2, unique_by=lambda made: made.name)


_dice, _coin = st.integers(0, 3), st.booleans()


@st.composite
def options(draw: st.DrawFn, names: Names, features: Features) -> Layer:
    """Draw options of which a few are set, some of them to `OMIT`."""
    structured: Given = {
        "response_format": _FORMATS,
        "extra": further_keys | st.dictionaries(texts.map("x-".__add__), _json_or_omit, max_size=2),
        "provider_options": st.dictionaries(
            st.sampled_from([*names, ELSEWHERE]), further_keys | st.just(OMIT), max_size=2
        ),
        "tools": _tools(names, features),
    }
    known = {**_SCALARS, **structured}
    # One in four is set, and one in eight of those to `OMIT`.
    chosen = [name for name in known if not draw(_dice)]
    values = {name: draw(known[name]) if draw(_dice) or draw(_coin) else OMIT for name in chosen}
    offered = values.get("tools", OMIT)
    choices = ["auto", "none", "required", *(tool.name for tool in ([] if offered is OMIT else offered))]
    choice = st.none() if offered is OMIT else st.none() | st.sampled_from(choices)
    return ChatOptions(**values, tool_choice=draw(choice))


@cache
def _calls(names: Names, features: Features) -> SearchStrategy[Call]:
    return st.builds(
        Call,
        model=nonempty_texts,
        messages=conversations(names, features),
        options=options(names, features),
        stream=st.booleans(),
    )


def calls(names: Names) -> SearchStrategy[Call]:
    """Draw calls of which most formats can express most."""
    return st.sampled_from(FEATURE_SETS).flatmap(lambda features: _calls(names, features))


def instructed_calls(names: Names) -> SearchStrategy[Call]:
    """Draw calls with several system messages with content, in front and in between."""
    systems = st.lists(st.builds(SystemMessage, content=plain_texts), min_size=2, max_size=3)
    return st.builds(
        lambda call, systems: evolve(call, messages=[systems[0], *call.messages, *systems[1:]]),
        calls(names),
        systems,
    )


@cache
def any_calls(names: Names) -> SearchStrategy[Call]:
    """Draw calls of which many cannot be expressed at all."""
    feature = frozenset(FEATURES)
    more = st.builds(
        ChatOptions,
        system_message_handling=st.none() | st.sampled_from(["keep", "merge"]),
        strict=st.none() | st.booleans(),
        response_format=st.none() | st.just(Person),
    )
    return st.builds(
        Call,
        model=texts,
        messages=messages(names) | conversations(names, feature),
        options=st.builds(lambda below, above: below | above, options(names, feature), more),
        stream=st.booleans(),
    )


def _plain_calls() -> SearchStrategy[Call]:
    user, answer = (
        st.builds(UserMessage, content=plain_texts),
        st.builds(AssistantMessage, content=plain_texts),
    )
    before = st.lists(st.tuples(user, answer), max_size=2).map(joined)
    system = st.lists(st.builds(SystemMessage, content=plain_texts), max_size=1)
    turns = st.builds(lambda first, middle, last: [*first, *middle, last], system, before, user)
    return st.builds(Call, model=plain_texts, messages=turns, stream=st.booleans())


plain_calls = _plain_calls()
"""Calls in which user and assistant alternate, after at most one system message."""
plain_options = st.fixed_dictionaries({}, optional=_SCALARS).map(lambda values: ChatOptions(**values))
"""Options of plain values, none of which holds a null."""
_NOTHINGS: list[Any] = [0, 0.0, "", [], {}, False, None]
_NOT_NUMBERS = {"max_tokens", "stop", "parallel_tool_calls", "reasoning"}
_EMPTY: list[dict[str, Any]] = [
    *({name: 0} for name in _SCALARS if name not in _NOT_NUMBERS),
    {"parallel_tool_calls": False},
    *({"temperature": 0.0}, {"top_p": 0.0}, {"stop": ""}, {"stop": []}, {"stop": [""]}, {"tools": []}),
    *({"extra": {"x-": empty}} for empty in _NOTHINGS),
]
empty_options = st.sampled_from(_EMPTY).map(lambda values: ChatOptions(**values))
"""Options of which one is set, to a value that is easily taken for none."""
option_names = st.lists(st.sampled_from([*FIELDS]), min_size=1, max_size=3, unique=True)


# What is answered.


def _usage(
    prompt: int | None, completion: int | None, cached: int | None, reasoning: int | None, written: int | None
) -> Usage | None:
    cached = _part(cached, prompt)
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        reasoning_tokens=_part(reasoning, completion),
        cache_write_tokens=_part(written, prompt and prompt - (cached or 0)),
    )
    return None if usage == Usage() else usage


def _part(figure: int | None, whole: int | None) -> int | None:
    """Return a part of a figure: unknown where the whole is unknown, and never more than the whole."""
    return None if whole is None or figure is None else min(figure, whole)


_figures = st.none() | st.integers(0, 2**31)
_ENDS: Sequence[FinishReason | None] = (None, "stop", "length", "content_filter", "error", "pause")
_AFTER_CALLS: Sequence[FinishReason | None] = (None, "tool_calls", "length")


@st.composite
def _replies(draw: st.DrawFn, arguments: SearchStrategy[str]) -> Reply:
    function = st.builds(AssistantToolCallFunction, name=words, arguments=arguments)
    call = st.builds(AssistantToolCall, id=nonempty_texts, function=function)
    calls = draw(st.none() | st.lists(call, min_size=1, max_size=2, unique_by=lambda made: made.id))
    refusal = draw(st.none() | st.none() | nonempty_texts)
    return Reply(
        message=AssistantMessage(
            content=draw(st.none() | nonempty_texts if calls or refusal else texts),
            tool_calls=calls,
            refusal=refusal,
        ),
        usage=draw(st.builds(_usage, *[_figures] * 5)),
        finish_reason=draw(st.sampled_from(_AFTER_CALLS if calls else _ENDS)),
        reasoning=draw(st.none() | nonempty_texts),
        model=draw(st.none() | nonempty_texts),
        id=draw(st.none() | nonempty_texts),
    )


replies = _replies(plain_arguments)
"""Replies in the one form that both ways of asking give: given or absent, never given as nothing."""
odd_replies = _replies(plain_arguments | odd_arguments)
"""Replies in which the arguments of a call need not be JSON: models write them."""
