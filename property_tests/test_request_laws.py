"""A request contains everything in its call, or the rest is reported."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path

import attrs
import jsonschema
import pytest
from hypothesis import example, given, strategies as st
from openai_strategies import documented_calls, rich_calls
from returns.pipeline import is_successful
from returns.result import Result
from strategies import (
    any_calls,
    assistant_messages,
    calls,
    json_schemas,
    json_values,
    omissions,
    texts,
    user_messages,
)

from casual_llm.failures import EncodeError
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
from casual_llm.options import ChatOptions, JsonSchema, Layer, ResponseFormat, resolve_for, set_fields
from casual_llm.options.omit import OMIT, Omit
from casual_llm.providers.openai_chat import DIALECTS, Dialect, codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, LLAMACPP, MISTRAL, OPENAI, OPENROUTER
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded, Request
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix


def encode(dialect: Dialect, call: Call, prefix: Prefix = EMPTY_PREFIX) -> Result[Encoded, EncodeError]:
    return codec(dialect).encode(call, prefix)


read = codec(OPENAI).read
dialects = st.sampled_from(DIALECTS)
_dialects_with_names = dialects.flatmap(
    lambda dialect: st.tuples(st.just(dialect), st.sampled_from(dialect.names))
)
_HELLO = (UserMessage(content="Hi"),)
_CALL = AssistantToolCall(id="1", function=AssistantToolCallFunction(name="f", arguments="{}"))

_EMPTY_RESULT = ToolResultMessage(name="f", tool_call_id="1", content=[], native={"openai": {"x": 1}})


def _body(encoded: Result[Encoded, EncodeError]) -> dict[str, Json]:
    body: dict[str, Json] = json.loads(encoded.unwrap().request.body)
    return body


def _read(encoded: Result[Encoded, EncodeError]) -> Call:
    return read(encoded.unwrap().request).unwrap()


def _parts(encoded: Encoded) -> tuple[bytes, Prefix]:
    return b"".join(encoded.prefix.pieces), attrs.evolve(encoded.prefix, pieces=())


def _request(encoded: Encoded) -> Request:
    return encoded.request


def _hello(**options: object) -> Call:
    return Call(model="m", messages=_HELLO, options=ChatOptions(**options))  # type: ignore[arg-type]


def _call_with(message: ChatMessage) -> Call:
    return Call(model="m", messages=[*_HELLO, message])


@given(dialects, calls)
@example(OPENAI, _hello(temperature=0.0, stop=[], tools=[], seed=0, frequency_penalty=0))
@example(OPENAI, _hello(tools=[Tool(name="f")], tool_choice="f"))
@example(OPENAI, _hello(response_format="text"))
@example(OPENAI, _hello(response_format="json"))
@example(COMPATIBLE, _hello(top_k=0, stop="", response_format=JsonSchema(name="", schema={}, strict=False)))
def test_a_request_without_losses_reads_back_to_its_call(dialect: Dialect, call: Call) -> None:
    encoded = encode(dialect, call).unwrap()
    resolved = attrs.evolve(call, options=resolve_for(call.options, *dialect.names))
    assert encoded.losses or encoded.changes or read(encoded.request).unwrap() == resolved


@given(dialects, rich_calls)
@example(MISTRAL, Call(model="m", messages=[*_HELLO, AssistantMessage(tool_calls=[_CALL])]))
@example(OPENAI, Call(model="m", messages=[AssistantMessage(tool_calls=[_CALL]), _EMPTY_RESULT]))
def test_a_call_without_losses_or_changes_reads_back_to_itself(dialect: Dialect, call: Call) -> None:
    result = encode(dialect, call)
    resolved = attrs.evolve(call, options=resolve_for(call.options, *dialect.names))
    reported = result.map(lambda it: bool(it.losses or it.changes)).value_or(not is_successful(result))
    assert reported or _read(result) == resolved


@given(dialects, rich_calls | any_calls)
def test_a_call_that_was_read_is_encoded_without_changes(dialect: Dialect, call: Call) -> None:
    again = encode(dialect, call).bind(lambda it: encode(dialect, read(it.request).unwrap()))
    assert again.map(lambda it: it.changes).value_or(()) == ()


@given(dialects, rich_calls, st.data())
def test_a_prefix_is_not_encoded_again(dialect: Dialect, call: Call, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(call.messages)))
    before = encode(dialect, attrs.evolve(call, messages=call.messages[:count]))
    prefix = before.map(lambda encoded: encoded.prefix).value_or(EMPTY_PREFIX)
    assert encode(dialect, call, prefix) == encode(dialect, call)
    assert encode(dialect, call, prefix).map(_parts) == encode(dialect, call).map(_parts)


@given(dialects, rich_calls)
def test_the_encoded_messages_are_the_end_of_the_request(dialect: Dialect, call: Call) -> None:
    written = encode(dialect, call).map(lambda it: b'"messages":[' + b"".join(it.prefix.pieces) + b"]}")
    body = encode(dialect, call).map(lambda it: it.request.body).value_or(b"")
    assert body.endswith(written.value_or(b""))


@given(calls)
def test_a_dialect_that_supports_every_option_loses_nothing(call: Call) -> None:
    assert encode(COMPATIBLE, call).unwrap().losses == ()


@given(dialects, any_calls | rich_calls)
def test_a_request_that_was_read_is_encoded_to_the_same_bytes_again(dialect: Dialect, call: Call) -> None:
    first = encode(dialect, call)
    again = first.map(lambda encoded: encode(dialect, read(encoded.request).unwrap()).unwrap())
    assert again.map(lambda encoded: encoded.request) == first.map(lambda encoded: encoded.request)


@given(dialects, any_calls | rich_calls)
def test_a_call_is_encoded_or_rejected_with_a_path(dialect: Dialect, call: Call) -> None:
    path = encode(dialect, call).swap().map(lambda error: error.path).value_or("messages")
    assert path.startswith(("messages", "options."))


@given(dialects, calls)
def test_every_option_that_is_set_is_in_the_body_or_among_the_losses(dialect: Dialect, call: Call) -> None:
    encoded = encode(dialect, call)
    option_by_key = {"max_completion_tokens": "max_tokens", "random_seed": "seed"}
    sent = {option_by_key.get(key, key) for key in _body(encoded)}
    lost = {loss.path.removeprefix("options.") for loss in encoded.unwrap().losses}
    assert set_fields(resolve_for(call.options, *dialect.names)).keys() - sent - lost <= {"extra"}


@given(dialects, any_calls)
def test_omit_and_provider_options_are_resolved_before_encoding(dialect: Dialect, call: Call) -> None:
    resolved = attrs.evolve(call, options=resolve_for(call.options, *dialect.names))
    assert encode(dialect, call).map(_request) == encode(dialect, resolved).map(_request)


@given(dialects, calls, omissions)
def test_an_omitted_option_is_encoded_as_if_it_were_not_set(
    dialect: Dialect, call: Call, omitted: Layer
) -> None:
    without = attrs.evolve(call, options=resolve_for(call.options | omitted))
    call = attrs.evolve(call, options=call.options | omitted)
    assert encode(dialect, call) == encode(dialect, without)


@given(dialects, calls, st.dictionaries(texts, json_values | st.just(OMIT)))
def test_options_of_another_provider_are_not_sent(
    dialect: Dialect, call: Call, settings: dict[str, Json | Omit]
) -> None:
    theirs = ChatOptions(provider_options={"another": settings})
    assert encode(dialect, attrs.evolve(call, options=call.options | theirs)) == encode(dialect, call)


@given(dialects, texts, json_values, json_values)
def test_options_of_the_provider_override_extra(
    dialect: Dialect, key: str, common: Json, specific: Json
) -> None:
    call = _hello(extra={f"x{key}": common}, provider_options={dialect.name: {f"x{key}": specific}})
    assert encode(dialect, call) == encode(dialect, _hello(extra={f"x{key}": specific}))


@given(dialects, any_calls | rich_calls)
def test_encoding_gives_the_same_bytes_each_time(dialect: Dialect, call: Call) -> None:
    assert encode(dialect, copy.deepcopy(call)) == encode(dialect, call)


@given(dialects, calls)
def test_messages_are_the_last_key_of_the_body(dialect: Dialect, call: Call) -> None:
    assert list(_body(encode(dialect, call)))[-1] == "messages"


@given(dialects, calls, user_messages | assistant_messages)
@example(OPENAI, _hello(), SystemMessage(content="Be brief."))
def test_a_new_turn_leaves_all_earlier_bytes_unchanged(
    dialect: Dialect, call: Call, turn: ChatMessage
) -> None:
    before = encode(dialect, call).unwrap().request.body
    longer = attrs.evolve(call, messages=(*call.messages, turn))
    after = encode(dialect, longer).map(lambda encoded: encoded.request.body).value_or(before)
    assert after.startswith(before[: -len(b"]}")])


@given(dialects, calls)
def test_a_merged_conversation_has_at_most_one_nonempty_system_message(dialect: Dialect, call: Call) -> None:
    options = call.options | ChatOptions(system_message_handling="merge")
    messages = read(encode(dialect, attrs.evolve(call, options=options)).unwrap().request).unwrap().messages
    assert len([m for m in messages if m.role == "system" and str(m.content).strip()]) <= 1


@given(dialects, st.text(min_size=1))
def test_a_tool_that_is_not_offered_cannot_be_chosen(dialect: Dialect, name: str) -> None:
    call = _hello(tools=[Tool(name="f")], tool_choice=f"no {name}")
    assert encode(dialect, call).failure().path == "options.tool_choice"


@given(dialects, json_values, st.sampled_from(["model", "messages", "stream"]))
def test_extra_cannot_override_a_field_of_the_call(dialect: Dialect, value: Json, key: str) -> None:
    assert encode(dialect, _hello(extra={key: value})).failure().path == f"options.extra.{key}"


@given(dialects, json_values)
def test_extra_that_overrides_an_option_is_reported(dialect: Dialect, value: Json) -> None:
    encoded = encode(dialect, _hello(top_p=0.5, extra={"top_p": [value]}))
    assert [loss.path for loss in encoded.unwrap().losses] == ["options.extra.top_p"]
    assert _body(encoded)["top_p"] == [value]


@given(dialects, st.sampled_from([0, 0.0, False, 1, 1.0, True]))
def test_extra_with_another_encoding_than_an_option_is_reported(dialect: Dialect, value: Json) -> None:
    losses = encode(dialect, _hello(top_p=1.0, extra={"top_p": value})).unwrap().losses
    assert [loss.kind for loss in losses] == ["overridden"] * (json.dumps(value) != "1.0")


@given(dialects, st.sampled_from(["max_tokens", "max_completion_tokens"]), st.integers(1), st.integers(1))
def test_a_token_limit_is_sent_once_under_the_name_in_extra(
    dialect: Dialect, name: str, asked: int, overriding: int
) -> None:
    encoded = encode(dialect, _hello(max_tokens=asked, extra={name: overriding}))
    assert {key: value for key, value in _body(encoded).items() if "tokens" in key} == {name: overriding}
    losses = [(loss.path, loss.asked, loss.applied) for loss in encoded.unwrap().losses]
    assert losses == [(f"options.extra.{name}", asked, overriding)] * (asked != overriding)


@given(dialects, st.floats(0, 9), st.floats(0, 9))
@example(OPENAI, 2.5, 2.5)
@example(OPENAI, 2.5, 0.5)
def test_an_option_that_extra_sets_is_reported_as_overridden_only(
    dialect: Dialect, asked: float, overriding: float
) -> None:
    encoded = encode(dialect, _hello(temperature=asked, extra={"temperature": overriding}))
    losses = [(loss.kind, loss.asked, loss.applied) for loss in encoded.unwrap().losses]
    assert losses == [("overridden", asked, overriding)] * (json.dumps(asked) != json.dumps(overriding))


@given(_dialects_with_names, json_values)
def test_a_provider_option_that_overrides_an_option_is_reported_by_its_path(
    dialect_with_name: tuple[Dialect, str], value: Json
) -> None:
    dialect, name = dialect_with_name
    encoded = encode(dialect, _hello(top_p=0.5, provider_options={name: {"top_p": [value]}}))
    assert [loss.path for loss in encoded.unwrap().losses] == [f"options.provider_options.{name}.top_p"]
    assert _body(encoded)["top_p"] == [value]


@given(_dialects_with_names, json_values, st.sampled_from(["model", "messages", "stream"]))
def test_a_provider_option_cannot_override_a_field_of_the_call(
    dialect_with_name: tuple[Dialect, str], value: Json, key: str
) -> None:
    dialect, name = dialect_with_name
    call = _hello(extra={key: value}, provider_options={name: {key: value}})
    assert encode(dialect, call).failure().path == f"options.provider_options.{name}.{key}"


@given(st.sampled_from([dialect for dialect in DIALECTS if dialect.stream_options]), json_values)
def test_extra_that_overrides_the_stream_options_is_reported(dialect: Dialect, value: Json) -> None:
    call = attrs.evolve(_hello(extra={"stream_options": [value]}), stream=True)
    assert [loss.path for loss in encode(dialect, call).unwrap().losses] == ["options.extra.stream_options"]


@given(st.sampled_from([dialect for dialect in DIALECTS if dialect.json_schema]), json_values)
def test_extra_with_the_same_value_as_an_option_overrides_nothing(dialect: Dialect, value: Json) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "A", "schema": {"enum": [value]}}}
    option = JsonSchema(name="A", schema={"enum": [value]})
    assert (
        encode(dialect, _hello(response_format=option, extra={"response_format": schema})).unwrap().losses
        == ()
    )


@given(st.integers(0, 99))
def test_an_option_that_a_dialect_does_not_support_is_a_loss(top_k: int) -> None:
    losses = encode(OPENAI, _hello(top_k=top_k)).unwrap().losses
    assert [(loss.path, loss.kind, loss.asked) for loss in losses] == [
        ("options.top_k", "unsupported", top_k)
    ]


_wanted = st.sampled_from(
    [(it, key) for it in DIALECTS for key in sorted(it.replayed_fields - {"content", "function_call"})]
)


@given(_wanted, json_values.map(lambda value: [value]))
@example((MISTRAL, "content"), [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}])
def test_replayed_fields_are_read_for_their_server(wanted: tuple[Dialect, str], value: Json) -> None:
    dialect, key = wanted
    call = _call_with(AssistantMessage(content="a", native={dialect.name: {key: value}}))
    assert codec(dialect).read(encode(dialect, call).unwrap().request).unwrap() == call


_WITHOUT_JSON = Dialect(name="dumb", json_mode=False, json_schema=False)


@given(st.just("json") | json_schemas)
def test_a_json_format_is_dropped_and_reported_for_a_server_without_one(wanted: ResponseFormat) -> None:
    encoded = encode(_WITHOUT_JSON, _hello(response_format=wanted))
    assert [loss.path for loss in encoded.unwrap().losses] == ["options.response_format"]
    assert _body(encoded) == _body(encode(_WITHOUT_JSON, _hello()))


@given(_dialects_with_names, texts)
def test_native_content_that_no_longer_matches_the_message_is_dropped(
    dialect_with_name: tuple[Dialect, str], content: str
) -> None:
    dialect, name = dialect_with_name
    native = {name: {"content": [{"type": "text", "text": f"{content} no more"}]}}
    encoded = encode(dialect, _call_with(AssistantMessage(content=f"{content}.", native=native)))
    assert [loss.path for loss in encoded.unwrap().losses] == [f"messages[1].native.{name}.content"]
    assert _body(encoded) == _body(encode(dialect, _call_with(AssistantMessage(content=f"{content}."))))


@given(dialects, st.sampled_from([FileContent, AudioContent]), texts)
def test_an_invalid_data_uri_is_a_loss(
    dialect: Dialect, kind: type[FileContent | AudioContent], end: str
) -> None:
    encoded = encode(dialect, _call_with(UserMessage(content=[kind(source=f"data:?{end}")])))
    assert [loss.path for loss in encoded.unwrap().losses] == ["messages[1].content[0]"]


@pytest.mark.parametrize(
    "content",
    [
        [],
        [NativeContent(format="openai", block={"type": "video_url"})],
        [TextContent(text="12:00", cache_control={"type": "ephemeral"})],
    ],
    ids=repr,
)
def test_a_cache_control_without_a_part_to_carry_it_is_a_loss(content: list[ContentPart]) -> None:
    result = ToolResultMessage(
        name="", tool_call_id="1", content=content, cache_control={"type": "x"}, native={"openai": {"x": 1}}
    )
    losses = encode(OPENROUTER, Call(model="m", messages=[result])).unwrap().losses
    assert [loss.path for loss in losses] == ["messages[0].cache_control"]


def test_a_tool_that_cannot_be_forced_by_name_is_offered_alone() -> None:
    call = _hello(tools=[Tool(name="f"), Tool(name="g")], tool_choice="g")
    encoded = encode(LLAMACPP, call)
    assert [loss.path for loss in encoded.unwrap().losses] == ["options.tool_choice"]
    assert read(encoded.unwrap().request).unwrap().options == ChatOptions(
        tools=[Tool(name="g")], tool_choice="required"
    )


@given(dialects, texts)
def test_a_tool_may_be_chosen_from_those_in_extra(dialect: Dialect, name: str) -> None:
    call = _hello(tool_choice=f"f{name}", extra={"tools": [{"type": "web_search"}]})
    assert _body(encode(dialect, call))["tools"] == [{"type": "web_search"}]


@given(texts)
def test_the_name_of_a_result_that_answers_no_call_is_a_loss(name: str) -> None:
    result = ToolResultMessage(name=f"f{name}", tool_call_id="1", content="")
    losses = encode(OPENAI, Call(model="m", messages=[*_HELLO, result])).unwrap().losses
    assert [(loss.path, loss.asked) for loss in losses] == [("messages[1].name", f"f{name}")]


@pytest.mark.parametrize(
    "message",
    [
        UserMessage(content=None),
        UserMessage(content=[]),
        AssistantMessage(),
        AssistantMessage(tool_calls=[]),
        AssistantMessage(refusal=""),
    ],
    ids=repr,
)
@given(dialect=dialects)
def test_a_message_without_content_is_rejected_with_its_path(dialect: Dialect, message: ChatMessage) -> None:
    failure = encode(dialect, Call(model="m", messages=[*_HELLO, message])).failure()
    assert failure.path == "messages[1].content"


@given(dialects)
def test_a_call_without_messages_is_rejected(dialect: Dialect) -> None:
    assert encode(dialect, Call(model="m", messages=[])).failure().path == "messages"


class OwnMessage(UserMessage):
    """A message class that a caller defines."""


@pytest.mark.parametrize(
    "call",
    [
        Call(model="\ud800", messages=_HELLO),
        Call(model="m", messages=[UserMessage(content="\ud800")]),
        _hello(stop=["\ud800"]),
        _hello(tool_choice="\ud800", extra={"tools": []}),
        _hello(response_format=JsonSchema(name="\ud800", schema={})),
        Call(model="m", messages=[{"role": "user", "content": "Hi"}]),  # type: ignore[list-item]
        Call(model="m", messages=["Hi"]),  # type: ignore[list-item]
        Call(model="m", messages=[OwnMessage(content="Hi")]),
    ],
)
@given(dialect=dialects)
def test_an_unencodable_call_is_a_failure_and_not_an_exception(dialect: Dialect, call: Call) -> None:
    assert is_successful(encode(dialect, call)) or encode(dialect, call).failure().path


@given(st.sampled_from(["https://example.com/a.png", "data:image/png;charset=x;base64,aGk="]), texts)
@example("data:image/png;base64,", "!!!")
@example("data:image/png;base64,aGk%3D", "")
@example("https://example.com/", "\u2028")
@example("aGk=", "")
def test_a_request_with_any_image_can_be_read(source: str, end: str) -> None:
    image = ImageContent(source=source + end)
    encoded = encode(OPENAI, Call(model="m", messages=[UserMessage(content=[image])])).unwrap()
    assert is_successful(read(encoded.request))


def test_the_media_type_of_an_image_url_is_a_loss() -> None:
    image = ImageContent(source="https://example.com/a", media_type="image/png")
    encoded = encode(OPENAI, Call(model="m", messages=[UserMessage(content=[image])])).unwrap()
    assert [loss.path for loss in encoded.losses] == ["messages[0].content[0].media_type"]


_SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"


def _schema() -> dict[str, Json]:
    path = _SPECS / "openai.CreateChatCompletionRequest.schema.json"
    if not path.exists():
        missing = pytest.fail if os.environ.get("CASUAL_LLM_REQUIRE_SHARED") else pytest.skip
        missing(f"there is no schema at ../shared/specs/{path.name}")
    schema: dict[str, Json] = json.loads(path.read_text("utf-8"))
    return schema


def test_requests_follow_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(_schema())

    @given(documented_calls)
    def law(call: Call) -> None:
        errors = validator.iter_errors(_body(encode(OPENAI, call)))
        assert [(error.json_path, error.message) for error in errors] == []

    law()


@given(texts)
def test_an_unreadable_uri_alone_gives_the_type_of_an_image(end: str) -> None:
    image = ImageContent(source=f"data:?{end}", media_type="image/png")
    encoded = encode(OPENAI, Call(model="m", messages=[UserMessage(content=[image])])).unwrap()
    assert [change.path for change in encoded.changes] == ["messages[0].content[0].source"]


@given(strict=st.booleans())
def test_strictness_that_a_server_does_not_know_is_a_loss(*, strict: bool) -> None:
    schema = JsonSchema(name="A", schema={}, strict=strict)
    losses = encode(Dialect(name="lax", strict=False), _hello(response_format=schema)).unwrap().losses
    assert [(loss.path, loss.asked) for loss in losses] == [("options.response_format.strict", strict)]
