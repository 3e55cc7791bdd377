"""Parts and cache control in requests: unsupported ones are losses, others may change their form."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
from casual_llm.options import ChatOptions
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import (
    COMPATIBLE,
    GEMINI_COMPAT,
    GROQ,
    MISTRAL,
    OLLAMA_V1,
    OPENAI,
    OPENROUTER,
)
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.report import Change, Loss, unsupported

MARK = {"type": "ephemeral"}
URL = "https://example.com/a.pdf"
HI = UserMessage(content="Hi")


def encoded(dialect: Dialect, *messages: ChatMessage, **options: Any) -> Encoded:  # noqa: ANN401
    return codec(dialect).encode(Call(model="m", messages=messages, options=ChatOptions(**options))).unwrap()


def bodies(it: Encoded) -> list[Any]:
    messages: list[Any] = json.loads(it.request.body)["messages"]
    return messages


def pdf(uri: str, **more: object) -> dict[str, object]:
    return {"type": "file", "file": {**more, "file_data": uri}}


PDF = "data:application/pdf;base64,JVBERi0="
WAV = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}}
PARTS: dict[str, tuple[Dialect, ContentPart, object]] = {
    "a document": (OPENAI, FileContent(source="JVBERi0=", name="a.pdf"), pdf(PDF, filename="a.pdf")),
    "a document in a data URI": (OPENAI, FileContent(source=PDF), pdf(PDF)),
    "a text in a data URI": (
        OPENAI,
        FileContent(source="data:text/plain,a%20b"),
        pdf("data:text/plain;base64,YSBi"),
    ),
    "a document by URL": (OPENROUTER, FileContent(source=URL), pdf(URL)),
    "a document for Mistral": (
        MISTRAL,
        FileContent(source="JVBERi0=", name="a.pdf"),
        {"type": "document_url", "document_url": PDF, "document_name": "a.pdf"},
    ),
    "a document by URL for Mistral": (
        MISTRAL,
        FileContent(source=URL),
        {"type": "document_url", "document_url": URL},
    ),
    "a recording": (OPENAI, AudioContent(source="UklGRg=="), WAV),
    "a recording in a data URI": (OPENAI, AudioContent(source="data:audio/mp3;base64,UklGRg=="), SOUND),
    "an image, closely": (
        OPENAI,
        ImageContent(source="https://example.com/a.png", detail="high"),
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "high"}},
    ),
    "a mark": (
        OPENROUTER,
        TextContent(text="a", cache_control=MARK),
        {"type": "text", "text": "a", "cache_control": MARK},
    ),
    "further keys": (
        GROQ,
        TextContent(text="a", native={"openai": {"x": 1, "y": 1}, "groq": {"y": 2}}),
        {"type": "text", "text": "a", "x": 1, "y": 2},
    ),
    "a block of the format": (
        OPENAI,
        NativeContent(format="openai", block={"type": "video"}),
        {"type": "video"},
    ),
    "a block of the server": (GROQ, NativeContent(format="groq", block={"type": "video"}), {"type": "video"}),
    "an empty block": (OPENAI, NativeContent(format="openai", block={}), {}),
}


@pytest.mark.parametrize(("dialect", "part", "body"), PARTS.values(), ids=PARTS.keys())
def test_a_part_is_written_in_the_form_that_the_server_expects(
    dialect: Dialect, part: ContentPart, body: object
) -> None:
    it = encoded(dialect, UserMessage(content=[part]))
    assert bodies(it) == [{"role": "user", "content": [body]}]
    assert it.losses == ()


PLACE = "messages[0].content[0]"
LOST: dict[str, tuple[Dialect, ContentPart, Loss]] = {
    "a document": (GROQ, FileContent(source="JVBERi0="), unsupported(PLACE, {"type": "file"})),
    "a document by URL": (OPENAI, FileContent(source=URL), unsupported(PLACE, {"type": "file"})),
    "a document that cannot be read": (
        OPENAI,
        FileContent(source="data:?"),
        unsupported(PLACE, {"type": "file"}),
    ),
    "a recording": (GROQ, AudioContent(source="UklGRg=="), unsupported(PLACE, {"type": "audio"})),
    "a recording by URL": (
        OPENAI,
        AudioContent(source="https://example.com/a.wav"),
        unsupported(PLACE, {"type": "audio"}),
    ),
    "a recording that is none": (
        OPENAI,
        AudioContent(source="data:text/plain,a"),
        unsupported(PLACE, {"type": "audio"}),
    ),
    "a block of another format": (
        OPENAI,
        NativeContent(format="anthropic", block={"type": "search_result", "source": "a"}),
        unsupported(PLACE, {"type": "search_result"}),
    ),
}
PARTLY_LOST: dict[str, tuple[Dialect, ContentPart, Loss]] = {
    "a mark": (
        OPENAI,
        TextContent(text="a", cache_control=MARK),
        unsupported(f"{PLACE}.cache_control", MARK),
    ),
    "the type of an image by URL": (
        OPENAI,
        ImageContent(source="https://example.com/a", media_type="image/png"),
        unsupported(f"{PLACE}.media_type", "image/png"),
    ),
    "the type of a document by URL": (
        OPENROUTER,
        FileContent(source=URL, media_type="text/plain"),
        unsupported(f"{PLACE}.media_type", "text/plain"),
    ),
    "what another format knows": (
        OPENAI,
        TextContent(text="a", native={"anthropic": {"citations": []}}),
        unsupported(f"{PLACE}.native.anthropic", ["citations"]),
    ),
}


@pytest.mark.parametrize(("dialect", "part", "loss"), LOST.values(), ids=LOST.keys())
def test_an_unsupported_part_is_dropped_and_reported(dialect: Dialect, part: ContentPart, loss: Loss) -> None:
    it = encoded(dialect, UserMessage(content=[part, TextContent(text="?")]))
    assert (bodies(it)[0]["content"], it.losses) == ([{"type": "text", "text": "?"}], (loss,))
    alone = encoded(dialect, UserMessage(content=[part]))
    assert (bodies(alone)[0]["content"], alone.losses) == ("", (loss,))


@pytest.mark.parametrize(("dialect", "part", "loss"), PARTLY_LOST.values(), ids=PARTLY_LOST.keys())
def test_an_unsupported_field_of_a_part_is_reported(dialect: Dialect, part: ContentPart, loss: Loss) -> None:
    it = encoded(dialect, UserMessage(content=[part]))
    assert (len(bodies(it)[0]["content"]), it.losses) == (1, (loss,))


CALL = AssistantToolCall(id="c1", function=AssistantToolCallFunction(name="now", arguments="{}"))
ASKING = AssistantMessage(tool_calls=[CALL])


def result(content: str | list[ContentPart], **more: Any) -> ToolResultMessage:  # noqa: ANN401
    return ToolResultMessage(name="now", tool_call_id="c1", content=content, **more)


def text(content: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": content, **more}


PIXEL = ImageContent(source="https://example.com/a.png")
RESULTS: dict[str, tuple[Dialect, ToolResultMessage, object, list[Loss]]] = {
    "parts of text": (OPENAI, result([TextContent(text="a")]), [text("a")], []),
    "an image, where it may stand": (
        OPENROUTER,
        result([PIXEL]),
        [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
        [],
    ),
    "an image, where it may not": (
        OPENAI,
        result([TextContent(text="a"), PIXEL]),
        [text("a")],
        [unsupported("messages[1].content[1]", {"type": "image"})],
    ),
    "a block of the format stands anywhere": (
        OPENAI,
        result([NativeContent(format="openai", block={"type": "image"})]),
        [{"type": "image"}],
        [],
    ),
    "a failure": (OPENAI, result("No.", is_error=True), "No.", [unsupported("messages[1].is_error", True)]),  # noqa: FBT003
    "an unsupported cache control": (
        OPENAI,
        result("a", cache_control=MARK),
        "a",
        [unsupported("messages[1].cache_control", MARK)],
    ),
    "a mark on text": (OPENROUTER, result("a", cache_control=MARK), [text("a", cache_control=MARK)], []),
    "a mark on parts": (
        OPENROUTER,
        result([TextContent(text="a"), TextContent(text="b")], cache_control=MARK),
        [text("a"), text("b", cache_control=MARK)],
        [],
    ),
    "a mark where there is one": (
        OPENROUTER,
        result([TextContent(text="a", cache_control={})], cache_control=MARK),
        [text("a", cache_control={})],
        [unsupported("messages[1].cache_control", MARK)],
    ),
    "a mark on a block": (
        OPENROUTER,
        result([NativeContent(format="openai", block={"type": "video"})], cache_control=MARK),
        [{"type": "video"}],
        [unsupported("messages[1].cache_control", MARK)],
    ),
}


@pytest.mark.parametrize(("dialect", "message", "content", "losses"), RESULTS.values(), ids=RESULTS.keys())
def test_a_tool_result_is_written(
    dialect: Dialect, message: ToolResultMessage, content: object, losses: list[Loss]
) -> None:
    it = encoded(dialect, ASKING, message)
    assert (bodies(it)[1]["content"], list(it.losses)) == (content, losses)


def test_the_cache_control_of_a_system_message_is_written_on_a_part() -> None:
    marked = SystemMessage(content="a", cache_control=MARK)
    assert bodies(encoded(OPENROUTER, marked))[0]["content"] == [text("a", cache_control=MARK)]
    it = encoded(OPENAI, marked)
    assert bodies(it)[0]["content"] == "a"
    assert it.losses == (unsupported("messages[0].cache_control", MARK),)


@pytest.mark.parametrize(
    ("dialect", "content"), [(OPENAI, {"content": None}), (MISTRAL, {"content": ""}), (GEMINI_COMPAT, {})]
)
def test_empty_content_with_tool_calls_is_written_as_the_server_expects(
    dialect: Dialect, content: dict[str, object]
) -> None:
    written = bodies(encoded(dialect, ASKING))[0]
    assert {key: value for key, value in written.items() if key == "content"} == content
    with_text = ASKING.model_copy(update={"content": "a"})
    assert bodies(encoded(dialect, with_text))[0]["content"] == "a"


CHANGES: dict[str, tuple[Dialect, ChatMessage, list[Change]]] = {
    "base64 alone": (
        OPENAI,
        UserMessage(content=[TextContent(text="a"), ImageContent(source="aGk=")]),
        [
            Change(
                path="messages[0].content[1].source",
                kind="rewritten",
                asked={"type": "image"},
                applied={"type": "base64"},
            )
        ],
    ),
    "empty content": (
        OLLAMA_V1,
        ASKING,
        [Change(path="messages[0].content", kind="rewritten", asked=None, applied="")],
    ),
    "the id of a call": (
        MISTRAL,
        ASKING.model_copy(update={"content": "a"}),
        [Change(path="messages[0].tool_calls[0].id", kind="rewritten", asked="c1", applied="d0f631ca1")],
    ),
    "the id of a result": (
        MISTRAL,
        result("a").model_copy(update={"name": ""}),
        [Change(path="messages[0].tool_call_id", kind="rewritten", asked="c1", applied="d0f631ca1")],
    ),
    "no calls": (
        OPENAI,
        AssistantMessage(content="a", tool_calls=[]),
        [Change(path="messages[0].tool_calls", kind="rewritten", asked=[], applied=None)],
    ),
    "a mark": (
        OPENROUTER,
        result("a", cache_control=MARK).model_copy(update={"name": ""}),
        [Change(path="messages[0].cache_control", kind="moved", asked=MARK, applied="content")],
    ),
    "nothing": (OPENAI, HI, []),
}


@pytest.mark.parametrize(("dialect", "message", "changes"), CHANGES.values(), ids=CHANGES.keys())
def test_an_equivalent_rewrite_is_reported_as_a_change(
    dialect: Dialect, message: ChatMessage, changes: list[Change]
) -> None:
    it = encoded(dialect, message)
    assert (list(it.changes), it.losses) == (changes, ())


def test_a_native_key_overrides_a_field_and_is_reported() -> None:
    message = SystemMessage(content="a", native={"openai": {"role": "developer"}})
    it = encoded(OPENAI, message)
    assert bodies(it) == [{"role": "developer", "content": "a"}]
    overridden = Loss(
        path="messages[0].native.openai.role", kind="overridden", asked="system", applied="developer"
    )
    assert it.losses == (overridden,)


def test_a_message_with_only_foreign_native_keys_is_empty() -> None:
    message = AssistantMessage(native={"anthropic": {"content": []}})
    error = codec(COMPATIBLE).encode(Call(model="m", messages=[message])).failure()
    assert str(error) == "messages[0].content: the message is empty; add text or parts"
