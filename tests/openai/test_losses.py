"""Values that cannot be sent: rejected with a path and a remedy, or dropped and reported as a loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    ChatMessage,
    ImageContent,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import COMPATIBLE, GROQ, LLAMACPP, MISTRAL, OLLAMA_V1, OPENAI
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.report import Loss

HI = UserMessage(content="Hi")
NOW, PING = Tool(name="now"), Tool(name="ping")
CALL = AssistantToolCall(id="c1", function=AssistantToolCallFunction(name="now", arguments="{}"))


def refused(call: Call, dialect: Dialect = OPENAI) -> EncodeError:
    return codec(dialect).encode(call).failure()


def encoded(dialect: Dialect, *messages: ChatMessage, **options: Any) -> Encoded:  # noqa: ANN401
    return codec(dialect).encode(Call(model="m", messages=messages, options=ChatOptions(**options))).unwrap()


FUNCTION: dict[str, Json] = {"name": "now", "parameters": NOW.input_schema}
MORE = {"name": "now", "arguments": "{}", "strict": True}


PIXEL = ImageContent(source="https://example.com/a.png")
AUDIO_ANSWER = AssistantMessage(content="a", native={"openai": {"audio": {"id": "audio_1"}}})


def overridden(path: str, asked: Any, applied: Any) -> Loss:  # noqa: ANN401
    return Loss(path=path, kind="overridden", asked=asked, applied=applied)


class Callback(BaseModel):
    then: Callable[[], int]


BAD: dict[str, tuple[list[ChatMessage], dict[str, Any], str]] = {
    "no messages": ([], {}, "messages: the list is empty; add at least one message"),
    "a user message without content": (
        [HI, UserMessage(content=None)],
        {},
        "messages[1].content: the message is empty; add text or parts",
    ),
    "a user without parts": (
        [UserMessage(content=[])],
        {},
        "messages[0].content: the message is empty; add text or parts",
    ),
    "an assistant message without content": (
        [HI, AssistantMessage(content=None, tool_calls=[])],
        {},
        "messages[1].content: the message is empty; add text or parts",
    ),
    "an unknown tool": (
        [HI],
        {"tools": [NOW, PING], "tool_choice": "then"},
        "options.tool_choice: there is no tool named 'then'; use one of auto, none, required, now, ping",
    ),
    "a tool where there are none": (
        [HI],
        {"tool_choice": "now"},
        "options.tool_choice: there is no tool named 'now'; use one of auto, none, required",
    ),
    "messages in extra": (
        [HI],
        {"extra": {"messages": []}},
        "options.extra.messages: already set by the call; remove it from extra",
    ),
    "the model in extra": (
        [HI],
        {"extra": {"user": "u", "model": "n"}},
        "options.extra.model: already set by the call; remove it from extra",
    ),
    "stream in extra": (
        [HI],
        {"extra": {"stream": True}},
        "options.extra.stream: already set by the call; remove it from extra",
    ),
}


@pytest.mark.parametrize("dialect", [OPENAI, COMPATIBLE, LLAMACPP], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("messages", "options", "problem"), BAD.values(), ids=BAD.keys())
def test_an_invalid_call_is_rejected_with_a_path_and_a_remedy(
    dialect: Dialect, messages: list[ChatMessage], options: dict[str, Any], problem: str
) -> None:
    call = Call(model="m", messages=messages, options=ChatOptions(**options))
    assert str(refused(call, dialect)) == problem


def test_a_class_without_a_json_schema_is_rejected() -> None:
    call = Call(model="m", messages=[HI], options=ChatOptions(response_format=Callback))
    assert refused(call).path == "options.response_format"


@pytest.mark.parametrize(
    "call",
    [
        Call(model="\ud800", messages=[HI]),
        Call(model="m", messages=[HI], options=ChatOptions(stop="\ud800")),
        Call(
            model="m",
            messages=[HI],
            options=ChatOptions(response_format=JsonSchema(name="\ud800", schema={})),
        ),
    ],
)
def test_an_unpaired_surrogate_is_rejected(call: Call) -> None:
    assert "surrogate" in refused(call).problem
    assert refused(call).path == "options"


def test_a_message_with_an_unpaired_surrogate_is_rejected_by_its_path() -> None:
    call = Call(model="m", messages=[HI, UserMessage(content="\ud800")])
    assert refused(call).path == "messages[1]"


def test_an_audio_answer_of_another_server_is_an_empty_message() -> None:
    call = Call(model="m", messages=[AUDIO_ANSWER.model_copy(update={"content": None})])
    assert refused(call, GROQ).path == "messages[0].content"


LOSSES: dict[str, tuple[Dialect, list[ChatMessage], dict[str, Any], list[Loss]]] = {
    "top_k, where it is not supported": (
        OPENAI,
        [HI],
        {"top_k": 0},
        [Loss(path="options.top_k", kind="unsupported", asked=0)],
    ),
    "top_k, where it is supported": (COMPATIBLE, [HI], {"top_k": 0}, []),
    "the name of a tool, where only `required` is supported": (
        LLAMACPP,
        [HI],
        {"tools": [NOW, PING], "tool_choice": "ping"},
        [
            Loss(
                path="options.tool_choice",
                kind="replaced",
                asked="ping",
                applied="required, with ping as the only tool",
            )
        ],
    ),
    "extra with other values": (
        OPENAI,
        [HI],
        {"temperature": 0.5, "stop": ["a"], "extra": {"temperature": 1, "stop": ["b"]}},
        [
            Loss(path="options.extra.temperature", kind="overridden", asked=0.5, applied=1),
            Loss(path="options.extra.stop", kind="overridden", asked=["a"], applied=("b",)),
        ],
    ),
    "extra with an equal value in another encoding": (
        OPENAI,
        [HI],
        {"temperature": 1.0, "extra": {"temperature": True}},
        [overridden("options.extra.temperature", 1.0, True)],  # noqa: FBT003
    ),
    "a limit that extra sets by its other name": (
        OPENAI,
        [HI],
        {"max_tokens": 10, "extra": {"max_tokens": 5}},
        [overridden("options.extra.max_tokens", 10, 5)],
    ),
    "a limit that extra sets by a newer name": (
        COMPATIBLE,
        [HI],
        {"max_tokens": 10, "extra": {"max_completion_tokens": 5}},
        [overridden("options.extra.max_completion_tokens", 10, 5)],
    ),
    "a seed that extra sets by its other name": (
        MISTRAL,
        [HI],
        {"seed": 1, "extra": {"seed": 2}},
        [overridden("options.extra.seed", 1, 2)],
    ),
    "the same limit in extra, by its other name": (
        OPENAI,
        [HI],
        {"max_tokens": 5, "extra": {"max_tokens": 5}},
        [],
    ),
    "a value out of range, with another value in extra": (
        OPENAI,
        [HI],
        {"temperature": 2.5, "extra": {"temperature": 0.5}},
        [overridden("options.extra.temperature", 2.5, 0.5)],
    ),
    "a value out of range, with the same value in extra": (
        OPENAI,
        [HI],
        {"temperature": 2.5, "stop": list("12345"), "extra": {"temperature": 2.5, "stop": list("12345")}},
        [],
    ),
    "the same value in extra": (OPENAI, [HI], {"stop": ["a"], "extra": {"stop": ["a"]}}, []),
    "the name of a result without its call": (
        OPENAI,
        [ToolResultMessage(name="now", tool_call_id="c1", content="12:00")],
        {},
        [Loss(path="messages[0].name", kind="unsupported", asked="now")],
    ),
    "a name that is not the call's": (
        OPENAI,
        [
            AssistantMessage(tool_calls=[CALL]),
            ToolResultMessage(name="then", tool_call_id="c1", content="12:00"),
        ],
        {},
        [Loss(path="messages[1].name", kind="unsupported", asked="then")],
    ),
    "a native key of a result, in place of a field": (
        OPENAI,
        [
            ToolResultMessage(
                name="", tool_call_id="c1", content="12:00", native={"openai": {"tool_call_id": "c2"}}
            )
        ],
        {},
        [overridden("messages[0].native.openai.tool_call_id", "c1", "c2")],
    ),
    "native content, in place of other parts": (
        OPENAI,
        [UserMessage(content=[TextContent(text="a")], native={"openai": {"content": []}})],
        {},
        [overridden("messages[0].native.openai.content", [{"type": "text", "text": "a"}], [])],
    ),
    "a native key of a part, in place of its text": (
        OPENAI,
        [UserMessage(content=[TextContent(text="a", native={"openai": {"text": "b", "x": 1}})])],
        {},
        [overridden("messages[0].content[0].native.openai.text", "a", "b")],
    ),
    "a native key of a call, in place of its id": (
        COMPATIBLE,
        [
            AssistantMessage(
                tool_calls=[
                    CALL.model_copy(update={"native": {"openai": {"id": "c1"}, "compatible": {"id": "c2"}}})
                ]
            )
        ],
        {},
        [overridden("messages[0].tool_calls[0].native.compatible.id", "c1", "c2")],
    ),
    "a call with more keys in its function": (
        OPENAI,
        [AssistantMessage(tool_calls=[CALL.model_copy(update={"native": {"openai": {"function": MORE}}})])],
        {},
        [],
    ),
    "a native key of a tool, in place of its type": (
        OPENAI,
        [HI],
        {"tools": [Tool(name="now", native={"openai": {"type": "custom", "x": 1}})]},
        [overridden("options.tools[0].native.openai.type", "function", "custom")],
    ),
    "a tool with more keys in its function": (
        OPENAI,
        [HI],
        {"tools": [Tool(name="now", native={"openai": {"function": {**FUNCTION, "x": 1}}})]},
        [],
    ),
    "the id of an audio answer of another server": (
        GROQ,
        [AUDIO_ANSWER],
        {},
        [Loss(path="messages[0].native.openai.audio", kind="unsupported", asked={"id": "audio_1"})],
    ),
    "the id of an audio answer of the same server": (OPENAI, [AUDIO_ANSWER], {}, []),
    "an image by URL, where images are base64": (
        OLLAMA_V1,
        [UserMessage(content=[TextContent(text="a"), PIXEL])],
        {},
        [Loss(path="messages[0].content[1]", kind="unsupported", asked={"type": "image"})],
    ),
    "a refusal, where only the content can hold it": (
        GROQ,
        [AssistantMessage(refusal="No.")],
        {},
        [Loss(path="messages[0].refusal", kind="replaced", asked="No.", applied="content")],
    ),
    "a refusal with other content": (
        GROQ,
        [AssistantMessage(content="a", refusal="No.")],
        {},
        [Loss(path="messages[0].refusal", kind="unsupported", asked="No.")],
    ),
    "an empty refusal": (
        GROQ,
        [AssistantMessage(content="", refusal="")],
        {},
        [Loss(path="messages[0].refusal", kind="unsupported", asked="")],
    ),
    "the name of the call itself": (
        OPENAI,
        [
            AssistantMessage(tool_calls=[CALL]),
            ToolResultMessage(name="now", tool_call_id="c1", content="12:00"),
        ],
        {},
        [],
    ),
}


@pytest.mark.parametrize(("dialect", "messages", "options", "losses"), LOSSES.values(), ids=LOSSES.keys())
def test_unsupported_values_are_losses(
    dialect: Dialect, messages: list[ChatMessage], options: dict[str, Any], losses: list[Loss]
) -> None:
    assert list(encoded(dialect, *messages, **options).losses) == losses


@pytest.mark.parametrize(
    ("dialect", "options", "sent"),
    [
        (OPENAI, {"max_tokens": 10, "extra": {"max_tokens": 5}}, {"max_tokens": 5}),
        (COMPATIBLE, {"max_tokens": 10, "extra": {"max_completion_tokens": 5}}, {"max_completion_tokens": 5}),
        (MISTRAL, {"seed": 1, "extra": {"seed": 2}}, {"seed": 2}),
        (
            MISTRAL,
            {"seed": 1, "extra": {"max_completion_tokens": 2}},
            {"random_seed": 1, "max_completion_tokens": 2},
        ),
    ],
    ids=str,
)
def test_an_option_is_sent_under_one_name_only(
    dialect: Dialect, options: dict[str, Any], sent: dict[str, Json]
) -> None:
    body = json.loads(encoded(dialect, HI, **options).request.body)
    assert {key: value for key, value in body.items() if key not in {"model", "messages"}} == sent


def test_lost_values_are_not_sent() -> None:
    assert b"top_k" not in encoded(OPENAI, HI, top_k=5).request.body
    assert b'"top_k":5' in encoded(LLAMACPP, HI, top_k=5).request.body
    assert b"audio_1" not in encoded(GROQ, AUDIO_ANSWER).request.body
    assert b'"audio":{"id":"audio_1"}' in encoded(OPENAI, AUDIO_ANSWER).request.body
    forced = json.loads(encoded(LLAMACPP, HI, tools=[NOW, PING], tool_choice="ping").request.body)
    assert (forced["tool_choice"], [it["function"]["name"] for it in forced["tools"]]) == (
        "required",
        ["ping"],
    )
