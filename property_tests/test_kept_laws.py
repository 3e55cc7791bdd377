"""What stands beside a message's own words is kept, or told: native keys, marks, parts and their sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, strategies as st
from strategies import any_calls, json_values, names, said_texts

from casual_llm import AssistantMessage, ChatOptions, SystemMessage, UserMessage
from casual_llm.formats import FORMATS
from casual_llm.frozen import Json, thaw
from casual_llm.messages import FileContent, ImageContent
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.report import Report, overlay_native
from casual_llm.wire.system_messages import merge_system_messages

marks = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
_marked = st.builds(SystemMessage, content=said_texts.map("a{}".format), cache_control=marks)


def _joining(said: Sequence[SystemMessage]) -> Call:
    return Call(model="m", messages=said, options=ChatOptions(system_message_handling="merge"))


@given(st.lists(_marked, min_size=2))
def test_joined_system_messages_keep_the_last_mark(said: list[SystemMessage]) -> None:
    joined = merge_system_messages(said)[0]
    assert isinstance(joined, SystemMessage)
    assert joined.cache_control == said[-1].cache_control


@given(st.lists(st.dictionaries(names, st.dictionaries(names, json_values)), min_size=2))
def test_joined_system_messages_keep_all_native_keys(native: list[dict[str, dict[str, Any]]]) -> None:
    joined = merge_system_messages([SystemMessage(content="a", native=keys) for keys in native])[0]
    said = {(name, key) for keys in native for name, inner in keys.items() for key in inner}
    assert {(name, key) for name, inner in (joined.native or {}).items() for key in inner} == said


@given(st.lists(_marked, min_size=2))
def test_all_marks_but_the_last_are_told_where_system_messages_are_joined(said: list[SystemMessage]) -> None:
    (lost,) = FORMATS["openrouter"].encode(_joining(said)).unwrap().losses
    assert lost.asked == tuple({"cache_control": system.cache_control} for system in said[:-1])


@given(_marked)
def test_a_system_message_that_is_joined_to_no_other_loses_nothing(system: SystemMessage) -> None:
    call = _joining([system, SystemMessage(content=" ")])
    assert FORMATS["openrouter"].encode(call).unwrap().losses == ()


@pytest.mark.parametrize("name", ["openai", "ollama"])
@given(st.lists(st.dictionaries(names, json_values), min_size=2))
def test_all_native_keys_are_told_where_system_messages_are_joined(
    name: str, native: list[dict[str, Any]]
) -> None:
    said = [SystemMessage(content="a", native={name: keys}) for keys in native]
    losses = FORMATS[name].encode(_joining(said)).unwrap().losses
    told = [thaw(loss.asked) for loss in losses if loss.path == "options.system_message_handling"]
    assert told == [[{"native": keys} for keys in native if keys]] * any(native)


@pytest.mark.parametrize("name", FORMATS)
@given(call=any_calls)
@example(call=_joining([SystemMessage(content="a", native={"x": {"y": 1}}), SystemMessage(content="a")]))
def test_what_is_told_of_messages_is_told_too_where_system_messages_are_joined(name: str, call: Call) -> None:
    told = [
        FORMATS[name].encode(evolve(call, options=call.options | ChatOptions(system_message_handling=how)))
        for how in ("keep", "merge")
    ]
    apart, joined = (it.map(lambda encoded: encoded.losses).value_or(()) for it in told)
    assert joined[: len(apart)] == apart


def written(value: Json) -> str:
    return json.dumps(thaw(value), sort_keys=True)


@given(json_values, json_values)
def test_a_native_key_that_says_something_else_is_told(ours: Json, theirs: Json) -> None:
    report = Report()
    body = overlay_native({"a": ours}, {"openai": {"a": theirs}}, ["openai"], "x", report)
    assert written(body["a"]) == written(theirs)
    assert [loss.kind for loss in report.losses] == ["overridden"] * (written(ours) != written(theirs))


@pytest.mark.parametrize("name", ["groq", "mistral", "openrouter", "compatible"])
@given(said_texts)
def test_the_id_of_a_spoken_answer_goes_to_no_other_server(name: str, identity: str) -> None:
    spoken = AssistantMessage(content="Hi", native={"openai": {"audio": {"id": identity}}})
    encoded = FORMATS[name].encode(Call(model="m", messages=[spoken])).unwrap()
    assert [loss.path for loss in encoded.losses] == ["messages[0].native.openai.audio"]
    assert b'"audio"' not in encoded.request.body


def read_part(name: str, part: dict[str, Any]) -> object:
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [part]}]}
    call = FORMATS[name].read(Request(url="", body=json.dumps(body).encode())).unwrap()
    message = call.messages[0]
    assert isinstance(message, UserMessage)
    assert isinstance(message.content, tuple)
    return message.content[0]


@given(marks)
def test_a_mark_on_an_image_is_read(mark: dict[str, str]) -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a"}, "cache_control": mark}
    found = read_part("openai", part)
    assert isinstance(found, ImageContent)
    assert found.cache_control == mark


@given(said_texts.filter(str.isprintable))
def test_a_document_of_text_is_read_as_a_file(text: str) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    found = read_part("anthropic", {"type": "document", "source": source})
    assert isinstance(found, FileContent)
    assert found.media_type == "text/plain"


@given(st.booleans() | st.integers() | said_texts)
def test_a_mark_that_is_none_is_kept_as_it_came(mark: Json) -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": "b", "cache_control": mark}
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [result]}]}
    call = FORMATS["anthropic"].read(Request(url="", body=json.dumps(body).encode())).unwrap()
    assert (call.messages[0].native or {})["anthropic"]["cache_control"] == mark
