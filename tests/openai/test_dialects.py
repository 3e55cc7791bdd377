"""The table of servers: how a row is chosen, and that each difference in it is visible on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
    AudioContent,
    ChatMessage,
    FileContent,
    ImageContent,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.openai_chat import DIALECTS, Dialect, codec, dialect_named, dialect_of
from casual_llm.providers.openai_chat.dialects import (
    AZURE,
    COMPATIBLE,
    DEEPSEEK,
    GEMINI_COMPAT,
    GROQ,
    LLAMACPP,
    LMSTUDIO,
    MISTRAL,
    OLLAMA_V1,
    OPENAI,
    OPENROUTER,
    TOGETHER,
    VLLM,
    XAI,
)
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Response
from casual_llm.wire.report import Loss


@pytest.mark.parametrize(
    ("base_url", "dialect"),
    [
        ("https://api.openai.com/v1", OPENAI),
        ("https://API.OpenAI.com:443/v1/", OPENAI),
        ("https://api.openai.com.example.com/v1", COMPATIBLE),
        ("https://openrouter.ai/api/v1", OPENROUTER),
        ("https://api.groq.com/openai/v1", GROQ),
        ("https://api.mistral.ai/v1", MISTRAL),
        ("https://api.deepseek.com/beta", DEEPSEEK),
        ("https://api.x.ai/v1", XAI),
        ("https://api.together.xyz/v1", TOGETHER),
        ("https://api.together.ai/v1", TOGETHER),
        ("https://eu.api.openai.com/v1", OPENAI),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", GEMINI_COMPAT),
        ("https://my-resource.openai.azure.com/openai/v1", AZURE),
        ("https://my.services.ai.azure.com/models", AZURE),
        ("https://openai.azure.com.example.com/", COMPATIBLE),
        ("https://ollama.com/v1", OLLAMA_V1),
        ("http://localhost:8000", COMPATIBLE),
        ("http://localhost:11434/v1", COMPATIBLE),
        ("http://127.0.0.1:1234/v1", COMPATIBLE),
        ("localhost", COMPATIBLE),
        ("", COMPATIBLE),
        ("http://[::1", COMPATIBLE),
    ],
)
def test_the_host_of_the_base_url_chooses_the_dialect(base_url: str, dialect: Dialect) -> None:
    assert dialect_of(base_url) is dialect


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_dialect_is_found_by_its_name(dialect: Dialect) -> None:
    assert dialect_named(dialect.name) is dialect
    assert dialect_named(dialect.name.upper().replace("-", "_")) is dialect


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("local", LLAMACPP),
        ("gemini", GEMINI_COMPAT),
        ("Ollama", OLLAMA_V1),
        ("vllm", VLLM),
        ("lmstudio", LMSTUDIO),
        ("my-gateway", None),
        ("", None),
    ],
)
def test_some_dialects_have_aliases(name: str, dialect: Dialect | None) -> None:
    assert dialect_named(name) is dialect


def test_no_two_dialects_share_a_name() -> None:
    names = [name for dialect in DIALECTS for name in (dialect.name, *dialect.aliases)]
    assert sorted(set(names)) == sorted(names)
    assert not {"anthropic", "gemini", "ollama", "responses"} & set(names)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_hosted_server_has_a_base_url_and_a_key_variable(dialect: Dialect) -> None:
    local = (dialect.base_url or "").startswith("http://localhost") or dialect is COMPATIBLE
    assert local or dialect.key_variable
    assert local or dialect.base_url or dialect.hosts


HI = UserMessage(content="Hi")
FUNCTION = AssistantToolCallFunction(name="now", arguments="{}")
ASKING = AssistantMessage(tool_calls=[AssistantToolCall(id="c1", function=FUNCTION)])
PIXEL = ImageContent(source="https://example.com/a.png")
RESULT = ToolResultMessage(name="now", tool_call_id="c1", content=[PIXEL])
LONG_CALL = AssistantToolCall(id="call_" * 9, function=FUNCTION)
LONG = (
    AssistantMessage(tool_calls=[LONG_CALL]),
    ToolResultMessage(name="now", tool_call_id=LONG_CALL.id, content="12:00"),
)
PDF = FileContent(source="JVBERi0=")
THOUGHTS = (
    b'{"choices":[{"message":{"content":[{"type":"thinking","thinking":"hm"}],"reasoning":"hm",'
    b'"reasoning_content":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}],'
    b'"extra_content":{"google":{"thought_signature":"s"}},"audio":{"id":"a"}}}]}'
)


def written(
    *messages: ChatMessage,
    stream: bool = False,
    model: str = "m",
    **options: Any,  # noqa: ANN401 # options of all kinds
) -> Callable[[Dialect], object]:
    call = Call(model=model, messages=messages or (HI,), options=ChatOptions(**options), stream=stream)
    return lambda dialect: codec(dialect).encode(call).unwrap().request.body


def replayed_native(dialect: Dialect) -> object:
    answers = (THOUGHTS, b'{"choices":[{"message":{"reasoning":"hm"}}]}')
    replies = [codec(dialect).decode(Response(status=200, body=body)).unwrap() for body in answers]
    return [(reply.message.native or {}).get(dialect.name) for reply in replies]


def efforts_of_models(dialect: Dialect) -> object:
    models, efforts = ("m", "o3", "mistral-small-latest", "openai/gpt-oss-120b"), ("minimal", "max")
    return [written(model=model, reasoning=effort)(dialect) for model in models for effort in efforts]


def with_field(dialect: Dialect, field: str, value: Any) -> Dialect:  # noqa: ANN401 # of any field
    return attrs.evolve(dialect, **{field: value})


# By field: a function whose result depends on it, and a value that is not the default.
SHOWN: dict[str, tuple[Callable[[Dialect], object], object]] = {
    "token_key": (written(max_tokens=5), "max_completion_tokens"),
    "seed_key": (written(seed=5), "random_seed"),
    "system_role": (written(SystemMessage(content="Be brief.")), "developer"),
    "content_with_tool_calls": (written(ASKING), "absent"),
    "stream_options": (written(stream=True), False),
    "unsupported_by_model": (
        written(
            model="grok-4",
            temperature=0.5,
            top_p=0.5,
            top_k=5,
            frequency_penalty=0.5,
            reasoning="low",
            tools=[Tool(name="now")],
            parallel_tool_calls=False,
        ),
        {"temperature": re.compile("grok-4")},
    ),
    "ranges": (written(temperature=3.0, presence_penalty=3.0), {"temperature": (0, 2)}),
    "max_stop_sequences": (written(stop=["a", "b", "c", "d", "e"]), 4),
    "reasoning": (written(reasoning="low"), "object"),
    "unsupported_while_reasoning": (
        written(model="gpt-5.1", reasoning="low", temperature=0.5),
        {"temperature": re.compile("gpt-5.1")},
    ),
    "efforts": (efforts_of_models, ((re.compile("o3"), ("low",)),)),
    "named_tool_choice": (written(tools=[Tool(name="now")], tool_choice="now"), False),
    "call_ids": (written(*LONG), re.compile(".{1,40}")),
    "json_mode": (written(response_format="json"), False),
    "json_schema": (written(response_format=JsonSchema(name="a", schema={})), False),
    "strict": (written(tools=[Tool(name="now", strict=True)]), False),
    "cache_control": (written(SystemMessage(content="a", cache_control={"type": "ephemeral"})), True),
    "files": (written(UserMessage(content=[PDF])), "document_url"),
    "file_urls": (written(UserMessage(content=[FileContent(source="https://example.com/a.pdf")])), True),
    "image_urls": (written(UserMessage(content=[PIXEL])), False),
    "audio": (written(UserMessage(content=[AudioContent(source="UklGRg==")])), False),
    "tool_media": (written(ASKING, RESULT), True),
    "refusal": (written(HI, AssistantMessage(refusal="No.")), False),
    "replayed_fields": (replayed_native, frozenset({"reasoning"})),
}
BARE = Dialect(name="bare")


def test_every_field_that_is_not_a_name_or_address_has_an_example() -> None:
    addresses = {"name", "aliases", "base_url", "key_variable", "key_header", "hosts"}
    assert {field.name for field in attrs.fields(Dialect)} - addresses == SHOWN.keys()


@pytest.mark.parametrize("field", SHOWN)
def test_each_field_changes_what_is_written_or_preserved(field: str) -> None:
    show, value = SHOWN[field]
    assert show(with_field(BARE, field, value)) != show(BARE)


DIFFERENCES = [
    (dialect, field)
    for dialect in DIALECTS
    for field in SHOWN
    if getattr(dialect, field) != getattr(BARE, field)
]


@pytest.mark.parametrize(
    ("dialect", "field"), DIFFERENCES, ids=lambda it: it if isinstance(it, str) else it.name
)
def test_each_difference_of_each_row_is_visible_on_the_wire(dialect: Dialect, field: str) -> None:
    show, _ = SHOWN[field]
    assert show(dialect) != show(with_field(dialect, field, getattr(BARE, field)))


def test_the_rows_differ_in_every_field_but_one() -> None:
    # No known server needs `developer`; the field is for one that does.
    assert SHOWN.keys() - {field for _, field in DIFFERENCES} == {"system_role"}


@pytest.mark.parametrize(
    ("dialect", "model", "lost"),
    [
        (OPENAI, "gpt-5", True),
        (OPENAI, "gpt-5-mini-2025-08-07", True),
        (OPENAI, "o4-mini", True),
        (OPENAI, "gpt-5.6-luna", True),
        (OPENAI, "gpt-5-chat-latest", False),
        (OPENAI, "gpt-5.1", False),
        (OPENAI, "gpt-4.1", False),
        (AZURE, "o3", True),
        (XAI, "grok-4", True),
        (XAI, "grok-4-fast-non-reasoning", False),
        (XAI, "grok-3", False),
        (DEEPSEEK, "deepseek-reasoner", True),
        (DEEPSEEK, "deepseek-chat", False),
        (GROQ, "any", True),
        (COMPATIBLE, "o3", False),
    ],
    ids=str,
)
def test_the_name_of_a_model_decides_what_it_supports(dialect: Dialect, model: str, lost: bool) -> None:  # noqa: FBT001
    call = Call(model=model, messages=[HI], options=ChatOptions(frequency_penalty=0.5))
    losses = codec(dialect).encode(call).unwrap().losses
    assert [loss.path for loss in losses] == ["options.frequency_penalty"] * lost


@pytest.mark.parametrize(
    ("name", "asked", "applied"),
    [
        ("temperature", 2.5, 2.0),
        ("temperature", 2.0, 2.0),
        ("temperature", 0.0, 0.0),
        ("frequency_penalty", -2.5, -2.0),
        ("presence_penalty", 3.0, 2.0),
        ("stop", ["1", "2", "3", "4", "5"], ["1", "2", "3", "4"]),
        ("stop", ["1", "2", "3", "4"], ["1", "2", "3", "4"]),
        ("stop", "12345", "12345"),
        ("seed", 2**70, 2**63 - 1),
        ("seed", -(2**70), -(2**63)),
        ("seed", 2**63 - 1, 2**63 - 1),
    ],
    ids=str,
)
def test_a_value_out_of_range_becomes_the_nearest_valid_one(name: str, asked: Any, applied: Any) -> None:  # noqa: ANN401
    call = Call(model="gpt-4.1", messages=[HI], options=ChatOptions(**{name: asked}))
    encoded = codec(OPENAI).encode(call).unwrap()
    assert json.loads(encoded.request.body)[name] == applied
    replaced = Loss(path=f"options.{name}", kind="replaced", asked=asked, applied=applied)
    assert encoded.losses == (() if asked == applied else (replaced,))
    assert codec(COMPATIBLE).encode(call).unwrap().losses == ()


@pytest.mark.parametrize("dialect", [OPENAI, AZURE], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("model", ["gpt-4.1", "o3"])
def test_an_empty_stop_list_is_dropped_where_it_would_be_rejected(dialect: Dialect, model: str) -> None:
    call = Call(model=model, messages=[HI], options=ChatOptions(stop=[]))
    encoded = codec(dialect).encode(call).unwrap()
    assert "stop" not in json.loads(encoded.request.body)
    assert encoded.losses == (Loss(path="options.stop", kind="unsupported", asked=[]),)
    assert b'"stop":[]' in codec(COMPATIBLE).encode(call).unwrap().request.body


def test_an_option_that_a_model_does_not_support_is_not_also_replaced() -> None:
    options = ChatOptions(temperature=3.0, stop=["1", "2", "3", "4", "5"])
    losses = codec(OPENAI).encode(Call(model="o3", messages=[HI], options=options)).unwrap().losses
    assert [(loss.path, loss.kind, loss.asked) for loss in losses] == [
        ("options.temperature", "unsupported", 3.0),
        ("options.stop", "unsupported", ("1", "2", "3", "4", "5")),
    ]


@pytest.mark.parametrize(
    ("dialect", "model", "lost"),
    [
        (OPENAI, "o3", True),
        (AZURE, "o4-mini", True),
        (OPENAI, "gpt-5-nano", True),
        (OPENAI, "gpt-5.1", True),
        (AZURE, "gpt-5.4-2026-01-01", True),
        (OPENAI, "gpt-5-chat-latest", False),
        (OPENAI, "gpt-4.1", False),
        (OPENAI, "o1", False),
        (COMPATIBLE, "o3", False),
    ],
    ids=str,
)
def test_reasoning_models_do_not_support_stop(dialect: Dialect, model: str, lost: bool) -> None:  # noqa: FBT001
    call = Call(model=model, messages=[HI], options=ChatOptions(stop=["."]))
    losses = codec(dialect).encode(call).unwrap().losses
    assert [loss.path for loss in losses] == ["options.stop"] * lost
