"""Write and read options: settings of the model in their own object, tools, and the answer's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from casual_llm.frozen import Json, thaw
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.options.reasoning import Reasoning
from casual_llm.providers.ollama.messages import NAMES
from casual_llm.providers.ollama.models import capabilities
from casual_llm.tools import Tool
from casual_llm.wire.capabilities import limit_options, reasoning_of, report_fields
from casual_llm.wire.codec import Call
from casual_llm.wire.encoding import TOOL_CHOICE_MODES, without_none
from casual_llm.wire.json import mapping, text
from casual_llm.wire.json_schema import plain_name, sent_schema
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import all_or_none, take, take_options
from casual_llm.wire.report import Report, native_for
from casual_llm.wire.request_format import EncodedOptions
from casual_llm.wire.tools import encode_function, read_function, write_function

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "num_predict": "max_tokens",
    "stop": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
}
"""Keys of the object `options`, and the names of our options."""
_UNSUPPORTED = ("strict", "cache_control")
"""Fields of a tool for which the format has no key."""
_FORMAT_PATH = "options.response_format"


def encode_options(call: Call, options: ChatOptions, report: Report) -> EncodedOptions:
    """Encode the options of a call."""
    sent = limit_options(options, capabilities(call.model), report)
    settings = {key: thaw(getattr(sent, name)) for key, name in _SETTINGS.items()}
    if isinstance(sent.stop, str):
        # A server refuses a lone text: api/types.go, Options.FromMap, takes an array of strings only.
        settings["stop"] = [sent.stop]
        report.changed("options.stop", "rewritten", sent.stop, [sent.stop])
    listed = _listed_tools(sent, report)
    tools = [_encode_tool(tool, f"options.tools[{index}]", report) for index, tool in listed or ()]
    body: Body = {
        "format": _write_format(sent.response_format, report),
        "options": without_none(settings) or None,
        "tools": None if listed is None else tools,
        "think": _write_reasoning(reasoning_of(sent), report),
    }
    return EncodedOptions(body=without_none(body))


def read_options(rest: Body) -> ChatOptions:
    """Read the options of a request; what none can express stays in `extra`."""
    settings = dict(mapping(rest.get("options")))
    values = take_options(settings, _SETTINGS)
    if values:
        rest["options"] = settings
    if values and not settings:
        del rest["options"]
    return ChatOptions(
        **cast("dict[str, None]", values),  # the validators of ChatOptions check the types
        tools=take(rest, "tools", partial(all_or_none, _read_tool)),
        response_format=take(rest, "format", _read_format),
        reasoning=take(rest, "think", _read_reasoning),
        extra=rest or None,
    )


def _listed_tools(options: ChatOptions, report: Report) -> Sequence[tuple[int, Tool]] | None:
    """Return the tools to list, with their positions: the model chooses among them freely.

    A choice that leaving out others does not express is dropped.
    """
    choice, path = options.tool_choice, "options.tool_choice"
    tools = None if options.tools is None else list(enumerate(options.tools))
    if choice is None:
        return tools
    is_ours = "tools" not in (options.extra or {})
    chosen = [(index, tool) for index, tool in tools or () if tool.name == choice]
    if choice == "auto" or (choice == "none" and is_ours and not tools):
        report.changed(path, "implied", choice)
    elif choice == "none" and is_ours:
        report.replaced(path, choice, "no tools")
        return []
    elif choice in TOOL_CHOICE_MODES or not (is_ours and chosen):
        report.dropped(path, choice)
    else:
        report.replaced(path, choice, f"{choice} as the only tool")
        return chosen
    return tools


def _write_reasoning(reasoning: Reasoning | None, report: Report) -> Json:
    if reasoning is None:
        return None
    report_fields(reasoning, ("show",), report, implied=(True,))
    if reasoning.budget_tokens is not None:
        report.replaced("options.reasoning.budget_tokens", reasoning.budget_tokens, applied=True)
        return True
    return False if reasoning.effort == "none" else reasoning.effort


def _read_reasoning(value: Json) -> Reasoning | None:
    effort = "none" if value is False else text(value)
    is_known = value != "none" and effort in capabilities("").efforts
    return Reasoning.of({"effort": effort}) if is_known else None


def write_tool(tool: Tool) -> Body:
    """Write a tool as Ollama lists it.

    >>> write_tool(Tool(name="ping"))["type"]
    'function'
    """
    return write_function(tool, strict=False, cache_control=False) | native_for(tool.native, NAMES)


def _encode_tool(tool: Tool, path: str, report: Report) -> Body:
    return encode_function(tool, NAMES, path, report, strict=False, cache_control=False)


def _read_tool(tool: Mapping[str, Json]) -> Tool | None:
    return read_function(NAMES[0], tool, _UNSUPPORTED)


def _write_format(wanted: ResponseFormat | None, report: Report) -> Json:
    if wanted is None or wanted == "json":
        return wanted
    if wanted == "text":
        report.changed(_FORMAT_PATH, "implied", wanted)
        return None
    schema = sent_schema(wanted).schema
    if isinstance(wanted, JsonSchema):
        name = name_of(wanted.schema)
        if wanted.name != name:
            report.changed(f"{_FORMAT_PATH}.name", "rewritten", wanted.name, name)
        if wanted.strict is not None:
            # Every schema becomes a grammar, so no answer can break it.
            report.changed(f"{_FORMAT_PATH}.strict", "implied", wanted.strict)
    return schema


def _read_format(value: Json) -> ResponseFormat | None:
    if value == "json":
        return "json"
    return JsonSchema(name=name_of(value), schema=value) if isinstance(value, Mapping) else None


def name_of(schema: Mapping[str, Json]) -> str:
    """Return the name of a schema: its title, for which alone the format has a key.

    >>> name_of({"title": "Box[Cat]", "type": "object"})
    'Box_Cat'
    """
    return plain_name(text(schema.get("title")))
