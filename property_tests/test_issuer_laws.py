"""Signatures are sent back to their issuer only."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from strategies import FOR_EACH_FORMAT

from casual_llm.failures import CallFailure, EncodeError, ErrorResponse, Malformed, Truncated
from casual_llm.formats import FORMATS
from casual_llm.frozen import freeze
from casual_llm.laws.conversations import further_keys
from casual_llm.laws.strategies import replies
from casual_llm.messages import AssistantMessage, ChatMessage, UserMessage
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.collect import collect
from casual_llm.wire.issuer import (
    issuer_name,
    mark_chunk,
    mark_failure,
    mark_reply,
    model_family,
    server_name,
    unmark_message,
)
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
@FOR_EACH_FORMAT
@given(_issuers, st.text(max_size=3), further_keys)
def test_the_issuer_gets_back_what_it_signed(
    name: str, of: tuple[str, str], text: str, keys: dict[str, Any]
) -> None:
    issuer, message = issuer_name(name, *of), _signed(name, text, keys)
    assert _encoded(name, _marked(message, issuer), issuer) == _encoded(name, message, None)


@pytest.mark.parametrize("name", FORMATS)
@FOR_EACH_FORMAT
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


_words = st.lists(st.sampled_from(["claude", "opus", "gpt", "mini", "gemini", "pro", "r", "oss"]), min_size=1)
_releases = st.from_regex(r"\d{1,8}([a-z]|x\d+b)?|v\d+", fullmatch=True) | st.sampled_from(
    ["latest", "preview"]
)


@given(
    st.data(),
    _words,
    st.lists(_releases, max_size=3),
    st.sampled_from(["", "vendor/", "a/b/", "eu.vendor.", "a/eu.vendor."]),
)
def test_a_family_is_the_words_of_a_name(
    data: st.DataObject, words: list[str], releases: list[str], reseller: str
) -> None:
    name = list(words)
    for release in releases:
        name.insert(data.draw(st.integers(1, len(name))), release)
    separator = data.draw(st.sampled_from("-_@:"))
    assert model_family(reseller + separator.join(name)) == "-".join(words)


@given(st.from_regex(r"([a-z]{0,3}[1v.:-]?){1,6}[a-z0-9]", fullmatch=True))
def test_the_family_of_a_family_is_itself(name: str) -> None:
    assert model_family(model_family(name)) == model_family(name)


@given(st.text(min_size=1))
def test_every_model_has_a_family(name: str) -> None:
    assert model_family(name)


@pytest.mark.parametrize(
    "names",
    [
        ["claude-3-opus", "claude-3-7-sonnet", "claude-haiku-4-5"],
        ["gpt-5.1", "gpt-5-mini", "gpt-oss-20b", "o3", "o4-mini"],
        ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"],
        ["kimi-k2", "deepseek-r1", "deepseek-v3", "qwen3:8b"],
    ],
)
def test_models_of_other_kinds_are_other_families(names: list[str]) -> None:
    assert len({model_family(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        [
            "claude-opus-4-6",
            "claude-3-opus-20240229",
            "anthropic/claude-opus-4.5",
            "claude-opus-4-1@20250805",
        ],
        ["claude-opus-4", "us.anthropic.claude-opus-4-6-v1:0", "claude-opus-latest", "CLAUDE-OPUS"],
        ["gpt-5", "gpt-5.1", "gpt-5-2025-08-07", "openai/gpt-4o"],
        ["qwen3:8b", "qwen2.5:32b", "Qwen/Qwen3-8B"],
    ],
)
def test_versions_dates_sizes_and_resellers_make_no_other_family(names: list[str]) -> None:
    assert len({model_family(name) for name in names}) == 1


_hosts = st.sampled_from(["https://a.example.com", "https://b.example.com", "http://a.example.com:8080"])
_paths = st.sampled_from(["", "/v1", "/v2", "/eu/v1"])


@given(st.lists(st.tuples(_hosts, _paths), min_size=2, max_size=2, unique=True))
def test_another_port_or_path_is_another_server(addresses: list[tuple[str, str]]) -> None:
    first, second = (server_name(host + path) for host, path in addresses)
    assert first != second


@given(_hosts, _paths, st.sampled_from(["", "/", "?key=secret", "#part"]))
def test_a_server_is_named_without_what_may_be_secret(host: str, path: str, end: str) -> None:
    scheme, _, name = host.partition("://")
    assert server_name(f"{scheme}://me:secret@{name}{path}{end}") == name + path


@given(replies, further_keys, _issuers)
def test_a_partial_reply_is_marked_as_a_whole_one(
    reply: Reply, keys: dict[str, Any], of: tuple[str, str]
) -> None:
    signed = evolve(reply, message=reply.message.model_copy(update={"native": freeze({"ollama": keys})}))
    issuer = issuer_name("ollama", *of)
    for failure in (Truncated(signed), Malformed("odd", signed), ErrorResponse(200, "odd", partial=signed)):
        assert mark_failure(failure, issuer).partial == mark_reply(signed, issuer)
        assert mark_failure(failure, None) == failure


@pytest.mark.parametrize("failure", [EncodeError("a", "b", "c"), Malformed("odd"), ErrorResponse(500, "odd")])
def test_a_failure_without_a_reply_stays_as_it_is(failure: CallFailure) -> None:
    assert mark_failure(failure, issuer_name("ollama", "localhost", "m")) is failure
