"""What the assistant said, as blocks and back.

Flat fields say texts, then tool calls. Where blocks say more, such as signed thinking, server tools
or citations, they are kept in `native` and sent again as they came, if they still agree with the
fields beside them: the vendor checks signatures and order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic_core import from_json

from casual_llm.frozen import Json, freeze_object
from casual_llm.messages import AssistantMessage, AssistantToolCall, AssistantToolCallFunction, Native
from casual_llm.providers.anthropic.blocks import IDS, NAME, NAMES, Body, EncodedBlocks, is_blank
from casual_llm.wire.encoding import PlacedError, without_none
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.json import dump, items, mapping, text
from casual_llm.wire.report import Loss, foreign_native, native_for, overlay_native, unsupported

Block = Mapping[str, Json]
DIRECT: Block = {"type": "direct"}
"""The caller of a tool that the model calls itself, which is what leaving it out means."""


def is_unsigned(block: Block) -> bool:
    """Tell whether a block is thinking that the vendor did not sign and would refuse to see again.

    >>> is_unsigned({"type": "thinking", "thinking": "Hm.", "signature": ""})
    True
    """
    return block.get("type") == "thinking" and not block.get("signature")


def is_flat(blocks: Iterable[Block]) -> bool:
    """Tell whether content and tool calls say all that the blocks say.

    >>> is_flat([{"type": "text", "text": "a"}, {"type": "tool_use", "id": "1", "name": "f", "input": {}}])
    True
    >>> is_flat([{"type": "redacted_thinking", "data": "x"}])
    False
    """
    called = False
    for block in blocks:
        if block.get("type") == "tool_use":
            called = True
        elif called or block.get("type") != "text" or _beside_text(block):
            return False
    return True


def _beside_text(block: Block) -> bool:
    further = {key: value for key, value in block.items() if key not in {"type", "text"}}
    return any(key != "citations" or value for key, value in further.items())


def texts_of(blocks: Iterable[Block], kind: str = "text") -> str:
    """Join the texts of one kind of blocks.

    >>> texts_of([{"type": "text", "text": "Par"}, {"type": "text", "text": "is."}])
    'Paris.'
    """
    return "".join(text(block.get(kind)) for block in blocks if block.get("type") == kind)


def arguments_of(given: Json) -> str:
    """Give the input of a call as text; some servers send the text itself.

    >>> arguments_of({"city": "Oslo"})
    '{"city":"Oslo"}'
    """
    if given is None:
        return "{}"
    return given if isinstance(given, str) else dump(given).decode()


def calls_of(blocks: Iterable[Block]) -> tuple[AssistantToolCall, ...]:
    """Read the calls of tools that the caller runs.

    >>> calls_of([{"type": "tool_use", "id": "1", "name": "f", "input": {}}])[0].function.arguments
    '{}'
    """
    return tuple(
        AssistantToolCall(
            id=text(block.get("id")),
            function=AssistantToolCallFunction(
                name=text(block.get("name")), arguments=arguments_of(block.get("input"))
            ),
            native=beside_call(block),
        )
        for block in blocks
        if block.get("type") == "tool_use"
    )


def beside_call(block: Block) -> Native:
    """Give what a call says beside its id, name and input.

    >>> beside_call({"type": "tool_use", "id": "1", "name": "f", "input": {}, "caller": {"type": "direct"}})
    """
    known = {"type", "id", "name", "input"}
    further = {key: value for key, value in block.items() if key not in known and value is not None}
    if further.get("caller") == DIRECT:
        del further["caller"]
    return {NAME: further} if further else None


def assistant_of(blocks: Sequence[Block]) -> AssistantMessage:
    """Read a message from its blocks, which are kept only where they say more than the message.

    >>> assistant_of([{"type": "text", "text": "Hi"}]).native is None
    True
    """
    calls, said = calls_of(blocks), texts_of(blocks)
    return AssistantMessage(
        content=said or (None if calls else ""),
        tool_calls=calls or None,
        native=None if is_flat(blocks) else {NAME: {"content": blocks}},
    )


def kept_blocks(message: AssistantMessage) -> list[Body] | None:
    """Give the blocks in `native` if they agree with the fields; `None` where there are none that do.

    >>> blocks = [{"type": "text", "text": "a", "citations": ["..."]}]
    >>> kept_blocks(AssistantMessage(content="b", native={"anthropic": {"content": blocks}}))
    """
    blocks = [dict(mapping(item)) for item in items(native_for(message.native, NAMES).get("content"))]
    if not blocks or texts_of(blocks) != (message.content or ""):
        return None
    return blocks if _meant(calls_of(blocks)) == _meant(message.tool_calls or ()) else None


def _meant(calls: Iterable[AssistantToolCall]) -> list[tuple[str, str, Json]]:
    return [(valid_tool_call_id(call.id, IDS), call.function.name, input_or_text(call)) for call in calls]


def input_or_text(call: AssistantToolCall) -> Json:
    """Read the arguments of a call; what is no JSON object is the text it is.

    >>> input_or_text(AssistantToolCall(id="1", function=AssistantToolCallFunction(name="f", arguments="{")))
    '{'
    """
    try:
        return input_of("", call)
    except PlacedError:
        return call.function.arguments


def replayed(message: AssistantMessage) -> list[Body]:
    """Give the blocks that are sent again: all that are kept and that the vendor takes.

    >>> replayed(AssistantMessage(content="a"))
    []
    """
    kept = (block for block in kept_blocks(message) or () if not (is_unsigned(block) or _is_empty(block)))
    return [_identified(block) for block in kept]


def _identified(block: Body) -> Body:
    return (
        {**block, "id": valid_tool_call_id(text(block.get("id")), IDS)}
        if block.get("type") == "tool_use"
        else block
    )


def _is_empty(block: Block) -> bool:
    return block.get("type") == "text" and is_blank(text(block.get("text")))


def says(message: AssistantMessage) -> bool:
    """Tell whether anything of a message can be sent.

    >>> says(AssistantMessage(content=" "))
    False
    """
    texts = (message.content, message.refusal)
    return bool(message.tool_calls or not all(map(is_blank, texts)) or replayed(message))


def spoken_blocks(path: str, message: AssistantMessage) -> EncodedBlocks:
    """Write text and tool calls, or the blocks that they came in, and tell what the calls leave out.

    >>> spoken_blocks("messages[1]", AssistantMessage(content="Hi")).blocks
    [{'type': 'text', 'text': 'Hi'}]
    """
    texts: list[Body] = [] if is_blank(message.content) else [{"type": "text", "text": message.content}]
    kept, found = replayed(message), EncodedBlocks(texts, [])
    for index, call in enumerate(message.tool_calls or ()):
        place = f"{path}.tool_calls[{index}]"
        block, losses = _tool_use(place, call)
        found.blocks.append(block)
        found.losses.extend(foreign_native(place, call.native, NAMES) if kept else losses)
    return EncodedBlocks(kept, found.losses) if kept else found


def _tool_use(path: str, call: AssistantToolCall) -> tuple[Body, list[Loss]]:
    told: Body = {
        "type": "tool_use",
        "id": call.id,
        "name": call.function.name,
        "input": input_of(path, call),
    }
    body, losses = overlay_native(told, call.native, NAMES, path)
    if body.get("caller") == DIRECT:  # read back, it would not be there
        del body["caller"]
    return _identified(without_none(body)), losses


def input_of(path: str, call: AssistantToolCall) -> Mapping[str, Json]:
    """Read the arguments of a call as the object that the vendor wants; no text at all is an empty one.

    >>> function = AssistantToolCallFunction(name="f", arguments='{"city": "Oslo"}')
    >>> input_of("messages[1].tool_calls[0]", AssistantToolCall(id="1", function=function))
    {'city': 'Oslo'}
    """
    given = call.function.arguments
    if is_blank(given):
        return {}
    try:
        return freeze_object(from_json(given.encode()), "arguments")
    except ValueError as error:
        problem = f"not a JSON object: {error}"
        remedy = "repair the JSON, or leave out this call and its result"
        raise PlacedError(f"{path}.function.arguments", problem, remedy) from None


def assistant_blocks(path: str, message: AssistantMessage) -> EncodedBlocks:
    """Write a message, and tell what its blocks leave out.

    >>> assistant_blocks("messages[1]", AssistantMessage(refusal="I will not.")).blocks
    [{'type': 'text', 'text': 'I will not.'}]

    The format has no word for a refusal, so it is said as a text, and only where nothing else is.
    """
    blocks, lost = spoken_blocks(path, message)
    losses = [*foreign_native(path, message.native, NAMES), *lost]
    if "content" in native_for(message.native, NAMES) and kept_blocks(message) is None:
        losses.append(
            unsupported(f"{path}.native.{NAME}.content", "blocks that do not agree with the message")
        )
    if texts_of(filter(is_unsigned, kept_blocks(message) or ()), "thinking"):
        losses.append(unsupported(f"{path}.native.{NAME}.content", "thinking that is not signed"))
    if message.refusal and blocks:
        losses.append(unsupported(f"{path}.refusal", message.refusal))
    elif message.refusal and not is_blank(message.refusal):
        blocks = [{"type": "text", "text": message.refusal}]
        losses.append(Loss(path=f"{path}.refusal", kind="replaced", asked=message.refusal, applied="a text"))
    return EncodedBlocks(blocks, losses)


def joined(turns: Sequence[Sequence[Body]]) -> list[Body]:
    """Join what several messages in a row say into one, its tool calls last.

    >>> joined([[{"type": "tool_use", "id": "1"}], [{"type": "text", "text": "a"}]])[0]["type"]
    'text'
    """
    blocks = [block for turn in turns for block in turn]
    if len(turns) > 1:
        blocks.sort(key=lambda block: block.get("type") == "tool_use")
    if len(turns) == 1 or not is_flat(blocks):
        return blocks
    texts: list[Body] = [{"type": "text", "text": texts_of(blocks)}] if texts_of(blocks) else []
    return [*texts, *(block for block in blocks if block.get("type") == "tool_use")]
