"""Parts of messages as content blocks: each gives its block and what of it has no word.

A blank text has no block, because the vendor refuses one ("text content blocks must contain
non-whitespace text"). A base64 source is written as one, however it was given.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from returns.result import safe

from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AudioContent,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    is_url,
)
from casual_llm.wire.encoding import PlacedError, without_none
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.media import Inline, inline
from casual_llm.wire.report import Loss, overlay_native, unsupported

NAME = "anthropic"
NAMES = (NAME,)
TEXT = "text/plain"
# What is else is refused ("String should match pattern", RequestToolUseBlock.id).
IDS = re.compile(r"[a-zA-Z0-9_-]+")

Body: TypeAlias = dict[str, Json]
Medium = TypeVar("Medium", bound=ImageContent | FileContent)


class EncodedBlocks(NamedTuple):
    """Blocks, and what they leave out."""

    blocks: list[Body]
    losses: list[Loss]


def is_blank(text: str | None) -> bool:
    """Tell whether a text says nothing, so that no block can hold it.

    >>> is_blank(" "), is_blank("a")
    (True, False)
    """
    return not text or not text.strip()


def blank_text(part: ContentPart) -> Mapping[str, Json] | None:
    """Give a part that is a blank text as the block that the vendor would refuse; `None` for any other.

    >>> blank_text(NativeContent(format="anthropic", block={"type": "text", "text": ""}))
    {'type': 'text', 'text': ''}
    """
    block: Mapping[str, Json] = {}
    if isinstance(part, TextContent):
        block = {"type": "text", "text": part.text, "cache_control": part.cache_control}
    elif isinstance(part, NativeContent) and part.format == NAME:
        block = part.block
    said = block.get("text")
    return block if block.get("type") == "text" and isinstance(said, str) and is_blank(said) else None


def parts_of(content: str | Sequence[ContentPart] | None) -> Sequence[ContentPart]:
    """Give content as parts; a text is one.

    >>> parts_of("Hi")
    [TextContent(type='text', text='Hi')]
    """
    return [TextContent(text=content)] if isinstance(content, str) else content or ()


def content_blocks(path: str, content: str | Sequence[ContentPart] | None) -> EncodedBlocks:
    """Write content as blocks, one for each part that says something.

    >>> content_blocks("messages[0].content", "Hi").blocks
    [{'type': 'text', 'text': 'Hi'}]
    """
    found = EncodedBlocks([], [])
    for index, part in enumerate(parts_of(content)):
        block, losses = _block(f"{path}[{index}]", part)
        found.blocks.extend([block] if block else [])
        found.losses.extend(losses)
    return found


def _block(path: str, part: ContentPart) -> tuple[Body, list[Loss]]:
    nothing = blank_text(part)
    if nothing is not None:
        return {}, _marks_of_nothing(path, nothing.get("cache_control"))
    if isinstance(part, NativeContent):
        lost = [unsupported(path, {"type": part.block.get("type")})]
        return (dict(part.block), []) if part.format == NAME else ({}, lost)
    if isinstance(part, AudioContent):
        return {}, [unsupported(path, {"type": "audio"})]
    block, losses = _medium(path, part)
    block |= without_none({"cache_control": thaw(part.cache_control)})
    laid, replaced = overlay_native(block, part.native, NAMES, path)
    return laid, [*losses, *replaced]


def _marks_of_nothing(path: str, mark: Json) -> list[Loss]:
    return [] if mark is None else [unsupported(f"{path}.cache_control", mark)]


def _medium(path: str, part: TextContent | ImageContent | FileContent) -> tuple[Body, list[Loss]]:
    if isinstance(part, TextContent):
        return {"type": "text", "text": part.text}, []
    losses = _of_a_url(path, part)
    if isinstance(part, FileContent):
        source, replaced = _document(path, part)
        return {"type": "document", "source": source, **without_none({"title": part.name})}, [
            *losses,
            *replaced,
        ]
    if part.detail is not None:
        losses.append(unsupported(f"{path}.detail", part.detail))
    return {"type": "image", "source": _source(path, part)}, losses


def _of_a_url(path: str, part: ImageContent | FileContent) -> list[Loss]:
    # What lies behind a URL is of the type that its server says.
    untold = type(part).model_fields["media_type"].default
    told = is_url(part.source) and part.media_type != untold
    return [unsupported(f"{path}.media_type", part.media_type)] if told else []


def _source(path: str, part: ImageContent | FileContent) -> Body:
    if is_url(part.source):
        return {"type": "url", "url": str(part.source)}
    held = in_base64(part)
    if held is None:
        problem = "a data URI that holds no base64 of the type it names"
        raise PlacedError(f"{path}.source", problem, 'give {"type": "base64", "data": ...} and media_type')
    return {"type": "base64", "media_type": held.media_type, "data": _data(held)}


def _data(part: ImageContent | FileContent) -> str:
    return part.source if isinstance(part.source, str) else part.source["data"]


def in_base64(part: Medium) -> Medium | None:
    """Give a part with its source in the one form that is written; `None` where there is none.

    >>> in_base64(ImageContent(source="data:image/png;base64,aGk=")).media_type
    'image/png'
    >>> in_base64(ImageContent(source="data:,no image")) is None
    True
    """
    held = inline(part)
    if held is None:
        return part if is_url(part.source) else None
    source = {"type": "base64", "data": _respelled(held) if isinstance(part, FileContent) else held.data}
    if part.source == source:
        return part
    made = safe(exceptions=(ValueError,))(lambda fields: type(part)(**fields))
    return made({**dict(part), "source": source, "media_type": held.media_type}).value_or(None)


def _respelled(held: Inline) -> str:
    # A text goes as text, and comes back in the usual spelling of base64.
    plain = _text(held.media_type, held.data)
    return held.data if plain is None else base64.b64encode(plain.encode()).decode()


def _text(media_type: str, data: str) -> str | None:
    """Give the text of a file that is one."""
    if not media_type.startswith("text/"):
        return None
    return safe(exceptions=(ValueError,))(lambda: base64.b64decode(data).decode())().value_or(None)


def _document(path: str, part: FileContent) -> tuple[Body, list[Loss]]:
    held = inline(part)
    plain = None if held is None else _text(held.media_type, held.data)
    if held is None or plain is None:
        return _source(path, part), []
    told = held.media_type
    # The vendor knows one type of text (RequestDocumentBlock, PlainTextSource).
    replaced = Loss(path=f"{path}.media_type", kind="replaced", asked=told, applied=TEXT)
    return {"type": "text", "media_type": TEXT, "data": plain}, [] if told == TEXT else [replaced]


def result_block(path: str, message: ToolResultMessage, name: str) -> EncodedBlocks:
    """Write a tool's result; `name` is that of the tool whose call it answers.

    >>> result = ToolResultMessage(name="now", tool_call_id="toolu_1", content="12:00")
    >>> result_block("messages[2]", result, "now").blocks[0]["content"]
    [{'type': 'text', 'text': '12:00'}]
    """
    blocks, losses = content_blocks(f"{path}.content", message.content)
    block: Body = {"type": "tool_result", "tool_use_id": valid_tool_call_id(message.tool_call_id, IDS)}
    told: Body = {"content": list(blocks) or None, "is_error": message.is_error}
    block |= without_none({**told, "cache_control": thaw(message.cache_control)})
    # A result names its call by id alone; a name that differs from the call's own is not said.
    named = [] if message.name == name else [unsupported(f"{path}.name", message.name)]
    laid, replaced = overlay_native(block, message.native, NAMES, path)
    return EncodedBlocks([laid], [*losses, *named, *replaced])


def system_block(path: str, message: SystemMessage) -> EncodedBlocks:
    """Write a system message, or nothing where it says nothing.

    >>> system_block("messages[0]", SystemMessage(content="Be brief.")).blocks
    [{'type': 'text', 'text': 'Be brief.'}]
    """
    if is_blank(message.content):
        return EncodedBlocks([], _marks_of_nothing(path, message.cache_control))
    block: Body = {"type": "text", "text": message.content}
    block |= without_none({"cache_control": thaw(message.cache_control)})
    laid, replaced = overlay_native(block, message.native, NAMES, path)
    return EncodedBlocks([laid], replaced)
