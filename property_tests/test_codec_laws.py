"""A codec is a record of functions; the reprs of its values show no secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st
from openai_strategies import parts
from strategies import messages, texts

from casual_llm.laws.variants import variants
from casual_llm.messages import AssistantMessage, ChatMessage, ContentPart, UserMessage
from casual_llm.providers.openai_chat import DIALECTS, Dialect, codec, dialect_named
from casual_llm.reply import Reply
from casual_llm.wire.codec import Call, Request, Response

_CALL = Call(model="m", messages=[UserMessage(content="Hi")])
_REPLY = Reply(message=AssistantMessage(content="Hello."), finish_reason="stop", raw_finish_reason="stop")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_codec_is_the_functions_of_its_dialect(dialect: Dialect) -> None:
    ours = codec(dialect)
    state, _ = ours.step(ours.start, b"".join(ours.write_stream(_REPLY))).unwrap()
    assert (ours.name, state.ended, ours.finish(state).unwrap()) == (dialect.name, True, ())
    assert ours.decode(ours.write(_REPLY)).unwrap() == _REPLY
    assert ours.read(ours.encode(_CALL).unwrap().request).unwrap() == _CALL


@given(st.sampled_from(DIALECTS), st.sampled_from([str.upper, str.title, lambda it: it.replace("-", "_")]))
def test_a_dialect_is_found_by_its_name_in_any_case(dialect: Dialect, written: Callable[[str], str]) -> None:
    assert dialect_named(written(dialect.name)) is dialect
    assert dialect_named(f"no {dialect.name}") is None


@given(st.lists(parts, min_size=1, max_size=2))
def test_each_variant_of_a_call_differs_from_the_call(parts: list[ContentPart]) -> None:
    call = Call(model="m", messages=[UserMessage(content=parts)])
    assert all(other != call for _, other in variants(call))


@given(texts, texts)
def test_header_names_are_lower_case(name: str, value: str) -> None:
    assert Request(url="", headers={name: value}, body=b"").headers == {name.lower(): value}


@given(st.text(min_size=1), st.binary(max_size=9))
def test_the_repr_of_a_request_or_response_hides_header_values(name: str, body: bytes) -> None:
    headers = {name: "Bearer sk-secret"}
    shown = f"{Request(url='', headers=headers, body=body)}{Response(status=200, headers=headers, body=body)}"
    assert "sk-secret" not in shown


@given(st.lists(messages, max_size=3))
def test_a_call_does_not_change_with_the_list_it_was_given(conversation: list[ChatMessage]) -> None:
    call, before = Call(model="m", messages=conversation), tuple(conversation)
    conversation.clear()
    assert call.messages == before
