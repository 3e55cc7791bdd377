"""Anthropic Messages: requests and replies survive a round trip, or the difference is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from anthropic_strategies import (
    CODEC,
    MODELS,
    Tree,
    answered_blocks,
    any_calls,
    calls,
    limited,
    limits,
    sound_calls,
)
from anthropic_wire_strategies import (
    event,
    odd_requests,
    odd_responses,
    odd_streams,
    plain_replies,
    replies,
    silent,
    whole,
)
from hypothesis import example, given, strategies as st
from returns.result import Result, Success
from strategies import json_objects, json_values
from support.corpus import problems
from wire_strategies import with_chunking

from casual_llm.failures import DecodeError, Truncated
from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    FileContent,
    ImageContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema, resolve_for, set_fields
from casual_llm.reply import Reply, StreamChunk
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Chunks, Encoded, Request, Response
from casual_llm.wire.collect import collect
from casual_llm.wire.json import parse
from casual_llm.wire.report import Change, Loss


def play(reads: Iterable[bytes]) -> tuple[Chunks, Result[Chunks, DecodeError]]:
    state, given_ = CODEC.start, list[StreamChunk]()
    for data in reads:
        state, chunks = CODEC.step(state, data).unwrap()
        given_.extend(chunks)
    return tuple(given_), CODEC.finish(state)


def collected(reads: Iterable[bytes]) -> Result[Reply, DecodeError]:
    given_, end = play(reads)
    return end.map(lambda rest: collect([*given_, *rest]))


def encoded(call: Call) -> Result[Encoded, Any]:
    return CODEC.encode(call)


def body_of(call: Call) -> bytes:
    return encoded(call).map(lambda it: it.request.body).value_or(b"")


def json_of(call: Call) -> Json:
    return parse(body_of(call)).value_or("") or None


def read(request: Request) -> Call:
    return CODEC.read(request).unwrap()


def _request(**body: Json) -> Request:
    return Request(url="/messages", body=json.dumps(body).encode())


def holds(law: Result[object, Any]) -> bool:
    """Return whether a law holds of what could be encoded."""
    return bool(law.lash(Success).unwrap())


def ask(*messages: ChatMessage) -> Call:
    options = ChatOptions(max_tokens=1)
    return Call(model="m", messages=[UserMessage(content="Hi"), *messages], options=options)


_FUNCTION = AssistantToolCallFunction(name="f", arguments="{}")
_ASKING = AssistantMessage(tool_calls=[AssistantToolCall(id="1", function=_FUNCTION)])
_CUT = b'{"content": [{"type": "redacted_thinking"}, {"type": "tool_use", "id": "1", "input": "{\\"a"}]}'
_UNNAMED = b'{"content": [{"type": "redacted_thinking"}, {"type": "tool_use", "name": "f", "input": {}}]}'

_UNSENT = b'{"content": [{"type": "redacted_thinking"}, {"type": "tool_use", "id": "1", "name": "f"}]}'
_NO_JSON = b'{"content": [{"type": "redacted_thinking", "data": NaN}]}'
_BROKEN = AssistantMessage(
    tool_calls=[AssistantToolCall(id="1", function=AssistantToolCallFunction(name="f", arguments="["))]
)

_ASKED: dict[str, Json] = {"role": "user", "content": "Hi"}
_TABLE: Json = {"type": "document", "source": {"type": "text", "media_type": "text/csv", "data": "a"}}
_STORED: Json = {"type": "image", "source": {"type": "file", "file_id": "f"}}
_RESULT: dict[str, Json] = {"type": "tool_result", "tool_use_id": "1"}

# Requests.


@given(calls)
def test_a_request_without_losses_and_changes_reads_back_to_its_call(call: Call) -> None:
    meant = attrs.evolve(call, options=resolve_for(call.options, *CODEC.names))
    assert holds(encoded(call).map(lambda it: it.losses or it.changes or read(it.request) == meant))


@given(calls | any_calls)
@example(ask(UserMessage(content="", native={"anthropic": {"further": 1}})))
@example(ask(_ASKING, ToolResultMessage(name="f", tool_call_id="1", content=[])))
@example(ask(_ASKING, ToolResultMessage(name="f", tool_call_id="1", content=[TextContent(text="")])))
def test_a_request_is_read_in_canonical_form(call: Call) -> None:
    bare = attrs.evolve(call, options=ChatOptions(max_tokens=1))
    canonical = encoded(bare).map(lambda it: read(it.request)).value_or(bare)
    assert json_of(canonical) == json_of(bare)
    again = encoded(bare).bind(lambda _: encoded(canonical))
    assert again.map(lambda it: (*it.losses, *it.changes)).value_or(()) == ()


@given(calls | any_calls)
@example(ask(_BROKEN))
@example(ask(_BROKEN, _BROKEN))
def test_messages_change_exactly_where_a_loss_or_change_is_reported(call: Call) -> None:
    it = encoded(attrs.evolve(call, options=ChatOptions(max_tokens=1)))
    same = it.map(lambda it: read(it.request).messages == call.messages)
    reported = it.map(lambda it: bool(it.losses or it.changes))
    assert holds(it.map(lambda it: it.losses or reported != same))


@given(calls | any_calls)
@example(ask(UserMessage(content=[ImageContent(source="data:,no image")])))
@example(ask(UserMessage(content=[AudioContent(source="aGk=")])))
def test_a_call_is_encoded_or_rejected_with_a_path(call: Call) -> None:
    path = encoded(call).swap().map(lambda error: error.path).value_or("messages")
    assert path.startswith(("messages", "options."))


_MARK: dict[str, Json] = {"type": "ephemeral"}
_LOSSES: list[tuple[ChatMessage, str]] = [
    (UserMessage(content=[TextContent(text="", cache_control=_MARK)]), "content[0].cache_control"),
    (
        UserMessage(content=[ImageContent(source="https://example.com/a", media_type="image/png")]),
        "content[0].media_type",
    ),
    (UserMessage(content=[ImageContent(source="aGk=", detail="low")]), "content[0].detail"),
    (SystemMessage(content=" ", cache_control=_MARK), "cache_control"),
    (UserMessage(content="a", native={"anthropic": {"content": []}}), "native.anthropic.content"),
    (AssistantMessage(content="a", native={"anthropic": {"role": "user"}}), "native.anthropic.role"),
]


@given(st.sampled_from(_LOSSES), st.lists(st.just(UserMessage(content="Hi")), max_size=2))
def test_what_the_format_cannot_hold_is_a_loss_with_its_path(
    lossy: tuple[ChatMessage, str], before: list[ChatMessage]
) -> None:
    message, path = lossy
    it = encoded(ask(*before, message)).unwrap()
    assert [loss.path for loss in it.losses] == [f"messages[{len(before) + 1}].{path}"]


@given(st.sampled_from(["aGk=", "aGl="]), st.sampled_from(["text/plain", "text/csv"]))
def test_a_text_file_is_read_back_in_canonical_base64(data: str, media_type: str) -> None:
    file = FileContent(source={"type": "base64", "data": data}, media_type=media_type)
    it = encoded(ask(AssistantMessage(content="a"), UserMessage(content=[file]))).unwrap()
    assert [loss.kind for loss in it.losses] == ["replaced"] * (media_type == "text/csv")
    assert [change.kind for change in it.changes] == ["rewritten"] * (data == "aGl=")


_WORDS = {"stop": "stop_sequences", "response_format": "output_config"}


@given(calls | any_calls)
def test_every_option_that_is_set_is_in_the_body_or_reported(call: Call) -> None:
    sent = encoded(call).map(lambda it: {*json.loads(it.request.body), *_reported(it)})
    asked = {_WORDS.get(name, name) for name in set_fields(resolve_for(call.options)) if name != "extra"}
    assert sent.map(lambda known: asked - known).value_or(set()) == set()


def _reported(it: Encoded) -> set[str]:
    reported: list[Loss | Change] = [*it.losses, *it.changes]
    paths = [one.path.removeprefix("options.") for one in reported]
    return {_WORDS.get(path, path) for path in paths}


@given(calls | any_calls, st.integers(0, 6))
def test_encoding_continues_from_a_prefix(call: Call, size: int) -> None:
    before = encoded(attrs.evolve(call, messages=call.messages[:size]))
    after = before.bind(lambda it: CODEC.encode(call, prefix=it.prefix))
    assert after.value_or(None) in {None, encoded(call).value_or(None)}


@given(calls | any_calls, st.text("ab", min_size=1), st.text("ab", min_size=1))
def test_a_new_turn_leaves_all_earlier_bytes_unchanged(call: Call, answer: str, asked: str) -> None:
    turn = (AssistantMessage(content=answer), UserMessage(content=asked))
    ended = attrs.evolve(call, messages=(*call.messages, UserMessage(content="Well?")))
    after = body_of(attrs.evolve(ended, messages=(*ended.messages, *turn)))
    assert after.startswith(body_of(ended)[: -len(b"]}")])


@given(calls | any_calls)
def test_a_merged_conversation_has_at_most_one_system_block(call: Call) -> None:
    options = call.options.without("response_format") | ChatOptions(system_message_handling="merge")
    merged = attrs.evolve(call, options=options)
    messages = encoded(merged).map(lambda it: read(it.request).messages).value_or(())
    assert len([message for message in messages if message.role == "system"]) <= 1


@given(st.sampled_from([UserMessage, AssistantMessage]), json_values, json_values)
def test_messages_of_one_turn_that_disagree_on_a_native_key_send_the_last_value_and_report_a_loss(
    kind: type[UserMessage | AssistantMessage], first: Json, last: Json
) -> None:
    turn = [kind(content="a", native={"anthropic": {"x": value}}) for value in (first, last)]
    it = encoded(ask(AssistantMessage(content="Yes."), *turn)).unwrap()
    on_the_wire, after, before = [json.dumps(x, sort_keys=True) for x in (_last(it)["x"], last, first)]
    assert (on_the_wire, bool(it.losses)) == (after, before != after)


def _last(it: Encoded) -> Any:  # noqa: ANN401
    return json.loads(it.request.body)["messages"][-1]


@given(answered_blocks, st.text("a", max_size=1))
def test_unsigned_thinking_is_a_loss_unless_it_is_empty(blocks: list[Any], thought: str) -> None:
    content = [{"type": "thinking", "thinking": thought}, *blocks]
    call = read(_request(max_tokens=1, messages=[_ASKED, {"role": "assistant", "content": content}]))
    paths = [loss.path for loss in encoded(call).unwrap().losses]
    assert paths == ["messages[1].native.anthropic.content"] * len(thought)


@given(sound_calls)
def test_a_request_follows_the_schema_of_the_vendor(call: Call) -> None:
    body = json.loads(encoded(call).unwrap().request.body)
    assert problems("anthropic.CreateMessageParams", body) == []


@given(limits)
def test_limits_that_the_vendor_does_not_support_go_into_descriptions(keywords: dict[str, Any]) -> None:
    options = ChatOptions(max_tokens=1, response_format=limited(keywords))
    asked: Any = json_of(attrs.evolve(ask(), model="claude-opus-4-6", options=options))
    field = asked["output_config"]["format"]["schema"]["properties"]["field"]
    assert [
        key for key in keywords if field.get(key) == keywords[key] or key not in field["description"]
    ] == []


@given(json_objects)
def test_an_explicit_schema_is_sent_and_read_back_unchanged(schema: dict[str, Json]) -> None:
    options = ChatOptions(max_tokens=1, response_format=JsonSchema(name="answer", schema=schema))
    it = encoded(attrs.evolve(ask(), model="claude-opus-4-6", options=options)).unwrap()
    assert (it.losses, it.changes, read(it.request).options) == ((), (), options)


@given(st.sampled_from(MODELS))
def test_a_recursive_class_is_requested_by_an_instruction(model: str) -> None:
    options = ChatOptions(max_tokens=1, response_format=Tree)
    asked: Any = json_of(attrs.evolve(ask(), model=model, options=options))
    assert ("output_config" in asked, "#/$defs/Tree" in asked["system"][-1]["text"]) == (False, True)


@given(st.lists(st.text("a \n", max_size=2), max_size=3))
def test_a_stop_sequence_is_sent_unless_it_is_blank_and_then_reported(stop: list[str]) -> None:
    it = encoded(attrs.evolve(ask(), options=ChatOptions(max_tokens=1, stop=stop))).unwrap()
    kept = json.loads(it.request.body).get("stop_sequences", [])
    assert kept == [text for text in stop if text.strip()]
    assert [loss.path for loss in it.losses] == ["options.stop"] * (kept != stop)


@given(st.text("a.é", min_size=1, max_size=3) | st.integers(127, 130).map("a".__mul__))
def test_a_tool_is_sent_or_rejected_at_the_path_of_its_name(name: str) -> None:
    options = ChatOptions(max_tokens=1, tools=[Tool(name=name)])
    it = encoded(attrs.evolve(ask(), options=options))
    listed = it.map(lambda it: json.loads(it.request.body)["tools"][0]["name"])
    assert listed.lash(lambda error: Success(error.path)).unwrap() in {name, "options.tools[0].name"}


@given(json_values)
def test_system_in_extra_replaces_the_system_messages_and_is_reported(value: Json) -> None:
    call = ask(SystemMessage(content="Be brief."))
    it = encoded(attrs.evolve(call, options=call.options | ChatOptions(extra={"system": value}))).unwrap()
    assert json.loads(it.request.body)["system"] == value
    assert [(loss.path, loss.kind) for loss in it.losses] == [("options.extra.system", "overridden")]


_MALFORMED: list[tuple[str, Callable[[Json], dict[str, Json]]]] = [
    ("role", lambda value: {"role": value}),
    ("further", lambda value: {"role": "user", "content": [{**_RESULT}], "further": value}),
    ("content", lambda value: {"role": "user", "content": value}),
    ("content[0]", lambda value: {"role": "assistant", "content": [value]}),
    ("content[0]", lambda value: {"role": "system", "content": [{"type": "text", "text": value}]}),
    (
        "content[0].tool_use_id",
        lambda value: {"role": "user", "content": [{**_RESULT, "tool_use_id": value}]},
    ),
    ("content[0].is_error", lambda value: {"role": "user", "content": [{**_RESULT, "is_error": value}]}),
]


@given(st.sampled_from(_MALFORMED), st.integers())
def test_an_invalid_field_of_a_message_is_rejected_with_its_path(
    malformed: tuple[str, Callable[[Json], dict[str, Json]]], value: int
) -> None:
    path, message = malformed
    assert CODEC.read(_request(messages=[message(value)])).failure().path == f"messages[0].{path}"


@given(odd_requests)
def test_any_request_is_read_or_rejected_with_a_text(request: Request) -> None:
    assert CODEC.read(request).swap().map(str).value_or("fine")


@given(odd_requests)
@example(_request(messages=[{"role": "user", "content": [_TABLE]}]))
@example(_request(messages=[{"role": "user", "content": [_STORED]}]))
def test_a_request_that_was_read_is_encoded_to_the_same_bytes_again(request: Request) -> None:
    call = CODEC.read(request).value_or(Call(model="", messages=[]))
    again = encoded(call).map(lambda it: body_of(read(it.request)))
    assert again.value_or(b"") == body_of(call)


# Replies.


@given(replies)
def test_a_written_reply_is_decoded_to_itself(reply: Reply) -> None:
    assert CODEC.decode(CODEC.write(reply)) == Success(reply)


@given(odd_responses)
@example(Response(status=200, body=_CUT))
@example(Response(status=200, body=_UNNAMED))
@example(Response(status=200, body=_UNSENT))
@example(Response(status=200, body=_UNSENT.replace(b'"f"', b'"f", "caller": {"type": "direct"}')))
@example(Response(status=200, body=_NO_JSON))
def test_a_decoded_reply_is_written_and_decoded_to_itself(response: Response) -> None:
    reply = CODEC.decode(response)
    assert reply.map(CODEC.write).bind(CODEC.decode) == reply


@given(odd_responses)
def test_any_response_is_a_reply_or_a_failure_with_a_text(response: Response) -> None:
    assert CODEC.decode(response).swap().map(str).value_or("fine")


@given(replies)
def test_a_collected_stream_is_the_reply_that_was_written(reply: Reply) -> None:
    assert collected(CODEC.write_stream(reply)) == Success(reply)


@given(replies)
def test_the_message_of_a_reply_can_be_sent_without_losses(reply: Reply) -> None:
    messages = (UserMessage(content="Hi"), reply.message, UserMessage(content="Go on."))
    again = encoded(Call(model="m", messages=messages, options=ChatOptions(max_tokens=1)))
    assert holds(again.map(lambda it: it.losses or it.changes or read(it.request).messages == messages))


@given(odd_streams.flatmap(with_chunking))
def test_a_stream_does_not_depend_on_where_the_network_cuts(cut: tuple[bytes, list[bytes]]) -> None:
    together, reads = cut
    assert play(reads) == play([together])


@given(odd_streams)
@example(
    event("content_block_delta", index=0, delta={"type": "text_delta", "further": 1}) + event("message_stop")
)
def test_any_bytes_are_a_stream_or_a_failure_with_a_text(together: bytes) -> None:
    assert play([together])[1].swap().map(str).value_or("fine")


@given(plain_replies, st.data())
def test_a_stream_that_is_cut_is_truncated_and_carries_what_was_received(
    reply: Reply, data: st.DataObject
) -> None:
    before = b"".join(CODEC.write_stream(reply)[:-1])
    failure = collected([before[: data.draw(st.integers(0, len(before)))]]).failure()
    assert isinstance(failure, Truncated)
    assert (reply.message.content or "").startswith(failure.partial.message.content or "")


@given(replies, odd_streams)
def test_everything_after_the_last_event_is_ignored(reply: Reply, rest: bytes) -> None:
    assert play([*CODEC.write_stream(reply), rest]) == play(CODEC.write_stream(reply))


@given(replies)
def test_the_last_event_may_lack_its_blank_line(reply: Reply) -> None:
    assert collected([b"".join(CODEC.write_stream(reply)).rstrip(b"\n")]) == Success(reply)


@given(
    replies,
    st.sampled_from([b": hello\n\n", b'event: ping\ndata: {"type": "ping"}\n\n', b"event: new\ndata: ?\n\n"]),
)
def test_comments_pings_and_unknown_events_are_ignored(reply: Reply, noise: bytes) -> None:
    assert collected([noise + part for part in CODEC.write_stream(reply)]) == Success(reply)


@given(replies)
def test_a_repeated_message_start_is_ignored(reply: Reply) -> None:
    head, *rest = CODEC.write_stream(reply)
    assert collected([head, head, *rest]) == Success(reply)


@given(answered_blocks)
def test_a_message_that_is_complete_in_its_first_event_is_read_like_one_that_is_not_streamed(
    blocks: list[Any],
) -> None:
    stream = [event("message_start", message={"content": blocks}), event("message_stop")]
    assert collected(stream) == CODEC.decode(whole({"content": blocks}))


@given(answered_blocks)
def test_blocks_that_are_complete_at_their_start_need_no_deltas_and_no_end(blocks: list[Any]) -> None:
    begun = [event("content_block_start", index=at, content_block=it) for at, it in enumerate(blocks)]
    grown = [event("content_block_delta", index=at, delta=silent(it)) for at, it in enumerate(blocks)]
    assert collected([*begun, *grown, event("message_stop")]) == CODEC.decode(whole({"content": blocks}))


@given(st.lists(st.sampled_from(["", " ", "{", '"a":', "1", "}"]), max_size=5))
def test_the_input_of_a_tool_may_arrive_in_any_number_of_parts(parts: list[str]) -> None:
    begun = event("content_block_start", content_block={"type": "tool_use", "id": "1", "name": "f"})
    deltas = [{"type": "input_json_delta", "partial_json": part} for part in [*parts, "".join(parts)]]
    *apart, together = [event("content_block_delta", delta=delta) for delta in deltas]
    replies_ = [collected([begun, *come, event("message_stop")]) for come in (apart, [together])]
    assert replies_[0] == replies_[1]


@given(st.text("abc", max_size=3))
def test_an_image_with_an_invalid_media_type_is_preserved_as_a_native_block(media_type: str) -> None:
    source = {"type": "base64", "media_type": media_type, "data": "aGk="}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "a"}]
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": content}]}
    (message,) = CODEC.read(Request(url="", body=json.dumps(body).encode())).unwrap().messages
    assert [part.type for part in message.content or ()] == ["native", "text"]  # type: ignore[union-attr]


@given(st.text(max_size=3) | st.integers() | json_objects)
def test_a_tool_with_an_invalid_strict_is_kept_in_extra(strict: Json) -> None:
    body = {"messages": [], "tools": [{"name": "f", "input_schema": {}, "strict": strict}]}
    call = CODEC.read(Request(url="", body=json.dumps(body).encode())).unwrap()
    assert call.options.tools is None


@given(st.text(" \t", max_size=3))
def test_an_event_without_data_is_ignored(blank: str) -> None:
    data = f"event: ping\ndata: {blank}\n\n".encode()
    assert CODEC.step(CODEC.start, data).unwrap()[1] == ()
