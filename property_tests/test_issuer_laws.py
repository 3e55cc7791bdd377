"""Signatures are sent back to their issuer only."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from casual_llm.formats import FORMATS
from casual_llm.laws.conversations import further_keys
from casual_llm.laws.strategies import replies
from casual_llm.messages import AssistantMessage, ChatMessage, UserMessage
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.collect import collect
from casual_llm.wire.issuer import issuer_name, mark_chunk, mark_reply, model_family, unmark_message
from casual_llm.wire.prefix import EMPTY_PREFIX, Prefix

_servers = st.sampled_from(["api.example.com", "eu.example.com", "localhost"])
_models = st.sampled_from(["claude-opus-4-6", "claude-sonnet-4-6", "gpt-5.1", "prod"])
_issuers = st.tuples(_servers, _models)
HI = UserMessage(content="Hi")


def _signed(name: str, text: str, keys: dict[str, Any]) -> AssistantMessage:
    return AssistantMessage(content=f"a{text}", native={name: keys})


def _encoded(
    name: str, message: ChatMessage, issuer: str | None, prefix: Prefix = EMPTY_PREFIX, model: str = "m"
) -> Encoded:
    call = Call(model=model, messages=[HI, message, HI], issuer=issuer)
    return FORMATS[name].encode(call, prefix).unwrap()


def _marked(message: AssistantMessage, issuer: str) -> ChatMessage:
    return mark_reply(Reply(message=message), issuer).message


@pytest.mark.parametrize("name", FORMATS)
@given(_issuers, st.text(max_size=3), further_keys)
def test_the_issuer_gets_back_what_it_signed(
    name: str, of: tuple[str, str], text: str, keys: dict[str, Any]
) -> None:
    issuer, message = issuer_name(name, *of), _signed(name, text, keys)
    assert _encoded(name, _marked(message, issuer), issuer) == _encoded(name, message, None)


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(_issuers, min_size=2, max_size=2, unique=True), st.text(max_size=3), further_keys)
def test_no_signature_reaches_another_issuer(
    name: str, both: list[tuple[str, str]], text: str, keys: dict[str, Any]
) -> None:
    issuer, another = (issuer_name(name, *of) for of in both)
    encoded = _encoded(name, _marked(_signed(name, text, keys), issuer), another)
    assert encoded.request == _encoded(name, AssistantMessage(content=f"a{text}"), another).request
    assert f"messages[1].native.{issuer}" in {loss.path for loss in encoded.losses}


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
@given(st.lists(_issuers | st.none(), min_size=2, max_size=2), further_keys)
def test_a_prefix_is_used_only_for_its_issuer(
    name: str, both: list[tuple[str, str] | None], keys: dict[str, Any]
) -> None:
    issuer, another = (None if of is None else issuer_name(name, *of) for of in both)
    marked = _marked(_signed(name, "", keys), issuer_name(name, "api.example.com", "prod"))
    before = _encoded(name, marked, issuer)
    assert _encoded(name, marked, another, before.prefix) == _encoded(name, marked, another)


@given(replies, further_keys, _issuers)
def test_removing_the_marks_restores_the_message(
    reply: Reply, keys: dict[str, Any], of: tuple[str, str]
) -> None:
    natives: Any = cycle([{"ollama": keys}, None])
    calls = [call.model_copy(update={"native": next(natives)}) for call in reply.message.tool_calls or ()]
    fields = {**dict(reply.message), "tool_calls": calls or None, "native": {"ollama": keys, "other": keys}}
    message, issuer = AssistantMessage.model_validate(fields), issuer_name("ollama", *of)
    assert unmark_message(_marked(message, issuer), issuer) == message


@given(replies)
def test_a_reply_without_an_issuer_is_not_marked(reply: Reply) -> None:
    assert mark_reply(reply, None) == reply


@given(further_keys, _issuers)
def test_a_stream_is_marked_like_the_whole_reply(keys: dict[str, Any], of: tuple[str, str]) -> None:
    call = ToolCallDelta(index=0, id="1", name="f", arguments="{}", native={"ollama": keys})
    both = [call, ToolCallDelta(index=1, id="2", name="f", arguments="{}")]
    chunks = [StreamChunk(content="a"), StreamChunk(tool_calls=both), StreamChunk(native={"ollama": keys})]
    issuer = issuer_name("ollama", *of)
    assert collect(mark_chunk(chunk, issuer) for chunk in chunks) == mark_reply(collect(chunks), issuer)


@given(
    st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True), st.from_regex(r"\d(\.\d)?(-mini)?", fullmatch=True)
)
def test_a_family_has_no_version(family: str, version: str) -> None:
    assert model_family(f"vendor/{family}-{version}") == model_family(family) == family
