"""Any request is read in full, or rejected with a path; nothing in it is dropped."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, strategies as st
from strategies import json_values, names, non_empty_texts, texts
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
from casual_llm.providers.openai_chat import DIALECTS, Dialect, codec
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.report import Loss

read = codec(OPENAI).read


def _request(**body: Json) -> Request:
    return Request(url="/chat/completions", body=json.dumps(body).encode())


def _request_of(message: Json) -> Request:
    return _request(model="m", messages=[message])


@given(requests)
@example(_request_of({"role": []}))
@example(_request_of({"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": 1}}}]}))
@example(_request(messages=[], seed=10**400))
@example(_request(messages=[], temperature=float("nan")))
@example(Request(url="", body=b'{"messages": [], "x": ' + b'{"a":' * 198 + b"1" + b"}" * 198 + b"}"))
def test_reading_a_request_never_raises(request_: Request) -> None:
    assert read(request_) == read(request_)


@given(st.sampled_from(["user", "service_tier", "verbosity", "x"]), json_values)
def test_a_key_that_no_option_represents_is_kept_in_extra(key: str, value: Json) -> None:
    call = read(_request(model="m", messages=[], **{key: value})).unwrap()
    assert call.options == ChatOptions(extra={key: value})


@given(texts)
def test_a_developer_message_is_a_system_message(content: str) -> None:
    assert read(_request_of({"role": "developer", "content": content})).unwrap().messages == (
        SystemMessage(content=content),
    )


@given(st.lists(texts, min_size=1))
def test_text_parts_of_an_assistant_are_its_text(parts: list[str]) -> None:
    content: Json = [{"type": "text", "text": part} for part in parts]
    call = read(_request_of({"role": "assistant", "content": content})).unwrap()
    assert call.messages == (AssistantMessage(content="".join(parts)),)


_native_keys = texts.map("x-".__add__) | st.sampled_from(["name", "reasoning_content", "annotations"])
_native_values: st.SearchStrategy[Json] = json_values.map(lambda value: [value])
_ROLES: dict[str, dict[str, Json]] = {
    "user": {"content": "Hi"},
    "system": {"content": "Be brief."},
    "assistant": {"content": "Hello."},
    "tool": {"tool_call_id": "1", "content": "12:00"},
}


@given(st.sampled_from([*_ROLES]), st.dictionaries(_native_keys, _native_values, min_size=1, max_size=2))
def test_a_key_that_no_field_of_a_message_represents_is_a_native_key(
    role: str, keys: dict[str, Json]
) -> None:
    (message,) = read(_request_of({"role": role, **_ROLES[role], **keys})).unwrap().messages
    assert thaw(message.native) == {"openai": keys}


_blocks = st.dictionaries(texts, _native_values, max_size=2).map(lambda more: {"type": "video_url", **more})


@given(_blocks)
def test_an_unknown_part_is_a_native_block(block: dict[str, Json]) -> None:
    (message,) = read(_request_of({"role": "user", "content": [block]})).unwrap().messages
    assert message.content == (NativeContent(format="openai", block=block),)


@given(texts, _blocks)
def test_content_of_an_assistant_that_is_not_text_is_preserved_in_order(
    text: str, block: dict[str, Json]
) -> None:
    content: Json = [block, {"type": "text", "text": text}]
    (message,) = read(_request_of({"role": "assistant", "content": content})).unwrap().messages
    assert (message.content, thaw(message.native)) == (text, {"openai": {"content": content}})


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
def test_a_part_that_no_class_represents_in_full_is_a_native_block(part: dict[str, Json]) -> None:
    (message,) = read(_request_of({"role": "user", "content": [part]})).unwrap().messages
    assert message.content == (NativeContent(format="openai", block=part),)


@given(non_empty_texts)
def test_the_name_of_a_document_is_read_from_the_key_next_to_its_url(name: str) -> None:
    url = "https://example.com/a.pdf"
    part: Json = {"type": "document_url", "document_url": url, "document_name": name}
    (message,) = read(_request_of({"role": "user", "content": [part]})).unwrap().messages
    assert message.content == (FileContent(source=url, name=name),)


@given(names, st.lists(names, max_size=2), texts)
def test_a_function_result_answers_the_last_call_of_its_name(
    name: str, before: list[str], content: str
) -> None:
    called: list[Json] = [{"name": it, "arguments": "{}"} for it in [*before, name]]
    turns: list[Json] = [{"role": "assistant", "function_call": call} for call in called]
    parsed = read(_request(messages=[*turns, {"role": "function", "name": name, "content": content}]))
    *_, assistant, result = parsed.unwrap().messages
    calls = assistant.tool_calls if isinstance(assistant, AssistantMessage) else None
    assert [ToolResultMessage(name=name, tool_call_id=c.id, content=content) for c in calls or ()] == [result]


@given(names, texts)
def test_the_name_of_a_function_that_was_not_called_is_preserved(name: str, content: str) -> None:
    (result,) = read(_request_of({"role": "function", "name": name, "content": content})).unwrap().messages
    native = {"openai": {"name": name}}
    assert result == ToolResultMessage(name="", tool_call_id="", content=content, native=native)


_REFUSAL_PARTS: Json = [{"type": "refusal", "refusal": "No."}]
_TOOL_CALL: dict[str, Json] = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": _REFUSAL_PARTS, "refusal": "Never."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": 5}]},
        {"role": "assistant", "content": [{"type": "text", "text": "a", "cache_control": {"type": "x"}}]},
        {"role": "assistant", "content": "a", "tool_calls": [_TOOL_CALL], "function_call": {"name": "g"}},
        {"role": "assistant", "content": "a", "function_call": "auto"},
        {"role": "assistant", "content": "a", "tool_calls": [{"id": "1", "type": "custom", "custom": {}}]},
        {"role": "system", "content": _REFUSAL_PARTS},
    ],
    ids=json.dumps,
)
@given(dialect=st.sampled_from(DIALECTS).filter(lambda dialect: dialect.refusal))
def test_repeated_and_misplaced_values_are_written_back_unchanged(
    dialect: Dialect, message: dict[str, Json]
) -> None:
    call = codec(dialect).read(_request_of(message)).unwrap()
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
def test_a_message_without_content_is_written_with_an_empty_text(
    dialect: Dialect, message: dict[str, Json]
) -> None:
    call = codec(dialect).read(_request_of(message)).unwrap()
    assert [again["content"] for again in _again(dialect, call)[0]] == [""]


@given(names, st.lists(names, max_size=2, unique=True))
def test_a_tool_choice_is_written_back_unchanged_whether_the_tool_is_listed_or_not(
    name: str, listed: list[str]
) -> None:
    choice: Json = {"type": "function", "function": {"name": name}}
    tools: Json = [{"type": "function", "function": {"name": it}} for it in listed]
    messages: Json = [{"role": "user", "content": "Hi"}]
    call = read(_request(messages=messages, tools=tools, tool_choice=choice)).unwrap()
    assert json.loads(codec(OPENAI).encode(call).unwrap().request.body)["tool_choice"] == choice
    assert call.options.tool_choice == (name if name in listed else None)


@given(st.integers(1, 99))
def test_both_names_of_the_token_limit_are_read(tokens: int) -> None:
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
def test_null_under_one_of_two_names_means_the_same_as_an_absent_key(
    key: str, others: dict[str, Json]
) -> None:
    with_null = read(_request(messages=[], **{key: None, **others}))
    assert with_null == read(
        _request(messages=[], **{key: it for key, it in others.items() if it is not None})
    )


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
def test_a_value_that_no_option_can_represent_is_kept_in_extra(value: dict[str, Json]) -> None:
    assert read(_request(messages=[], **value)).unwrap().options == ChatOptions(extra=value)


@pytest.mark.parametrize(
    ("message", "path"),
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
def test_an_invalid_message_is_an_error_with_its_path(message: Json, path: str) -> None:
    assert read(_request_of(message)).failure().path.startswith(path)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"messages": "Hi"}, "messages"),
        ({"messages": [], "model": 5}, "model"),
        ({"messages": [], "stream": "yes"}, "stream"),
    ],
    ids=str,
)
def test_an_invalid_field_is_an_error_with_its_path(body: dict[str, Json], path: str) -> None:
    assert path in str(read(_request(**body)).failure())


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"messages": ['])
def test_a_body_that_is_not_an_object_is_an_error_at_the_body(body: bytes) -> None:
    assert read(Request(url="/chat/completions", body=body)).failure().path == "body"


@given(st.sampled_from(DIALECTS), st.none() | st.just({"include_usage": True}) | json_values)
def test_stream_options_are_written_back_unchanged(dialect: Dialect, asked: Json) -> None:
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


@given(json_values)
def test_a_key_of_a_function_that_no_field_holds_is_native(value: Json) -> None:
    function = {"name": "f", "arguments": "{}", "x-key": value}
    message = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": function}]}
    body = json.dumps({"model": "m", "messages": [message]}).encode()
    (read,) = codec(OPENAI).read(Request(url="", body=body)).unwrap().messages
    assert isinstance(read, AssistantMessage)
    assert thaw((read.tool_calls or ())[0].native or {}) == {"openai": {"function": function}}
