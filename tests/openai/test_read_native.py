"""Keys that only this format has: preserved as native keys, and written again unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import (
    AZURE,
    DEEPSEEK,
    GEMINI_COMPAT,
    MISTRAL,
    OPENAI,
    OPENROUTER,
)
from casual_llm.wire.codec import Call, Request

CODEC = codec(OPENROUTER)
PDF = "data:application/pdf;base64,JVBERi0="
PNG = {"type": "base64", "data": "aGk="}
MARK = {"type": "ephemeral"}


def read(*messages: object) -> Call:
    body = json.dumps({"model": "m", "messages": messages}).encode()
    return CODEC.read(Request(url="/chat/completions", body=body)).unwrap()


def written(call: Call) -> list[Any]:
    encoded = CODEC.encode(call).unwrap()
    assert encoded.losses == ()
    messages: list[Any] = json.loads(encoded.request.body)["messages"]
    return messages


def native(block: dict[str, Json]) -> NativeContent:
    return NativeContent(format="openai", block=block)


def image(**fields: object) -> dict[str, object]:
    return {"type": "image_url", "image_url": fields}


PARTS: dict[str, tuple[dict[str, Any], ContentPart]] = {
    "a mark": (
        {"type": "text", "text": "a", "cache_control": MARK},
        TextContent(text="a", cache_control=MARK),
    ),
    "a further key": (
        {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
        TextContent(text="a", native={"openai": {"prompt_cache_breakpoint": {"mode": "explicit"}}}),
    ),
    "a mark that is none": (
        {"type": "text", "text": "a", "cache_control": "yes"},
        TextContent(text="a", native={"openai": {"cache_control": "yes"}}),
    ),
    "an image, closely": (
        image(url="https://example.com/a.png", detail="low"),
        ImageContent(source="https://example.com/a.png", detail="low"),
    ),
    "an image with a mark": (
        {**image(url="data:image/png;base64,aGk="), "cache_control": MARK},
        ImageContent(source=PNG, media_type="image/png", cache_control=MARK),
    ),
    "a document": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}},
        FileContent(source={"type": "base64", "data": "JVBERi0="}, name="a.pdf"),
    ),
    "a document without a name": (
        {"type": "file", "file": {"file_data": PDF}},
        FileContent(source={"type": "base64", "data": "JVBERi0="}),
    ),
    "a document by URL": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "https://example.com/a.pdf"}},
        FileContent(source="https://example.com/a.pdf", name="a.pdf"),
    ),
    "a recording": (
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        AudioContent(source={"type": "base64", "data": "UklGRg=="}, media_type="audio/wav"),
    ),
    "a recording in MP3": (
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}},
        AudioContent(source={"type": "base64", "data": "UklGRg=="}, media_type="audio/mpeg"),
    ),
}
KEPT: dict[str, dict[str, Any]] = {
    "a part of another type": {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
    "a part without a type": {"text": "a"},
    "an empty part": {},
    "a text that is none": {"type": "text", "text": 5},
    "an image with a further key": image(url="https://example.com/a.png", size=5),
    "an image whose detail is none": image(url="https://example.com/a.png", detail=5),
    "an image that is none": image(url="??"),
    "an image elsewhere": image(url="ftp://example.com/a.png"),
    "an image in bare base64": image(url="aGk="),
    "a file that the vendor keeps": {"type": "file", "file": {"file_id": "file-1"}},
    "a file that is no base64": {"type": "file", "file": {"file_data": "data:application/pdf;base64,!"}},
    "a file in bare base64": {"type": "file", "file": {"file_data": "JVBERi0="}},
    "a file whose name is none": {"type": "file", "file": {"file_data": PDF, "filename": 5}},
    "a recording that is none": {"type": "input_audio", "input_audio": {}},
    "a recording that is no base64": {"type": "input_audio", "input_audio": {"data": "!", "format": "wav"}},
    "a recording of a strange format": {"type": "input_audio", "input_audio": {"data": "", "format": "a b"}},
    "a recording under its other name": {
        "type": "input_audio",
        "input_audio": {"data": "", "format": "mpeg"},
    },
}


@pytest.mark.parametrize(("part", "ours"), PARTS.values(), ids=PARTS.keys())
@pytest.mark.parametrize("message", [{"role": "user"}, {"role": "tool", "tool_call_id": "c1"}], ids=str)
def test_a_part_is_read_and_written_again(
    message: dict[str, Any], part: dict[str, Any], ours: ContentPart
) -> None:
    call = read({**message, "content": [part]})
    assert [*(call.messages[0].content or ())] == [ours]
    assert written(call) == [{**message, "content": [part]}]


@pytest.mark.parametrize("part", KEPT.values(), ids=KEPT.keys())
def test_an_unknown_part_is_a_native_block(part: dict[str, Any]) -> None:
    call = read({"role": "user", "content": [part]})
    assert call.messages == (UserMessage(content=[native(part)]),)
    assert written(call) == [{"role": "user", "content": [part]}]


def test_variants_of_mistral_are_read() -> None:
    call = read(
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": "https://example.com/a.png"},
                {"type": "document_url", "document_url": PDF, "document_name": "a.pdf"},
            ],
        }
    )
    assert call.messages[0].content == (
        ImageContent(source="https://example.com/a.png"),
        FileContent(source={"type": "base64", "data": "JVBERi0="}, name="a.pdf"),
    )


OURS = AssistantToolCall(id="c1", function=AssistantToolCallFunction(name="now", arguments="{}"))
FUNCTION = {"name": "now", "arguments": "{}"}
CALL = {"id": "c1", "type": "function", "function": FUNCTION}
THINKING: list[Json] = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    {"type": "text", "text": "Yes."},
]
REFUSING: list[Json] = [{"type": "refusal", "refusal": "No."}]
SIGNED = {"extra_content": {"google": {"thought_signature": "s"}}}
ANSWER = {"role": "assistant", "content": "Yes."}
CUSTOM: dict[str, Json] = {"id": "c1", "type": "custom", "custom": {"name": "grep", "input": "a"}}
FURTHER: dict[str, tuple[dict[str, Any], ChatMessage]] = {
    "a name": (
        {"role": "user", "content": "Hi", "name": "Ann"},
        UserMessage(content="Hi", native={"openai": {"name": "Ann"}}),
    ),
    "a mark on the message": (
        {"role": "system", "content": "a", "cache_control": MARK},
        SystemMessage(content="a", native={"openai": {"cache_control": MARK}}),
    ),
    "a name of a result": (
        {"role": "tool", "tool_call_id": "c1", "content": "12:00", "name": "now"},
        ToolResultMessage(name="", tool_call_id="c1", content="12:00", native={"openai": {"name": "now"}}),
    ),
    "reasoning": (
        {**ANSWER, "reasoning_content": "hm"},
        AssistantMessage(content="Yes.", native={"openai": {"reasoning_content": "hm"}}),
    ),
    "reasoning in details": (
        {**ANSWER, "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        AssistantMessage(
            content="Yes.",
            native={"openrouter": {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}},
        ),
    ),
    "thinking among the parts": (
        {**ANSWER, "content": THINKING},
        AssistantMessage(content="Yes.", native={"openai": {"content": THINKING}}),
    ),
    "nothing but thinking": (
        {"role": "assistant", "content": THINKING[:1], "tool_calls": [CALL]},
        AssistantMessage(tool_calls=[OURS], native={"openai": {"content": THINKING[:1]}}),
    ),
    "a beginning to go on from": (
        {**ANSWER, "prefix": True},
        AssistantMessage(content="Yes.", native={"openai": {"prefix": True}}),
    ),
    "a signed call": (
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, **SIGNED}]},
        AssistantMessage(tool_calls=[OURS.model_copy(update={"native": {"openai": SIGNED}})]),
    ),
    "a call with more to its function": (
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "function": {**FUNCTION, "x": 1}}]},
        AssistantMessage(
            tool_calls=[OURS.model_copy(update={"native": {"openai": {"function": {**FUNCTION, "x": 1}}}})]
        ),
    ),
    "a call of another type": (
        {"role": "assistant", "content": None, "tool_calls": [CUSTOM]},
        AssistantMessage(native={"openai": {"tool_calls": [CUSTOM]}}),
    ),
    "a legacy function call with tool calls": (
        {"role": "assistant", "content": None, "tool_calls": [CALL], "function_call": FUNCTION},
        AssistantMessage(tool_calls=[OURS], native={"openrouter": {"function_call": FUNCTION}}),
    ),
    "a call in the oldest words that is none": (
        {**ANSWER, "function_call": "auto"},
        AssistantMessage(content="Yes.", native={"openrouter": {"function_call": "auto"}}),
    ),
    "two refusals": (
        {"role": "assistant", "content": REFUSING, "refusal": "Never."},
        AssistantMessage(refusal="Never.", native={"openai": {"content": REFUSING}}),
    ),
    "a refusal that is no text": (
        {"role": "assistant", "content": [{"type": "refusal", "refusal": 5}]},
        AssistantMessage(content="", native={"openai": {"content": [{"type": "refusal", "refusal": 5}]}}),
    ),
    "a refusal among instructions": (
        {"role": "system", "content": REFUSING},
        SystemMessage(content="", native={"openai": {"content": REFUSING}}),
    ),
    "a marked answer": (
        {"role": "assistant", "content": [PARTS["a mark"][0]]},
        AssistantMessage(content="a", native={"openai": {"content": [PARTS["a mark"][0]]}}),
    ),
    "marked instructions in several parts": (
        {"role": "system", "content": [{"type": "text", "text": "a"}, {**PARTS["a mark"][0]}]},
        SystemMessage(
            content="aa", native={"openai": {"content": [{"type": "text", "text": "a"}, PARTS["a mark"][0]]}}
        ),
    ),
}


@pytest.mark.parametrize(("message", "ours"), FURTHER.values(), ids=FURTHER.keys())
def test_unknown_keys_of_a_message_are_preserved_and_written_again(
    message: dict[str, Any], ours: ChatMessage
) -> None:
    call = read(message)
    assert call.messages[0].model_dump() == ours.model_dump()
    assert written(call) == [message]


OURS_SIGNED = OURS.model_copy(update={"native": {"gemini-compat": SIGNED}})
WANTED: dict[str, tuple[Dialect, dict[str, Any], ChatMessage]] = {
    "a thought": (
        DEEPSEEK,
        {**ANSWER, "reasoning_content": "hm", "prefix": True},
        AssistantMessage(
            content="Yes.", native={"openai": {"prefix": True}, "deepseek": {"reasoning_content": "hm"}}
        ),
    ),
    "a signed call": (
        GEMINI_COMPAT,
        {"role": "assistant", "content": "Yes.", "tool_calls": [{**CALL, **SIGNED}]},
        AssistantMessage(content="Yes.", tool_calls=[OURS_SIGNED]),
    ),
    "a signed answer": (
        GEMINI_COMPAT,
        {**ANSWER, **SIGNED},
        AssistantMessage(content="Yes.", native={"gemini-compat": SIGNED}),
    ),
    "a signed part": (
        GEMINI_COMPAT,
        {"role": "user", "content": [{"type": "text", "text": "a", **SIGNED}]},
        UserMessage(content=[TextContent(text="a", native={"gemini-compat": SIGNED})]),
    ),
    "thinking among the parts": (
        MISTRAL,
        {**ANSWER, "content": THINKING},
        AssistantMessage(content="Yes.", native={"mistral": {"content": THINKING}}),
    ),
    "an audio answer": (
        AZURE,
        {**ANSWER, "audio": {"id": "audio_1"}},
        AssistantMessage(content="Yes.", native={"azure": {"audio": {"id": "audio_1"}}}),
    ),
}


@pytest.mark.parametrize(("dialect", "message", "ours"), WANTED.values(), ids=WANTED.keys())
def test_replayed_fields_are_preserved_under_the_name_of_their_server(
    dialect: Dialect, message: dict[str, Any], ours: ChatMessage
) -> None:
    body = json.dumps({"model": "m", "messages": [message]}).encode()
    call = codec(dialect).read(Request(url="/chat/completions", body=body)).unwrap()
    assert call.messages[0].model_dump() == ours.model_dump()
    encoded = codec(dialect).encode(call).unwrap()
    assert (json.loads(encoded.request.body)["messages"], encoded.losses) == ([message], ())


def test_a_null_value_means_the_same_as_an_absent_key() -> None:
    part = {"type": "text", "text": "Hi", "image_url": None}
    call = read({"role": "user", "content": [part], "name": None, "tool_calls": None})
    assert call.messages == (UserMessage(content=[TextContent(text="Hi")]),)


def test_an_audio_answer_is_written_again_for_its_server() -> None:
    message = {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}
    call = read(message)
    assert call.messages == (AssistantMessage(native={"openai": {"audio": {"id": "audio_1"}}}),)
    again = json.loads(codec(OPENAI).encode(call).unwrap().request.body)
    assert again["messages"] == [message]
