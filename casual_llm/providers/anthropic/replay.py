"""The blocks of an answer: text and calls as fields, and what else goes back to the vendor as it came.

Thinking is signed, and the vendor checks signatures and order, so blocks that hold more than the fields
are kept in `native` and sent again (`wire/parts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from casual_llm.messages import AssistantToolCall, AssistantToolCallFunction, Native
from casual_llm.providers.anthropic.content import FORMAT, NAMES
from casual_llm.wire.arguments import compact_arguments, object_or_text
from casual_llm.wire.encoding import without_none
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.json import text
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import Block, BlockFormat, is_blank
from casual_llm.wire.report import native_for

DIRECT: Block = {"type": "direct"}
"""The caller of a tool that the model calls itself, which is what leaving it out means."""
# What is else is refused ("String should match pattern", RequestToolUseBlock.id).
_IDS = re.compile(r"[a-zA-Z0-9_-]+")


def is_unsigned(block: Block) -> bool:
    """Return whether a block is thinking that the vendor did not sign and would refuse to see again.

    >>> is_unsigned({"type": "thinking", "thinking": "Hm.", "signature": ""})
    True
    """
    return block.get("type") == "thinking" and not block.get("signature")


def is_plain(blocks: Iterable[Block]) -> bool:
    """Return whether content and tool calls hold all that the blocks hold.

    >>> is_plain([{"type": "text", "text": "a"}, {"type": "tool_use", "id": "1", "name": "f", "input": {}}])
    True
    >>> is_plain([{"type": "redacted_thinking", "data": "x"}])
    False
    """
    called = False
    for block in blocks:
        if block.get("type") == "tool_use":
            called = True
        elif called or block.get("type") != "text" or not _is_plain_text(block):
            return False
    return True


def _is_plain_text(block: Block) -> bool:
    return all(key in {"type", "text"} or (key == "citations" and not block[key]) for key in block)


def text_of(blocks: Iterable[Block], kind: str = "text") -> str:
    """Join the texts of one kind of blocks.

    >>> text_of([{"type": "text", "text": "Par"}, {"type": "text", "text": "is."}])
    'Paris.'
    """
    return "".join(text(block.get(kind)) for block in blocks if block.get("type") == kind)


def calls_of(blocks: Iterable[Block]) -> tuple[AssistantToolCall, ...]:
    """Read the calls of tools that the caller runs.

    >>> calls_of([{"type": "tool_use", "id": "1", "name": "f", "input": {}}])[0].function.arguments
    '{}'
    """
    return tuple(_read_call(block) for block in blocks if block.get("type") == "tool_use")


def _read_call(block: Block) -> AssistantToolCall:
    function = AssistantToolCallFunction(
        name=text(block.get("name")), arguments=compact_arguments(block.get("input"))
    )
    return AssistantToolCall(id=text(block.get("id")), function=function, native=native_of_call(block))


def native_of_call(block: Block) -> Native:
    """Return what a call holds in addition to its id, name and input.

    >>> native_of_call({"type": "tool_use", "id": "1", "name": "f", "caller": {"type": "direct"}})
    """
    known = {"type", "id", "name", "input"}
    native = {key: value for key, value in block.items() if key not in known and value is not None}
    if native.get("caller") == DIRECT:
        del native["caller"]
    return {FORMAT: native} if native else None


def write_call(call: AssistantToolCall) -> Body:
    """Write a call; arguments that are not an object are written as the text that they are."""
    body: Body = {
        "type": "tool_use",
        "id": call.id,
        "name": call.function.name,
        "input": object_or_text(call.function.arguments),
    }
    return body if call.native is None else without_none({**body, **native_for(call.native, NAMES)})


def valid_id(identity: str) -> str:
    """Return the id of a call as the vendor takes it.

    >>> valid_id("toolu_1")
    'toolu_1'
    """
    return valid_tool_call_id(identity, _IDS)


def _replayed(block: Body) -> Body | None:
    if is_unsigned(block) or (block.get("type") == "text" and is_blank(text(block.get("text")))):
        return None
    is_call = block.get("type") == "tool_use"
    return {**block, "id": valid_id(text(block.get("id")))} if is_call else block


def _refused(blocks: Sequence[Block]) -> str | None:
    return "thinking that is not signed" if text_of(filter(is_unsigned, blocks), "thinking") else None


BLOCKS = BlockFormat(
    name=FORMAT,
    names=NAMES,
    text_of=text_of,
    calls_of=calls_of,
    is_plain=is_plain,
    valid_id=valid_id,
    write_call=write_call,
    replayed=_replayed,
    refused=_refused,
)
