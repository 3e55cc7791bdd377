"""Write options as keys of the body, and read them back, in pairs; what is not set is not sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import cast

from casual_llm.frozen import Json
from casual_llm.options import ChatOptions, JsonSchema, ResponseFormat
from casual_llm.options.reasoning import Reasoning
from casual_llm.providers.openai_chat.content import FORMAT
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.models import capabilities
from casual_llm.providers.openai_chat.schema import schema_of
from casual_llm.tools import Tool
from casual_llm.wire.capabilities import limit_options, reasoning_of
from casual_llm.wire.codec import Call
from casual_llm.wire.encoding import TOOL_CHOICE_MODES, without_none
from casual_llm.wire.json import mapping, text
from casual_llm.wire.message_format import Body
from casual_llm.wire.reading import accepts, all_or_none, take, take_options
from casual_llm.wire.report import Report, native_for, same_json
from casual_llm.wire.request_format import EncodedOptions
from casual_llm.wire.tools import encode_function, read_function, write_function

_SAME = ("temperature", "top_p", "top_k", "stop", "frequency_penalty", "presence_penalty")
"""Options whose key on the wire is their name."""
_KEYS: Mapping[str, Sequence[str]] = {
    "max_tokens": ("max_completion_tokens", "max_tokens"),
    "seed": ("seed", "random_seed"),
}
"""Options that have two keys in this format."""
_FORMAT_PATH = "options.response_format"


def encode_options(dialect: Dialect, call: Call, options: ChatOptions, report: Report) -> EncodedOptions:
    """Encode the options of a call."""
    sent = limit_options(options, capabilities(dialect, call.model), report)
    tools, choice = _tools_and_choice(dialect, sent, report)
    values: Body = {
        **{name: getattr(sent, name) for name in (*_SAME, *_KEYS)},
        "response_format": _write_format(dialect, sent.response_format, report),
        "tools": tools,
        "tool_choice": choice,
        "parallel_tool_calls": sent.parallel_tool_calls,
        **_write_reasoning(dialect, reasoning_of(sent)),
    }
    extra = options.extra or {}
    ours = {"max_tokens": dialect.token_key, "seed": dialect.seed_key}
    # Where `extra` gives the other key of an option, it replaces the option.
    keys = {name: next(filter(extra.__contains__, _KEYS[name]), key) for name, key in ours.items()}
    return EncodedOptions(body={keys.get(name, name): value for name, value in without_none(values).items()})


def _write_reasoning(dialect: Dialect, reasoning: Reasoning | None) -> Body:
    if reasoning is None:
        return {}
    if dialect.reasoning == "effort":
        return {"reasoning_effort": reasoning.effort}
    exclude = None if reasoning.show is None else not reasoning.show
    fields: Body = {"effort": reasoning.effort, "max_tokens": reasoning.budget_tokens, "exclude": exclude}
    return {"reasoning": without_none(fields) or None}


def _read_reasoning(dialect: Dialect, value: Json) -> Reasoning | None:
    """Read an effort, or the object `reasoning` of OpenRouter; `None` where an option cannot express it."""
    fields = dict(mapping(value)) if dialect.reasoning == "object" else {"effort": value}
    exclude = fields.get("exclude")
    given: Body = {"effort": fields.get("effort"), "budget_tokens": fields.get("max_tokens")}
    given["show"] = None if exclude is None else not exclude
    try:
        read = Reasoning.of(without_none(given))
    except ValueError:
        return None
    return read if same_json([*_write_reasoning(dialect, read).values()], [value]) else None


def _read_parallel(value: Json, *, has_tools: bool) -> bool | None:
    return value if isinstance(value, bool) and has_tools else None


def read_options(dialect: Dialect, rest: Body) -> ChatOptions:
    """Read the options of a request; what none can express stays in `extra`."""
    options = {name: name for name in _SAME}
    for name, keys in _KEYS.items():
        for key in keys:
            if rest.get(key, "") is None:  # `null` under one key must not hide the other
                del rest[key]
        given = [key for key in keys if key in rest and accepts(name, rest[key])]
        if len(given) == 1:
            options[given[0]] = name
    values = take_options(rest, options)
    tools = take(rest, "tools", partial(all_or_none, partial(read_function, FORMAT)))
    # What the server takes from no model stays as it is.
    unsupported = capabilities(dialect, "").unsupported
    key = {"effort": "reasoning_effort", "object": "reasoning"}[dialect.reasoning]
    has_tools = bool(tools or "tools" in rest) and "parallel_tool_calls" not in unsupported
    names = None if "tools" in rest else {tool.name for tool in tools or ()}
    return ChatOptions(
        **cast("dict[str, None]", values),  # the validators of ChatOptions check the types
        tools=tools,
        tool_choice=take(rest, "tool_choice", partial(_read_tool_choice, names)),
        response_format=take(rest, "response_format", _read_format),
        parallel_tool_calls=take(
            rest,
            "parallel_tool_calls",
            partial(_read_parallel, has_tools=has_tools),
        ),
        reasoning=None if "reasoning" in unsupported else take(rest, key, partial(_read_reasoning, dialect)),
        extra=rest or None,
    )


def _tools_and_choice(
    dialect: Dialect, options: ChatOptions, report: Report
) -> tuple[Sequence[Body] | None, Json]:
    """Return the tools to list, and which of them may be called."""
    given, choice = options.tools or (), options.tool_choice
    listed = [_encode_tool(dialect, tool, f"options.tools[{i}]", report) for i, tool in enumerate(given)]
    tools = None if options.tools is None else listed
    if choice is None or choice in TOOL_CHOICE_MODES:
        return tools, choice
    if dialect.named_tool_choice:
        return tools, _named_choice(choice)
    # The same without a key for it: list that tool alone, and require a call.
    named = [body for tool, body in zip(given, listed, strict=True) if tool.name == choice]
    applied = f"required, with {choice} as the only tool" if named else "required"
    report.replaced("options.tool_choice", choice, applied)
    return None if tools is None else named, "required"


def _encode_tool(dialect: Dialect, tool: Tool, path: str, report: Report) -> Body:
    strict, cache_control = dialect.strict, dialect.cache_control
    return encode_function(tool, dialect.names, path, report, strict=strict, cache_control=cache_control)


def _named_choice(name: str) -> Body:
    return {"type": "function", "function": {"name": name}}


def _read_tool_choice(names: Collection[str] | None, value: Json) -> str | None:
    """Read a mode, or the name of a tool: of those that are listed, if it is known which are."""
    if isinstance(value, str):
        return value if value in TOOL_CHOICE_MODES else None
    name = text(mapping(mapping(value).get("function")).get("name"))
    is_listed = name not in TOOL_CHOICE_MODES and (names is None or name in names)
    return name if is_listed and value == _named_choice(name) else None


def write_tool(dialect: Dialect, tool: Tool) -> Body:
    """Write a tool as OpenAI lists it.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> write_tool(OPENAI, Tool(name="ping"))["type"]
    'function'
    """
    body = write_function(tool, strict=dialect.strict, cache_control=dialect.cache_control)
    return body | native_for(tool.native, dialect.names)


def _write_format(dialect: Dialect, wanted: ResponseFormat | None, report: Report) -> Json:
    if wanted is None:
        return None
    if wanted == "text":
        return {"type": "text"}
    if wanted == "json":
        return _write_json(dialect, None, report)
    schema = schema_of(wanted)
    if not dialect.json_schema:
        return _write_json(dialect, schema.name, report)
    strict: Body = {} if schema.strict is None or not dialect.strict else {"strict": schema.strict}
    # What was derived from a class asks for no strictness of its own.
    if isinstance(wanted, JsonSchema) and schema.strict is not None and not strict:
        report.dropped(f"{_FORMAT_PATH}.strict", schema.strict)
    return {"type": "json_schema", "json_schema": {"name": schema.name, **strict, "schema": schema.schema}}


def _write_json(dialect: Dialect, schema: str | None, report: Report) -> Json:
    """Ask for any JSON object, also instead of a schema that the dialect does not support."""
    if dialect.json_mode:
        if schema is not None:
            report.replaced(_FORMAT_PATH, schema, "json")
        return {"type": "json_object"}
    if not dialect.json_schema:
        report.dropped(_FORMAT_PATH, schema or "json")
        return None
    report.replaced(_FORMAT_PATH, schema or "json", "a schema of any object")
    return {"type": "json_schema", "json_schema": {"name": "json", "schema": {"type": "object"}}}


def _read_format(value: Json) -> ResponseFormat | None:
    wanted, schema = mapping(value), mapping(mapping(value).get("json_schema"))
    if wanted == {"type": "text"}:
        return "text"
    if wanted == {"type": "json_object"}:
        return "json"
    name, shape, strict = schema.get("name"), schema.get("schema"), schema.get("strict")
    is_plain = wanted.keys() == {"type", "json_schema"} and schema.keys() <= {"name", "schema", "strict"}
    if not is_plain or not isinstance(name, str) or not isinstance(shape, Mapping):
        return None
    return JsonSchema(name=name, schema=shape, strict=strict) if isinstance(strict, bool | None) else None
