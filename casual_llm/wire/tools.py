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


def write_function(tool: Tool, unsupported: Collection[str] = ()) -> Body:
    """Write a tool as a function, without the fields that are not supported and without its `native`.

    >>> write_function(Tool(name="ping", strict=True), ["strict"])["function"]
    {'name': 'ping', 'parameters': {'type': 'object', 'properties': {}, 'required': []}}
    """
    function: Body = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema,
        "strict": None if "strict" in unsupported else tool.strict,
    }
    body: Body = {"type": "function", "function": without_none(function)}
    mark = None if "cache_control" in unsupported else tool.cache_control
    return body if mark is None else {**body, "cache_control": thaw(mark)}


def report_function(
    tool: Tool, unsupported: Collection[str], names: Collection[str], path: str, report: Report
) -> None:
    """Report what of a tool is not sent, and what its `native` replaces."""
    if tool.native is not None:
        body = write_function(tool, unsupported)
        overlay_native(body, tool.native, names, path, report, may_extend=("function",))
    drop_unsupported(tool, unsupported, path, report)


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
