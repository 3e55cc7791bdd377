"""Ollama's own format: requests and replies survive a round trip, or the difference is reported."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterable
from functools import reduce
from itertools import accumulate
from pathlib import Path
from typing import Any, get_args

import attrs
import jsonschema
import pytest
from hypothesis import example, given, strategies as st
from ollama_strategies import (
    CODEC,
    any_ollama_calls,
    canonical,
    canonical_calls,
    conversations,
    encodable_calls,
    fetched,
    odd_streams,
    ollama_replies,
    requests,
    responses,
    rich_messages,
)
from returns.pipeline import is_successful
from returns.result import Result, Success
from strategies import (
    arguments,
    base64_texts,
    images,
    json_objects,
    json_values,
    names,
    non_empty_texts,
    texts,
)
from wire_strategies import replies, with_chunking

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ImageContent,
    SystemMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, resolve_for, set_fields
from casual_llm.reply import FinishReason, Reply, StreamChunk
from casual_llm.tools import Tool
from casual_llm.usage import Usage
from casual_llm.wire.arguments import object_or_text
from casual_llm.wire.codec import Call, Chunks, Encoded, Request, Response
from casual_llm.wire.collect import collect
from casual_llm.wire.report import Change, Loss

_HELLO = (UserMessage(content="Hi"),)
_OPTIONS = {"num_predict": "max_tokens", "format": "response_format"}


def _body(call: Call) -> dict[str, Json]:
    body: dict[str, Json] = json.loads(CODEC.encode(call).unwrap().request.body)
    return body


def _hello(**options: object) -> Call:
    return Call(model="m", messages=_HELLO, options=ChatOptions(**options))  # type: ignore[arg-type]


def _call(*messages: ChatMessage) -> Call:
    return Call(model="m", messages=messages)


def _reported(call: Call) -> list[tuple[str, str]]:
    encoded = CODEC.encode(call).unwrap()
    entries: list[Loss | Change] = [*encoded.losses, *encoded.changes]
    return [(entry.path, entry.kind) for entry in entries]


def _bytes(encoded: Encoded) -> bytes:
    return encoded.request.body


def _play(reads: Iterable[bytes]) -> tuple[Chunks, Result[Chunks, DecodeError]]:
    state, given_ = CODEC.start, list[StreamChunk]()
    for data in reads:
        state, chunks = CODEC.step(state, data).unwrap()
        given_ += chunks
    return tuple(given_), CODEC.finish(state)


def _collected(reads: Iterable[bytes]) -> Result[Reply, DecodeError]:
    given_, end = _play(reads)
    return end.map(lambda rest: collect([*given_, *rest]))


def _ok(**body: Json) -> Response:
    return Response(status=200, body=json.dumps(body).encode())


# What is asked.


@given(canonical_calls)
@example(_hello(temperature=0.0, stop=[], tools=[], seed=0, frequency_penalty=0, top_k=0))
@example(_hello(response_format="json", extra={"keep_alive": 0, "options": {"num_ctx": 4096}}))
def test_a_call_in_canonical_form_is_encoded_without_losses_and_read_back(call: Call) -> None:
    encoded = CODEC.encode(call).unwrap()
    assert (encoded.losses, encoded.changes) == ((), ())
    assert CODEC.read(encoded.request).unwrap() == call


@given(encodable_calls)
def test_a_request_reads_back_to_the_canonical_form_of_its_messages(call: Call) -> None:
    encoded = CODEC.encode(call).unwrap()
    assert CODEC.read(encoded.request).unwrap().messages == canonical(call.messages)[0]


@given(any_ollama_calls)
def test_a_request_that_was_read_is_encoded_to_the_same_bytes_again(call: Call) -> None:
    first = CODEC.encode(call)
    again = first.map(lambda encoded: CODEC.encode(CODEC.read(encoded.request).unwrap()).unwrap())
    assert again.map(_bytes) == first.map(_bytes)


@given(any_ollama_calls)
def test_a_request_that_was_read_is_encoded_without_losses_and_changes(call: Call) -> None:
    again = CODEC.encode(call).map(lambda encoded: CODEC.read(encoded.request).unwrap())
    assert again.map(_reported).value_or([]) == []


@given(any_ollama_calls)
def test_a_call_is_encoded_or_rejected_with_a_path(call: Call) -> None:
    path = CODEC.encode(call).swap().map(lambda error: error.path).value_or("messages")
    assert path.startswith(("messages", "options."))


@given(encodable_calls)
def test_every_option_that_is_set_is_in_the_body_or_reported(call: Call) -> None:
    body = _body(call)
    options = body.get("options", {})
    assert isinstance(options, dict)
    sent = {_OPTIONS.get(key, key) for key in {*body, *options}}
    reported = {path.removeprefix("options.") for path, _ in _reported(call)}
    assert set_fields(resolve_for(call.options, *CODEC.names)).keys() - sent - reported <= {"extra"}


@given(encodable_calls)
def test_the_stream_flag_is_always_sent_and_messages_are_the_last_key(call: Call) -> None:
    body = _body(call)
    assert (body["stream"], list(body)[-1]) == (call.stream, "messages")


@given(conversations)
def test_canonicalising_is_idempotent(messages: list[ChatMessage]) -> None:
    first, _ = canonical(fetched(messages))
    again, report = canonical(first)
    assert (again, report.changes) == (first, [])


@given(conversations)
def test_messages_change_if_and_only_if_that_is_reported(messages: list[ChatMessage]) -> None:
    given_ = fetched(messages)
    form, report = canonical(given_)
    assert form == given_ or report.changes or report.losses
    assert form != given_ or not report.changes


@given(conversations)
def test_canonical_messages_are_encoded_to_the_same_bytes_as_the_original(
    messages: list[ChatMessage],
) -> None:
    call = _call(*_HELLO, *fetched(messages))
    again = CODEC.encode(attrs.evolve(call, messages=canonical(call.messages)[0]))
    written = CODEC.encode(call).map(_bytes)  # an empty message is refused before it has a canonical form
    assert not is_successful(written) or again.map(_bytes) == written


@given(rich_messages)
def test_every_part_other_than_text_and_images_is_a_loss(message: ChatMessage) -> None:
    parts = message.content if isinstance(message.content, tuple) else ()
    others = [
        f"messages[1].content[{index}]" for index, it in enumerate(parts) if it.type not in {"text", "image"}
    ]
    lost = CODEC.encode(_call(*_HELLO, *fetched([message]))).map(lambda it: {loss.path for loss in it.losses})
    assert set(others) <= lost.value_or({*others})


@given(encodable_calls, st.lists(rich_messages, max_size=2))
def test_new_turns_leave_all_earlier_bytes_unchanged(call: Call, turns: list[ChatMessage]) -> None:
    before = CODEC.encode(call).map(_bytes).unwrap()
    longer = attrs.evolve(call, messages=(*call.messages, *fetched(turns)))
    assert CODEC.encode(longer).map(_bytes).value_or(before).startswith(before[: -len(b"]}")])


@given(encodable_calls)
def test_a_prefix_of_the_messages_is_not_encoded_again(call: Call) -> None:
    shorter = [attrs.evolve(call, messages=part) for part in accumulate((it,) for it in call.messages)]
    prefixes = [CODEC.encode(beginning).unwrap().prefix for beginning in shorter]
    assert {CODEC.encode(call, prefix) == CODEC.encode(call) for prefix in prefixes} == {True}


@given(encodable_calls)
def test_a_merged_conversation_has_at_most_one_system_message_with_content(call: Call) -> None:
    options = call.options | ChatOptions(system_message_handling="merge")
    encoded = CODEC.encode(attrs.evolve(call, options=options)).unwrap()
    system = [m for m in CODEC.read(encoded.request).unwrap().messages if isinstance(m, SystemMessage)]
    assert len([message for message in system if message.content.strip()]) <= 1


@given(st.text(min_size=1))
def test_arguments_that_are_not_an_object_are_rejected_with_their_path(rest: str) -> None:
    function = AssistantToolCallFunction(name="f", arguments=f"[{rest}")
    call = _call(*_HELLO, AssistantMessage(tool_calls=[AssistantToolCall(id="1", function=function)]))
    assert CODEC.encode(call).failure().path == "messages[1].tool_calls[0].function.arguments"


@given(texts.map("https://example.com/".__add__))
def test_a_url_that_was_not_downloaded_is_rejected_with_its_path(url: str) -> None:
    failure = CODEC.encode(_call(UserMessage(content=[ImageContent(source=url)]))).failure()
    assert (failure.path, "fetch_image_as_base64" in failure.remedy) == ("messages[0].content[0]", True)


@given(images)
@example(ImageContent(source="iVBORw0KGgo=", media_type="image/webp"))
@example(ImageContent(source="aGk=", media_type="image/webp"))
def test_a_loss_of_an_image_does_not_affect_the_changes_of_the_image(image: ImageContent) -> None:
    plain, lost = (image.model_copy(update={"detail": detail}) for detail in (None, "low"))
    changes = [canonical(fetched([UserMessage(content=[part])]))[1].changes for part in (plain, lost)]
    assert changes[0] == changes[1]


@given(names.map("data:image/png;base64,?".__add__))
def test_a_data_uri_without_base64_is_rejected_with_its_path(uri: str) -> None:
    failure = CODEC.encode(_call(UserMessage(content=[ImageContent(source=uri)]))).failure()
    assert (failure.path, failure.remedy) == ("messages[0].content[0]", "use base64 instead")


@given(json_values, json_values)
def test_settings_in_extra_are_merged_and_replace_settings_of_the_same_name(own: Json, other: Json) -> None:
    call = _hello(top_p=0.5, seed=1, extra={"options": {"top_p": [own], "num_ctx": other}})
    assert _body(call)["options"] == {"top_p": [own], "seed": 1, "num_ctx": other}
    assert _reported(call) == [("options.extra.options.top_p", "overridden")]


@given(json_values.map(lambda value: [value]))
def test_settings_in_extra_that_are_not_an_object_replace_all_settings(value: Json) -> None:
    call = _hello(top_p=0.5, extra={"options": value})
    assert (_body(call)["options"], _reported(call)) == (value, [("options.extra.options", "overridden")])


@given(st.lists(names, min_size=1, unique=True), st.data())
def test_a_chosen_tool_is_offered_alone(offered: list[str], data: st.DataObject) -> None:
    tools = [Tool(name=f"f{name}") for name in offered]
    call = _hello(tools=tools, tool_choice=data.draw(st.sampled_from(tools)).name)
    assert CODEC.read(CODEC.encode(call).unwrap().request).unwrap().options.tools == tuple(
        tool for tool in tools if tool.name == call.options.tool_choice
    )


@given(names.map("f".__add__), json_values)
def test_a_tool_choice_among_tools_of_extra_is_dropped(name: str, tools: Json) -> None:
    call = _hello(tool_choice=name, extra={"tools": tools})
    assert (_body(call)["tools"], _reported(call)) == (tools, [("options.tool_choice", "unsupported")])


@given(
    st.fixed_dictionaries(
        {}, optional={"strict": st.booleans(), "cache_control": st.just({"type": "ephemeral"})}
    )
)
def test_fields_of_a_tool_that_ollama_does_not_support_are_reported(more: dict[str, Any]) -> None:
    reported = _reported(_hello(tools=[Tool(name="f", **more)]))
    assert sorted(reported) == [(f"options.tools[0].{key}", "unsupported") for key in sorted(more)]


_SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"


def _schema() -> dict[str, Json]:
    path = _SPECS / "ollama.ChatRequest.schema.json"
    if not path.exists():
        missing = pytest.fail if os.environ.get("CASUAL_LLM_REQUIRE_SHARED") else pytest.skip
        missing(f"there is no schema at ../shared/specs/{path.name}")
    schema: dict[str, Json] = json.loads(path.read_text("utf-8"))
    return schema


def test_requests_follow_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(_schema())

    @given(canonical_calls)
    def law(call: Call) -> None:
        assert [error.message for error in validator.iter_errors(_body(call))] == []

    law()


@given(requests)
def test_reading_a_request_never_raises(request_: Request) -> None:
    assert CODEC.read(request_) == CODEC.read(request_)


@given(st.sampled_from(["keep_alive", "logprobs", "x"]), json_values)
def test_a_key_that_no_option_represents_is_kept_in_extra(key: str, value: Json) -> None:
    body = json.dumps({"model": "m", "messages": [], key: value}).encode()
    call = CODEC.read(Request(url="/api/chat", body=body)).unwrap()
    assert call.options == ChatOptions(extra={key: value})


@given(st.integers(max_value=-1))
def test_a_setting_that_no_option_can_represent_is_kept_in_extra(value: int) -> None:
    body = json.dumps({"options": {"num_predict": value}}).encode()
    call = CODEC.read(Request(url="/api/chat", body=body)).unwrap()
    assert call.options == ChatOptions(extra={"options": {"num_predict": value}})


@given(names.map("x-".__add__), json_objects)
def test_tools_that_are_not_functions_are_kept_in_extra(kind: str, keys: dict[str, Json]) -> None:
    tools: list[Json] = [{**keys, "type": kind}]
    body = json.dumps({"tools": tools}).encode()
    assert CODEC.read(Request(url="/api/chat", body=body)).unwrap().options == ChatOptions(
        extra={"tools": tools}
    )


@given(
    st.sampled_from(
        [
            ("user", "role", ""),
            ("user", "content", ""),
            ("user", "images", ""),
            ("assistant", "tool_calls", ""),
            ("tool", "tool_name", ""),
            ("tool", "tool_call_id", ""),
        ]
    ),
    st.integers() | st.dictionaries(names, names),
)
@example(("user", "images", "[0]"), ["?"])
@example(("assistant", "tool_calls", "[0].function.name"), [{}])
@example(
    ("assistant", "tool_calls", "[0].function.arguments"), [{"function": {"name": "f", "arguments": [1]}}]
)
def test_an_invalid_field_of_a_message_is_rejected_with_its_path(
    where: tuple[str, str, str], value: Json
) -> None:
    role, key, inside = where
    body = json.dumps({"messages": [{"role": role, key: value}]}).encode()
    assert CODEC.read(Request(url="/api/chat", body=body)).failure().path == f"messages[0].{key}{inside}"


@given(st.binary(min_size=1), st.sampled_from(["user", "tool"]))
def test_an_image_as_a_data_uri_is_read_as_its_base64(image: bytes, role: str) -> None:
    data = b64encode(image).decode()
    spelled = [{"role": role, "images": [head + data]} for head in ("", "data:image/jpeg;base64,")]
    read = [
        CODEC.read(Request(url="/api/chat", body=json.dumps({"messages": [it]}).encode())) for it in spelled
    ]
    assert read[0].unwrap() == read[1].unwrap()


@given(st.lists(base64_texts))
def test_a_list_of_images_with_an_empty_one_is_written_back_unchanged(images: list[str]) -> None:
    message = {"role": "user", "content": "a", "images": [*images, ""]}
    body = json.dumps({"model": "m", "messages": [message]}).encode()
    assert _body(CODEC.read(Request(url="/api/chat", body=body)).unwrap())["messages"] == [message]


@given(names.map("x-".__add__), json_values)
def test_unknown_keys_of_a_called_function_are_written_back_unchanged(key: str, value: Json) -> None:
    called = {"id": "1", "function": {"name": "f", "arguments": {}, key: value}}
    message = {"role": "assistant", "content": "", "tool_calls": [called]}
    body = json.dumps({"model": "m", "messages": [message]}).encode()
    assert _body(CODEC.read(Request(url="/api/chat", body=body)).unwrap())["messages"] == [message]


# What is answered.


@given(ollama_replies)
def test_a_written_reply_is_decoded_to_itself(reply: Reply) -> None:
    assert CODEC.decode(CODEC.write(reply)).unwrap() == reply


@given(replies)
def test_a_reply_of_any_format_is_preserved_except_for_the_text_of_its_arguments(reply: Reply) -> None:
    read = CODEC.decode(CODEC.write(reply)).unwrap()
    kept = ("usage", "reasoning", "model", "id")
    assert [getattr(read, name) for name in kept] == [getattr(reply, name) for name in kept]
    assert (read.message.content, read.message.refusal) == (reply.message.content, reply.message.refusal)
    assert [it.id for it in read.message.tool_calls or ()] == [it.id for it in reply.message.tool_calls or ()]


@given(st.sampled_from(get_args(FinishReason)), st.none() | non_empty_texts)
def test_a_finish_reason_of_any_provider_is_preserved(reason: FinishReason, raw: str | None) -> None:
    reply = Reply(message=AssistantMessage(content="a"), finish_reason=reason, raw_finish_reason=raw)
    read = CODEC.decode(CODEC.write(reply)).unwrap()
    assert read.raw_finish_reason == raw or read.finish_reason == reason


@given(arguments)
def test_arguments_mean_the_same_after_a_round_trip(written: str) -> None:
    function = AssistantToolCallFunction(name="f", arguments=written)
    asked = AssistantMessage(tool_calls=[AssistantToolCall(id="1", function=function)])
    (call,) = CODEC.decode(CODEC.write(Reply(message=asked))).unwrap().message.tool_calls or ()
    assert object_or_text(call.function.arguments) == object_or_text(written)


@given(responses)
@example(_ok(message={"tool_calls": [{"function": {"arguments": {"a": 10**400}}}]}))
@example(
    Response(status=200, body=b'{"message": {"tool_calls": [{"function": {"arguments": {"a": 1e999}}}]}}')
)
@example(_ok(done=True, prompt_eval_count=10**400))
def test_any_response_is_a_failure_with_a_text_or_a_reply_that_survives_a_round_trip(
    response: Response,
) -> None:
    read = CODEC.decode(response)
    again = read.map(lambda reply: CODEC.decode(CODEC.write(reply)).unwrap())
    assert again == read
    assert read.map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()


@given(ollama_replies, json_objects)
def test_unknown_keys_are_ignored(reply: Reply, more: dict[str, Json]) -> None:
    odd = {f"x-{key}": value for key, value in more.items()}
    body = json.loads(CODEC.write(reply).body)
    assert CODEC.decode(_ok(**{**body, **odd, "message": {**body["message"], **odd}})).unwrap() == reply


@given(non_empty_texts)
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_an_error_is_an_error_response_with_its_text_whatever_the_status(status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    assert CODEC.decode(Response(status=status, body=body)).failure() == ErrorResponse(status, message)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"model": "m"}', b'{"done": 1}'])
def test_a_body_without_a_reply_is_malformed(body: bytes) -> None:
    assert isinstance(CODEC.decode(Response(status=200, body=body)).failure(), Malformed)


@pytest.mark.parametrize(
    ("figures", "usage"),
    [
        ({}, None),
        ({"eval_count": 5}, Usage(completion_tokens=5)),
        ({"prompt_eval_count": 0, "eval_count": 5.0}, Usage(prompt_tokens=0, completion_tokens=5)),
        ({"prompt_eval_count": None, "eval_count": "5"}, None),
        ({"total_duration": 5, "eval_duration": 5}, None),
    ],
    ids=str,
)
def test_usage_is_what_the_server_reports_and_no_more(figures: dict[str, Json], usage: Usage | None) -> None:
    assert CODEC.decode(_ok(done=True, **figures)).unwrap().usage == usage


# How it streams.


@given(ollama_replies)
def test_a_collected_stream_equals_the_decoded_reply(reply: Reply) -> None:
    assert _collected(CODEC.write_stream(reply)) == CODEC.decode(CODEC.write(reply))


@given(odd_streams.flatmap(with_chunking))
@example((b'{"done": true}\n{"error": "a"}\n', [b'{"done": true}\n', b'{"error": "a"}\n']))
def test_a_stream_does_not_depend_on_where_the_network_cuts(cut: tuple[bytes, list[bytes]]) -> None:
    whole, reads = cut
    assert _play(reads) == _play([whole])


@given(odd_streams)
def test_any_bytes_are_a_stream_or_a_failure_with_a_text(whole: bytes) -> None:
    assert _play([whole])[1].map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()


@given(ollama_replies, st.data())
def test_a_stream_that_is_cut_is_truncated_and_carries_what_was_received(
    reply: Reply, data: st.DataObject
) -> None:
    whole = b"".join(CODEC.write_stream(reply)).rstrip()
    failure = _play([whole[: data.draw(st.integers(0, len(whole) - 1))]])[1].failure()
    assert isinstance(failure, Truncated)
    assert (reply.message.content or "").startswith(failure.partial.message.content or "")


@given(ollama_replies, non_empty_texts)
def test_an_error_in_a_stream_carries_the_partial_reply(reply: Reply, message: str) -> None:
    *lines, _ = CODEC.write_stream(reply)
    failure = _play([*lines, json.dumps({"error": message}).encode()])[1].failure()
    assert isinstance(failure, ErrorResponse)
    assert (failure.message, failure.partial) == (message, collect(_play(lines)[0]))


@given(ollama_replies, odd_streams)
def test_everything_after_the_last_event_is_ignored(reply: Reply, rest: bytes) -> None:
    assert _play([*CODEC.write_stream(reply), rest]) == _play(CODEC.write_stream(reply))


@given(ollama_replies)
def test_the_last_line_may_lack_its_line_ending(reply: Reply) -> None:
    written = b"".join(CODEC.write_stream(reply))
    assert _collected([written.rstrip(b"\n")]) == _collected([written])


@pytest.mark.timeout(30)
def test_a_stream_of_thousands_of_parts_is_collected_and_its_state_has_a_repr() -> None:
    parts = [b'{"message":{"content":"a","thinking":"b"}}\n'] * 20_000
    reply = _collected([*parts, b'{"done":true}']).unwrap()
    assert (reply.message.content, reply.reasoning) == ("a" * 20_000, "b" * 20_000)
    assert repr(reduce(lambda state, part: CODEC.step(state, part).unwrap()[0], parts, CODEC.start))
