"""Messages and Anthropic's turns: user and assistant alternate, and results of tools are the user's.

System messages stand above the conversation. In a turn of the user the results of tools come first, in one
of the assistant the calls come last. Where an answer holds more than text and calls, such as signed thinking,
its blocks are in `native` and go back as they came (`wire/parts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import thaw
from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.anthropic.content import (
    FORMAT,
    NAMES,
    canonical_content,
    write_content,
)
from casual_llm.providers.anthropic.replay import BLOCKS, is_plain, text_of, valid_id, write_call
from casual_llm.wire.encoding import without_none
from casual_llm.wire.message_format import Body, MessageFormat, Role, Unit
from casual_llm.wire.parts import (
    CONTENT,
    ROLE,
    canonical_answer,
    canonical_reference,
    is_blank,
    native_blocks,
    other_keys,
)
from casual_llm.wire.report import PlacedError, Report, native_for, overlay_native, report_foreign


def canonical_message(
    message: ChatMessage, path: str, tool_names: Mapping[str, str], report: Report
) -> ChatMessage | None:
    """Return a message with nothing in it that the format cannot hold, and report what that changes.

    >>> canonical_message(UserMessage(content="Hi"), "messages[0]", {}, Report())
    UserMessage(role='user', content='Hi')
    """
    if message.role == "assistant":
        return canonical_answer(BLOCKS, message, path, report)
    if message.role == "tool":
        return _canonical_result(message, path, tool_names, report)
    canonical: ChatMessage | None = message
    if message.role == "user":
        canonical = _canonical_user(message, path, report)
    elif is_blank(message.content):
        if message.cache_control is not None:
            report.dropped(f"{path}.cache_control", message.cache_control)
        canonical = None
    elif message.native is not None:
        overlay_native(_write_system(message), message.native, NAMES, path, report)
    if canonical is None:
        report.changed(path, "dropped", message.content)  # type: ignore[arg-type] # shown as Python writes it
    return canonical


def _canonical_user(message: UserMessage, path: str, report: Report) -> UserMessage | None:
    if message.native is not None:
        for key in sorted({ROLE, CONTENT}.intersection(native_for(message.native, NAMES))):
            report.dropped(f"{path}.native.{FORMAT}.{key}", "use NativeContent instead")
        report_foreign(path, message.native, NAMES, report)
    changes = len(report.changes)
    content = canonical_content(message.content, f"{path}.content", report)
    given = message.content or ()
    if content == "" or (content == () and len(report.changes) - changes == len(given) > 0):
        report.split(len(report.losses), changes)  # that all of it is blank is reported once
        return None
    if not content:
        problem = "Anthropic supports none of these parts"
        raise PlacedError(f"{path}.content", problem, "add text, an image or a document")
    return message if content is message.content else message.model_copy(update={"content": content})


def _canonical_result(
    message: ToolResultMessage, path: str, tool_names: Mapping[str, str], report: Report
) -> ToolResultMessage:
    changes = len(report.changes)
    content = canonical_content(message.content, f"{path}.content", report)
    if content == () and len(report.changes) - changes == len(message.content):
        report.changed(f"{path}.content", "rewritten", [], "")
    content = content or ""
    update = canonical_reference(message, valid_id(message.tool_call_id), tool_names, path, report)
    if content is not message.content:
        update["content"] = content
    canonical = message.model_copy(update=update) if update else message
    if canonical.native is not None:
        overlay_native(_write_result(canonical), canonical.native, NAMES, path, report)
    return canonical


def role_of(message: ChatMessage) -> Role:
    """Return whose turn a message belongs to.

    >>> role_of(UserMessage(content="Hi"))
    'user'
    """
    return "assistant" if message.role == "assistant" else "user"


def write_turn(unit: Unit, report: Report) -> Body:
    """Write the canonical messages of one turn.

    >>> write_turn(Unit(["messages[0]"], [UserMessage(content="Hi")]), Report())
    {'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}
    """
    role, keys = role_of(unit.messages[0]), Body()
    content = _write_answers(unit, report) if role == "assistant" else _write_user(unit, report)
    for path, message in zip(unit.paths, unit.messages, strict=True):
        if message.native is not None and message.role != "tool":
            keys = overlay_native(keys, {FORMAT: other_keys(message, NAMES)}, NAMES, path, report)
    return {"role": role, "content": content, **keys}


def _write_user(unit: Unit, report: Report) -> Sequence[Body]:
    results, parts, first = list[Body](), list[Body](), ""
    merged = list[str]()
    for path, message in zip(unit.paths, unit.messages, strict=True):
        if message.role == "tool":
            body = _write_result(message)
            results.append(body if message.native is None else {**body, **native_for(message.native, NAMES)})
            if first:
                report.changed(path, "moved", "tool", "before the text")
        else:
            parts += write_content(message.content)
            merged += [path] if first else []
            first = first or path
    for path in merged:
        report.changed(path, "merged", "user", first)
    return [*results, *parts]


def _write_result(message: ToolResultMessage) -> Body:
    body: Body = {
        "type": "tool_result",
        "tool_use_id": message.tool_call_id,
        "content": write_content(message.content) or None,
        "is_error": message.is_error,
        "cache_control": thaw(message.cache_control),
    }
    return without_none(body)


def _write_answers(unit: Unit, report: Report) -> Sequence[Body]:
    answers = [_write_answer(message) for message in unit.messages if message.role == "assistant"]
    for path in unit.paths[1:]:
        report.changed(path, "merged", "assistant", unit.paths[0])
    if len(answers) == 1:
        return answers[0]
    blocks = [block for answer in answers for block in answer]
    blocks.sort(key=lambda block: block.get("type") == "tool_use")
    if not is_plain(blocks):
        return blocks
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    return [*write_content(text_of(blocks)), *calls]


def _write_answer(message: AssistantMessage) -> list[Body]:
    blocks = native_blocks(BLOCKS, message)
    return blocks or [*write_content(message.content), *map(write_call, message.tool_calls or ())]


def _write_system(message: SystemMessage) -> Body:
    body: Body = {"type": "text", "text": message.content, "cache_control": thaw(message.cache_control)}
    return without_none(body)


MESSAGES = MessageFormat(
    names=NAMES,
    canonical=canonical_message,
    write=write_turn,
    role_of=role_of,
    write_system=lambda message, *_: _write_system(message) | native_for(message.native, NAMES),
    cache_marks=True,
)
