"""Laws of translation: it always answers, it says what it lost, and what it did not lose is there."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import assume, given, strategies as st
from hypothesis.strategies import SearchStrategy
from ollama_strategies import ollama_replies, sayable_calls
from returns.result import Success
from strategies import json_objects, json_values, said_texts, texts, tool_names
from wire_strategies import mutations, odd_bodies, odd_streams, replies, requests

from casual_llm.errors import ConfigurationError
from casual_llm.formats import FORMATS, format_named
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.openai_chat import DIALECTS, OPENAI
from casual_llm.reply import Reply
from casual_llm.translation import BodyKind, Translated, translate
from casual_llm.wire.codec import Call, Request, Response
from casual_llm.wire.collect import collect
from casual_llm.wire.report import Loss, describe_loss as told_of

_FORMATS = ["openai", "anthropic", "ollama"]
names = st.sampled_from([*_FORMATS * 5, *FORMATS])
kinds: SearchStrategy[BodyKind] = st.sampled_from(get_args(BodyKind))
any_replies = replies | ollama_replies
# Strictness is an error where a format has no word for something.
plain_calls = sayable_calls.map(lambda call: evolve(call, options=call.options.without("strict")))


def _asked(name: str, call: Call) -> tuple[str, bytes]:
    """Write a request as a client of the format sends it; of a user who says something."""
    spoken = evolve(call, messages=[UserMessage(content="Hi"), *call.messages])
    return name, format_named(name).encode(spoken).unwrap().request.body


def _said(name: str, reply: Reply) -> tuple[str, bytes]:
    """Write a reply as a server of the format sends it."""
    return name, format_named(name).write(reply).body


# Anthropic takes no text of spaces alone.
_words = st.text(min_size=1, max_size=3).map("a".__add__)
_object_calls = st.lists(
    st.builds(
        AssistantToolCall,
        id=said_texts,
        function=st.builds(
            AssistantToolCallFunction, name=tool_names, arguments=json_objects.map(json.dumps)
        ),
    ),
    min_size=1,
    max_size=2,
)
requests_in = st.builds(_asked, names, plain_calls)
replies_in = st.builds(_said, names, any_replies)
streams_in = st.builds(
    lambda name, reply: b"".join(format_named(name).write_stream(reply)), names, any_replies
)
written = requests_in.map(itemgetter(1)) | replies_in.map(itemgetter(1)) | streams_in
bodies = st.one_of(
    st.binary(),
    written,
    written.flatmap(mutations),
    odd_bodies,
    odd_streams,
    requests.map(lambda request: request.body),
)


@given(bodies, names, names, kinds)
def test_any_bytes_are_a_translation_or_a_failure_with_a_text(
    body: bytes, source: str, target: str, kind: BodyKind
) -> None:
    told = translate(body, from_=source, to=target, kind=kind)
    assert told.map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()


@given(texts.map("x-".__add__), st.sampled_from(["from_", "to", "kind"]))
def test_a_word_that_is_unknown_is_an_error_at_its_place(word: str, place: str) -> None:
    asked: dict[str, Any] = {"from_": "openai", "to": "ollama", "kind": "request", place: word}
    with pytest.raises(ConfigurationError) as caught:
        translate(b"{}", **asked)
    assert str(caught.value).startswith(place)


@given(st.characters(categories=["Cs"]), names, names, kinds)
def test_a_body_with_half_a_character_is_no_json(half: str, source: str, target: str, kind: BodyKind) -> None:
    told = translate({"model": half}, from_=source, to=target, kind=kind)
    assert str(told.failure()).startswith("body: no JSON: ")


@given(st.binary(max_size=3).map(b"secret".__add__))
def test_a_translation_shows_how_much_it_says_and_not_what(body: bytes) -> None:
    shown = repr(Translated(body=body))
    assert (str(len(body)) in shown, "secret" in shown) == (True, False)


_losses = st.builds(
    Loss,
    path=texts,
    kind=st.sampled_from(["unsupported", "overridden", "added", "replaced"]),
    asked=json_values,
    applied=json_values,
)


@given(_losses, names)
def test_a_loss_is_told_by_its_place_and_in_one_sentence(loss: Loss, name: str) -> None:
    assert told_of(loss, name).startswith(f"{loss.path} ")


@given(requests_in)
def test_what_a_client_sends_is_the_same_in_its_own_format(asked: tuple[str, bytes]) -> None:
    name, body = asked
    once = translate(body, from_=name, to=name).unwrap()
    assert once.losses == ()
    assert translate(once.body, from_=name, to=name).unwrap() == evolve(once, changes=())


@given(replies_in)
def test_what_a_server_says_is_the_same_in_its_own_format(said: tuple[str, bytes]) -> None:
    name, body = said
    once = translate(body, from_=name, to=name, kind="reply").unwrap()
    assert translate(once.body, from_=name, to=name, kind="reply") == Success(Translated(body=once.body))


@given(requests_in, st.integers(), st.sampled_from(_FORMATS))
def test_every_key_of_a_request_that_another_format_does_not_know_is_a_loss(
    asked: tuple[str, bytes], value: int, target: str
) -> None:
    name, body = asked
    assume(format_named(name).names[0] != target)
    told = translate({**json.loads(body), "x-key": value}, from_=name, to=target).unwrap()
    assert ("x-key", value) in {(loss.path, loss.asked) for loss in told.losses}


_wanted = st.sampled_from(
    [
        (it.name, key)
        for it in DIALECTS
        for key in sorted(it.replayed_fields - {"function_call"})
        if it != OPENAI
    ]
)


@given(_wanted, texts, names)
def test_what_one_server_wants_to_see_again_is_told_to_no_other(
    wanted: tuple[str, str], thought: str, target: str
) -> None:
    source, key = wanted
    assume(target != source)
    message = {"role": "assistant", "content": "a", key: [{"type": "text", "text": "a", "x": f"-{thought}"}]}
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, message]}
    told = translate(asked, from_=source, to=target).unwrap()
    assert f"messages[1].native.{source}" in {loss.path for loss in told.losses}


@given(replies_in, st.integers(), names)
def test_every_key_of_a_reply_that_nobody_reads_is_a_loss(
    said: tuple[str, bytes], value: int, target: str
) -> None:
    name, body = said
    told = translate({**json.loads(body), "x-key": value}, from_=name, to=target, kind="reply").unwrap()
    assert ("x-key", value) in {(loss.path, loss.asked) for loss in told.losses}


@given(names, any_replies, names)
def test_a_translation_without_losses_says_what_the_reply_says(
    source: str, reply: Reply, target: str
) -> None:
    body = format_named(source).write(reply).body
    told = translate(body, from_=source, to=target, kind="reply").unwrap()
    assume(not told.losses and not told.changes)
    assert _gist(target, told.body) == _gist(source, body)


def _gist(name: str, body: bytes) -> Reply:
    """Read a reply without what is only for the format that it came in."""
    read = format_named(name).decode(Response(status=200, body=body)).unwrap()
    message = read.message.model_copy(update={"native": None})
    return evolve(read, message=message, raw_finish_reason=None)


@given(names, any_replies, names)
def test_a_stream_is_translated_as_the_reply_that_it_spells(source: str, reply: Reply, target: str) -> None:
    whole, frames = format_named(source).write(reply).body, format_named(source).write_stream(reply)
    told = translate(whole, from_=source, to=target, kind="reply").unwrap()
    streamed = translate(b"".join(frames), from_=source, to=target, kind="stream").unwrap()
    assert _spelled(target, streamed.body) == format_named(target).decode(_ok(told.body)).unwrap()


def _ok(body: bytes) -> Response:
    return Response(status=200, body=body)


def _spelled(name: str, body: bytes) -> Reply:
    codec = format_named(name)
    state, chunks = codec.step(codec.start, body).unwrap()
    return collect([*chunks, *codec.finish(state).unwrap()])


_talk = st.lists(
    st.builds(UserMessage, content=_words)
    | st.builds(AssistantMessage, content=_words)
    | st.builds(AssistantMessage, content=st.none() | _words, tool_calls=_object_calls)
    | st.builds(ToolResultMessage, name=st.just(""), tool_call_id=said_texts, content=_words),
    min_size=1,
    max_size=5,
).map(lambda said: [UserMessage(content="Hi"), *said])


@given(_talk, st.sampled_from(["anthropic", "ollama"]))
def test_text_calls_and_results_survive_the_way_there_and_back(said: list[ChatMessage], other: str) -> None:
    body = format_named("openai").encode(Call(model="m", messages=said)).unwrap().request.body
    there = translate(body, from_="openai", to=other).unwrap()
    back = translate(there.body, from_=other, to="openai").unwrap()
    assert _talked(back.body) == _talked(body)


def _talked(body: bytes) -> dict[str, Any]:
    """Say what was said, whatever the messages in which it is said, and the ids that join them."""
    spoken = format_named("openai").read(Request(url="", body=body)).unwrap().messages
    answers = [message for message in spoken if isinstance(message, AssistantMessage)]
    results = [message for message in spoken if isinstance(message, ToolResultMessage)]
    ids = [call.id for message in answers for call in message.tool_calls or ()]
    ids += [message.tool_call_id for message in results]
    return {
        "asked": "".join(text for message in spoken for text in _texts(message) if message.role == "user"),
        "answered": "".join(message.content or "" for message in answers),
        "called": [
            (ids.index(call.id), call.function.name, json.loads(call.function.arguments or "{}"))
            for message in answers
            for call in message.tool_calls or ()
        ],
        "told": [(ids.index(message.tool_call_id), "".join(_texts(message))) for message in results],
    }


def _texts(message: ChatMessage) -> list[str]:
    content = message.content or ""
    return [content] if isinstance(content, str) else [getattr(part, "text", "") for part in content]
