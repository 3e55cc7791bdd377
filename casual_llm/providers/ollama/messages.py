"""Write messages: one text each, raw images next to it, and the arguments of tool calls as objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import from_json

from casual_llm.messages import AssistantToolCall, ChatMessage
from casual_llm.providers.ollama.content import canonical_content, write_content
from casual_llm.wire.arguments import arguments_of, object_at
from casual_llm.wire.message_format import Body, MessageFormat, Unit
from casual_llm.wire.report import Report, drop_unsupported, native_for, overlay_native

NAMES = ("ollama",)
_UNSUPPORTED: Mapping[str, Sequence[str]] = {
    "user": (),
    "system": ("cache_control",),
    "assistant": ("refusal",),
    "tool": ("is_error", "cache_control"),
}
"""Fields for which the format has no key, by the role of a message."""


def canonical_message(message: ChatMessage, path: str, _: Mapping[str, str], report: Report) -> ChatMessage:
    """Return a message in the form in which it is read back, and report what that changes.

    >>> from casual_llm.messages import TextContent, UserMessage
    >>> canonical_message(UserMessage(content=[TextContent(text="Hi")]), "messages[0]", {}, Report()).content
    'Hi'
    """
    update = drop_unsupported(message, _UNSUPPORTED[message.role], path, report)
    content, calls = message.content, message.tool_calls if message.role == "assistant" else None
    if message.role != "system":
        canonical = canonical_content(content, path, report, empty=None if calls else "")
        if canonical is not content:
            update["content"] = canonical
    if calls is not None:
        update["tool_calls"] = _canonical_calls(calls, f"{path}.tool_calls", report)
    if message.native is not None:
        fields = _write_fields(message.model_copy(update=update))
        overlay_native(fields, message.native, NAMES, path, report)
    return message.model_copy(update=update) if update else message


def _canonical_calls(
    calls: Sequence[AssistantToolCall], path: str, report: Report
) -> Sequence[AssistantToolCall] | None:
    if not calls:
        report.changed(path, "rewritten", [])
        return None
    return tuple(_canonical_call(call, f"{path}[{index}]", report) for index, call in enumerate(calls))


def _canonical_call(call: AssistantToolCall, path: str, report: Report) -> AssistantToolCall:
    path_of_arguments, given = f"{path}.function.arguments", call.function.arguments
    arguments = arguments_of(object_at(path_of_arguments, given))
    if arguments != given:
        report.changed(path_of_arguments, "rewritten", given, arguments)
        function = call.function.model_copy(update={"arguments": arguments})
        call = call.model_copy(update={"function": function})
    if call.native is not None:
        overlay_native(_call_fields(call), call.native, NAMES, path, report, may_extend=("function",))
    return call


def write_message(message: ChatMessage) -> Body:
    """Write a canonical message.

    >>> from casual_llm.messages import SystemMessage
    >>> write_message(SystemMessage(content="Be brief."))
    {'role': 'system', 'content': 'Be brief.'}
    """
    fields = _write_fields(message)
    return fields if message.native is None else {**fields, **native_for(message.native, NAMES)}


def _write_fields(message: ChatMessage) -> Body:
    body: Body = {"role": message.role, **write_content(message.content)}
    if message.role == "assistant" and message.tool_calls:
        body["tool_calls"] = [
            {**_call_fields(call), **native_for(call.native, NAMES)} for call in message.tool_calls
        ]
    elif message.role == "tool":
        # Older servers know `tool_name` alone (docs/api.md, "Chat request (With history, with tools)").
        body |= {"tool_name": message.name, "tool_call_id": message.tool_call_id}
    return body


def _call_fields(call: AssistantToolCall) -> Body:
    arguments = from_json(call.function.arguments)
    return {"id": call.id, "function": {"name": call.function.name, "arguments": arguments}}


def _write_unit(unit: Unit, _: Report) -> Body:
    return write_message(unit.messages[0])


MESSAGES = MessageFormat(names=NAMES, canonical=canonical_message, write=_write_unit)
"""Each message is an object of its own."""
