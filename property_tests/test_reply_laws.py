"""A reply is decoded in every form that servers send, and a written reply is decoded to itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import example, given, strategies as st
from returns.result import Success
from strategies import json_objects, non_empty_texts, texts
from wire_strategies import answers, deltas, dialects, replies, responses

from casual_llm.failures import ErrorResponse, Malformed
from casual_llm.frozen import Json, thaw_object
from casual_llm.messages import AssistantToolCall, AssistantToolCallFunction, UserMessage
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import MISTRAL, OPENAI
from casual_llm.reply import Reply
from casual_llm.usage import Usage
from casual_llm.wire.codec import Call, Response

decode, write = codec(OPENAI).decode, codec(OPENAI).write


def ok(**body: Json) -> Response:
    return Response(status=200, body=json.dumps(body).encode())


def choice(message: Json, **more: Json) -> Response:
    return ok(choices=[{"message": message, **more}])


def _read(message: Json, **more: Json) -> Reply:
    return decode(choice(message, **more)).unwrap()


@given(responses, dialects)
@example(ok(choices=[{"index": []}]), OPENAI)
@example(ok(choices=[{"index": {}}, {"index": 0}]), OPENAI)
@example(ok(choices=[{}], usage={"prompt_tokens": 10**400}), OPENAI)
@example(ok(choices=[{}], usage={"prompt_tokens": 1e308, "completion_tokens": -1}), OPENAI)
@example(ok(error={"code": 10**400}), OPENAI)
@example(choice({"tool_calls": [{"index": 10**400}, {"index": -1}, None, 5]}), OPENAI)
@example(choice({"content": [{"type": "thinking", "thinking": [{"text": "a"}]}, 5, None]}), OPENAI)
@example(
    Response(
        status=200, body=b'{"choices":[{"message":{"content":' + b'{"a":' * 196 + b"1" + b"}" * 196 + b"}}]}"
    ),
    OPENAI,
)
def test_any_response_is_a_reply_or_a_failure_with_a_text(response: Response, dialect: Dialect) -> None:
    assert (
        codec(dialect)
        .decode(response)
        .map(lambda _: "fine")
        .lash(lambda failure: Success(str(failure)))
        .unwrap()
    )


@given(replies, dialects)
def test_a_written_reply_is_decoded_to_itself(reply: Reply, dialect: Dialect) -> None:
    read = codec(dialect).decode(codec(dialect).write(reply)).unwrap()
    assert evolve(read, message=read.message.model_copy(update={"native": None})) == reply


@given(deltas.map(lambda parts: choice(parts[0])) | responses, dialects)
@example(choice({"content": ["a"]}), MISTRAL)
@example(choice({"content": ["a", {"type": "thinking", "thinking": "b"}, ""]}), MISTRAL)
def test_a_decoded_reply_is_written_and_decoded_to_itself(response: Response, dialect: Dialect) -> None:
    ours = codec(dialect)
    read = ours.decode(response)
    assert read.bind(lambda reply: ours.decode(ours.write(reply))) == read


@given(answers, st.sampled_from(["another", "anthropic"]), json_objects)
def test_native_keys_of_other_formats_are_not_written(
    answer: tuple[Dialect, Reply], name: str, keys: dict[str, Json]
) -> None:
    dialect, reply = answer
    native = {**(reply.message.native or {}), name: keys}
    foreign = evolve(reply, message=reply.message.model_copy(update={"native": native}))
    assert codec(dialect).write(foreign) == codec(dialect).write(reply)


@given(answers, non_empty_texts)
def test_replayed_fields_are_in_the_next_request(answer: tuple[Dialect, Reply], question: str) -> None:
    dialect, reply = answer
    call = Call(model="m", messages=[reply.message, UserMessage(content=question)])
    sent = json.loads(codec(dialect).encode(call).unwrap().request.body)["messages"][0]
    replayed = thaw_object((reply.message.native or {}).get(dialect.name, {}))
    assert {key: sent[key] for key in replayed} == replayed


@given(replies)
def test_white_space_before_the_json_is_ignored(reply: Reply) -> None:
    written = write(reply)
    assert decode(Response(status=200, body=b"\n \n" + written.body)) == decode(written)


@given(replies, st.integers(300, 599))
def test_an_error_status_is_an_error_response_whatever_the_body(reply: Reply, status: int) -> None:
    failure = decode(Response(status=status, body=write(reply).body)).failure()
    assert isinstance(failure, ErrorResponse)
    assert failure.status == status


@given(replies, json_objects)
def test_unknown_keys_are_ignored(reply: Reply, more: dict[str, Json]) -> None:
    odd = {f"x-{key}": value for key, value in more.items()}
    body = json.loads(write(reply).body)
    body = {**odd, **body, "choices": [{**odd, **body["choices"][0]}]}
    assert decode(ok(**body)) == decode(write(reply))


@given(replies)
def test_a_null_value_means_the_same_as_an_absent_key(reply: Reply) -> None:
    body = json.loads(write(reply).body)
    nulls = dict.fromkeys(["usage", "id", "model", "error", "service_tier"])
    assert decode(ok(**{**nulls, **body})) == decode(write(reply))


@given(non_empty_texts)
@pytest.mark.parametrize(
    "body",
    [
        lambda message: {"error": {"message": message, "code": 429}},
        lambda message: {"error": {"message": message, "code": 429}, "choices": []},
        lambda message: {"choices": [{"error": {"message": message, "code": 429}, "delta": {}}]},
        lambda message: {"choices": [{}], "x_groq": {"error": {"message": message, "code": 429}}},
        lambda message: {"object": "error", "message": message, "code": 429},
        lambda message: {"detail": message, "code": 429},
    ],
)
def test_an_error_inside_a_success_is_an_error_response(
    body: Callable[[str], dict[str, Json]], message: str
) -> None:
    failure = decode(ok(**body(message))).failure()
    assert isinstance(failure, ErrorResponse)
    assert (failure.status, failure.message) == (429, message)


@given(st.sampled_from([{}, {"message": "", "type": "", "code": None}]), non_empty_texts)
def test_an_empty_error_next_to_an_answer_is_ignored(error: dict[str, Json], content: str) -> None:
    body = choice({"content": content})
    assert decode(ok(error=error, **json.loads(body.body))) == decode(body)


@given(non_empty_texts)
def test_an_error_without_a_status_has_that_of_the_response(message: str) -> None:
    assert decode(ok(error=message)).failure() == ErrorResponse(200, message)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"id": "1"}', b'{"choices": []}', b'{"choices": 5}']
)
def test_a_body_without_a_reply_is_malformed(body: bytes) -> None:
    assert isinstance(decode(Response(status=200, body=body)).failure(), Malformed)


@given(texts)
@pytest.mark.parametrize(
    "content",
    [
        lambda text: {"content": text},
        lambda text: {"content": [{"type": "text", "text": text}]},
        lambda text: {"content": [{"text": text[:1]}, {"text": text[1:]}]},
    ],
)
def test_text_is_read_in_every_form_that_servers_use(content: Callable[[str], Json], text: str) -> None:
    assert _read(content(text)).message.content == text


@given(json_objects.map(lambda value: {"a": value}))
def test_an_object_in_place_of_text_is_read_as_json(value: Json) -> None:
    assert json.loads(_read({"content": value}).message.content or "") == value


@given(non_empty_texts)
@pytest.mark.parametrize(
    "thought",
    [
        lambda text: {"reasoning": text},
        lambda text: {"reasoning_content": text},
        lambda text: {"content": [{"type": "thinking", "thinking": text}]},
        lambda text: {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]},
    ],
)
def test_reasoning_is_read_in_every_form_that_servers_use(thought: Callable[[str], Json], text: str) -> None:
    assert _read(thought(text)).reasoning == text


@given(non_empty_texts)
def test_the_answer_is_the_choice_with_index_zero(content: str) -> None:
    choices: Json = [
        {"index": 1, "message": {"content": "no"}},
        {"index": 0, "message": {"content": content}},
    ]
    assert decode(ok(choices=choices)).unwrap().message.content == content


@given(non_empty_texts)
def test_an_answer_of_the_older_api_is_read(text: str) -> None:
    assert decode(ok(choices=[{"text": text}])).unwrap().message.content == text


def _call(name: str, arguments: str, id_: str) -> AssistantToolCall:
    return AssistantToolCall(id=id_, function=AssistantToolCallFunction(name=name, arguments=arguments))


_F: Json = {"name": "f", "arguments": "1"}
_G: Json = {"name": "g", "arguments": "2"}


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({"tool_calls": [{"id": "a", "function": _F}, {"id": "b", "function": _G}]}, ["a", "b"]),
        ({"tool_calls": [{"id": "a", "function": _F}, {"id": "a", "function": _G}]}, ["a", "a"]),
        ({"tool_calls": [{"function": _F}, {"function": _G}]}, ["call_0", "call_1"]),
        ({"tool_calls": [{"id": "", "function": _F}, {"id": "", "function": _G}]}, ["call_0", "call_1"]),
        ({"tool_calls": [{"index": 0, "function": _F}, {"index": 0, "function": _G}]}, ["call_0", "call_1"]),
        ({"tool_calls": [{"index": 5, "function": _F}, {"index": 7, "function": _G}]}, ["call_0", "call_1"]),
        ({"tool_calls": [{"id": "", "function": _F}, {"id": "b", "function": _G}]}, ["call_0", "b"]),
        ({"tool_calls": [{"id": "a", "function": _F}, {"function": _G}]}, ["a", "call_1"]),
    ],
    ids=json.dumps,
)
def test_every_call_of_a_whole_reply_is_a_separate_call(message: Json, calls: list[str]) -> None:
    assert _read(message).message.tool_calls == (_call("f", "1", calls[0]), _call("g", "2", calls[1]))


@pytest.mark.parametrize(
    ("arguments", "kept"), [({"a": 1}, '{"a":1}'), ([1], "[1]"), (None, ""), ("", ""), ("{", "{"), (5, "5")]
)
def test_arguments_are_text_whatever_a_server_sends(arguments: Json, kept: str) -> None:
    message: Json = {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": arguments}}]}
    assert _read(message).message.tool_calls == (_call("f", kept, "a"),)


@given(non_empty_texts, non_empty_texts)
def test_a_custom_tool_call_is_sent_back_unchanged(name: str, argument: str) -> None:
    asked: Json = {"id": "a", "type": "custom", "custom": {"name": name, "input": argument}}
    call = Call(model="m", messages=[_read({"tool_calls": [asked]}).message])
    body = json.loads(codec().encode(call).unwrap().request.body)
    assert body["messages"][0]["tool_calls"] == [asked]


@given(non_empty_texts)
def test_a_call_of_the_older_api_is_preserved_unchanged(name: str) -> None:
    called: Json = {"name": name, "arguments": "{}"}
    native = _read({"function_call": called}).message.native or {}
    assert [dict(keys) for keys in native.values()] == [{"function_call": called}]


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ({"prompt_tokens": 3.0, "completion_tokens": None}, Usage(prompt_tokens=3)),
        ({"prompt_tokens": True, "completion_tokens": 0}, Usage(completion_tokens=0)),
        ({"prompt_tokens_details": {"cached_tokens": 2}}, Usage(cached_tokens=2)),
        ({"completion_tokens_details": {"reasoning_tokens": 2}}, Usage(reasoning_tokens=2)),
        ({"num_cached_tokens": 2, "reasoning_tokens": 3}, Usage(cached_tokens=2, reasoning_tokens=3)),
        ({"prompt_tokens": 1, "prompt_tokens_details": None}, Usage(prompt_tokens=1)),
        ({}, None),
        ([], None),
        ({"total_tokens": 5}, None),
    ],
    ids=str,
)
def test_usage_is_what_the_server_reports_and_no_more(usage: Json, found: Usage | None) -> None:
    assert decode(ok(choices=[{}], usage=usage)).unwrap().usage == found
    assert decode(ok(choices=[{}], x_groq={"usage": usage})).unwrap().usage == found


@given(replies, st.floats(0, 1, exclude_max=True))
def test_a_whole_reply_that_is_cut_is_malformed(reply: Reply, share: float) -> None:
    body = write(reply).body
    assert isinstance(decode(Response(status=200, body=body[: int(share * len(body))])).failure(), Malformed)
