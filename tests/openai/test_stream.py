"""Streams: the variants of the documented chunks, how streams end, and how they break."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from returns.result import Result
from support.corpus import streamed

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.providers.openai_chat import codec
from casual_llm.reply import Reply, StreamChunk
from casual_llm.usage import Usage

CODEC = codec()
START, step, finish = CODEC.start, CODEC.step, CODEC.finish
HEAD = {"id": "r", "model": "m"}
DONE = b"data: [DONE]\n\n"


def event(body: object) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def text_event(content: str | None = None, **choice: object) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": content}, **choice}]})


STOP = text_event(finish_reason="stop")


def read(*reads: bytes) -> Result[Reply, DecodeError]:
    return streamed(codec(), reads)


def test_chunks_are_returned_as_they_arrive() -> None:
    state, first = step(
        START, event({**HEAD, "choices": [{"delta": {"role": "assistant", "content": ""}}]})
    ).unwrap()
    state, second = step(state, event({**HEAD, "choices": [{"delta": {"content": "Par"}}]})).unwrap()
    state, third = step(state, text_event("is.", finish_reason="stop") + DONE).unwrap()
    assert first == (StreamChunk(id="r", model="m"),)
    assert second == (StreamChunk(content="Par"),)
    assert third == (StreamChunk(content="is.", finish_reason="stop", raw_finish_reason="stop"),)
    assert finish(state).unwrap() == ()


def test_an_empty_chunk_is_not_returned() -> None:
    empty_events = (
        text_event() + text_event("") + b": ping\n\n" + event({"choices": []}) + event({"usage": None})
    )
    assert step(START, empty_events).unwrap()[1] == ()


COMPLETE: dict[str, tuple[list[bytes], str]] = {
    "as documented": ([text_event("a"), text_event("b"), STOP, DONE], "ab"),
    "a finish reason without [DONE]": ([text_event("a"), STOP], "a"),
    "[DONE] without a finish reason": ([text_event("a"), DONE], "a"),
    "[DONE] alone": ([DONE], ""),
    "[DONE] without its blank line": ([text_event("a"), b"data: [DONE]"], "a"),
    "[DONE] without the space": ([text_event("a"), b"data:[DONE]\n\n"], "a"),
    "the last chunk without its blank line": (
        [text_event("a"), text_event("b", finish_reason="stop").rstrip()],
        "ab",
    ),
    "anything behind [DONE]": ([text_event("a"), DONE, text_event("b"), b"data: {broken\n\n"], "a"),
    "anything behind [DONE] in one read": (
        [text_event("a") + DONE + text_event("b") + b"data: {broken\n\n"],
        "a",
    ),
    "lines that end in CRLF": ([(text_event("a") + STOP).replace(b"\n", b"\r\n")], "a"),
    "comments and pings": (
        [b": OPENROUTER PROCESSING\n\n", text_event("a"), b"event: ping\ndata:\n\n", STOP],
        "a",
    ),
    "an empty data line": ([b"data:\n\n", text_event("a"), b"data: \n\n", STOP], "a"),
    "the filter's results first": (
        [event({"id": "", "model": "", "choices": [], "prompt_filter_results": [{}]}), text_event("a"), STOP],
        "a",
    ),
    "no delta in a chunk": ([event({"choices": [{"index": 0}]}), text_event("a"), STOP], "a"),
    "a delta that is null": ([event({"choices": [{"delta": None}]}), text_event("a"), STOP], "a"),
    "the role on each chunk": (
        [event({"choices": [{"delta": {"role": "assistant", "content": "a"}}]}), STOP],
        "a",
    ),
    "the text so far next to each piece": (
        [
            event({"choices": [{"delta": {"content": "a"}, "message": {"content": "a"}}]}),
            event({"choices": [{"delta": {"content": "b"}, "message": {"content": "ab"}}]}),
            event({"choices": [{"delta": {}, "message": {"content": "ab"}, "finish_reason": "stop"}]}),
        ],
        "ab",
    ),
    "a whole message as the only chunk": ([event({"choices": [{"message": {"content": "a"}}]}), DONE], "a"),
    "the text of an older protocol": ([event({"choices": [{"text": "a"}]}), DONE], "a"),
    "other choices in between": (
        [
            text_event("a"),
            event({"choices": [{"index": 1, "delta": {"content": "x"}, "finish_reason": "stop"}]}),
            STOP,
        ],
        "a",
    ),
    "text behind the finish reason": ([text_event("a"), STOP, text_event("b"), DONE], "ab"),
    "thinking in the text": ([text_event("<thi"), text_event("nk>x</think>a"), STOP], "<think>x</think>a"),
    "rare characters": (
        [b"data: " + '{"choices":[{"delta":{"content":"a\u2028\u0085🙂"}}]}\n\n'.encode(), STOP],
        "a\u2028\u0085🙂",
    ),
}


@pytest.mark.parametrize(("reads", "text"), COMPLETE.values(), ids=COMPLETE.keys())
def test_the_text_of_a_complete_stream_is_collected(reads: list[bytes], text: str) -> None:
    assert read(*reads).unwrap().message.content == text


@pytest.mark.parametrize(("reads", "text"), COMPLETE.values(), ids=COMPLETE.keys())
def test_the_text_of_a_complete_stream_is_collected_byte_by_byte(reads: list[bytes], text: str) -> None:
    data = b"".join(reads)
    assert read(*(data[at : at + 1] for at in range(len(data)))).unwrap().message.content == text


FIGURES = {"prompt_tokens": 9, "completion_tokens": 4}
USAGES: dict[str, tuple[list[object], Usage | None]] = {
    "never": ([], None),
    "null on each chunk": ([{"usage": None}, {"usage": None}], None),
    "in a last chunk without choices": ([{"choices": [], "usage": FIGURES}], Usage(**FIGURES)),
    "in a chunk with choices": (
        [{"choices": [{"delta": {"content": ""}}], "usage": FIGURES}],
        Usage(**FIGURES),
    ),
    "several times, the last one counts": (
        [{"usage": {"prompt_tokens": 8, "completion_tokens": 1}}, {"usage": FIGURES}],
        Usage(**FIGURES),
    ),
    "null at the end corrects nothing": (
        [{"usage": FIGURES}, {"usage": None}, {"usage": {}}],
        Usage(**FIGURES),
    ),
    "completion tokens unknown until the end": (
        [{"usage": {"prompt_tokens": 9, "completion_tokens": None}}, {"usage": FIGURES}],
        Usage(**FIGURES),
    ),
    "under x_groq": ([{"x_groq": {"id": "req", "usage": FIGURES}}], Usage(**FIGURES)),
}


@pytest.mark.parametrize(("bodies", "usage"), USAGES.values(), ids=USAGES.keys())
def test_usage_is_read_from_any_chunk(bodies: list[object], usage: Usage | None) -> None:
    assert read(text_event("a"), STOP, *map(event, bodies), DONE).unwrap().usage == usage


FINISHES: dict[str, tuple[list[bytes], tuple[str | None, str | None]]] = {
    "never": ([], (None, None)),
    "once": ([text_event(finish_reason="length")], ("length", "length")),
    "null at the end": (
        [text_event(finish_reason="length"), text_event(finish_reason=None)],
        ("length", "length"),
    ),
    "empty at the end": ([text_event(finish_reason="eos"), text_event(finish_reason="")], ("stop", "eos")),
    "on several chunks": (
        [text_event(finish_reason="stop"), text_event(finish_reason="stop")],
        ("stop", "stop"),
    ),
    "the last word counts": (
        [text_event(finish_reason="stop"), text_event(finish_reason="length")],
        ("length", "length"),
    ),
    "an unknown word": ([text_event(finish_reason="abort")], (None, "abort")),
}


@pytest.mark.parametrize(("reads", "reason"), FINISHES.values(), ids=FINISHES.keys())
def test_the_last_nonempty_finish_reason_counts(
    reads: list[bytes], reason: tuple[str | None, str | None]
) -> None:
    reply = read(text_event("a"), *reads, DONE).unwrap()
    assert (reply.finish_reason, reply.raw_finish_reason) == reason


def test_reasoning_and_refusals_are_separate_from_the_text() -> None:
    deltas = [{"reasoning_content": "h"}, {"reasoning": "m"}, {"refusal": "I "}, {"refusal": "will not."}]
    reply = read(*(event({"choices": [{"delta": delta}]}) for delta in deltas), DONE).unwrap()
    assert (reply.reasoning, reply.message.refusal, reply.message.content) == ("hm", "I will not.", None)


def test_the_last_id_and_model_count() -> None:
    named = [("", ""), ("r1", "router"), ("r2", "model"), (None, None)]
    bodies: list[object] = [{"id": identity, "model": model, "choices": []} for identity, model in named]
    reply = read(*map(event, bodies), DONE).unwrap()
    assert (reply.id, reply.model) == ("r2", "model")


ERRORS: dict[str, tuple[list[bytes], ErrorResponse]] = {
    "in a data line": ([event({"error": {"message": "No.", "code": 503}})], ErrorResponse(503, "No.", "503")),
    "in a data line, as a text": ([event({"error": "No."})], ErrorResponse(200, "No.")),
    "as a named event": (
        [b"event: error\n" + event({"error": {"message": "No.", "code": "bad"}})],
        ErrorResponse(200, "No.", "bad"),
    ),
    "as a named event without the key": (
        [b"event: error\n" + event({"message": "No.", "code": "bad"})],
        ErrorResponse(200, "No.", "bad"),
    ),
    "as a named event in plain text": ([b"event: error\ndata: No.\n\n"], ErrorResponse(200, "No.")),
    "next to the choices": (
        [event({"error": {"message": "No.", "code": 502}, "choices": [{"finish_reason": "error"}]})],
        ErrorResponse(502, "No.", "502"),
    ),
    "inside the choice": (
        [event({"choices": [{"delta": {}, "error": {"message": "No.", "code": 502}}]})],
        ErrorResponse(502, "No.", "502"),
    ),
    "as a field of its own": (
        [b'error: {"code":500,"message":"No."}\n\n', DONE],
        ErrorResponse(500, "No.", "500"),
    ),
    "without the key": (
        [event({"object": "error", "message": "No.", "code": 400})],
        ErrorResponse(400, "No.", "400"),
    ),
    "as a detail": ([event({"detail": "No."}), DONE], ErrorResponse(200, "No.")),
    "in a list": ([b'data: [{"error":{"message":"No.","code":429}}]\n\n'], ErrorResponse(429, "No.", "429")),
    "under x_groq": ([event({"choices": [], "x_groq": {"error": "No."}}), DONE], ErrorResponse(200, "No.")),
    "followed by [DONE]": ([event({"error": {"message": "No."}}), DONE], ErrorResponse(200, "No.")),
    "followed by more text": (
        [event({"error": {"message": "No."}}), text_event("c"), STOP, DONE],
        ErrorResponse(200, "No."),
    ),
    "after the finish reason": ([STOP, event({"error": {"message": "No."}})], ErrorResponse(200, "No.")),
    "without its blank line": ([event({"error": {"message": "No."}}).rstrip()], ErrorResponse(200, "No.")),
}


@pytest.mark.parametrize(("reads", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_inside_a_stream_carries_the_partial_reply(reads: list[bytes], error: ErrorResponse) -> None:
    failure = read(text_event("a"), text_event("b"), *reads).failure()
    assert isinstance(failure, ErrorResponse)
    assert evolve(failure, partial=None) == error
    assert failure.partial is not None
    assert failure.partial.message.content == "ab"


def test_a_failed_stream_has_ended() -> None:
    state, chunks = step(START, text_event("a") + event({"error": "No."}) + text_event("b")).unwrap()
    assert state.ended
    assert [chunk.content for chunk in chunks] == ["a"]
    assert step(state, text_event("c")).unwrap() == (state, ())


@pytest.mark.parametrize("data", [b"{broken", b"[]", b'"text"', b"5", b"null", b"[done]", b"\xff"])
def test_an_event_that_is_not_an_object_is_malformed(data: bytes) -> None:
    failure = read(text_event("a"), b"data: " + data + b"\n\n", text_event("b"), STOP).failure()
    assert isinstance(failure, Malformed)
    assert failure.partial is not None
    assert failure.partial.message.content == "a"


TRUNCATED = {
    "no bytes": ([], ""),
    "a page of HTML": ([b"<html>\n<h1>Gateway</h1>\n\n</html>"], ""),
    "comments only": ([b": OPENROUTER PROCESSING\n\n"], ""),
    "text without an end": ([text_event("a")], "a"),
    "an empty finish reason": ([text_event("a", finish_reason="")], "a"),
    "usage is no evidence": ([text_event("a"), event({"choices": [], "usage": FIGURES})], "a"),
    "another choice's end is no evidence": (
        [text_event("a"), event({"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]})],
        "a",
    ),
    "cut before the blank line": ([text_event("a"), text_event("b").rstrip()], "ab"),
    "cut inside the JSON": ([text_event("a"), text_event("b")[:-9]], "a"),
    "cut inside [DONE]": ([text_event("a"), b"data: [DO"], "a"),
    "cut inside a field's name": ([text_event("a"), b"da"], "a"),
    "cut inside a character": ([text_event("a"), "data: é".encode()[:-1]], "a"),
}


@pytest.mark.parametrize(("reads", "text"), TRUNCATED.values(), ids=TRUNCATED.keys())
def test_a_stream_without_a_finish_reason_or_done_is_truncated(reads: list[bytes], text: str) -> None:
    failure = read(*reads).failure()
    assert isinstance(failure, Truncated)
    assert failure.partial.message.content == text


@pytest.mark.parametrize("tail", [b"data: [DO", b"data: {", event({"choices": []})[:-9], b"da"])
def test_a_cut_after_a_finish_reason_loses_nothing(tail: bytes) -> None:
    assert read(text_event("a"), STOP, tail).unwrap().message.content == "a"
