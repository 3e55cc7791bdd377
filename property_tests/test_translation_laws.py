"""Translation never raises, reports what it lost, and preserves everything else."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any, get_args

import pytest
from attrs import evolve
from heron import HERON
from hypothesis import assume, given, strategies as st
from hypothesis.strategies import SearchStrategy
from ollama_strategies import encodable_calls, ollama_replies
from parrot import PARROT
from returns.result import Success
from strategies import json_objects, json_values, non_empty_texts, texts, tool_names
from wire_strategies import mutations, odd_bodies, odd_streams, replies, requests

from casual_llm.errors import ConfigurationError
from casual_llm.formats import FORMATS, format_named
from casual_llm.laws.strategies import plain_calls as plain_calls_of_two
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.openai_chat import DIALECTS
from casual_llm.providers.openai_chat.dialects import OPENAI
from casual_llm.reply import Reply
from casual_llm.translation import BodyKind, Translated, translate, translate_request
from casual_llm.wire.codec import Call, Request, Response
from casual_llm.wire.collect import collect
from casual_llm.wire.report import Loss, describe_loss

_FORMATS = ["openai", "anthropic", "ollama"]
names = st.sampled_from([*_FORMATS * 5, *FORMATS])
kinds: SearchStrategy[BodyKind] = st.sampled_from(get_args(BodyKind))
any_replies = replies | ollama_replies
# Strictness makes an error of every loss.
plain_calls = encodable_calls.map(lambda call: evolve(call, options=call.options.without("strict")))


def _request(name: str, call: Call) -> tuple[str, bytes]:
    """Write a request as a client of the format sends it, with a user message that has content."""
    with_question = evolve(call, messages=[UserMessage(content="Hi"), *call.messages])
    return name, format_named(name).encode(with_question).unwrap().request.body


def _response(name: str, reply: Reply) -> tuple[str, bytes]:
    """Write a reply as a server of the format sends it."""
    return name, format_named(name).write(reply).body


# Anthropic refuses a text of spaces alone.
_words = st.text(min_size=1, max_size=3).map("a".__add__)
_object_calls = st.lists(
    st.builds(
        AssistantToolCall,
        id=non_empty_texts,
        function=st.builds(
            AssistantToolCallFunction, name=tool_names, arguments=json_objects.map(json.dumps)
        ),
    ),
    min_size=1,
    max_size=2,
)
requests_in = st.builds(_request, names, plain_calls)
replies_in = st.builds(_response, names, any_replies)
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
    translated = translate(body, from_=source, to=target, kind=kind)
    assert translated.map(lambda _: "fine").lash(lambda failure: Success(str(failure))).unwrap()


@given(texts.map("x-".__add__), st.sampled_from(["from_", "to", "kind"]))
def test_an_unknown_name_is_an_error_of_its_argument(name: str, argument: str) -> None:
    arguments: dict[str, Any] = {"from_": "openai", "to": "ollama", "kind": "request", argument: name}
    with pytest.raises(ConfigurationError) as caught:
        translate(b"{}", **arguments)
    assert str(caught.value).startswith(argument)


@given(st.characters(categories=["Cs"]), names, names, kinds)
def test_a_body_with_half_a_character_is_not_valid_json(
    half: str, source: str, target: str, kind: BodyKind
) -> None:
    translated = translate({"model": half}, from_=source, to=target, kind=kind)
    assert str(translated.failure()).startswith("body: not valid JSON: ")


@given(st.binary(max_size=3).map(b"secret".__add__))
def test_the_repr_of_a_translation_shows_the_size_of_its_body_and_not_its_content(body: bytes) -> None:
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
def test_a_loss_is_described_by_its_path_and_a_sentence(loss: Loss, name: str) -> None:
    assert describe_loss(loss, name).startswith(f"{loss.path} ")


@given(requests_in)
def test_a_request_is_unchanged_in_its_own_format(request: tuple[str, bytes]) -> None:
    name, body = request
    once = translate(body, from_=name, to=name).unwrap()
    assert once.losses == ()
    assert translate(once.body, from_=name, to=name).unwrap() == evolve(once, changes=())


@given(replies_in)
def test_a_reply_is_unchanged_in_its_own_format(response: tuple[str, bytes]) -> None:
    name, body = response
    once = translate(body, from_=name, to=name, kind="reply").unwrap()
    assert translate(once.body, from_=name, to=name, kind="reply") == Success(Translated(body=once.body))


@given(requests_in, st.integers(), st.sampled_from(_FORMATS))
def test_every_key_of_a_request_that_another_format_does_not_support_is_a_loss(
    request: tuple[str, bytes], value: int, target: str
) -> None:
    name, body = request
    assume(format_named(name).names[0] != target)
    translated = translate({**json.loads(body), "x-key": value}, from_=name, to=target).unwrap()
    assert ("x-key", value) in {(loss.path, loss.asked) for loss in translated.losses}


_replayed = st.sampled_from(
    [
        (it.name, key)
        for it in DIALECTS
        for key in sorted(it.replayed_fields - {"function_call"})
        if it != OPENAI
    ]
)


@given(_replayed, texts, names)
def test_a_replayed_field_of_one_server_is_sent_to_no_other(
    replayed: tuple[str, str], thought: str, target: str
) -> None:
    source, key = replayed
    assume(target != source)
    message = {"role": "assistant", "content": "a", key: [{"type": "text", "text": "a", "x": f"-{thought}"}]}
    request: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, message]}
    translated = translate(request, from_=source, to=target).unwrap()
    assert f"messages[1].native.{source}" in {loss.path for loss in translated.losses}


@given(replies_in, st.integers(), names)
def test_every_key_of_a_reply_that_is_not_read_is_a_loss(
    response: tuple[str, bytes], value: int, target: str
) -> None:
    name, body = response
    translated = translate({**json.loads(body), "x-key": value}, from_=name, to=target, kind="reply").unwrap()
    assert ("x-key", value) in {(loss.path, loss.asked) for loss in translated.losses}


@given(names, any_replies, names)
def test_a_translation_without_losses_has_the_content_of_the_reply(
    source: str, reply: Reply, target: str
) -> None:
    body = format_named(source).write(reply).body
    translated = translate(body, from_=source, to=target, kind="reply").unwrap()
    assume(not translated.losses and not translated.changes)
    assert _content_of(target, translated.body) == _content_of(source, body)


def _content_of(name: str, body: bytes) -> Reply:
    """Read a reply without the fields that belong to its format alone."""
    read = format_named(name).decode(Response(status=200, body=body)).unwrap()
    message = read.message.model_copy(update={"native": None})
    return evolve(read, message=message, raw_finish_reason=None)


@given(names, any_replies, names)
def test_a_stream_is_translated_as_the_reply_that_it_collects_to(
    source: str, reply: Reply, target: str
) -> None:
    whole, frames = format_named(source).write(reply).body, format_named(source).write_stream(reply)
    translated = translate(whole, from_=source, to=target, kind="reply").unwrap()
    streamed = translate(b"".join(frames), from_=source, to=target, kind="stream").unwrap()
    assert _spelled(target, streamed.body) == format_named(target).decode(_ok(translated.body)).unwrap()


def _ok(body: bytes) -> Response:
    return Response(status=200, body=body)


def _spelled(name: str, body: bytes) -> Reply:
    codec = format_named(name)
    state, chunks = codec.step(codec.start, body).unwrap()
    return collect([*chunks, *codec.finish(state).unwrap()])


_conversations = st.lists(
    st.builds(UserMessage, content=_words)
    | st.builds(AssistantMessage, content=_words)
    | st.builds(AssistantMessage, content=st.none() | _words, tool_calls=_object_calls)
    | st.builds(ToolResultMessage, name=st.just(""), tool_call_id=non_empty_texts, content=_words),
    min_size=1,
    max_size=5,
).map(lambda messages: [UserMessage(content="Hi"), *messages])


@given(_conversations, st.sampled_from(["anthropic", "ollama"]))
def test_texts_calls_and_results_survive_a_round_trip(messages: list[ChatMessage], other: str) -> None:
    body = format_named("openai").encode(Call(model="m", messages=messages)).unwrap().request.body
    there = translate(body, from_="openai", to=other).unwrap()
    back = translate(there.body, from_=other, to="openai").unwrap()
    assert _meaning(back.body) == _meaning(body)


def _meaning(body: bytes) -> dict[str, Any]:
    """Return the content of a conversation, regardless of its division into messages and of its ids."""
    messages = format_named("openai").read(Request(url="", body=body)).unwrap().messages
    answers = [message for message in messages if isinstance(message, AssistantMessage)]
    results = [message for message in messages if isinstance(message, ToolResultMessage)]
    ids = [call.id for message in answers for call in message.tool_calls or ()]
    ids += [message.tool_call_id for message in results]
    return {
        "questions": "".join(
            text for message in messages for text in _texts(message) if message.role == "user"
        ),
        "answers": "".join(message.content or "" for message in answers),
        "calls": [
            (ids.index(call.id), call.function.name, json.loads(call.function.arguments or "{}"))
            for message in answers
            for call in message.tool_calls or ()
        ],
        "results": [(ids.index(message.tool_call_id), "".join(_texts(message))) for message in results],
    }


def _texts(message: ChatMessage) -> list[str]:
    content = message.content or ""
    return [content] if isinstance(content, str) else [getattr(part, "text", "") for part in content]


@given(plain_calls_of_two)
def test_a_model_moves_between_the_body_and_the_path(call: Call) -> None:
    request = PARROT.encode(call).unwrap().request
    there = translate_request(PARROT, HERON, request).unwrap()
    back = translate_request(HERON, PARROT, Request(url=there.url, body=there.body)).unwrap()
    assert (there.url.startswith("/models/"), back.url, back.body) == (True, request.url, request.body)
