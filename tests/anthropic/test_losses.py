"""What cannot be put on the wire: refused with its place and a remedy, or left out and reported as a loss."""

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
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic import codec
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.report import Loss, LossKind

HI = UserMessage(content="Hi")
MARK = {"type": "ephemeral"}
AUDIO = AudioContent(source="UklGRg==")


def calling(arguments: str) -> AssistantMessage:
    function = AssistantToolCallFunction(name="now", arguments=arguments)
    return AssistantMessage(tool_calls=[AssistantToolCall(id="1", function=function)])


def ask(*messages: ChatMessage, model: str = "m", **options: Any) -> Call:  # noqa: ANN401
    return Call(model=model, messages=messages, options=ChatOptions(**{"max_tokens": 9, **options}))


def encoded(*messages: ChatMessage, **options: Any) -> Encoded:  # noqa: ANN401
    return codec().encode(ask(*messages, **options)).unwrap()


NO_OBJECT = "messages[1].tool_calls[0].function.arguments: not a JSON object: "
REPAIR = "repair the JSON, or leave out this call and its result"
BAD: dict[str, tuple[list[ChatMessage], str]] = {
    "no messages": ([], "messages: the list is empty; add at least one message"),
    "nobody speaks": (
        [SystemMessage(content="Be brief."), UserMessage(content=" ")],
        ("messages: only system messages have content; add a non-blank user message"),
    ),
    "only blank messages": (
        [UserMessage(content=" ")],
        "messages: no message has content; add a non-blank user message",
    ),
    "an assistant message without content": (
        [HI, AssistantMessage(content=None)],
        "messages[1].content: the message is empty; add text or parts",
    ),
    "a message of which nothing can be said": (
        [HI, UserMessage(content=[AUDIO])],
        ("messages[1].content: Anthropic supports none of these parts; add text, an image or a document"),
    ),
    "arguments that are cut off": (
        [HI, calling('{"a": ')],
        (f"{NO_OBJECT}EOF while parsing a value at line 1 column 6; {REPAIR}"),
    ),
    "arguments that are no object": (
        [HI, calling("[1]")],
        (f"{NO_OBJECT}arguments: expected a dict, got a list; {REPAIR}"),
    ),
    "arguments without a JSON form": (
        [HI, calling('{"a": NaN}')],
        (f"{NO_OBJECT}arguments.a: nan has no JSON form; use a finite number; {REPAIR}"),
    ),
    "a data URI that is no image": (
        [UserMessage(content=[ImageContent(source="data:,a")])],
        (
            "messages[0].content[0].source: the data URI does not hold base64 of the type that it names;"
            ' use {"type": "base64", "data": ...} and media_type'
        ),
    ),
    "half a character": (
        [HI, AssistantMessage(content="a"), UserMessage(content="\ud800")],
        "messages[2]: contains text that is not valid Unicode: ",
    ),
}


@pytest.mark.parametrize(("messages", "problem"), BAD.values(), ids=BAD.keys())
def test_a_call_that_cannot_be_encoded_is_refused_with_path_and_remedy(
    messages: list[ChatMessage], problem: str
) -> None:
    assert str(codec().encode(ask(*messages)).failure()).startswith(problem)


WRONG_NAME = (
    "options.tools[1].name: Anthropic does not accept {!r} as the name of a tool;"
    " use letters, digits, _ and - only, at most 128, because the model calls it by its name"
)


@pytest.mark.parametrize("name", ["fs.read", "a b", "é", "now\n", "a" * 129])
@pytest.mark.parametrize("native", [None, {"anthropic": {"type": "custom"}}])
def test_a_tool_by_whose_name_it_cannot_be_called_is_refused(name: str, native: Any) -> None:  # noqa: ANN401
    call = ask(HI, tools=[Tool(name="now"), Tool(name=name, native=native)])
    assert str(codec().encode(call).failure()) == WRONG_NAME.format(name)


@pytest.mark.parametrize("native", [{"name": "fs_read"}, {"type": "files_20260101"}])
def test_a_tool_that_has_its_name_or_type_in_native_is_sent_so(native: dict[str, str]) -> None:
    found = encoded(HI, tools=[Tool(name="fs.read", native={"anthropic": native})])
    (tool,) = json.loads(found.request.body)["tools"]
    assert tool.items() >= native.items()


def result(content: Any = "12:00", name: str = "now", **more: Any) -> ToolResultMessage:  # noqa: ANN401
    return ToolResultMessage(name=name, tool_call_id="1", content=content, **more)


OTHER = {"openai": {"name": "Ann"}}
UNSIGNED = {"type": "thinking", "thinking": "Hm."}
HI_PART = TextContent(text="Hi")
LOST: dict[str, tuple[list[ChatMessage], str, str]] = {
    "a recording": ([UserMessage(content=[HI_PART, AUDIO])], "messages[0].content[1]", "unsupported"),
    "a result that the format's own words replace": (
        [calling("{}"), result(native={"anthropic": {"content": "other"}}), HI],
        "messages[1].native.anthropic.content",
        "overridden",
    ),
    "a text that they replace": (
        [UserMessage(content=[TextContent(text="a", native={"anthropic": {"text": "b"}})])],
        "messages[0].content[0].native.anthropic.text",
        "overridden",
    ),
    "an instruction that they replace": (
        [SystemMessage(content="a", native={"anthropic": {"text": "b"}}), HI],
        "messages[0].native.anthropic.text",
        "overridden",
    ),
    "a block of another format": (
        [UserMessage(content=[HI_PART, NativeContent(format="gemini", block={"type": "x"})])],
        "messages[0].content[1]",
        "unsupported",
    ),
    "how closely to look": (
        [UserMessage(content=[ImageContent(source="aGk=", detail="low")])],
        "messages[0].content[0].detail",
        "unsupported",
    ),
    "the type of what a URL gives": (
        [UserMessage(content=[ImageContent(source="https://example.com/a", media_type="image/png")])],
        "messages[0].content[0].media_type",
        "unsupported",
    ),
    "the type of a text that is not plain": (
        [UserMessage(content=[FileContent(source="aGk=", media_type="text/csv")])],
        "messages[0].content[0].media_type",
        "replaced",
    ),
    "the cache control of a blank text": (
        [UserMessage(content=[HI_PART, TextContent(text=" ", cache_control=MARK)])],
        "messages[0].content[1].cache_control",
        "unsupported",
    ),
    "the cache control of a blank native block": (
        [
            UserMessage(
                content=[
                    HI_PART,
                    NativeContent(
                        format="anthropic", block={"type": "text", "text": "", "cache_control": MARK}
                    ),
                ]
            )
        ],
        "messages[0].content[1].cache_control",
        "unsupported",
    ),
    "the cache control of a blank system message": (
        [SystemMessage(content=" ", cache_control=MARK), HI],
        "messages[0].cache_control",
        "unsupported",
    ),
    "a native key of another format in a message": (
        [UserMessage(content="Hi", native=OTHER)],
        "messages[0].native.openai",
        "unsupported",
    ),
    "a native key of another format in a part": (
        [UserMessage(content=[TextContent(text="Hi", native=OTHER)])],
        "messages[0].content[0].native.openai",
        "unsupported",
    ),
    "a native key of another format in a system message": (
        [SystemMessage(content="a", native=OTHER), HI],
        "messages[0].native.openai",
        "unsupported",
    ),
    "a native key of another format in an answer": (
        [HI, AssistantMessage(content="a", native={"openai": {"reasoning_content": "Hm."}})],
        "messages[1].native.openai",
        "unsupported",
    ),
    "a native key of another format in a message without content": (
        [HI, AssistantMessage(content="", native=OTHER)],
        "messages[1].native.openai",
        "unsupported",
    ),
    "a native key of another format in a call": (
        [
            HI,
            AssistantMessage(
                tool_calls=[
                    AssistantToolCall(
                        id="1", function=AssistantToolCallFunction(name="now", arguments="{}"), native=OTHER
                    )
                ]
            ),
        ],
        "messages[1].tool_calls[0].native.openai",
        "unsupported",
    ),
    "a native key of another format in a result": (
        [HI, calling("{}"), result(native=OTHER)],
        "messages[2].native.openai",
        "unsupported",
    ),
    "the name of a result that is not its call's": (
        [HI, calling("{}"), result(name="then")],
        "messages[2].name",
        "unsupported",
    ),
    "blocks that do not agree with their message": (
        [
            HI,
            AssistantMessage(content="b", native={"anthropic": {"content": [{"type": "text", "text": "a"}]}}),
        ],
        "messages[1].native.anthropic.content",
        "unsupported",
    ),
    "thinking that is not signed": (
        [
            HI,
            AssistantMessage(content="", native={"anthropic": {"content": [UNSIGNED]}}),
            UserMessage(content="Go on."),
        ],
        "messages[1].native.anthropic.content",
        "unsupported",
    ),
    "thinking that is not signed, before a text": (
        [
            HI,
            AssistantMessage(
                content="a", native={"anthropic": {"content": [UNSIGNED, {"type": "text", "text": "a"}]}}
            ),
        ],
        "messages[1].native.anthropic.content",
        "unsupported",
    ),
    "the type of a call": (
        [
            HI,
            AssistantMessage(
                tool_calls=[
                    AssistantToolCall(
                        id="1",
                        function=AssistantToolCallFunction(name="now", arguments="{}"),
                        native={"anthropic": {"type": "server_tool_use"}},
                    )
                ]
            ),
            result(),
        ],
        "messages[1].tool_calls[0].native.anthropic.type",
        "overridden",
    ),
    "blocks in place of a user's parts": (
        [UserMessage(content="Hi", native={"anthropic": {"content": []}})],
        "messages[0].native.anthropic.content",
        "unsupported",
    ),
    "a refusal beside a text": (
        [HI, AssistantMessage(content="a", refusal="I will not.")],
        "messages[1].refusal",
        "unsupported",
    ),
    "a refusal alone": ([HI, AssistantMessage(refusal="I will not.")], "messages[1].refusal", "replaced"),
}


@pytest.mark.parametrize(("messages", "path", "kind"), LOST.values(), ids=LOST.keys())
def test_what_has_no_word_is_left_out_and_reported(messages: list[ChatMessage], path: str, kind: str) -> None:
    assert [(loss.path, loss.kind) for loss in encoded(*messages).losses] == [(path, kind)]


@pytest.mark.parametrize(("messages", "path", "kind"), LOST.values(), ids=LOST.keys())
def test_what_is_lost_is_no_change(messages: list[ChatMessage], path: str, kind: str) -> None:
    changed = {change.path for change in encoded(*messages).changes}
    assert path not in changed, kind


def test_a_refusal_without_content_is_sent_as_a_text() -> None:
    found = encoded(HI, AssistantMessage(refusal="I will not."))
    assert b'{"role":"assistant","content":[{"type":"text","text":"I will not."}]}' in found.request.body


def test_a_limit_is_added_where_none_is_set() -> None:
    found = codec().encode(Call(model="m", messages=[HI])).unwrap()
    assert found.losses == (Loss(path="options.max_tokens", kind="added", asked=None, applied=4096),)
    assert json.loads(found.request.body)["max_tokens"] == 4096


@pytest.mark.parametrize("name", ["seed", "frequency_penalty", "presence_penalty"])
def test_an_option_that_no_model_takes_is_a_loss(name: str) -> None:
    found = encoded(HI, **{name: 0})
    assert found.losses == (Loss(path=f"options.{name}", kind="unsupported", asked=0),)
    assert name not in json.loads(found.request.body)


SAMPLING: dict[str, bool] = {
    "claude-3-haiku-20240307": True,
    "claude-3-5-sonnet-20241022": True,
    "claude-sonnet-4-20250514": True,
    "claude-sonnet-4@20250514": True,
    "claude-opus-4-1-20250805": True,
    "claude-opus-4-6": True,
    "us.anthropic.claude-opus-4-6-v1": True,
    "my-model": True,
    "": True,
    "claude-opus-4-7": False,
    "claude-opus-4-10": False,
    "claude-sonnet-5": False,
    "claude-sonnet-5-20261001": False,
    "anthropic/claude-opus-4.8": False,
    "us.anthropic.claude-opus-4-7-v1:0": False,
}


@pytest.mark.parametrize(("model", "taken"), SAMPLING.items())
@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_newer_models_take_no_sampling_parameters(model: str, taken: bool, name: str) -> None:  # noqa: FBT001
    found = encoded(HI, model=model, **{name: 1})
    assert (name in json.loads(found.request.body)) is taken
    assert [loss.path for loss in found.losses] == ([] if taken else [f"options.{name}"])


@pytest.mark.parametrize(("asked", "applied"), [(1.5, 1.0), (1, 1), (0.0, 0.0)])
def test_a_temperature_out_of_range_is_sent_as_the_nearest(asked: float, applied: float) -> None:
    found = encoded(HI, model="claude-sonnet-4-5", temperature=asked)
    assert json.loads(found.request.body)["temperature"] == applied
    loss = Loss(path="options.temperature", kind="replaced", asked=asked, applied=applied)
    assert found.losses == (() if asked == applied else (loss,))


@pytest.mark.parametrize("given", [1.5, 0.5])
def test_a_temperature_that_extra_says_is_not_also_replaced(given: float) -> None:
    found = encoded(HI, model="claude-sonnet-4-5", temperature=1.5, extra={"temperature": given})
    assert json.loads(found.request.body)["temperature"] == given
    loss = Loss(path="options.extra.temperature", kind="overridden", asked=1.5, applied=given)
    assert found.losses == (() if given == 1.5 else (loss,))


def test_a_temperature_that_is_refused_is_not_also_replaced() -> None:
    found = encoded(HI, model="claude-opus-4-7", temperature=1.5)
    assert found.losses == (Loss(path="options.temperature", kind="unsupported", asked=1.5),)


STOPS: dict[str, tuple[Any, list[str] | None, str]] = {
    "a blank text": ("\n", None, "unsupported"),
    "an empty text": ("", None, "unsupported"),
    "blank texts alone": (["", " "], None, "unsupported"),
    "a blank text among others": (["a", " ", "b"], ["a", "b"], "replaced"),
}


@pytest.mark.parametrize(("asked", "applied", "kind"), STOPS.values(), ids=STOPS.keys())
def test_a_blank_text_to_stop_at_is_left_out_and_reported(
    asked: Any,  # noqa: ANN401
    applied: list[str] | None,
    kind: LossKind,
) -> None:
    found = encoded(HI, stop=asked)
    assert json.loads(found.request.body).get("stop_sequences") == applied
    assert found.losses == (Loss(path="options.stop", kind=kind, asked=asked, applied=applied),)
    assert found.changes == ()


def test_an_input_that_replaces_the_arguments_is_reported() -> None:
    function = AssistantToolCallFunction(name="now", arguments="{}")
    call = AssistantToolCall(id="1", function=function, native={"anthropic": {"input": {"a": 1}}})
    path = "messages[1].tool_calls[0].native.anthropic.input"
    assert encoded(HI, AssistantMessage(tool_calls=[call]), result()).losses == (
        Loss(path=path, kind="overridden", asked={}, applied={"a": 1}),
    )


@pytest.mark.parametrize("kind", [UserMessage, AssistantMessage])
def test_of_a_key_that_two_messages_of_a_turn_set_the_last_is_sent_and_reported(
    kind: type[UserMessage | AssistantMessage],
) -> None:
    turn = [kind(content="a", native={"anthropic": {"x": value, "y": 0}}) for value in (1, 2)]
    found = encoded(HI, AssistantMessage(content="Yes."), *turn)
    assert json.loads(found.request.body)["messages"][-1].items() >= {("x", 2), ("y", 0)}
    path = "messages[3].native.anthropic.x"
    assert found.losses == (Loss(path=path, kind="overridden", asked=1, applied=2),)


def test_what_another_format_knows_of_a_tool_is_a_loss() -> None:
    found = encoded(HI, tools=[Tool(name="now", native=OTHER)])
    assert [loss.path for loss in found.losses] == ["options.tools[0].native.openai"]


def test_what_replaces_fields_of_a_tool_is_reported() -> None:
    found = encoded(HI, tools=[Tool(name="now", native={"anthropic": {"name": "then", "type": "custom"}})])
    assert [(loss.path, loss.kind, loss.applied) for loss in found.losses] == [
        ("options.tools[0].native.anthropic.name", "overridden", "then")
    ]
    (tool,) = json.loads(found.request.body)["tools"]
    assert (tool["name"], tool["type"]) == ("then", "custom")


def test_marks_between_joined_system_messages_are_lost() -> None:
    brief, kind = SystemMessage(content="Be brief.", cache_control=MARK), SystemMessage(content="Be kind.")
    (lost,) = encoded(brief, kind, HI, system_message_handling="merge").losses
    assert (lost.path, lost.kind) == ("options.system_message_handling", "replaced")


def test_a_system_prompt_in_extra_stands_in_place_of_the_messages() -> None:
    found = encoded(SystemMessage(content="Be brief."), HI, extra={"system": "Be kind."})
    assert [(loss.path, loss.kind) for loss in found.losses] == [("options.extra.system", "overridden")]
    assert json.loads(found.request.body)["system"] == "Be kind."


def test_strict_makes_a_failure_of_a_loss() -> None:
    failure = codec().encode(ask(HI, seed=1, strict=True)).failure()
    assert str(failure).startswith(
        "options.seed: strict is set, and this would not be sent as asked: options.seed (unsupported)"
    )
    assert failure.remedy == "remove it, or set strict=False"


def test_strict_asks_for_what_would_be_added() -> None:
    failure = codec().encode(ask(HI, max_tokens=None, strict=True)).failure()
    assert (failure.path, failure.remedy) == ("options.max_tokens", "set it, or set strict=False")
