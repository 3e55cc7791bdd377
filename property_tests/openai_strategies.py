"""Calls with everything that a message and a tool can hold: files, audio, cache control, native keys."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies import (
    Person,
    base64_texts,
    calls,
    images,
    json_values,
    non_empty_texts,
    plain_images,
    system_messages,
    text_parts,
    texts,
    tool_call_lists,
    tools,
)

from casual_llm.messages import (
    AssistantMessage,
    AudioContent,
    ChatMessage,
    ContentPart,
    FileContent,
    NativeContent,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions
from casual_llm.options.omit import OMIT
from casual_llm.wire.codec import Call

_MARK = {"type": "ephemeral"}
_marks: SearchStrategy[Any] = st.sampled_from([None, None, _MARK, {}])
_values = json_values.map(lambda value: [value])
_keys = st.dictionaries(texts.map("x-".__add__), _values, min_size=1, max_size=1)
_native: SearchStrategy[Any] = st.builds(
    lambda name, keys: {name: keys}, st.sampled_from(["openai", "openai", "openai", "anthropic"]), _keys
)
natives: SearchStrategy[Any] = st.none() | st.none() | _native
"""Native keys, which no field represents, of this format and of another."""


def _with(part: Any, **more: Any) -> Any:  # noqa: ANN401 # parts and messages of any class
    return type(part).model_validate({**dict(part), **{key: value for key, value in more.items() if value}})


_sources = base64_texts.map(lambda data: {"type": "base64", "data": data})
_loose_sources = _sources | base64_texts | base64_texts.map("data:text/plain;base64,".__add__)
files = st.builds(
    FileContent,
    source=_loose_sources | st.sampled_from(["https://example.com/a.pdf", "data:text/plain,a%20b", "data:?"]),
    media_type=st.sampled_from(["application/pdf", "text/plain"]),
    name=st.none() | non_empty_texts,
)
recordings = st.builds(
    AudioContent,
    source=_sources | base64_texts | st.just("https://example.com/a.wav"),
    media_type=st.sampled_from(["audio/wav", "audio/mpeg", "audio/x-y"]),
)
_pictures = st.builds(_with, images | plain_images, detail=st.sampled_from([None, "low"]))
_plain_parts: SearchStrategy[Any] = st.one_of(text_parts, _pictures, files, recordings)
_blocks = st.builds(
    NativeContent,
    format=st.sampled_from(["openai", "anthropic"]),
    block=_keys.map(lambda more: {"type": "video_url", **more}),
)
parts: SearchStrategy[ContentPart] = (
    st.builds(_with, _plain_parts, cache_control=_marks, native=natives) | _blocks
)
_contents: SearchStrategy[Any] = texts | st.lists(parts, max_size=3)
_tool_calls = tool_call_lists.flatmap(
    lambda asked: st.tuples(*(st.builds(_with, st.just(call), native=natives) for call in asked))
)
_answers = st.builds(
    AssistantMessage,
    content=st.none() | texts,
    tool_calls=st.none() | st.just(()) | _tool_calls,
    refusal=st.none() | texts,
    native=natives,
)
_alone: SearchStrategy[ChatMessage] = st.one_of(
    st.builds(UserMessage, content=_contents, native=natives),
    st.builds(_with, system_messages, cache_control=_marks, native=natives),
    st.builds(SystemMessage, content=texts, cache_control=_marks),
    _answers,
)


@st.composite
def _turns(draw: st.DrawFn) -> list[ChatMessage]:
    """Build a message, and the results of its tool calls."""
    message = draw(_alone)
    asked = (message.tool_calls or ()) if isinstance(message, AssistantMessage) else ()
    results = [
        ToolResultMessage(
            name=call.function.name,
            tool_call_id=call.id,
            content=draw(_contents),
            is_error=draw(st.sampled_from([None, None, True, False])),
            cache_control=draw(_marks),
            native=draw(natives),
        )
        for call in asked
    ]
    return [message, *results]


def _flat(turns: list[list[ChatMessage]]) -> list[ChatMessage]:
    return [message for turn in turns for message in turn]


conversations = st.lists(_turns(), min_size=1, max_size=3).map(_flat)


@st.composite
def _rich_calls(draw: st.DrawFn) -> Call:
    call = draw(calls)
    offered = call.options.tools
    plain = [] if offered is None or offered is OMIT else list(offered)
    strict = [{"strict": draw(st.none() | st.booleans())} for _ in plain]
    rich_tools = [
        _with(tool, cache_control=draw(_marks), native=draw(natives)).model_copy(update=more)
        for tool, more in zip(plain, strict, strict=True)
    ]
    options = call.options.set(tools=rich_tools) if rich_tools else call.options
    return evolve(call, messages=draw(conversations), options=options)


rich_calls = _rich_calls()


# Documented values: those that the schema of OpenAI accepts.

_documented_parts: SearchStrategy[ContentPart] = st.one_of(
    text_parts,
    st.builds(_with, plain_images, detail=st.sampled_from([None, "low", "high", "auto"])),
    st.builds(FileContent, source=_sources, name=st.none() | non_empty_texts),
    st.builds(AudioContent, source=_sources, media_type=st.sampled_from(["audio/wav", "audio/mpeg"])),
)
_documented_asking = st.builds(AssistantMessage, content=st.none() | texts, tool_calls=tool_call_lists)


def _answered(request: AssistantMessage, content: Any) -> list[ChatMessage]:  # noqa: ANN401
    results = [
        ToolResultMessage(name=call.function.name, tool_call_id=call.id, content=content)
        for call in request.tool_calls or ()
    ]
    return [request, *results]


_documented_turns: SearchStrategy[list[ChatMessage]] = st.one_of(
    st.builds(UserMessage, content=texts | st.lists(_documented_parts, min_size=1)).map(lambda it: [it]),
    system_messages.map(lambda it: [it]),
    st.builds(AssistantMessage, content=texts, refusal=st.none() | texts).map(lambda it: [it]),
    st.builds(_answered, _documented_asking, texts | st.lists(_documented_parts, min_size=1, max_size=2)),
)
_penalties = st.floats(-2, 2)
_offered = st.lists(tools, min_size=1, max_size=2)
_documented_options = st.builds(
    ChatOptions,
    max_tokens=st.none() | st.integers(1, 9),
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(0, 9),
    frequency_penalty=st.none() | _penalties,
    presence_penalty=st.none() | _penalties,
    stop=st.none() | texts | st.lists(texts, min_size=1, max_size=4),
    seed=st.none() | st.integers(-(2**62), 2**62),
    tools=st.none() | _offered,
    tool_choice=st.sampled_from([None, "auto", "none", "required"]),
    response_format=st.sampled_from(["json", "text", Person, None]),
)
documented_calls = st.builds(
    Call,
    model=st.sampled_from(["gpt-4.1", "gpt-5"]),
    messages=st.lists(_documented_turns, min_size=1, max_size=2).map(
        lambda turns: [m for t in turns for m in t]
    ),
    options=_documented_options,
    stream=st.booleans(),
)
