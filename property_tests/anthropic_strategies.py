"""Calls, replies and bytes of Anthropic Messages: well said, oddly said, and broken."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel, Field, create_model
from strategies import (
    Person,
    base64_texts,
    images,
    json_objects,
    json_schemas,
    media_types,
    names,
    non_empty_texts,
    texts,
    tools,
)

from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic import codec
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Request

CODEC = codec()

# Blocks, as the vendor sends them.

_plain_texts = st.text("ab🦙\n", min_size=1, max_size=3).map("x".__add__)
vendors_ids = st.text("ab_-9", min_size=1, max_size=3)
ids = vendors_ids | st.sampled_from(["", "a.b", "é", "call 1", "functions.now:0", "a" * 41])
"""Ids of the calls of this vendor, and of others."""
marks = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
inputs: SearchStrategy[Any] = st.dictionaries(
    names, st.integers(0, 9) | _plain_texts | st.lists(_plain_texts, max_size=2), max_size=2
)


def _block(kind: str, **keys: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **keys})


_text_blocks = _block("text", text=_plain_texts)
_tool_uses = _block("tool_use", id=ids, name=names, input=inputs)
_rare_blocks = st.one_of(
    _block("thinking", thinking=_plain_texts | st.just(""), signature=_plain_texts),
    _block("redacted_thinking", data=_plain_texts),
    _block(
        "text",
        text=_plain_texts,
        citations=st.lists(st.fixed_dictionaries({"cited_text": _plain_texts}), min_size=1, max_size=2),
    ),
    _block("server_tool_use", id=vendors_ids, name=names, input=inputs),
    _block("web_search_tool_result", tool_use_id=vendors_ids, content=st.lists(inputs, max_size=1)),
    _block("tool_use", id=ids, name=names, input=inputs, caller=st.just({"type": "code_execution_20250825"})),
    _block("compaction", content=_plain_texts),
)
answered_blocks = st.lists(_text_blocks | _tool_uses | _rare_blocks, min_size=1, max_size=3)

# Messages: those that can be said in full, and those that cannot.

_any_marks = st.none() | marks


def _own(key: str) -> SearchStrategy[Any]:
    return st.sampled_from([None, None, {"anthropic": {key: 1}}])


_texts = st.builds(TextContent, text=texts, native=_own("citations")) | st.builds(
    TextContent, text=_plain_texts, cache_control=_any_marks
)
_uris = st.binary(min_size=1, max_size=3).map(lambda data: f"data:text/plain;base64,{_b64(data)}")
_sources = base64_texts | base64_texts.map(lambda data: {"type": "base64", "data": data})
_files = st.one_of(
    st.builds(FileContent, source=_uris, name=st.none() | non_empty_texts),
    st.builds(FileContent, source=_sources, media_type=st.sampled_from(["text/plain", "application/x-y"])),
    st.builds(FileContent, source=st.just("https://example.com/a.pdf"), cache_control=_any_marks),
)
_pictures = images.map(
    lambda image: image if isinstance(image.source, dict) else ImageContent(source=image.source)
)
_natives = st.builds(
    NativeContent,
    format=st.just("anthropic"),
    block=_block("container_upload", file_id=vendors_ids) | _block("text", text=_plain_texts | st.just(" ")),
)
_parts: SearchStrategy[ContentPart] = _texts | _pictures | _files | _natives
_wordless: SearchStrategy[ContentPart] = st.one_of(
    st.builds(AudioContent, source=base64_texts),
    st.builds(NativeContent, format=st.just("gemini"), block=json_objects),
    st.builds(TextContent, text=st.just(" "), cache_control=marks),
    st.builds(TextContent, text=_plain_texts, native=st.just({"openai": {"a": 1}})),
    st.builds(ImageContent, source=_sources, detail=st.just("low")),
    st.builds(FileContent, source=_uris, media_type=st.just("text/csv")),
    st.builds(FileContent, source=st.just("data:text/csv,a"), native=_own("context")),
    st.builds(ImageContent, source=st.just("https://example.com/a"), media_type=media_types),
)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _users(some: SearchStrategy[ContentPart]) -> SearchStrategy[UserMessage]:
    return st.builds(
        UserMessage, content=texts | st.lists(some, min_size=1, max_size=3), native=_own("further")
    )


_systems = st.builds(SystemMessage, content=texts, native=_own("citations")) | st.builds(
    SystemMessage, content=_plain_texts, cache_control=_any_marks
)
_arguments = st.sampled_from(["", " ", "{}", '{"a": 1}', '{"a":1}', '{"b":1.0,"b":[]}', '{"é":"\\u00e9"}'])
_called = st.builds(
    AssistantToolCall,
    id=ids,
    function=st.builds(AssistantToolCallFunction, name=names, arguments=_arguments),
    native=st.sampled_from(
        [
            None,
            None,
            {"anthropic": {"cache_control": 1}},
            {"anthropic": {"caller": {"type": "direct"}, "x": None}},
            {"anthropic": {"type": "server_tool_use"}},
        ]
    ),
)
_call_lists = st.lists(_called, min_size=1, max_size=2, unique_by=lambda call: call.id)
_kept: SearchStrategy[Any] = answered_blocks.map(
    lambda blocks: CODEC.read(_asked({"role": "assistant", "content": blocks})).unwrap().messages[0]
)
_redundant = st.builds(
    lambda content, more: AssistantMessage(
        content=content, native={"anthropic": {"content": [{"type": "text", "text": content}], **more}}
    ),
    _plain_texts,
    st.sampled_from([{}, {"further": 1}]),
)
_answers = st.builds(AssistantMessage, content=texts, native=_own("further")) | _kept | _redundant
_wordless_answers = st.builds(
    AssistantMessage,
    content=st.none() | texts,
    tool_calls=st.none() | st.lists(_called, max_size=2),
    refusal=st.sampled_from(["", "I will not."]),
    native=st.sampled_from(
        [None, {"openai": {"a": 1}}, {"anthropic": {"content": [{"type": "text", "text": "x"}]}}]
    ),
)


@st.composite
def _tool_turns(draw: st.DrawFn, some: SearchStrategy[ContentPart]) -> list[ChatMessage]:
    asking = AssistantMessage(content=draw(st.none() | texts), tool_calls=draw(_call_lists))
    results = [
        ToolResultMessage(
            name=call.function.name,
            tool_call_id=call.id,
            content=draw(texts | st.lists(some, max_size=2)),
            is_error=draw(st.none() | st.booleans()),
            cache_control=draw(_any_marks),
            native=draw(_own("x")),
        )
        for call in asking.tool_calls or ()
    ]
    between = draw(st.lists(_users(some), max_size=1))
    return [asking, *between, *draw(st.permutations(results))]


def _conversations(
    some: SearchStrategy[ContentPart], *others: SearchStrategy[ChatMessage]
) -> SearchStrategy[list[ChatMessage]]:
    alone: SearchStrategy[ChatMessage] = st.one_of(_users(some), _answers, _systems, *others)
    turns: SearchStrategy[list[ChatMessage]] = alone.map(lambda message: [message]) | _tool_turns(some)
    joined = st.lists(turns, max_size=4).map(lambda parts: [m for part in parts for m in part])
    return joined.map(lambda messages: [UserMessage(content="Hi"), *messages])


conversations = _conversations(_parts)
"""Conversations that can be said in full, in any order: most are not in the form that is written."""
any_conversations = _conversations(
    _parts | _wordless,
    _wordless_answers,
    st.builds(ToolResultMessage, name=names, tool_call_id=ids, content=texts),
)


def _asked(message: dict[str, Any]) -> Request:
    return Request(url="/messages", body=json.dumps({"messages": [message]}).encode())


# What is set.

MODELS = (
    "claude-opus-4-6",
    "claude-opus-4-8",
    "claude-3-haiku-20240307",
    "claude-sonnet-4-0",
    "my-model",
    "",
)


class Tree(BaseModel):
    """A class that the vendor's subset cannot say: it contains itself."""

    inner: list[Tree]


class Limited(BaseModel):
    """A class with limits that go into descriptions."""

    words: Annotated[list[str], Field(min_length=2)]


# What the vendor's subset of JSON Schema leaves out, beside what it knows (page "Structured outputs").
_LIMITS: list[tuple[str, Any]] = [
    ("minimum", -1),
    ("maxLength", 9),
    ("minItems", 2),
    ("format", "color"),
    ("pattern", r"\bword"),
    ("prefixItems", [{"type": "string"}]),
]
limits = st.sampled_from([dict(some) for size in (1, 2, 6) for some in combinations(_LIMITS, size)])


def limited(keywords: dict[str, Any]) -> type[BaseModel]:
    """Make a class whose field has these keywords beside some that the vendor knows."""
    known: dict[str, Any] = {
        "enum": [1, 2],
        "format": "date",
        "pattern": "a+",
        "minItems": 1,
        "anyOf": [{"type": "integer"}],
    }
    return create_model(
        "Answer", field=Annotated[int, Field(json_schema_extra={**known, **keywords})], more=(Person, ...)
    )


_configs: SearchStrategy[Any] = st.sampled_from(
    [{}, {"effort": "high"}, {"format": None}, {"user_id": "u"}, None, 1]
)
_tools = st.builds(
    lambda tool, strict, mark, native: Tool.model_validate(
        {**dict(tool), "strict": strict, "cache_control": mark, "native": native}
    ),
    tools,
    st.none() | st.booleans(),
    _any_marks,
    _own("defer_loading"),
)


@st.composite
def _options(draw: st.DrawFn) -> ChatOptions:
    offered = draw(st.lists(_tools, max_size=2))
    choices = ["auto", "none", "required", *(tool.name for tool in offered)]
    known: dict[str, SearchStrategy[Any]] = {
        "max_tokens": st.integers(1, 9),
        "temperature": st.sampled_from([0, 0.0, 0.5, 1]),
        "top_p": st.sampled_from([0.0, 1]),
        "top_k": st.integers(0, 9),
        "stop": non_empty_texts | st.lists(non_empty_texts, max_size=2),
        "seed": st.integers(0, 1),
        "frequency_penalty": st.just(0.0),
        "response_format": st.sampled_from(["json", "text", Person, Limited, Tree]) | json_schemas,
        "extra": st.dictionaries(st.sampled_from(["metadata", "thinking", "output_config"]), _configs),
        "tools": st.just(offered),
        "tool_choice": st.sampled_from(choices),
    }
    mask = draw(st.integers(0, 2 ** len(known) - 1))
    chosen = {name: draw(some) for index, (name, some) in enumerate(known.items()) if mask >> index & 1}
    return ChatOptions(**{"tools": offered or None, **chosen} if "tool_choice" in chosen else chosen)


calls = st.builds(
    Call,
    model=st.sampled_from(MODELS),
    messages=conversations,
    options=st.builds(
        ChatOptions,
        max_tokens=st.integers(1, 9),
        stop=st.none() | st.lists(non_empty_texts, max_size=2),
        tools=st.none() | st.lists(_tools, max_size=2),
        extra=st.sampled_from([None, {"output_config": {"effort": "high"}}, {"metadata": {"user_id": "u"}}]),
    ),
    stream=st.booleans(),
)
any_calls = st.builds(
    Call,
    model=st.sampled_from(MODELS),
    messages=conversations | any_conversations,
    options=_options(),
    stream=st.booleans(),
)

# Calls that the vendor takes, for its own schema.

_sound_calls = st.builds(
    AssistantToolCall,
    id=ids,
    function=st.builds(AssistantToolCallFunction, name=names, arguments=inputs.map(json.dumps)),
)
_sound_parts: Sequence[SearchStrategy[Any]] = (
    st.builds(TextContent, text=texts, cache_control=_any_marks),
    st.builds(ImageContent, source=base64_texts, media_type=st.sampled_from(["image/png", "image/webp"])),
    st.builds(ImageContent, source=st.just("https://example.com/a.png")),
    st.builds(FileContent, source=base64_texts, name=st.none() | _plain_texts),
    st.builds(FileContent, source=st.just("https://example.com/a.pdf")),
    st.builds(
        FileContent,
        source=_plain_texts.map(lambda content: _b64(content.encode())),
        media_type=st.just("text/csv"),
    ),
)
_sound_content = texts | st.lists(st.one_of(*_sound_parts), min_size=1, max_size=2)
_sound_messages = st.one_of(
    st.builds(UserMessage, content=_sound_content),
    st.builds(
        AssistantMessage, content=_plain_texts, tool_calls=st.none() | st.lists(_sound_calls, max_size=2)
    ),
    st.builds(AssistantMessage, refusal=_plain_texts),
    st.builds(SystemMessage, content=texts, cache_control=_any_marks),
    st.builds(
        ToolResultMessage,
        name=names,
        tool_call_id=ids,
        content=_sound_content,
        is_error=st.none() | st.booleans(),
    ),
)
_sound_tools = st.builds(
    Tool, name=vendors_ids, description=st.none() | texts, strict=st.none() | st.booleans()
)
sound_calls = st.builds(
    Call,
    model=st.sampled_from(MODELS[:-1]),
    messages=st.lists(_sound_messages, max_size=4).map(
        lambda messages: [UserMessage(content="Hi"), *messages]
    ),
    options=st.builds(
        ChatOptions,
        max_tokens=st.none() | st.integers(1, 9),
        temperature=st.none() | st.floats(0, 1),
        top_k=st.none() | st.integers(0, 9),
        stop=st.none() | non_empty_texts | st.lists(non_empty_texts, max_size=2),
        tools=st.none() | st.lists(_sound_tools, max_size=2),
        tool_choice=st.sampled_from([None, "auto", "none", "required"]),
        response_format=st.sampled_from([None, "json", "text", Person]) | json_schemas,
        extra=st.sampled_from(
            [None, {"output_config": {"effort": "high"}}, {"thinking": {"type": "adaptive"}}]
        ),
    ),
    stream=st.booleans(),
)
