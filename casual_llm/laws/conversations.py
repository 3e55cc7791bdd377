"""Conversations to try a wire format with: legal values, constructed; nothing here filters.

What a conversation holds in addition to plain text is drawn first, as at most two of `FEATURES`. So there are
always some that a format can express in full, whatever else it does not support.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from casual_llm.frozen import Json
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

Names: TypeAlias = tuple[str, ...]
Features: TypeAlias = frozenset[str]
Given: TypeAlias = dict[str, SearchStrategy[Any]]

FEATURES = (
    "images",
    "files",
    "audio",
    "blocks",
    "own",
    "foreign",
    "marks",
    "results",
    "refusals",
    "arguments",
)
"""What a conversation may hold in addition to text, tool calls and their results."""
FEATURE_SETS: Sequence[Features] = [
    *([frozenset[str]()] * 10),
    *([frozenset([feature]) for feature in FEATURES] * 2),
    *(frozenset(pair) for pair in combinations(FEATURES, 2)),
]
"""The plainer, the more often."""
ELSEWHERE = "elsewhere"
"""The name of a wire format that does not exist."""
_ODD = (
    *("", " ", "\u2028", "a\u0085b", "\r\n", "🦙🦙", "e\u0301", "\x00", "\ufeff"),
    *("data: [DONE]\n\n", '"\\u00e9"', '{"a": 1}'),
)

texts = st.text(max_size=3) | st.sampled_from(_ODD)
nonempty_texts = st.text(min_size=1, max_size=3) | st.sampled_from(_ODD[1:])
plain_texts = st.text("abz é🦙\u2028", max_size=3).map("a{}z".format)
"""Texts that no format treats as empty."""
words = st.text("abz09_-", min_size=1, max_size=3)
ids = nonempty_texts | st.sampled_from(["", "call_1", "functions.now:0", "a1B2c3D4e", "call_" * 9])
"""Ids of tool calls, as one server or another gives them."""
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
_values: SearchStrategy[Json] = st.booleans() | numbers | texts
_leaves = st.none() | _values
_inner = st.lists(_leaves, max_size=2) | st.dictionaries(texts, _leaves, max_size=2)
json_values: SearchStrategy[Json] = _leaves | _inner | st.lists(_inner, max_size=2)
further_keys = st.dictionaries(texts.map("x-".__add__), _values | _inner, min_size=1, max_size=2)
"""Keys that no format has a meaning for; a key that is null may be taken for none."""


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


_data = (st.binary(min_size=1, max_size=6) | st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a"])).map(_encoded)
_urls = texts.map("https://example.com/".__add__)
marks = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])


def _sources(kind: str) -> SearchStrategy[Any]:
    inline = _data.map(lambda data: {"type": "base64", "data": data})
    return _urls | _data | inline | _data.map(f"data:{kind};base64,{{}}".format)


def natives(names: Names, features: Features) -> SearchStrategy[Any]:
    """Draw keys that one format alone knows: the one at hand, or another."""
    known = [name for name, feature in ((names[0], "own"), (ELSEWHERE, "foreign")) if feature in features]
    maps = [st.dictionaries(st.just(name), further_keys, min_size=1) for name in known]
    return st.none() | st.one_of(maps) if maps else st.none()


def only(features: Features, feature: str, some: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Draw something now and then, if it is among the features."""
    return st.none() | some if feature in features else st.none()


def weighed(*some: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Draw something of one of them; of one that stands here twice, twice as often, which `|` does not."""
    return st.integers(0, len(some) - 1).flatmap(some.__getitem__)


@cache
def _parts(names: Names, features: Features) -> SearchStrategy[ContentPart]:
    both: Given = {"cache_control": only(features, "marks", marks), "native": natives(names, features)}
    images, details = _sources("image/png"), st.none() | st.sampled_from(["low", "auto"])
    known: dict[str, SearchStrategy[ContentPart]] = {
        "images": st.builds(ImageContent, source=images, detail=details, **both),
        "files": st.builds(
            FileContent, source=_sources("application/pdf"), name=st.none() | nonempty_texts, **both
        ),
        "audio": st.builds(AudioContent, source=_sources("audio/wav"), **both),
        "blocks": st.builds(
            NativeContent,
            format=st.sampled_from([names[0], ELSEWHERE]),
            block=st.builds(lambda keys: {"type": "x-block", **keys}, further_keys),
        ),
    }
    kinds: Given = {
        "images": st.builds(
            ImageContent, source=_data, media_type=st.sampled_from(["image/png", "image/x-y"])
        ),
        "files": st.builds(FileContent, source=_data, media_type=st.just("text/plain")),
        "audio": st.builds(AudioContent, source=_data, media_type=st.just("audio/mpeg")),
    }
    text: SearchStrategy[ContentPart] = st.builds(TextContent, text=texts, **both)
    return st.one_of(
        text, *(some[feature] for some in (known, kinds) for feature in sorted(features & some.keys()))
    )


plain_arguments = st.sampled_from(
    ["{}", '{"city":"Oslo"}', '{"city":"Oslo","days":[1,2.5,null]}', '{"a":"\u2028"}']
)
odd_arguments = texts | st.sampled_from(
    ['{"city": "Oslo"}', '{"city": "Par', "null", "[1]", '{"a": 1} ', '{"q": "\\ud83e"}', '{"a":1,"a":2}']
)


@cache
def tool_calls(names: Names, features: Features) -> SearchStrategy[list[AssistantToolCall]]:
    """Draw one call, or two at once."""
    arguments = plain_arguments | odd_arguments if "arguments" in features else plain_arguments
    function = st.builds(AssistantToolCallFunction, name=words, arguments=arguments)
    call = st.builds(AssistantToolCall, id=ids, function=function, native=natives(names, features))
    return st.lists(call, min_size=1, max_size=2, unique_by=lambda made: made.id)


@cache
def _speakers(names: Names, features: Features) -> dict[str, SearchStrategy[Any]]:
    parts, native = st.lists(_parts(names, features), min_size=1, max_size=3), natives(names, features)
    mark, wrong = only(features, "marks", marks), only(features, "results", st.booleans())
    result_content = weighed(texts, parts) if "results" in features else texts
    refusal = only(features, "refusals", texts)
    nothing = st.none() | texts
    return {
        "user": st.builds(UserMessage, content=weighed(texts, parts), native=native),
        "system": st.builds(SystemMessage, content=texts, cache_control=mark, native=native),
        "answer": st.builds(AssistantMessage, content=texts, refusal=refusal, native=native),
        "asking": st.builds(
            AssistantMessage, content=nothing, tool_calls=tool_calls(names, features), native=native
        ),
        "result": st.builds(
            ToolResultMessage,
            name=words,
            tool_call_id=ids,
            content=result_content,
            is_error=wrong,
            cache_control=mark,
            native=native,
        ),
    }


def _answered(asking: AssistantMessage, results: Sequence[ToolResultMessage]) -> list[ChatMessage]:
    pairs = zip(asking.tool_calls or (), results, strict=False)
    answers = [
        result.model_copy(update={"tool_call_id": call.id, "name": call.function.name})
        for call, result in pairs
    ]
    return [asking, *answers]


def joined(turns: Sequence[Sequence[ChatMessage]]) -> list[ChatMessage]:
    """Put turns one after the other."""
    return [message for turn in turns for message in turn]


@cache
def conversations(names: Names, features: Features) -> SearchStrategy[list[ChatMessage]]:
    """Draw conversations in which every result answers a call; system messages stand anywhere."""
    speakers = _speakers(names, features)
    alone = weighed(speakers["user"], speakers["user"], speakers["answer"], speakers["system"]).map(
        lambda message: [message]
    )
    tools = st.builds(_answered, speakers["asking"], st.lists(speakers["result"], min_size=1, max_size=3))
    return st.lists(weighed(alone, alone, tools), min_size=1, max_size=4).map(joined)


@cache
def further_turns(names: Names) -> SearchStrategy[tuple[list[ChatMessage], list[ChatMessage]]]:
    """Draw the last turn of the user's side, and what follows it: an answer, and the user again."""
    speakers = _speakers(names, frozenset({"images", "results"}))
    user, answer = (
        st.builds(UserMessage, content=plain_texts),
        st.builds(AssistantMessage, content=plain_texts),
    )
    tools = st.builds(_answered, speakers["asking"], st.lists(speakers["result"], min_size=2, max_size=2))
    both = st.builds(lambda *turn: [*turn], answer, user)
    return st.tuples(st.lists(user, min_size=1, max_size=2) | tools, both | tools)


@cache
def messages(names: Names) -> SearchStrategy[list[ChatMessage]]:
    """Draw messages in any order, with empty ones and results that belong to no call."""
    speakers = _speakers(names, frozenset(FEATURES))
    empty: SearchStrategy[ChatMessage] = st.builds(
        AssistantMessage, tool_calls=st.none() | st.just([]), refusal=st.none() | st.just("")
    ) | st.builds(UserMessage, content=st.none() | st.just([]))
    return st.lists(st.one_of(*speakers.values(), empty), max_size=4)
