"""Write content parts as Anthropic's blocks, and read them back.

A block that one of our parts holds in full is read as one; any other stays as it is, as `NativeContent`.
A blank text has no block, because the vendor refuses one ("text content blocks must contain
non-whitespace text"). A base64 source is written as one, however it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import Any, NamedTuple, TypeAlias

from casual_llm.frozen import thaw
from casual_llm.messages import (
    AudioContent,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    TextContent,
    is_url,
)
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import mapping
from casual_llm.wire.media import base64_of, drop_media_type, plain, text_of_file
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import Block, drop_part, is_blank, is_plain_text
from casual_llm.wire.report import PlacedError, Report, drop_unsupported, native_for, overlay_native

FORMAT = "anthropic"
NAMES = (FORMAT,)
TEXT = "text/plain"
"""The one type of text that the vendor knows (RequestDocumentBlock, PlainTextSource)."""

Content: TypeAlias = str | Sequence[ContentPart] | None
Medium: TypeAlias = ImageContent | FileContent


def _blank_block(part: ContentPart) -> Block | None:
    """Return the block that the vendor would refuse, where a part is a blank text."""
    if isinstance(part, TextContent):
        block: Block = {"text": part.text, "cache_control": part.cache_control}
    elif isinstance(part, NativeContent) and part.format == FORMAT and part.block.get("type") == "text":
        block = part.block
    else:
        return None
    text = block.get("text")
    return block if isinstance(text, str) and is_blank(text) else None


def canonical_content(content: Content, path: str, report: Report) -> Content:
    """Return the parts that the format holds, in their one form; a text alone is a `str`."""
    if content is None or isinstance(content, str):
        if not content or not is_blank(content):
            return content
        report.changed(path, "dropped", content)
        return ""
    canonical = [
        part
        if is_plain_text(part) and not is_blank(part.text)
        else _canonical(part, f"{path}[{index}]", report)
        for index, part in enumerate(content)
    ]
    parts = [part for part in canonical if part is not None]
    if len(parts) == 1 and is_plain_text(parts[0]):
        report.changed(path, "rewritten", "a list of one text", "a text")
        return parts[0].text
    return content if all(map(is_, canonical, content)) else tuple(parts)


def _canonical(part: ContentPart, path: str, report: Report) -> ContentPart | None:
    blank = _blank_block(part)
    if blank is not None:
        if blank.get("cache_control") is not None:
            report.dropped(f"{path}.cache_control", blank["cache_control"])
        report.changed(path, "dropped", blank["text"])
        return None
    if isinstance(part, NativeContent) and part.format == FORMAT:
        return _canonical_block(part, path, report)
    if isinstance(part, NativeContent | AudioContent):
        drop_part(part, path, report)
        return None
    canonical = part if isinstance(part, TextContent) else _canonical_medium(part, path, report)
    if canonical.native is not None:
        overlay_native(_written(canonical), canonical.native, NAMES, path, report)
    return canonical


def _canonical_block(part: NativeContent, path: str, report: Report) -> ContentPart:
    """Return the text that a block is; any other block is sent as it is, whatever part it is read as."""
    known = read_part(part.block)
    if known == part:
        return part
    report.changed(path, "rewritten", "a block", f"a part: {known.type}")
    return known if is_plain_text(known) else part


def _canonical_medium(part: Medium, path: str, report: Report) -> Medium:
    update: dict[str, object] = {}
    if is_url(part.source):
        canonical, update = part, drop_media_type(part, path, report)
    else:
        canonical = _in_base64(part, path)
        if canonical is not part:
            report.changed(f"{path}.source", "rewritten", "a text", "base64")
        if canonical.media_type != TEXT and text_of_file(canonical) is not None:
            report.replaced(f"{path}.media_type", canonical.media_type, TEXT)
            update["media_type"] = TEXT
    if isinstance(part, ImageContent):
        update |= drop_unsupported(part, ("detail",), path, report)
    return canonical.model_copy(update=update) if update else canonical


def _in_base64(part: Medium, path: str) -> Medium:
    canonical = plain(part)
    if isinstance(canonical.source, str):
        problem = "the data URI does not hold base64 of the type that it names"
        remedy = 'use {"type": "base64", "data": ...} and media_type'
        raise PlacedError(f"{path}.source", problem, remedy)
    text = text_of_file(canonical)
    if text is None or base64_of(text) == canonical.source["data"]:
        return canonical
    # A text goes as text, and comes back in the usual spelling of base64.
    return canonical.model_copy(update={"source": {"type": "base64", "data": base64_of(text)}})


def write_content(content: Content) -> list[Body]:
    """Write canonical content as blocks.

    >>> write_content("Hi")
    [{'type': 'text', 'text': 'Hi'}]
    """
    if not content:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [{"type": "text", "text": part.text} if is_plain_text(part) else _write(part) for part in content]


def _write(part: ContentPart) -> Body:
    if isinstance(part, NativeContent):
        return dict(part.block)
    body = _written(part)
    return body if part.native is None else {**body, **native_for(part.native, NAMES)}


def _written(part: ContentPart) -> Body:
    body = _PARTS[part.type].write(part)
    mark = getattr(part, "cache_control", None)
    return body if mark is None else {**body, "cache_control": thaw(mark)}


def _write_text(part: TextContent) -> Body:
    return {"type": "text", "text": part.text}


def _read_text(block: Block) -> Body | None:
    return {"text": block["text"]} if isinstance(block.get("text"), str) else None


def _write_image(part: ImageContent) -> Body:
    return {"type": "image", "source": _write_source(part)}


def _write_document(part: FileContent) -> Body:
    text = text_of_file(part)
    source = _write_source(part) if text is None else {"type": "text", "media_type": TEXT, "data": text}
    return {"type": "document", "source": source, **without_none({"title": part.name})}


def _read_document(block: Block) -> Body | None:
    source = _read_source(block)
    return None if source is None else {**source, "name": block.get("title")}


def _write_source(part: Medium) -> Body:
    if isinstance(part.source, str):
        return {"type": "url", "url": part.source}
    return {"type": "base64", "media_type": part.media_type, "data": part.source["data"]}


def _read_source(block: Block) -> Body | None:
    source = mapping(block.get("source"))
    kind, data, media_type = source.get("type"), source.get("data"), source.get("media_type")
    if source.keys() == {"type", "url"} and kind == "url":
        return {"source": source["url"]} if is_url(source["url"]) else None
    if source.keys() != {"type", "media_type", "data"} or not isinstance(data, str):
        return None
    if kind == "text" and media_type == TEXT:
        kind, data = "base64", base64_of(data)
    return {"source": {"type": kind, "data": data}, "media_type": media_type} if kind == "base64" else None


class _PartFormat(NamedTuple):
    block_type: str
    part_type: type[TextContent | Medium]
    keys: frozenset[str]
    """The keys of a block that fields hold, in addition to those of all blocks."""
    write: Callable[[Any], Body]
    read: Callable[[Block], Body | None]
    """Returns the fields of the part, or `None` where they cannot hold the block."""


_PARTS: Mapping[str, _PartFormat] = {
    "text": _PartFormat("text", TextContent, frozenset({"text"}), _write_text, _read_text),
    "image": _PartFormat("image", ImageContent, frozenset({"source"}), _write_image, _read_source),
    "file": _PartFormat(
        "document", FileContent, frozenset({"source", "title"}), _write_document, _read_document
    ),
}
"""By our name of a part."""
_BLOCKS = {form.block_type: form for form in _PARTS.values()}


def read_part(block: Block) -> ContentPart:
    """Read a block of a user's, or of a tool's result.

    >>> read_part({"type": "container_upload", "file_id": "f_1"}).format
    'anthropic'
    """
    form = _BLOCKS.get(str(block.get("type")))
    try:
        fields = None if form is None else form.read(block)
        if form is not None and fields is not None:
            return form.part_type.model_validate({**fields, **other_fields(block, {"type", *form.keys})})
    except ValueError:  # a value that the part refuses
        pass
    return NativeContent(format=FORMAT, block=block)


def other_fields(block: Block, known: set[str]) -> Body:
    """Return the fields of all blocks: the mark for the prompt cache, and keys that no field holds."""
    native = {key: value for key, value in block.items() if key not in {*known, "cache_control"}}
    mark = block.get("cache_control")
    if mark is not None and not isinstance(mark, Mapping):
        native["cache_control"] = mark
    fields: Body = {"cache_control": mark} if isinstance(mark, Mapping) else {}
    return {**fields, "native": {FORMAT: native}} if native else fields


def compact(parts: Sequence[ContentPart]) -> str | tuple[ContentPart, ...]:
    """Return parts in the one form that is read: a text alone is a `str`.

    >>> compact([TextContent(text="Hi")])
    'Hi'
    """
    return parts[0].text if len(parts) == 1 and is_plain_text(parts[0]) else tuple(parts)
