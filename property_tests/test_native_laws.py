"""Native keys, cache control and the sources of parts are preserved or reported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, strategies as st
from strategies import FOR_EACH_FORMAT, any_calls, json_values, names, non_empty_texts

from casual_llm import AssistantMessage, ChatOptions, SystemMessage, UserMessage
from casual_llm.formats import FORMATS
from casual_llm.frozen import Json, thaw
from casual_llm.messages import FileContent, ImageContent
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.report import Report, overlay_native
from casual_llm.wire.system_messages import merge_system_messages

marks = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
_marked = st.builds(SystemMessage, content=non_empty_texts.map("a{}".format), cache_control=marks)


_keys = st.dictionaries(names, json_values, max_size=2)
_native_keys = st.dictionaries(names, _keys, max_size=2)


def _merging(system_messages: Sequence[SystemMessage]) -> Call:
    return Call(model="m", messages=system_messages, options=ChatOptions(system_message_handling="merge"))


@given(st.lists(_marked, min_size=2))
def test_merged_system_messages_have_the_last_cache_control(system_messages: list[SystemMessage]) -> None:
    merged = merge_system_messages(system_messages)[0]
    assert isinstance(merged, SystemMessage)
    assert merged.cache_control == system_messages[-1].cache_control


@given(st.lists(_native_keys, min_size=2, max_size=4))
def test_merged_system_messages_have_all_native_keys(native: list[dict[str, dict[str, Any]]]) -> None:
    merged = merge_system_messages([SystemMessage(content="a", native=keys) for keys in native])[0]
    expected = {(name, key) for keys in native for name, inner in keys.items() for key in inner}
    assert {(name, key) for name, inner in (merged.native or {}).items() for key in inner} == expected


@given(st.lists(_marked, min_size=2))
def test_every_cache_control_but_the_last_is_reported_when_system_messages_are_merged(
    system_messages: list[SystemMessage],
) -> None:
    (lost,) = FORMATS["openrouter"].encode(_merging(system_messages)).unwrap().losses
    assert lost.asked == tuple({"cache_control": system.cache_control} for system in system_messages[:-1])


@given(_marked)
def test_a_single_system_message_is_merged_without_a_loss(system: SystemMessage) -> None:
    call = _merging([system, SystemMessage(content=" ")])
    assert FORMATS["openrouter"].encode(call).unwrap().losses == ()


@pytest.mark.parametrize("name", ["openai", "ollama"])
@given(st.lists(_keys, min_size=2, max_size=4))
def test_native_keys_are_reported_when_system_messages_are_merged(
    name: str, native: list[dict[str, Any]]
) -> None:
    system_messages = [SystemMessage(content="a", native={name: keys}) for keys in native]
    losses = FORMATS[name].encode(_merging(system_messages)).unwrap().losses
    reported = [thaw(loss.asked) for loss in losses if loss.path == "options.system_message_handling"]
    assert reported == [[{"native": keys} for keys in native if keys]] * any(native)


@pytest.mark.parametrize("name", FORMATS)
@FOR_EACH_FORMAT
@given(call=any_calls)
@example(call=_merging([SystemMessage(content="a", native={"x": {"y": 1}}), SystemMessage(content="a")]))
def test_merging_system_messages_reports_every_other_loss_of_messages(name: str, call: Call) -> None:
    results = [
        FORMATS[name].encode(evolve(call, options=call.options | ChatOptions(system_message_handling=how)))
        for how in ("keep", "merge")
    ]
    separate, merged = (it.map(lambda encoded: encoded.losses).value_or(()) for it in results)
    assert merged[: len(separate)] == separate


def written(value: Json) -> str:
    return json.dumps(thaw(value), sort_keys=True)


@given(json_values, json_values)
def test_a_native_key_with_another_value_is_reported(ours: Json, theirs: Json) -> None:
    report = Report()
    body = overlay_native({"a": ours}, {"openai": {"a": theirs}}, ["openai"], "x", report)
    assert written(body["a"]) == written(theirs)
    assert [loss.kind for loss in report.losses] == ["overridden"] * (written(ours) != written(theirs))


@pytest.mark.parametrize("name", ["groq", "mistral", "openrouter", "compatible"])
@given(non_empty_texts)
def test_the_id_of_an_audio_answer_is_sent_to_no_other_server(name: str, identity: str) -> None:
    message = AssistantMessage(content="Hi", native={"openai": {"audio": {"id": identity}}})
    encoded = FORMATS[name].encode(Call(model="m", messages=[message])).unwrap()
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
def test_the_cache_control_of_an_image_is_read(cache_control: dict[str, str]) -> None:
    part = {
        "type": "image_url",
        "image_url": {"url": "https://example.com/a"},
        "cache_control": cache_control,
    }
    image = read_part("openai", part)
    assert isinstance(image, ImageContent)
    assert image.cache_control == cache_control


@given(non_empty_texts.filter(str.isprintable))
def test_a_text_document_is_read_as_a_file(text: str) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    file = read_part("anthropic", {"type": "document", "source": source})
    assert isinstance(file, FileContent)
    assert file.media_type == "text/plain"


@given(st.booleans() | st.integers() | non_empty_texts)
def test_an_invalid_cache_control_is_preserved_as_a_native_key(value: Json) -> None:
    result = {"type": "tool_result", "tool_use_id": "a", "content": "b", "cache_control": value}
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [result]}]}
    call = FORMATS["anthropic"].read(Request(url="", body=json.dumps(body).encode())).unwrap()
    assert (call.messages[0].native or {})["anthropic"]["cache_control"] == value
