"""Streams: lines of JSON, how they end, and how they break."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from returns.result import Result
from support.corpus import streamed

from casual_llm.failures import DecodeError, ErrorResponse, Malformed, Truncated
from casual_llm.providers.ollama import codec
from casual_llm.reply import Reply, StreamChunk, ToolCallDelta
from casual_llm.usage import Usage

CODEC = codec()


def line(**body: object) -> bytes:
    return json.dumps(body).encode() + b"\n"


def text_line(content: str = "", **message: object) -> bytes:
    return line(model="m", message={"role": "assistant", "content": content, **message}, done=False)


def calls(name: str) -> bytes:
    return text_line(tool_calls=[{"function": {"name": name, "arguments": {}}}])


DONE = line(
    model="m", message={"role": "assistant", "content": ""}, done=True, done_reason="stop", eval_count=2
)


def read(*reads: bytes) -> Result[Reply, DecodeError]:
    return streamed(CODEC, reads)


def test_chunks_are_given_out_as_they_come() -> None:
    state, first = CODEC.step(CODEC.start, text_line("Par")).unwrap()
    state, second = CODEC.step(state, text_line("is.") + text_line() + calls("f")).unwrap()
    state, third = CODEC.step(state, calls("g") + DONE + text_line("!")).unwrap()
    assert first == (StreamChunk(content="Par", model="m"),)
    assert second == (
        StreamChunk(content="is."),
        StreamChunk(tool_calls=[ToolCallDelta(index=0, name="f", arguments="{}")]),
    )
    assert third == (
        StreamChunk(tool_calls=[ToolCallDelta(index=1, name="g", arguments="{}")]),
        StreamChunk(finish_reason="tool_calls", raw_finish_reason="stop", usage=Usage(completion_tokens=2)),
    )
    assert (state.ended, CODEC.finish(state).unwrap()) == (True, ())


def test_thoughts_and_images_come_again_with_the_last_chunk() -> None:
    reads = [text_line(thinking="h"), text_line(images=["a"]), text_line(thinking="m", images=["b"]), DONE]
    state, _ = CODEC.step(CODEC.start, b"".join(reads)).unwrap()
    native = {"ollama": {"thinking": "hm", "images": ("a", "b")}}
    assert CODEC.finish(state).unwrap() == (StreamChunk(native=native),)
    reply = read(*reads).unwrap()
    assert (reply.reasoning, reply.message.native) == ("hm", native)


COMPLETE: dict[str, tuple[list[bytes], str]] = {
    "as documented": ([text_line("a"), text_line("b"), DONE], "ab"),
    "the end alone": ([DONE], ""),
    "the end without a message": ([text_line("a"), line(done=True)], "a"),
    "the end without its line end": ([text_line("a"), DONE.rstrip()], "a"),
    "anything behind the end": ([text_line("a"), DONE, text_line("b"), b"{broken\n"], "a"),
    "lines that end in CRLF": ([(text_line("a") + DONE).replace(b"\n", b"\r\n")], "a"),
    "empty lines": ([b"\n", text_line("a"), b" \n\r\n", DONE], "a"),
    "rare characters": (['{"message":{"content":"a\u2028\u0085🙂"}}\n'.encode(), DONE], "a\u2028\u0085🙂"),
    "text at the end": ([text_line("a"), line(message={"content": "b"}, done=True)], "ab"),
}


@pytest.mark.parametrize(("reads", "text"), COMPLETE.values(), ids=COMPLETE.keys())
def test_a_complete_stream_gives_its_text_however_it_is_cut(reads: list[bytes], text: str) -> None:
    data = b"".join(reads)
    assert read(*reads).unwrap().message.content == text
    assert read(*(data[at : at + 1] for at in range(len(data)))) == read(*reads)


ERRORS: dict[str, tuple[list[bytes], ErrorResponse]] = {
    "a text": ([line(error="No.")], ErrorResponse(200, "No.")),
    "an object of a proxy": ([line(error={"message": "No.", "code": 503})], ErrorResponse(503, "No.", "503")),
    "without its line end": ([line(error="No.").rstrip()], ErrorResponse(200, "No.")),
    "followed by more": ([line(error="No.") + text_line("c") + DONE], ErrorResponse(200, "No.")),
    "at the end": ([line(error="No.", done=True)], ErrorResponse(200, "No.")),
}


@pytest.mark.parametrize(("reads", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_inside_a_stream_keeps_what_came_before(reads: list[bytes], error: ErrorResponse) -> None:
    failure = read(text_line("a"), text_line("b"), *reads).failure()
    assert isinstance(failure, ErrorResponse)
    assert evolve(failure, partial=None) == error
    assert failure.partial is not None
    assert failure.partial.message.content == "ab"


@pytest.mark.parametrize("data", [b"{broken", b"[]", b'"text"', b"5", b"null", b"\xff", b"data: {}"])
def test_a_line_that_is_no_object_is_malformed(data: bytes) -> None:
    failure = read(text_line("a"), data + b"\n", text_line("b"), DONE).failure()
    assert isinstance(failure, Malformed)
    assert failure.partial is not None
    assert failure.partial.message.content == "a"


TRUNCATED = {
    "no bytes": ([], ""),
    "text without an end": ([text_line("a")], "a"),
    "a reason is no end": ([text_line("a"), line(done_reason="stop")], "a"),
    "an end that is not true": ([text_line("a"), line(done="yes")], "a"),
    "cut before the line end": ([text_line("a"), text_line("b").rstrip()], "ab"),
    "cut inside the JSON": ([text_line("a"), text_line("b")[:-9]], "a"),
    "cut inside the end": ([text_line("a"), DONE[:-3]], "a"),
    "cut inside a character": ([text_line("a"), '{"message":{"content":"é'.encode()[:-1]], "a"),
}


@pytest.mark.parametrize(("reads", "text"), TRUNCATED.values(), ids=TRUNCATED.keys())
def test_a_stream_without_evidence_of_its_end_is_truncated(reads: list[bytes], text: str) -> None:
    failure = read(*reads).failure()
    assert isinstance(failure, Truncated)
    assert failure.partial.message.content == text
