"""Fields that are replayed to a server: read from an answer, assembled from a stream, and sent back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.corpus import streamed

from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    UserMessage,
)
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import (
    COMPATIBLE,
    DEEPSEEK,
    GEMINI_COMPAT,
    GROQ,
    MISTRAL,
    OPENAI,
    OPENROUTER,
    VLLM,
)
from casual_llm.reply import Reply
from casual_llm.wire.codec import Call, Response
from casual_llm.wire.report import unsupported

Deltas = list[dict[str, Any]]
DONE = b"data: [DONE]\n\n"


def whole(dialect: Dialect, message: dict[str, Any]) -> Reply:
    body = json.dumps({"choices": [{"message": message}]}).encode()
    return codec(dialect).decode(Response(status=200, body=body)).unwrap()


def in_pieces(dialect: Dialect, deltas: Deltas) -> Reply:
    events = [json.dumps({"choices": [{"delta": delta}]}).encode() for delta in deltas]
    return streamed(codec(dialect), [*(b"data: " + event + b"\n\n" for event in events), DONE]).unwrap()


def kept(reply: Reply) -> Json:
    return thaw(reply.message.native)


def text(piece: str, **more: object) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": piece, **more}


def details(*items: object) -> dict[str, Any]:
    return {"reasoning_details": items}


def thinking(*pieces: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": piece} for piece in pieces]}


def text_part(piece: str) -> dict[str, Any]:
    return {"type": "text", "text": piece}


SECRET: dict[str, Any] = {"type": "reasoning.encrypted", "data": "x", "format": "f", "index": 0}
SIGNED: dict[str, Any] = {"extra_content": {"google": {"thought_signature": "s"}}}
# The deltas of a stream, and the message of the whole reply.
KEPT: dict[str, tuple[Dialect, Deltas, dict[str, Any], Json]] = {
    "a text": (
        DEEPSEEK,
        [{"reasoning_content": "h"}, {"reasoning_content": "m"}, {"content": "a"}],
        {"reasoning_content": "hm", "content": "a"},
        {"deepseek": {"reasoning_content": "hm"}},
    ),
    "a text under the name that the server has for it": (
        VLLM,
        [{"reasoning": "h"}, {"reasoning": "m"}],
        {"reasoning": "hm"},
        {"vllm": {"reasoning": "hm"}},
    ),
    "a text under both names": (
        VLLM,
        [{"reasoning": "hm", "reasoning_content": "hm"}],
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"vllm": {"reasoning_content": "hm"}},
    ),
    "a text that is not replayed": (OPENAI, [{"reasoning_content": "hm"}], {"reasoning_content": "hm"}, None),
    "empty reasoning": (
        DEEPSEEK,
        [{"reasoning_content": ""}, {"reasoning_content": None}],
        {"content": "a"},
        None,
    ),
    "details that are signed at the end": (
        OPENROUTER,
        [
            details(text("h", index=0, format="f")),
            details(text("m", index=0)),
            details({"type": "reasoning.text", "signature": "s", "text": None, "index": 0}),
        ],
        details(text("hm", index=0, format="f", signature="s")),
        {"openrouter": details(text("hm", index=0, format="f", signature="s"))},
    ),
    "a summary and its secret": (
        OPENROUTER,
        [
            details({"type": "reasoning.summary", "summary": "h", "index": 0}),
            details({"type": "reasoning.summary", "summary": "m", "index": 0}),
            details(SECRET),
        ],
        details({"type": "reasoning.summary", "summary": "hm", "index": 0}, SECRET),
        {"openrouter": details({"type": "reasoning.summary", "summary": "hm", "index": 0}, SECRET)},
    ),
    "several thoughts by turns": (
        OPENROUTER,
        [
            details(text("a", index=0), text("b", index=1)),
            details(text("b", index=1)),
            details(text("a", index=0)),
        ],
        details(text("aa", index=0), text("bb", index=1)),
        {"openrouter": details(text("aa", index=0), text("bb", index=1))},
    ),
    "thoughts without an index": (
        OPENROUTER,
        [details(text("a")), details(text("a")), details({"type": "x"}), details(text("b"))],
        details(text("aa"), {"type": "x"}, text("b")),
        {"openrouter": details(text("aa"), {"type": "x"}, text("b"))},
    ),
    "two secrets": (
        OPENROUTER,
        [details(SECRET), details({**SECRET, "data": "y"})],
        details(SECRET, {**SECRET, "data": "y"}),
        {"openrouter": details(SECRET, {**SECRET, "data": "y"})},
    ),
    "two of one index with names of their own": (
        OPENROUTER,
        [details(text("a", index=0, id="1")), details(text("b", index=0, id="2"))],
        details(text("a", index=0, id="1"), text("b", index=0, id="2")),
        {"openrouter": details(text("a", index=0, id="1"), text("b", index=0, id="2"))},
    ),
    "no details": (OPENROUTER, [details()], details(), None),
    "thinking among the parts": (
        MISTRAL,
        [{"content": [thinking("h")]}, {"content": [thinking("m")]}, {"content": "Yes"}, {"content": "."}],
        {"content": [thinking("hm"), text_part("Yes.")]},
        {"mistral": {"content": [thinking("hm"), text_part("Yes.")]}},
    ),
    "text before and after": (
        MISTRAL,
        [
            {"content": "a"},
            {"content": [text_part("b"), thinking("h"), {"type": "reference"}]},
            {"content": "c"},
        ],
        {"content": [text_part("ab"), thinking("h"), {"type": "reference"}, text_part("c")]},
        {"mistral": {"content": [text_part("ab"), thinking("h"), {"type": "reference"}, text_part("c")]}},
    ),
    "parts that are text alone": (
        MISTRAL,
        [{"content": [text_part("a")]}, {"content": "b"}],
        {"content": [text_part("ab")]},
        None,
    ),
    "parts that are not replayed": (
        OPENAI,
        [{"content": [thinking("h")]}],
        {"content": [thinking("h")]},
        None,
    ),
    "the id of an audio answer": (
        OPENAI,
        [{"audio": {"id": "a", "transcript": "H"}}, {"audio": {"data": "QQ=="}}],
        {"audio": {"id": "a", "data": "QQ==", "transcript": "H", "expires_at": 1}},
        {"openai": {"audio": {"id": "a"}}},
    ),
    "a signed message": (
        GEMINI_COMPAT,
        [{"extra_content": {"google": {"thought": True}}}, {"content": "a", **SIGNED}],
        {"content": "a", **SIGNED},
        {"gemini-compat": SIGNED},
    ),
    "all that an unknown server sends": (
        COMPATIBLE,
        [{"reasoning_content": "h", **details(text("h", index=0))}, {"reasoning_content": "m", **SIGNED}],
        {"reasoning_content": "hm", **details(text("h", index=0)), **SIGNED},
        {"compatible": {"reasoning_content": "hm", **details(text("h", index=0)), **SIGNED}},
    ),
    "nothing at all": (GROQ, [{"reasoning": "hm", **SIGNED}], {"reasoning": "hm", **SIGNED}, None),
}


def plain(value: object) -> object:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("dialect", "deltas", "message", "native"), KEPT.values(), ids=KEPT.keys())
def test_replayed_fields_are_preserved(
    dialect: Dialect, deltas: Deltas, message: dict[str, Any], native: Json
) -> None:
    assert kept(whole(dialect, message)) == plain(native)
    assert kept(in_pieces(dialect, deltas)) == plain(native)


CALL = {"index": 0, "id": "1", "function": {"name": "now", "arguments": "{}"}}


@pytest.mark.parametrize(("dialect", "signed"), [(GEMINI_COMPAT, True), (COMPATIBLE, True), (OPENAI, False)])
def test_the_signature_of_a_tool_call_is_preserved_with_the_call(dialect: Dialect, signed: bool) -> None:  # noqa: FBT001
    function = AssistantToolCallFunction(name="now", arguments="{}")
    native = {dialect.name: SIGNED} if signed else None
    expected = (AssistantToolCall(id="1", function=function, native=native),)
    assert whole(dialect, {"tool_calls": [{**CALL, **SIGNED}]}).message.tool_calls == expected
    halves = [
        {**CALL, **SIGNED, "function": {"name": "now", "arguments": "{"}},
        {**CALL, "function": {"arguments": "}"}},
    ]
    assert in_pieces(dialect, [{"tool_calls": [half]} for half in halves]).message.tool_calls == expected


NEXT = UserMessage(content="And then?")


def sent(dialect: Dialect, message: AssistantMessage) -> Any:  # noqa: ANN401 # a body
    call = Call(model="m", messages=[message, NEXT])
    return json.loads(codec(dialect).encode(call).unwrap().request.body)["messages"][0]


def test_an_answer_is_sent_back_unchanged() -> None:
    message: dict[str, Any] = {"role": "assistant", "content": [thinking("hm"), text_part("Yes.")]}
    assert sent(MISTRAL, whole(MISTRAL, message).message) == message
    call = {"id": "1", "type": "function", "function": {"name": "now", "arguments": "{}"}, **SIGNED}
    message = {"role": "assistant", "tool_calls": [call], **SIGNED}
    assert sent(GEMINI_COMPAT, whole(GEMINI_COMPAT, message).message) == message


def test_a_custom_tool_call_is_sent_back_unchanged() -> None:
    asked = {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    body = json.dumps({"choices": [{"message": {"content": None, "tool_calls": [asked]}}]}).encode()
    reply = codec(OPENAI).decode(Response(status=200, body=body)).unwrap()
    encoded = (
        codec(OPENAI).encode(Call(model="m", messages=[UserMessage(content="Hi"), reply.message])).unwrap()
    )
    assert json.loads(encoded.request.body)["messages"][1]["tool_calls"] == [asked]
    assert encoded.losses == ()


def test_an_edited_answer_is_sent_back_with_its_edits() -> None:
    answer = whole(MISTRAL, {"content": [thinking("hm"), text_part("Yes.")]}).message
    changed = answer.model_copy(update={"content": "No."})
    assert sent(MISTRAL, changed) == {"role": "assistant", "content": "No."}
    losses = codec(MISTRAL).encode(Call(model="m", messages=[changed, NEXT])).unwrap().losses
    assert losses == (unsupported("messages[0].native.mistral.content", [thinking("hm"), text_part("Yes.")]),)


def test_replayed_fields_are_not_sent_to_another_server() -> None:
    answer = whole(DEEPSEEK, {"content": "Yes.", "reasoning_content": "hm"}).message
    assert sent(DEEPSEEK, answer) == {"role": "assistant", "content": "Yes.", "reasoning_content": "hm"}
    assert sent(MISTRAL, answer) == {"role": "assistant", "content": "Yes."}
    losses = codec(MISTRAL).encode(Call(model="m", messages=[answer, NEXT])).unwrap().losses
    assert losses == (unsupported("messages[0].native.deepseek", ["reasoning_content"]),)


def test_a_failed_stream_has_no_replayed_fields() -> None:
    event = b'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n'
    ours = codec(DEEPSEEK)
    failure = ours.finish(ours.step(ours.start, event).unwrap()[0]).failure()
    assert failure.partial is not None
    assert (failure.partial.reasoning, failure.partial.message.native) == ("hm", None)
