"""Legal values, constructed: nothing here filters.

The names are plural nouns, one for each type of value. Where a wire format represents some values
of a type in full, those have a separate name (`plain_images`, `calls`).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Literal, get_args

from hypothesis import settings, strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ContentPart,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema, Layer, Reasoning, ReasoningEffort, ResponseFormat
from casual_llm.options.omit import OMIT, Replace
from casual_llm.tools import Tool, ToolParameter
from casual_llm.usage import Usage
from casual_llm.wire.codec import Call

# Texts that are hard for line splitters, encoders and parsers.
_ODD_TEXTS = (
    "",
    " ",
    "\u2028",
    "a\u0085b",
    "\r\n",
    "🦙🦙",
    "e\u0301",
    "\x00",
    "data: [DONE]\n\n",
    '"\\u00e9"',
    "\ufeff",
)

texts = st.text(max_size=3) | st.sampled_from(_ODD_TEXTS)
non_empty_texts = st.text(min_size=1, max_size=3) | st.sampled_from([text for text in _ODD_TEXTS if text])
FOR_EACH_FORMAT = settings(max_examples=settings().max_examples // 4)
"""For laws that are tried with each format by its name: most formats share their functions."""
names = st.text("abz09_-", min_size=1, max_size=2)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)


_leaves = st.none() | st.booleans() | numbers | texts
_shallow = st.lists(_leaves, max_size=2) | st.dictionaries(texts, _leaves, max_size=2)
json_values: SearchStrategy[Json] = st.one_of(
    _leaves, _shallow, st.lists(_shallow, max_size=2), st.dictionaries(texts, _shallow, max_size=2)
)
json_objects: SearchStrategy[dict[str, Json]] = st.dictionaries(texts, json_values, max_size=2)


def nested(depth: int) -> Json:
    """Build an array inside an array, nested to a depth."""
    value: Json = []
    for _ in range(depth):
        value = [value]
    return value


# Messages.

base64_texts = st.binary(min_size=1, max_size=6).map(lambda data: base64.b64encode(data).decode())
media_types = st.sampled_from(["image/png", "image/jpeg", "image/svg+xml", "image/x.y-z"])
_urls = texts.map("https://example.com/".__add__) | texts.map("HTTP://example.com/?".__add__)
_inline_sources = base64_texts.map(lambda data: {"type": "base64", "data": data})
_data_uris = st.tuples(media_types, base64_texts).map(lambda parts: f"data:{parts[0]};base64,{parts[1]}")

plain_images = st.builds(ImageContent, source=_urls) | st.builds(
    ImageContent, source=_inline_sources, media_type=media_types
)
images = plain_images | st.builds(
    ImageContent, source=_urls | _data_uris | base64_texts, media_type=media_types
)
text_parts = st.builds(TextContent, text=texts)
system_messages = st.builds(SystemMessage, content=texts)


def _user_messages(pictures: SearchStrategy[ImageContent]) -> SearchStrategy[UserMessage]:
    parts: SearchStrategy[ContentPart] = text_parts | pictures
    return st.builds(UserMessage, content=texts | st.lists(parts, min_size=1, max_size=2))


user_messages = _user_messages(images)
# Models write arguments, so they need not be JSON.
arguments = texts | st.sampled_from(
    ["{}", '{"city": "Oslo"}', '{"city": "Par', "null", "[1]", '{"a": 1} ', '{"q": "\\ud83e"}']
)
call_ids = non_empty_texts | st.sampled_from(["a1B2c3D4e", "call_" * 9])
tool_calls = st.builds(
    AssistantToolCall,
    id=call_ids,
    function=st.builds(AssistantToolCallFunction, name=names, arguments=arguments),
)
tool_call_lists = st.lists(tool_calls, min_size=1, max_size=2, unique_by=lambda call: call.id)
plain_answers = st.builds(AssistantMessage, content=texts)
assistant_messages = plain_answers | st.builds(
    AssistantMessage,
    content=st.none() | texts,
    tool_calls=st.none() | tool_call_lists,
    refusal=st.none() | texts,
)
tool_results = st.builds(ToolResultMessage, name=names, tool_call_id=call_ids, content=texts)
messages: SearchStrategy[ChatMessage] = user_messages | system_messages | assistant_messages | tool_results


def _answered(request: AssistantMessage, answers: Sequence[str]) -> list[ChatMessage]:
    results = [
        ToolResultMessage(name=call.function.name, tool_call_id=call.id, content=text)
        for call, text in zip(request.tool_calls or (), answers, strict=False)
    ]
    return [request, *results]


_asking = st.builds(AssistantMessage, content=st.none() | texts, tool_calls=tool_call_lists)
_tool_turns = st.builds(_answered, _asking, st.lists(texts, max_size=3))
_refusals = st.builds(AssistantMessage, content=st.none() | texts, refusal=non_empty_texts)


def _conversations(pictures: SearchStrategy[ImageContent]) -> SearchStrategy[list[ChatMessage]]:
    alone: SearchStrategy[ChatMessage] = (
        _user_messages(pictures) | system_messages | plain_answers | _refusals
    )
    turns: SearchStrategy[list[ChatMessage]] = alone.map(lambda message: [message]) | _tool_turns
    return st.lists(turns, min_size=1, max_size=2).map(lambda parts: [m for part in parts for m in part])


# Tools.

_schema_types = st.sampled_from(["string", "integer", "object", "array"])
_keywords = st.one_of(
    st.sampled_from(
        ["default", "enum", "minimum", "anyOf", "items", "$ref", "format", "self", "model_config"]
    ),
    texts.map("x-".__add__),
)
parameter_schemas: SearchStrategy[dict[str, Json]] = st.builds(
    lambda known, more: {**more, **known},
    st.fixed_dictionaries(
        {}, optional={"type": _schema_types | st.lists(_schema_types, max_size=2), "description": texts}
    ),
    st.dictionaries(_keywords, json_values, max_size=2),
)
tool_parameters = parameter_schemas.map(ToolParameter.model_validate)
input_schemas: SearchStrategy[dict[str, Json]] = st.builds(
    lambda known, more: {"type": "object", **known, **more},
    st.fixed_dictionaries(
        {
            "properties": st.dictionaries(texts, parameter_schemas, max_size=2),
            "required": st.lists(texts, max_size=2),
        }
    ),
    st.dictionaries(
        st.sampled_from(["$defs", "additionalProperties", "title", "x-"]) | texts.map("x-".__add__),
        json_values,
        max_size=2,
    ),
)
# No tool has the name of a mode of `tool_choice`: the option could not distinguish them.
tool_names = names.map("f".__add__)
tools = st.builds(Tool.from_input_schema, tool_names, st.none() | texts, input_schemas)


# Options and usage.


class Person(BaseModel):
    """A person, as a structured answer."""

    name: str
    age: int = 0


json_schemas = st.builds(JsonSchema, name=texts, schema=json_objects, strict=st.none() | st.booleans())
_words: SearchStrategy[Literal["json", "text"]] = st.sampled_from(("json", "text"))
plain_formats: SearchStrategy[ResponseFormat] = _words | json_schemas
_at_most_one = st.floats(0, 1) | st.integers(0, 1)
_at_least_none = st.floats(min_value=0, allow_infinity=False) | st.integers(0, 2**70)


def _no_items(_: object) -> dict[str, Any]:
    return {}


_FORMS = st.sampled_from([*[dict] * 8, Replace, _no_items])


def _maps(items: SearchStrategy[dict[str, Any]]) -> SearchStrategy[Any]:
    """Build maps that add keys, fewer that replace a map, and rarely an empty one."""
    return st.builds(lambda form, some: form(some), _FORMS, items)


def _entry(keys: SearchStrategy[str], some: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys, some, min_size=1, max_size=1)


_omit = st.just(OMIT)
PROVIDERS = ("openai", "compatible", "llamacpp", "local", "anthropic")
_providers = st.sampled_from([*PROVIDERS, *["openai"] * 4])
_extra_keys = texts.map("x-".__add__) | st.sampled_from(["user", "logit_bias", "service_tier", "n"])
_extras = _maps(st.dictionaries(_extra_keys, json_values | _omit, min_size=1, max_size=2))
_OPTIONS: dict[str, SearchStrategy[Any]] = {
    "max_tokens": st.integers(1, 2**40),
    "temperature": _at_least_none,
    "top_p": _at_most_one,
    "stop": texts | st.lists(texts, max_size=2),
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "seed": st.integers(),
    "top_k": st.integers(0, 2**40),
    "extra": _extras,
    "provider_options": _maps(st.dictionaries(_providers, _extras | _omit, min_size=1, max_size=2)),
}
# Few keys and few values, so that layers overlap; maps among the values, because they must not be merged.
_keys = st.sampled_from([*["a"] * 12, "b", "", "\u2028"])
_SCALARS: list[Any] = [0, 1, 1.0, True, None, "", [], {}]
_inner_maps: SearchStrategy[Any] = st.sampled_from("pqr").map(lambda key: {key: 1})  # a new one each time
_values = _inner_maps | st.sampled_from(_SCALARS)
_values_or_omit = _inner_maps | st.sampled_from([*_SCALARS, OMIT, OMIT])
_extra_maps = _maps(st.dictionaries(_keys, _values_or_omit, min_size=1, max_size=3))
_EFFORTS = st.sampled_from(get_args(ReasoningEffort))
_amounts = st.fixed_dictionaries({"effort": _EFFORTS}) | st.fixed_dictionaries(
    {"budget_tokens": st.integers(1, 2**40)}
)
_reasoning_flags = st.dictionaries(st.sampled_from(["show", "between_tools"]), st.booleans(), min_size=1)
reasoning_fields: SearchStrategy[dict[str, Any]] = st.one_of(
    _amounts, _reasoning_flags, st.builds(lambda amount, flags: amount | flags, _amounts, _reasoning_flags)
)
"""What a caller may give to `Reasoning`."""
_LAYERS = {
    **_OPTIONS,
    "tools": st.lists(tools, max_size=1),
    "tool_choice": st.sampled_from(["auto", "none", "required", "f"]),
    "parallel_tool_calls": st.booleans(),
    "reasoning": _EFFORTS | reasoning_fields | reasoning_fields.map(lambda given: Reasoning(**given)),
    "response_format": plain_formats | st.just(Person),
    "system_message_handling": st.sampled_from(["keep", "merge"]),
    "strict": st.booleans(),
    "extra": _extra_maps,
    "provider_options": _maps(st.dictionaries(_providers, _extra_maps | _omit, min_size=1, max_size=2)),
}
# The layers of one example set the same few fields, so that they overlap.
_fields = st.shared(
    st.just(["extra"])
    | st.sampled_from([["provider_options"], ["extra", "seed"], ["response_format", "stop"]])
    | st.lists(st.sampled_from([*_LAYERS]), min_size=1, max_size=4, unique=True)
)


@st.composite
def _layer_fields(draw: st.DrawFn) -> dict[str, Any]:
    dice_by_field = {name: draw(st.integers(0, 7)) for name in draw(_fields)}
    return {name: draw(_LAYERS[name]) if dice != 1 else OMIT for name, dice in dice_by_field.items() if dice}


layer_fields = _layer_fields()
"""Arguments of `ChatOptions`, with lists and dicts that a caller may change later."""
options: SearchStrategy[Layer] = layer_fields.map(lambda given: ChatOptions(**given))


def _at_one_place(known: dict[str, SearchStrategy[Any]]) -> SearchStrategy[Layer]:
    return _fields.flatmap(st.sampled_from).flatmap(
        lambda name: known[name].map(lambda value: ChatOptions(**{name: value}))
    )


_value, _gap = _entry(_keys, _values), _omit | _entry(_keys, _omit)
# Layers that set one value, and layers that omit one value.
sayings = _at_one_place({**_LAYERS, "extra": _value, "provider_options": _entry(_providers, _value)})
omissions = _at_one_place(
    {**dict.fromkeys(_LAYERS, _omit), "extra": _gap, "provider_options": _omit | _entry(_providers, _gap)}
)
usages = st.builds(Usage, **dict.fromkeys(Usage.model_fields, st.none() | st.integers(0, 2**62)))
known_usages = st.builds(Usage, **dict.fromkeys(Usage.model_fields, st.integers(0, 2**62)))


@st.composite
def _call_options(draw: st.DrawFn, more: dict[str, SearchStrategy[Any]]) -> Layer:
    offered = draw(st.lists(tools, max_size=2))
    choices = ["auto", "none", "required", *(tool.name for tool in offered)]
    choice = draw(st.none() | _omit | st.sampled_from(choices))
    known = {**_OPTIONS, **more}
    # Two masks set a quarter of the options: most are independent.
    masks = st.integers(0, 2 ** len(known) - 1)
    mask = draw(masks) & draw(masks)
    chosen = {
        name: draw(some | _omit) for index, (name, some) in enumerate(known.items()) if mask >> index & 1
    }
    nothing: SearchStrategy[Any] = st.sampled_from([None, [], OMIT])
    return ChatOptions(**chosen, tools=offered or draw(nothing), tool_choice=choice)


# Calls that a dialect which supports all of their options encodes in full.
calls = st.builds(
    Call,
    model=texts,
    messages=_conversations(plain_images),
    options=_call_options({"response_format": plain_formats}),
    stream=st.booleans(),
)
# All calls, including those that are encoded with losses or changes.
any_calls = st.builds(
    Call,
    model=texts,
    messages=_conversations(images) | st.lists(messages, max_size=3),
    options=_call_options(
        {
            "response_format": plain_formats | st.just(Person),
            "system_message_handling": st.sampled_from(["keep", "merge"]),
        }
    ),
    stream=st.booleans(),
)
