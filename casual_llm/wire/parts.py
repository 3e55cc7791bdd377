"""Convert an assistant's message between its fields and the ordered blocks of a format.

Fields hold one text, then tool calls. Where blocks hold more, such as signed reasoning, server tools or
citations, they stay in `native[format]["content"]` and are sent again as they came, as long as their text
and calls agree with the fields: vendors check signatures and order. Fields that a caller has changed since
count, and such blocks are dropped and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeGuard

from attrs import frozen

from casual_llm.frozen import Json, freeze_object
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    ContentPart,
    Native,
    NativeContent,
    TextContent,
    ToolResultMessage,
)
from casual_llm.wire.arguments import arguments_of, object_at, object_or_text
from casual_llm.wire.json import items, mapping
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import Report, native_for, overlay_native, report_foreign

Block: TypeAlias = Mapping[str, Json]
ROLE, CONTENT = "role", "content"
"""Keys of `native` that fields of a message hold, the second of them the one under which blocks are kept."""


@frozen(kw_only=True)
class BlockFormat:
    """How a format converts the fields of an assistant's message to blocks, and blocks to fields."""

    name: str
    """The key of `native` under which blocks are read."""
    names: Collection[str]
    """The keys of `native` that mean the format."""
    text_of: Callable[[Sequence[Block]], str]
    calls_of: Callable[[Sequence[Block]], Sequence[AssistantToolCall]]
    is_plain: Callable[[Sequence[Block]], bool]
    """Whether text and tool calls hold all that the blocks hold."""
    write_call: Callable[[AssistantToolCall], Body]
    """Writes a call and the keys of its `native`."""
    valid_id: Callable[[str], str]
    """The id of a call as the format takes it, under which calls are compared."""
    replayed: Callable[[Body], Body | None]
    """A block as the server takes it again, with a valid id; `None` for one that it refuses or is blank."""
    refused: Callable[[Sequence[Block]], str | None]
    """Describes what of the blocks is lost because the server refuses it; `None` for nothing."""


def message_of(form: BlockFormat, blocks: Sequence[Block]) -> AssistantMessage:
    """Return the message that blocks are; it keeps them only where they hold more than its fields."""
    calls, content = form.calls_of(blocks), form.text_of(blocks)
    return AssistantMessage(
        content=content or (None if calls else ""),
        tool_calls=tuple(calls) or None,
        native=None if form.is_plain(blocks) else {form.name: {CONTENT: blocks}},
    )


def native_blocks(form: BlockFormat, message: AssistantMessage) -> list[Body]:
    """Return the blocks in which a message came."""
    if message.native is None:
        return []
    return [dict(mapping(item)) for item in items(native_for(message.native, form.names).get(CONTENT))]


def agreeing_blocks(form: BlockFormat, message: AssistantMessage) -> list[Body]:
    """Return the blocks in which a message came, if their text and calls are those of its fields."""
    blocks = native_blocks(form, message)
    if not blocks or form.text_of(blocks) != (message.content or ""):
        return []
    calls = _meaning(form, form.calls_of(blocks))
    return blocks if calls == _meaning(form, message.tool_calls or ()) else []


def _meaning(form: BlockFormat, calls: Iterable[AssistantToolCall]) -> list[tuple[str, str, Json]]:
    return [
        (form.valid_id(call.id), call.function.name, object_or_text(call.function.arguments))
        for call in calls
    ]


def canonical_answer(
    form: BlockFormat, message: AssistantMessage, path: str, report: Report
) -> AssistantMessage | None:
    """Return a message as its text and calls, or as its blocks where they hold more and agree with them.

    It is for formats that take no blank text and no refusal, and arguments as objects. `None` is a message
    of which nothing is left.
    """
    is_text = message.tool_calls is None and message.refusal is None and message.native is None
    if is_text and not is_blank(message.content):
        return message
    agreeing = agreeing_blocks(form, message)
    blocks = [block for block in map(form.replayed, agreeing) if block is not None]
    _report_native(form, message, agreeing, path, report)
    if not message.tool_calls and not blocks and is_blank(message.content) and is_blank(message.refusal):
        report.changed(path, "dropped", message.content)
        return None
    calls = _canonical_calls(form, message, blocks, path, report)
    content = form.text_of(blocks) if blocks else message.content
    if is_blank(content):
        content = None if calls else ""
    if content != message.content and (content or not message.refusal):
        report.changed(f"{path}.content", "rewritten", message.content, content)
    if message.refusal is not None:
        content = _with_refusal(content, message.refusal, path, report, has_content=bool(calls or blocks))
    native = _canonical_native(form, message, blocks)
    if agreeing and native_for(native, form.names).get(CONTENT) != agreeing:
        report.changed(f"{path}.native.{form.name}", "rewritten", "blocks", "the fields hold the same")
    if message.tool_calls is not None and not message.tool_calls:
        report.changed(f"{path}.tool_calls", "dropped", [])
    update = {"content": content, "tool_calls": calls or None, "refusal": None, "native": native}
    return message.model_copy(update=update)


def is_plain_text(part: ContentPart) -> TypeGuard[TextContent]:
    """Return whether a part is a text and nothing else.

    >>> is_plain_text(TextContent(text="Hi")), is_plain_text(TextContent(text="Hi", cache_control={}))
    (True, False)
    """
    return type(part) is TextContent and part.native is None and part.cache_control is None


def drop_part(part: ContentPart, path: str, report: Report) -> None:
    """Report a part that a format does not support by its type; what it holds may be long.

    >>> report = Report()
    >>> drop_part(NativeContent(format="openai", block={"type": "poem"}), "messages[0].content[0]", report)
    >>> report.losses[0].asked
    {'type': 'poem'}
    """
    kind = part.block.get("type") if isinstance(part, NativeContent) else part.type
    report.dropped(path, {"type": kind})


def canonical_reference(
    message: ToolResultMessage, identity: str, tool_names: Mapping[str, str], path: str, report: Report
) -> dict[str, object]:
    """Return what of a tool's result is written otherwise, where it names its call by a valid id alone.

    >>> report, result = Report(), ToolResultMessage(name="now", tool_call_id="1", content="12:00")
    >>> canonical_reference(result, "1", {"1": "clock"}, "messages[2]", report)
    {'name': 'clock'}
    """
    update: dict[str, object] = {}
    if identity != message.tool_call_id:
        report.changed(f"{path}.tool_call_id", "rewritten", message.tool_call_id, identity)
        update["tool_call_id"] = identity
    name = tool_names.get(identity, "")
    if name != message.name:  # a name that differs from the call's own is not sent
        report.dropped(f"{path}.name", message.name)
        update["name"] = name
    return update


def is_blank(text: str | None) -> bool:
    """Return whether a text holds nothing that is visible.

    >>> is_blank(" "), is_blank("a")
    (True, False)
    """
    return not text or text.isspace()


def _report_native(
    form: BlockFormat, message: AssistantMessage, agreeing: Sequence[Block], path: str, report: Report
) -> None:
    """Report what in `native` is another format's, does not agree with the fields, or is refused."""
    report_foreign(path, message.native, form.names, report)
    native = native_for(message.native, form.names)
    if ROLE in native:
        report.dropped(f"{path}.native.{form.name}.{ROLE}", native[ROLE])
    if not agreeing and CONTENT in native:
        report.dropped(f"{path}.native.{form.name}.{CONTENT}", "blocks that do not agree with the message")
    refused = form.refused(agreeing)
    if refused is not None:
        report.dropped(f"{path}.native.{form.name}.{CONTENT}", refused)


def _canonical_calls(
    form: BlockFormat, message: AssistantMessage, blocks: Sequence[Block], path: str, report: Report
) -> tuple[AssistantToolCall, ...]:
    """Return the calls, from the blocks where there are some; report what of each is written otherwise."""
    replayed, calls = form.calls_of(blocks), list[AssistantToolCall]()
    for index, call in enumerate(message.tool_calls or ()):
        call_path = f"{path}.tool_calls[{index}]"
        arguments = object_at(f"{call_path}.function.arguments", call.function.arguments)
        if blocks:
            report_foreign(call_path, call.native, form.names, report)
            calls.append(replayed[index])
        else:
            calls.append(_canonical_call(form, call, arguments_of(arguments), call_path, report))
        _report_call(form, call, calls[-1], call_path, report)
    return tuple(calls)


def _canonical_call(
    form: BlockFormat, call: AssistantToolCall, arguments: str, path: str, report: Report
) -> AssistantToolCall:
    identity = form.valid_id(call.id)
    if call.native is None and identity == call.id and arguments == call.function.arguments:
        return call
    function = call.function.model_copy(update={"arguments": arguments})
    canonical = call.model_copy(update={"id": identity, "function": function})
    if call.native is None:
        return canonical
    body = form.write_call(canonical.model_copy(update={"native": None}))
    read = form.calls_of([overlay_native(body, call.native, form.names, path, report)])
    return read[0].model_copy(update={"id": form.valid_id(read[0].id)}) if read else canonical


def _report_call(
    form: BlockFormat, call: AssistantToolCall, canonical: AssistantToolCall, path: str, report: Report
) -> None:
    if canonical is call:
        return
    if canonical.id != call.id:
        report.changed(f"{path}.id", "rewritten", call.id, canonical.id)
    before, after = call.function.arguments, canonical.function.arguments
    if before != after:
        report.changed(f"{path}.function.arguments", "rewritten", before, after)
    if native_for(canonical.native, form.names) != native_for(call.native, form.names):
        report.changed(f"{path}.native.{form.name}", "rewritten", "keys", "what the wire holds")


def _with_refusal(
    content: str | None, refusal: str, path: str, report: Report, *, has_content: bool
) -> str | None:
    """Return the refusal as the text of a message that has no other content."""
    if not refusal:
        report.changed(f"{path}.refusal", "rewritten", refusal)
    elif has_content or content:
        report.dropped(f"{path}.refusal", refusal)
    else:
        report.replaced(f"{path}.refusal", refusal, "a text")
        return refusal
    return content


def _canonical_native(
    form: BlockFormat, message: AssistantMessage, blocks: Sequence[Block]
) -> Mapping[str, Mapping[str, Json]] | None:
    """Return `native` with blocks only where they hold more than the fields."""
    keys = other_keys(message, form.names)
    if not form.is_plain(blocks):
        keys[CONTENT] = blocks
    native = {name: other for name, other in (message.native or {}).items() if name not in form.names}
    return {**native, form.name: keys} if keys else native or None


def other_keys(message: ChatMessage, names: Collection[str]) -> Body:
    """Return the keys of `native` for the object of a message, without its role and content."""
    native = native_for(message.native, names)
    return {key: value for key, value in native.items() if key not in {ROLE, CONTENT}}


def frozen_native(native: Native) -> Native:
    """Return keys of the wire if they have a JSON form: servers write NaN."""
    try:
        return {name: mapping(keys) for name, keys in freeze_object(native).items()} if native else None
    except ValueError:
        return None
