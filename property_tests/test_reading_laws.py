"""Any request can be read, or says where it cannot; nothing in it is dropped."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, strategies as st
from strategies import json_values, names, said_texts, texts
from wire_strategies import requests

from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    FileContent,
    NativeContent,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions
from casual_llm.providers.openai_chat import DIALECTS, OPENAI, Dialect, codec
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.report import Loss

read = codec(OPENAI).read


def _request(**body: Json) -> Request:
    return Request(url="/chat/completions", body=json.dumps(body).encode())


def _said(message: Json) -> Request:
    return _request(model="m", messages=[message])


@given(requests)
@example(_said({"role": []}))
@example(_said({"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": 1}}}]}))
@example(_request(messages=[], seed=10**400))
@example(_request(messages=[], temperature=float("nan")))
@example(Request(url="", body=b'{"messages": [], "x": ' + b'{"a":' * 198 + b"1" + b"}" * 198 + b"}"))
def test_reading_a_request_never_raises(request_: Request) -> None:
    assert read(request_) == read(request_)


@given(st.sampled_from(["user", "service_tier", "reasoning_effort", "x"]), json_values)
def test_what_no_option_can_say_is_kept_in_extra(key: str, value: Json) -> None:
    call = read(_request(model="m", messages=[], **{key: value})).unwrap()
    assert call.options == ChatOptions(extra={key: value})


@given(texts)
def test_a_developer_message_is_a_system_message(content: str) -> None:
    assert read(_said({"role": "developer", "content": content})).unwrap().messages == (
        SystemMessage(content=content),
    )


@given(st.lists(texts, min_size=1))
def test_text_parts_of_an_assistant_are_its_text(parts: list[str]) -> None:
    content: Json = [{"type": "text", "text": part} for part in parts]
    call = read(_said({"role": "assistant", "content": content})).unwrap()
    assert call.messages == (AssistantMessage(content="".join(parts)),)


_kept_keys = texts.map("x-".__add__) | st.sampled_from(["name", "reasoning_content", "annotations"])
_kept_values: st.SearchStrategy[Json] = json_values.map(lambda value: [value])
_ROLES: dict[str, dict[str, Json]] = {
    "user": {"content": "Hi"},
    "system": {"content": "Be brief."},
    "assistant": {"content": "Hello."},
    "tool": {"tool_call_id": "1", "content": "12:00"},
}


@given(st.sampled_from([*_ROLES]), st.dictionaries(_kept_keys, _kept_values, min_size=1, max_size=2))
def test_what_no_field_of_a_message_can_say_is_kept_in_the_words_of_the_format(
    role: str, keys: dict[str, Json]
) -> None:
    (message,) = read(_said({"role": role, **_ROLES[role], **keys})).unwrap().messages
    assert thaw(message.native) == {"openai": keys}


_blocks = st.dictionaries(texts, _kept_values, max_size=2).map(lambda more: {"type": "video_url", **more})


@given(_blocks)
def test_a_part_that_nothing_holds_is_a_block_of_the_format(block: dict[str, Json]) -> None:
    (message,) = read(_said({"role": "user", "content": [block]})).unwrap().messages
    assert message.content == (NativeContent(format="openai", block=block),)


@given(texts, _blocks)
def test_what_an_assistant_says_beside_text_is_kept_in_its_order(said: str, block: dict[str, Json]) -> None:
    content: Json = [block, {"type": "text", "text": said}]
    (message,) = read(_said({"role": "assistant", "content": content})).unwrap().messages
    assert (message.content, thaw(message.native)) == (said, {"openai": {"content": content}})


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": 5},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "more": 1}},
        {"type": "image_url", "image_url": {"url": 5}},
        {"type": "image_url", "image_url": "a.png"},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"filename": 5, "file_data": "data:application/pdf;base64,aGk="}},
        {"type": "file", "file": {"file_data": "aGk="}},
        {"type": "file", "file": {"file_data": "data:?"}},
        {"type": "document_url", "document_url": 5},
        {"type": "input_audio", "input_audio": {"data": "aGk="}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": 5}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mpeg"}},
        {"type": "input_audio", "input_audio": {"data": "?", "format": "wav"}},
    ],
    ids=json.dumps,
)
def test_a_part_that_our_class_cannot_hold_in_full_is_kept_as_it_is(part: dict[str, Json]) -> None:
    (message,) = read(_said({"role": "user", "content": [part]})).unwrap().messages
    assert message.content == (NativeContent(format="openai", block=part),)


@given(said_texts)
def test_the_name_of_a_document_stands_beside_its_address(name: str) -> None:
    url = "https://example.com/a.pdf"
    part: Json = {"type": "document_url", "document_url": url, "document_name": name}
    (message,) = read(_said({"role": "user", "content": [part]})).unwrap().messages
    assert message.content == (FileContent(source=url, name=name),)


@given(names, st.lists(names, max_size=2), texts)
def test_a_function_answers_the_last_call_of_its_name(name: str, before: list[str], said: str) -> None:
    called: list[Json] = [{"name": it, "arguments": "{}"} for it in [*before, name]]
    turns: list[Json] = [{"role": "assistant", "function_call": call} for call in called]
    asked = read(_request(messages=[*turns, {"role": "function", "name": name, "content": said}]))
    *_, asking, result = asked.unwrap().messages
    calls = asking.tool_calls if isinstance(asking, AssistantMessage) else None
    assert [ToolResultMessage(name=name, tool_call_id=c.id, content=said) for c in calls or ()] == [result]


@given(names, texts)
def test_the_name_of_a_function_that_nobody_called_is_kept(name: str, said: str) -> None:
    (result,) = read(_said({"role": "function", "name": name, "content": said})).unwrap().messages
    native = {"openai": {"name": name}}
    assert result == ToolResultMessage(name="", tool_call_id="", content=said, native=native)


_NO: Json = [{"type": "refusal", "refusal": "No."}]
_ASKED: dict[str, Json] = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": _NO, "refusal": "Never."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": 5}]},
        {"role": "assistant", "content": [{"type": "text", "text": "a", "cache_control": {"type": "x"}}]},
        {"role": "assistant", "content": "a", "tool_calls": [_ASKED], "function_call": {"name": "g"}},
        {"role": "assistant", "content": "a", "function_call": "auto"},
        {"role": "assistant", "content": "a", "tool_calls": [{"id": "1", "type": "custom", "custom": {}}]},
        {"role": "system", "content": _NO},
    ],
    ids=json.dumps,
)
@given(dialect=st.sampled_from(DIALECTS).filter(lambda dialect: dialect.refusal))
def test_what_is_said_twice_or_where_nobody_says_it_is_written_again(
    dialect: Dialect, message: dict[str, Json]
) -> None:
    call = codec(dialect).read(_said(message)).unwrap()
    assert _again(dialect, call) == ([message], ())


def _again(dialect: Dialect, call: Call) -> tuple[list[dict[str, Json]], tuple[Loss, ...]]:
    encoded = codec(dialect).encode(call).unwrap()
    return json.loads(encoded.request.body)["messages"], encoded.losses


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "assistant", "content": [], "refusal": ""},
        {"role": "tool", "tool_call_id": "123456789", "content": []},
    ],
    ids=json.dumps,
)
@given(dialect=st.sampled_from(DIALECTS))
def test_a_message_that_says_nothing_is_written_with_no_text(
    dialect: Dialect, message: dict[str, Json]
) -> None:
    call = codec(dialect).read(_said(message)).unwrap()
    assert [again["content"] for again in _again(dialect, call)[0]] == [""]


@given(names, st.lists(names, max_size=2, unique=True))
def test_a_choice_of_a_tool_is_written_again_whether_it_is_listed_or_not(
    name: str, listed: list[str]
) -> None:
    choice: Json = {"type": "function", "function": {"name": name}}
    tools: Json = [{"type": "function", "function": {"name": it}} for it in listed]
    messages: Json = [{"role": "user", "content": "Hi"}]
    call = read(_request(messages=messages, tools=tools, tool_choice=choice)).unwrap()
    assert json.loads(codec(OPENAI).encode(call).unwrap().request.body)["tool_choice"] == choice
    assert call.options.tool_choice == (name if name in listed else None)


@given(st.integers(1, 99))
def test_either_word_for_the_longest_answer_is_understood(tokens: int) -> None:
    read_ = [
        read(_request(messages=[], **{key: tokens})).unwrap().options.max_tokens
        for key in ("max_tokens", "max_completion_tokens")
    ]
    assert read_ == [tokens, tokens]


@given(
    st.sampled_from(["max_tokens", "max_completion_tokens", "seed", "random_seed"]),
    st.dictionaries(
        st.sampled_from(["max_tokens", "max_completion_tokens", "seed", "random_seed"]), json_values
    ),
)
def test_null_under_one_of_two_words_is_what_leaving_it_out_means(word: str, said: dict[str, Json]) -> None:
    asked = read(_request(messages=[], **{word: None, **said}))
    assert asked == read(_request(messages=[], **{key: it for key, it in said.items() if it is not None}))


@pytest.mark.parametrize(
    "value",
    [
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "custom", "function": {"name": "f"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "strict": "yes"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "examples": []}}]},
        {"tools": "f"},
        {"tools": None},
        {"tool_choice": "any"},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
        {"tool_choice": {"type": "function", "function": {"name": "f", "more": 1}}},
        {"tool_choice": {"type": "function", "function": {"name": "auto"}}},
        {"response_format": {"type": "grammar"}},
        {"response_format": {"type": "text", "more": 1}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "A", "schema": {}, "more": 1}}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "A", "schema": {}, "strict": "x"},
            }
        },
        {"max_tokens": 0},
        {"max_completion_tokens": -1},
        {"temperature": "hot"},
        {"top_k": -1},
        {"stop": {"a": 1}},
        {"seed": "lucky"},
        {"stream_options": {"include_usage": True}},
        {"stream_options": {"include_obfuscation": False}},
    ],
    ids=json.dumps,
)
def test_what_an_option_cannot_say_in_full_is_kept_in_extra(value: dict[str, Json]) -> None:
    assert read(_request(messages=[], **value)).unwrap().options == ChatOptions(extra=value)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "robot", "content": "Hi"}, "messages[0].role"),
        ({"content": "Hi"}, "messages[0].role"),
        ("Hi", "messages[0]"),
        ({"role": "user", "content": {"a": 1}}, "messages[0].content"),
        ({"role": "user", "content": ["Hi"]}, "messages[0].content[0]"),
        ({"role": "system", "content": 5}, "messages[0].content"),
        ({"role": "assistant", "content": 5}, "messages[0].content"),
        ({"role": "assistant", "content": "", "refusal": 5}, "messages[0].refusal"),
        ({"role": "assistant", "tool_calls": "f"}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": ["f"]}, "messages[0].tool_calls[0]"),
        (
            {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": [1]}}]},
            "messages[0].tool_calls[0]",
        ),
        ({"role": "tool", "tool_call_id": "1", "content": 5}, "messages[0].content"),
        ({"role": "tool", "tool_call_id": 5, "content": ""}, "messages[0].tool_call_id"),
        ({"role": "function", "content": ""}, "messages[0].name"),
    ],
    ids=str,
)
def test_what_is_no_message_is_an_error_that_names_its_place(message: Json, place: str) -> None:
    assert read(_said(message)).failure().path.startswith(place)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": [], "model": 5}, "model"),
        ({"messages": [], "stream": "yes"}, "stream"),
    ],
    ids=str,
)
def test_what_a_call_cannot_hold_is_an_error_that_names_its_place(body: dict[str, Json], place: str) -> None:
    assert place in str(read(_request(**body)).failure())


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"messages": ['])
def test_a_body_that_is_no_object_is_an_error_at_the_body(body: bytes) -> None:
    assert read(Request(url="/chat/completions", body=body)).failure().path == "body"


@given(st.sampled_from(DIALECTS), st.none() | st.just({"include_usage": True}) | json_values)
def test_what_a_stream_is_asked_for_is_asked_for_again(dialect: Dialect, asked: Json) -> None:
    messages: Json = [{"role": "user", "content": "Hi"}]
    body = _request(messages=messages, stream=True, stream_options=asked)
    call = codec(dialect).read(body).unwrap()
    again = json.loads(codec(dialect).encode(call).unwrap().request.body)
    assert json.dumps(again["stream_options"]) == json.dumps(asked)


@given(texts)
def test_a_request_that_asks_for_a_stream_is_a_call_for_a_stream(content: str) -> None:
    messages: Json = [{"role": "user", "content": content}]
    call = read(_request(messages=messages, stream=True, stream_options={"include_usage": True})).unwrap()
    assert (call.stream, call.options, call.messages) == (
        True,
        ChatOptions(),
        (UserMessage(content=content),),
    )
