"""Tools and response formats, as far as each server supports them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casual_llm.messages import UserMessage
from casual_llm.options import ChatOptions, JsonSchema
from casual_llm.providers.openai_chat import Dialect, codec
from casual_llm.providers.openai_chat.dialects import DEEPSEEK, LMSTUDIO, OLLAMA_V1, OPENROUTER
from casual_llm.tools import Tool
from casual_llm.wire.codec import Call, Encoded
from casual_llm.wire.report import unsupported

MARK = {"type": "ephemeral"}
HI = UserMessage(content="Hi")


def encoded(dialect: Dialect, **options: Any) -> Encoded:  # noqa: ANN401
    return codec(dialect).encode(Call(model="m", messages=[HI], options=ChatOptions(**options))).unwrap()


TOOL = Tool(name="now", strict=True, cache_control=MARK, native={"openai": {"x": 1}, "anthropic": {"y": 1}})


def test_every_supported_field_of_a_tool_is_sent() -> None:
    it = encoded(OPENROUTER, tools=[TOOL])
    (tool,) = json.loads(it.request.body)["tools"]
    assert (tool["function"]["strict"], tool["cache_control"], tool["x"]) == (True, MARK, 1)
    assert it.losses == (unsupported("options.tools[0].native.anthropic", ["y"]),)


def test_unsupported_fields_of_a_tool_are_reported() -> None:
    it = encoded(DEEPSEEK, tools=[Tool(name="ping"), TOOL])
    _, tool = json.loads(it.request.body)["tools"]
    assert tool.keys() == {"type", "function", "x"}
    assert [loss.path.removeprefix("options.tools[1].") for loss in it.losses] == [
        "native.anthropic",
        "strict",
        "cache_control",
    ]


AGE = JsonSchema(name="Age", schema={"type": "integer"}, strict=True)
NEITHER = Dialect(name="neither", json_mode=False, json_schema=False)
LAX = Dialect(name="lax", strict=False)
ANYTHING = {"type": "json_schema", "json_schema": {"name": "json", "schema": {"type": "object"}}}
FORMATS: dict[str, tuple[Dialect, object, object, list[tuple[str, str]]]] = {
    "json as it is": (DEEPSEEK, "json", {"type": "json_object"}, []),
    "json as a schema": (LMSTUDIO, "json", ANYTHING, [("options.response_format", "replaced")]),
    "a schema as json": (DEEPSEEK, AGE, {"type": "json_object"}, [("options.response_format", "replaced")]),
    "json to none": (NEITHER, "json", None, [("options.response_format", "unsupported")]),
    "a schema to none": (NEITHER, AGE, None, [("options.response_format", "unsupported")]),
    "strictness that is asked for": (
        LAX,
        AGE,
        {"type": "json_schema", "json_schema": {"name": "Age", "schema": {"type": "integer"}}},
        [("options.response_format.strict", "unsupported")],
    ),
}


@pytest.mark.parametrize(("dialect", "wanted", "written", "losses"), FORMATS.values(), ids=FORMATS.keys())
def test_a_response_format_is_written_in_a_form_that_the_server_supports(
    dialect: Dialect, wanted: object, written: object, losses: list[tuple[str, str]]
) -> None:
    it = encoded(dialect, response_format=wanted)
    assert json.loads(it.request.body).get("response_format") == written
    assert [(loss.path, loss.kind) for loss in it.losses] == losses


def test_an_unsupported_tool_choice_is_dropped() -> None:
    it = encoded(OLLAMA_V1, tools=[Tool(name="now")], tool_choice="now")
    assert "tool_choice" not in json.loads(it.request.body)
    assert it.losses == (unsupported("options.tool_choice", "now"),)
