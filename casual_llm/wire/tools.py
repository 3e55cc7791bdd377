"""Write tools as functions, as several formats list them, and read tools back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from casual_llm.frozen import Json, thaw
from casual_llm.messages import Native
from casual_llm.tools import Tool
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import native_rest
from casual_llm.wire.report import Report, drop_unsupported, overlay_native

_FUNCTION_KEYS = frozenset({"name", "description", "parameters", "strict"})


def write_function(tool: Tool, *, strict: bool, cache_control: bool) -> Body:
    """Write a tool as a function, without its `native`; the flags are the fields that are supported.

    >>> write_function(Tool(name="ping", strict=True), strict=False, cache_control=False)["function"]
    {'name': 'ping', 'parameters': {'type': 'object', 'properties': {}, 'required': []}}
    """
    function: Body = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema,
        "strict": tool.strict if strict else None,
    }
    body: Body = {"type": "function", "function": without_none(function)}
    if cache_control and tool.cache_control is not None:
        body["cache_control"] = thaw(tool.cache_control)
    return body


def encode_function(  # noqa: PLR0913 # the tool, for whom, where it is reported, and what is supported
    tool: Tool, names: Collection[str], path: str, report: Report, *, strict: bool, cache_control: bool
) -> Body:
    """Write a tool as a function with its `native`, and report what is not sent or replaced."""
    body = write_function(tool, strict=strict, cache_control=cache_control)
    if tool.native is not None:
        body = overlay_native(body, tool.native, names, path, report, may_extend=("function",))
    if not strict:
        drop_unsupported(tool, ("strict",), path, report)
    if not cache_control:
        drop_unsupported(tool, ("cache_control",), path, report)
    return body


def read_function(name: str, tool: Mapping[str, Json], unsupported: Collection[str] = ()) -> Tool | None:
    """Read a tool of the format `name`; `None` where a field is of a wrong type or there is none for a key.

    >>> read_function("openai", {"type": "function", "function": {"name": "ping"}, "x": None, "y": 1}).native
    {'openai': {'y': 1}}
    """
    function = mapping(tool.get("function"))
    is_known = function.keys() <= _FUNCTION_KEYS.difference(unsupported)
    if not function or not is_known or tool.get("type", "function") != "function":
        return None
    known = {"type", "function", "cache_control"}.difference(unsupported)
    mark = tool.get("cache_control") if "cache_control" in known else None
    native = native_rest(name, without_none(tool), known, "tools")
    return read_tool(function, function.get("parameters"), mark, native)


def read_tool(fields: Mapping[str, Json], schema: Json, mark: Json, native: Native) -> Tool | None:
    """Return the tool of some fields and the schema of its arguments; `None` where a type is wrong."""
    strict, description = fields.get("strict"), fields.get("description")
    types = ((schema, Mapping | None), (strict, bool | None), (mark, Mapping | None))
    if not all(isinstance(value, valid) for value, valid in types):
        return None
    # Tool rejects a description that is not a string.
    plain = Tool.from_input_schema(text(fields.get("name")), cast("str | None", description), mapping(schema))
    return Tool.model_validate({**dict(plain), "strict": strict, "cache_control": mark, "native": native})
