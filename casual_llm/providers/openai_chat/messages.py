"""Canonicalise messages for a dialect, then write each as its object on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
)
from casual_llm.providers.openai_chat.content import canonical_content, text_of, write_content
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.replay import CUSTOM
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.message_format import Body, MessageFormat, Unit
from casual_llm.wire.parts import canonical_reference
from casual_llm.wire.report import Report, drop_unsupported, native_for, overlay_native

Update = dict[str, object]


def message_format(dialect: Dialect) -> MessageFormat:
    """Return how a dialect writes messages: each message is an object of its own."""
    return MessageFormat(
        names=dialect.names,
        canonical=partial(canonical_message, dialect),
        write=partial(_write_unit, dialect),
        cache_marks=dialect.cache_control,
    )


def _write_unit(dialect: Dialect, unit: Unit, _: Report) -> Body:
    return write_message(dialect, unit.messages[0])


def canonical_message(
    dialect: Dialect, message: ChatMessage, path: str, tool_names: Mapping[str, str], report: Report
) -> ChatMessage:
    """Return a message with nothing in it that the dialect cannot hold, and report what that changes.

    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> canonical_message(OPENAI, AssistantMessage(content="Hi", tool_calls=[]), "message", {}, Report())
    AssistantMessage(role='assistant', content='Hi', tool_calls=None, refusal=None)
    """
    update: Update = {}
    # Roles are compared, because `isinstance` of the classes costs ten times as much.
    if message.role == "assistant":
        if message.tool_calls is not None or message.refusal is not None:
            update = _canonical_assistant(dialect, message, path, report)
    elif message.role == "system":
        if not dialect.cache_control:
            update = drop_unsupported(message, ("cache_control",), path, report)
    else:
        content = canonical_content(
            message.content,
            dialect,
            f"{path}.content",
            report,
            media=message.role == "user" or dialect.tool_media,
        )
        update = {} if content is message.content else {"content": content}
        if message.role == "tool":
            result = message.model_copy(update=update) if update else message
            update |= _canonical_result(dialect, result, path, tool_names, report)
    canonical = message.model_copy(update=update) if update else message
    return canonical if canonical.native is None else _canonical_native(dialect, canonical, path, report)


def _canonical_native(dialect: Dialect, message: ChatMessage, path: str, report: Report) -> ChatMessage:
    """Leave out keys that are stale, or of use only to OpenAI; report what the others replace."""
    native = {name: dict(keys) for name, keys in (message.native or {}).items()}
    body = write_message(dialect, message.model_copy(update={"native": None}))
    # Only the server that generated an audio answer knows its id ("Audio", Multi-turn conversations).
    if (
        message.role == "assistant"
        and "audio" in native.get("openai", {})
        and "audio" not in dialect.replayed_fields
    ):
        report.dropped(f"{path}.native.openai.audio", native["openai"].pop("audio"))
    content = body.get("content")
    # A server's own content agrees with the text, or is stale; parts have no second form to compare.
    matching = dialect.names if isinstance(content, str | None) else ()
    for name in matching:
        keys = native.get(name, {})
        if "content" in keys and text_of(keys["content"]) != text_of(content):
            report.dropped(f"{path}.native.{name}.content", native[name].pop("content"))
    replacing = {
        name: {key: value for key, value in keys.items() if key != "content" or name not in matching}
        for name, keys in native.items()
    }
    overlay_native(body, replacing, dialect.names, path, report)
    return message.model_copy(
        update={"native": {name: keys for name, keys in native.items() if keys} or None}
    )


def _canonical_assistant(dialect: Dialect, message: AssistantMessage, path: str, report: Report) -> Update:
    update: Update = {}
    calls, refusal = message.tool_calls, message.refusal
    if calls is not None and not calls:
        report.changed(f"{path}.tool_calls", "rewritten", [], None)
        update["tool_calls"] = None
    if refusal is not None and not dialect.refusal:
        update["refusal"] = None
        # The content that came with an answer already holds the refusal.
        if message.content or native_for(message.native, dialect.names).get("content") or not refusal:
            report.dropped(f"{path}.refusal", refusal)
        else:
            report.replaced(f"{path}.refusal", refusal, "content")
            update["content"] = refusal
    if calls:
        if message.content is None and "content" not in update and dialect.content_with_tool_calls == "empty":
            report.changed(f"{path}.content", "rewritten", None, "")
            update["content"] = ""
        update |= _canonical_calls(dialect, calls, f"{path}.tool_calls", report)
    return update


def _canonical_calls(
    dialect: Dialect, calls: Sequence[AssistantToolCall], path: str, report: Report
) -> Update:
    canonical = list(calls)
    for index, call in enumerate(calls):
        identity = _valid_id(dialect, call.id)
        if identity != call.id:
            report.changed(f"{path}[{index}].id", "rewritten", call.id, identity)
            canonical[index] = call.model_copy(update={"id": identity})
        if call.native is not None:
            body = _write_call(
                dialect, canonical[index].model_copy(update={"native": _type_of(dialect, call)})
            )
            overlay_native(
                body, call.native, dialect.names, f"{path}[{index}]", report, may_extend=("function",)
            )
    return {} if canonical == list(calls) else {"tool_calls": tuple(canonical)}


def _valid_id(dialect: Dialect, identity: str) -> str:
    return identity if dialect.call_ids is None else valid_tool_call_id(identity, dialect.call_ids)


def _canonical_result(
    dialect: Dialect, message: ToolResultMessage, path: str, tool_names: Mapping[str, str], report: Report
) -> Update:
    identity = _valid_id(dialect, message.tool_call_id)
    update = canonical_reference(message, identity, tool_names, path, report)
    update |= drop_unsupported(message, ("is_error",), path, report)
    if not message.content and not isinstance(message.content, str):
        report.changed(f"{path}.content", "rewritten", [], "")  # as which no parts are read
        update["content"] = ""
    if message.cache_control is not None:
        update |= _move_mark(dialect, message, path, report)
    return update


def _move_mark(dialect: Dialect, message: ToolResultMessage, path: str, report: Report) -> Update:
    """Move the mark of a tool's result to its last part, where marks stand on the wire."""
    content, mark = message.content, message.cache_control
    parts = [TextContent(text=content)] if isinstance(content, str) else list(content)
    last = parts.pop() if parts and dialect.cache_control else None
    if last is None or isinstance(last, NativeContent) or last.cache_control is not None:
        report.dropped(f"{path}.cache_control", mark)
        return {"cache_control": None}
    report.changed(f"{path}.cache_control", "moved", mark, "content")
    return {"content": (*parts, last.model_copy(update={"cache_control": mark})), "cache_control": None}


def write_message(dialect: Dialect, message: ChatMessage) -> Body:
    """Write a canonical message."""
    body: Body
    if message.role == "user":
        body = {"role": "user", "content": write_content(message.content, dialect)}
    elif message.role == "assistant":
        body = _write_assistant(dialect, message)
    elif message.role == "tool":
        content = write_content(message.content, dialect)
        body = {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
    else:
        body = {"role": dialect.system_role, "content": _write_system(message)}
    return body if message.native is None else {**body, **native_for(message.native, dialect.names)}


def _write_system(message: SystemMessage) -> Json:
    mark = message.cache_control
    if mark is None:
        return message.content
    return [{"type": "text", "text": message.content, "cache_control": thaw(mark)}]


def _write_assistant(dialect: Dialect, message: AssistantMessage) -> Body:
    body: Body = {"role": "assistant", "content": message.content}
    if message.refusal is not None:
        body["refusal"] = message.refusal
    if message.tool_calls:
        if message.content is None and dialect.content_with_tool_calls == "absent":
            del body["content"]
        body["tool_calls"] = [_write_call(dialect, call) for call in message.tool_calls]
    return body


def _write_call(dialect: Dialect, call: AssistantToolCall) -> Body:
    function: Body = {"name": call.function.name, "arguments": call.function.arguments}
    body: Body = {"id": call.id, "type": "function", "function": function}
    if call.native is None:
        return body
    native = native_for(call.native, dialect.names)
    if native.get("type") == CUSTOM:
        custom = {"name": call.function.name, "input": call.function.arguments}
        body = {"id": call.id, "type": CUSTOM, "custom": custom}
    return {**body, **native}


def _type_of(dialect: Dialect, call: AssistantToolCall) -> Mapping[str, Mapping[str, Json]] | None:
    """Return the `native` that holds only the type of a call, which decides its other keys."""
    is_custom = native_for(call.native, dialect.names).get("type") == CUSTOM
    return {dialect.name: {"type": CUSTOM}} if is_custom else None
