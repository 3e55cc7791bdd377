"""Write options as keys of the body, and read them back; a limit is always sent, as the vendor requires."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from attrs import evolve

from casual_llm.frozen import Json, thaw
from casual_llm.options import ChatOptions, extra_of
from casual_llm.providers.anthropic.content import FORMAT, NAMES, write_content
from casual_llm.providers.anthropic.models import capabilities, thinking_off
from casual_llm.providers.anthropic.reasoning import (
    LEAST_BUDGET,
    read_reasoning,
    reasoning_tokens,
    write_reasoning,
)
from casual_llm.providers.anthropic.schema import output_format, read_format
from casual_llm.tools import Tool
from casual_llm.wire.capabilities import (
    forces_call,
    limit_options,
    reasoning_of,
    stop_sequences,
)
from casual_llm.wire.codec import Call
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import dump, items, mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import all_or_none, native_rest, take, take_options
from casual_llm.wire.report import PlacedError, Report, native_for, overlay_native
from casual_llm.wire.request_format import EncodedOptions
from casual_llm.wire.tools import read_tool

MAX_TOKENS = 4096
"""What is left for the answer where no limit is set, because the vendor requires one."""
_SAMPLING = ("temperature", "top_p", "top_k")
_SAME = ("max_tokens", *_SAMPLING)
"""Options whose key on the wire is their name."""
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_MODES = {kind: mode for mode, kind in _CHOICES.items()}
_TOOL_NAMES = re.compile(r"[a-zA-Z0-9_-]{1,128}")  # what else is refused ("String should match pattern")
_TOOL_KEYS = frozenset({"name", "description", "input_schema", "strict", "cache_control"})


def encode_options(call: Call, options: ChatOptions, report: Report) -> EncodedOptions:
    """Encode the options of a call."""
    model, limit = capabilities(call.model), options.max_tokens
    # A budget has to be below the limit and excludes a forced call of a tool, on which a program may rely
    # more than on reasoning ("Thinking may not be enabled when tool_choice forces tool use").
    if (limit is not None and limit <= LEAST_BUDGET) or forces_call(options):
        model = evolve(model, budgets=False)
    sent, extra = limit_options(options, model, report), extra_of(options)
    off = thinking_off(call.model)
    thinking, effort = write_reasoning(reasoning_of(sent), limit, model, report, off)
    if limit is None and "max_tokens" not in extra:
        limit = MAX_TOKENS + reasoning_tokens(extra.get("thinking", thinking), effort)
        report.added("options.max_tokens", limit)
    stop = stop_sequences(sent.stop, report)
    shape = output_format(sent.response_format, report, schemas=model.schemas)
    body: Body = {
        "max_tokens": limit,
        **{name: getattr(sent, name) for name in _SAMPLING},
        "stop_sequences": stop,
        "output_config": without_none({"effort": effort, "format": shape.format}) or None,
        "thinking": thinking,
        "tools": None if sent.tools is None else _write_tools(sent.tools, report),
        "tool_choice": _write_choice(sent, report),
    }
    system = [dump(block) for block in write_content(shape.instruction)]
    return EncodedOptions(body=without_none(body), leading_arrays={"system": system} if system else {})


def read_options(rest: Body) -> ChatOptions:
    """Read the options of a request; what none can express stays in `extra`."""
    values = take_options(rest, {name: name for name in _SAME if rest.get(name) is not None})
    config = dict(mapping(rest.get("output_config")))
    shape = take(config, "format", read_format)
    reasoning = read_reasoning(rest.get("thinking"), config.get("effort"))
    if reasoning is not None:
        rest.pop("thinking")
        config.pop("effort", None)
    if config:
        rest["output_config"] = config
    elif mapping(rest.get("output_config")):
        del rest["output_config"]
    tools = take(rest, "tools", partial(all_or_none, _read_tool))
    choice, parallel = _take_choice(rest, has_tools=bool(tools or "tools" in rest))
    return ChatOptions(
        **cast("dict[str, None]", values),  # the validators of ChatOptions check the types
        stop=take(rest, "stop_sequences", _read_stop),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        reasoning=reasoning,
        response_format=shape,
        extra=rest or None,
    )


def _write_choice(options: ChatOptions, report: Report) -> Body | None:
    """Write which tools may be called, and whether several at once."""
    choice, parallel = options.tool_choice, options.parallel_tool_calls
    if parallel is None:
        return None if choice is None else write_tool_choice(choice)
    if choice == "none":
        report.changed("options.parallel_tool_calls", "implied", parallel)
        return write_tool_choice(choice)
    if choice is None:
        report.changed("options.tool_choice", "implied", None, "auto")
    return {**write_tool_choice(choice or "auto"), "disable_parallel_tool_use": not parallel}


def _take_choice(rest: Body, *, has_tools: bool) -> tuple[str | None, bool | None]:
    """Remove which tools may be called, and whether several at once, if options can express both."""
    body = dict(mapping(rest.get("tool_choice")))
    disable = body.pop("disable_parallel_tool_use", None)
    choice = _read_tool_choice(body)
    is_flag = isinstance(disable, bool) and has_tools and choice != "none"
    if choice is None or not (disable is None or is_flag):
        return None, None
    del rest["tool_choice"]
    return choice, None if disable is None else not disable


def _read_stop(value: Json) -> tuple[str, ...] | None:
    texts = tuple(text(item) for item in items(value))
    return texts if [*texts] == value else None


def write_tool_choice(choice: str) -> Body:
    """Write which tools may be called.

    >>> write_tool_choice("required"), write_tool_choice("weather")
    ({'type': 'any'}, {'type': 'tool', 'name': 'weather'})
    """
    return {"type": _CHOICES[choice]} if choice in _CHOICES else {"type": "tool", "name": choice}


def _read_tool_choice(value: Json) -> str | None:
    kind, name = text(mapping(value).get("type")), text(mapping(value).get("name"))
    choice = name if kind == "tool" and name not in _CHOICES else _MODES.get(kind)
    return choice if choice and value == write_tool_choice(choice) else None


def write_tool(tool: Tool) -> Body:
    """Write a tool as Anthropic lists it.

    >>> write_tool(Tool(name="ping"))
    {'name': 'ping', 'input_schema': {'type': 'object', 'properties': {}, 'required': []}}
    """
    return _listed(tool) | native_for(tool.native, NAMES)


def _listed(tool: Tool) -> Body:
    body: Body = {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
    return without_none({**body, "strict": tool.strict, "cache_control": thaw(tool.cache_control)})


def _write_tools(tools: Sequence[Tool], report: Report) -> list[Body]:
    return [_write_listed(tool, f"options.tools[{index}]", report) for index, tool in enumerate(tools)]


def _write_listed(tool: Tool, path: str, report: Report) -> Body:
    native = native_for(tool.native, NAMES)
    is_ours = "name" not in native and native.get("type", "custom") == "custom"
    if is_ours and not _TOOL_NAMES.fullmatch(tool.name):
        problem = f"Anthropic does not accept {tool.name!r} as the name of a tool"
        remedy = "use letters, digits, _ and - only, at most 128, because the model calls it by its name"
        raise PlacedError(f"{path}.name", problem, remedy)
    overlay_native(_listed(tool), tool.native, NAMES, path, report)
    return write_tool(tool)


def _read_tool(tool: Mapping[str, Json]) -> Tool | None:
    schema = tool.get("input_schema")
    if schema is None or tool.get("type", "custom") != "custom":
        return None
    return read_tool(tool, schema, tool.get("cache_control"), native_rest(FORMAT, tool, _TOOL_KEYS, "tools"))
