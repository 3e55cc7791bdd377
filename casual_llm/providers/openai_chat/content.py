"""Canonicalise content parts for a dialect; write each as its object on the wire, and read it back.

A part that one of our classes holds in full is read as one; any other stays as it is, as `NativeContent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import Any

from casual_llm.frozen import Json, freeze_object, thaw
from casual_llm.messages import (
    AudioContent,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    TextContent,
    is_reference,
    is_url,
)
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import items, mapping, text
from casual_llm.wire.media import DEFAULT_IMAGE_TYPE, drop_media_type, has_default_media_type, plain, uri_of
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import drop_part, is_plain_text
from casual_llm.wire.reading import objects_at
from casual_llm.wire.report import Report, drop_unsupported, native_for, overlay_native

FORMAT = "openai"
_AUDIO_FORMATS: Mapping[str, str] = {"audio/mpeg": "mp3"}
"""Media types whose name on the wire is not their second half."""
_MEDIA_TYPES = {name: media_type for media_type, name in _AUDIO_FORMATS.items()}
Content = str | Sequence[ContentPart] | None
Medium = ImageContent | FileContent | AudioContent


def canonical_content(
    content: Content, dialect: Dialect, path: str, report: Report, *, media: bool = True
) -> Content:
    """Return the parts that the dialect holds, in their one form; text alone where no media may stand."""
    if content is None or isinstance(content, str):
        return content
    parts = [
        part if is_plain_text(part) else _canonical(part, dialect, f"{path}[{index}]", report, media=media)
        for index, part in enumerate(content)
    ]
    if all(map(is_, parts, content)):
        return content
    return tuple(part for part in parts if part is not None) or ""


def _canonical(
    part: ContentPart, dialect: Dialect, path: str, report: Report, *, media: bool
) -> ContentPart | None:
    if isinstance(part, NativeContent):
        if part.format in dialect.names:
            return part
        drop_part(part, path, report)
        return None
    update: dict[str, object] = {}
    if not isinstance(part, TextContent):
        if not (media and _supports(part, dialect)):
            drop_part(part, path, report)
            return None
        update = _canonical_source(part, path, report)
    if not dialect.cache_control:
        update |= drop_unsupported(part, ("cache_control",), path, report)
    canonical = part.model_copy(update=update) if update else part
    if canonical.native is not None:
        overlay_native(_written(canonical, dialect), canonical.native, dialect.names, path, report)
    return canonical


def _supports(part: Medium, dialect: Dialect) -> bool:
    if isinstance(part, ImageContent):
        return dialect.image_urls or not is_url(part.source)
    if is_url(part.source):
        return isinstance(part, FileContent) and dialect.file_urls and dialect.files != "none"
    readable = not isinstance(plain(part).source, str)  # a data URI that holds what it names
    return readable and (dialect.audio if isinstance(part, AudioContent) else dialect.files != "none")


def _canonical_source(part: Medium, path: str, report: Report) -> dict[str, object]:
    """Return what of a source is written otherwise: base64 in one form, and a URL without media type."""
    if is_url(part.source):
        return drop_media_type(part, path, report)
    canonical = plain(part)
    update: dict[str, object] = {"source": canonical.source, "media_type": canonical.media_type}
    if canonical is part:
        if not isinstance(part.source, str) or has_default_media_type(part):
            return {}
        update["media_type"] = DEFAULT_IMAGE_TYPE  # an unreadable URI alone declares its type
    report.changed(f"{path}.source", "rewritten", {"type": part.type}, {"type": "base64"})
    return update


def write_content(content: Content, dialect: Dialect) -> Json:
    """Write canonical content: a text, or a list of parts."""
    if content is None or isinstance(content, str):
        return content
    return [
        {"type": "text", "text": part.text} if is_plain_text(part) else _write(part, dialect)
        for part in content
    ]


def _write(part: ContentPart, dialect: Dialect) -> Body:
    if isinstance(part, NativeContent):
        return dict(part.block)
    body = _written(part, dialect)
    return body if part.native is None else {**body, **native_for(part.native, dialect.names)}


def _written(part: TextContent | Medium, dialect: Dialect) -> Body:
    body = _WRITERS[part.type](part, dialect)
    return body if part.cache_control is None else {**body, "cache_control": thaw(part.cache_control)}


def _write_text(part: TextContent, _: Dialect) -> Body:
    return {"type": "text", "text": part.text}


def _read_text(value: Json) -> TextContent | None:
    return TextContent(text=value) if isinstance(value, str) else None


def _write_image(part: ImageContent, _: Dialect) -> Body:
    return {"type": "image_url", "image_url": without_none({"url": uri_of(part), "detail": part.detail})}


def _read_image(value: Json) -> ImageContent | None:
    fields = {"url": value} if isinstance(value, str) else mapping(value)  # Mistral takes the bare URL, too
    url, detail = fields.get("url"), fields.get("detail")
    if not (fields.keys() <= {"url", "detail"} and isinstance(url, str) and isinstance(detail, str | None)):
        return None
    return plain(ImageContent(source=url, detail=detail)) if is_reference(url) else None


def _write_file(part: FileContent, dialect: Dialect) -> Body:
    if dialect.files == "document_url":
        fields: Body = {"type": "document_url", "document_url": uri_of(part), "document_name": part.name}
        return without_none(fields)
    return {"type": "file", "file": without_none({"filename": part.name, "file_data": uri_of(part)})}


def _read_file(value: Json) -> FileContent | None:
    fields = mapping(value)
    file, name = _read_document(fields.get("file_data")), fields.get("filename")
    if not (fields.keys() <= {"file_data", "filename"} and isinstance(name, str | None)):
        return None
    return file if file is None or name is None else file.model_copy(update={"name": name})


def _read_document(uri: Json) -> FileContent | None:
    if not isinstance(uri, str) or not is_reference(uri):
        return None
    file = plain(FileContent(source=uri))
    return file if is_url(file.source) or not isinstance(file.source, str) else None


def _write_audio(part: AudioContent, _: Dialect) -> Body:
    name = _AUDIO_FORMATS.get(part.media_type, part.media_type.partition("/")[2])
    data = uri_of(part).partition(",")[2]
    return {"type": "input_audio", "input_audio": {"data": data, "format": name}}


def _read_audio(value: Json) -> AudioContent | None:
    fields = mapping(value)
    data, name = fields.get("data"), fields.get("format")
    if not (fields.keys() == {"data", "format"} and isinstance(data, str) and isinstance(name, str)):
        return None
    media_type = _MEDIA_TYPES.get(name, f"audio/{name}")
    if _AUDIO_FORMATS.get(media_type, name) != name:
        return None
    try:
        return AudioContent(source={"type": "base64", "data": data}, media_type=media_type)
    except ValueError:
        return None


_WRITERS: Mapping[str, Callable[[Any, Dialect], Body]] = {
    "text": _write_text,
    "image": _write_image,
    "file": _write_file,
    "audio": _write_audio,
}
"""By our name of a part."""
_READERS: Mapping[str, Callable[[Json], TextContent | Medium | None]] = {
    "text": _read_text,
    "image_url": _read_image,
    "file": _read_file,
    "document_url": _read_document,
    "input_audio": _read_audio,
}
"""By the wire's name of a part, which is also the key of what it holds."""


def read_content(path: str, content: Json, dialect: Dialect) -> str | tuple[ContentPart, ...] | None:
    """Read a text, or a list of parts."""
    if content is None or isinstance(content, str):
        return content
    parts = enumerate(objects_at(path, content))
    return tuple(_read(f"{path}[{index}]", part, dialect) for index, part in parts)


def _read(path: str, part: Mapping[str, Json], dialect: Dialect) -> ContentPart:
    kind = str(part.get("type"))
    reader = _READERS.get(kind)
    read = None if reader is None else reader(part.get(kind))
    if read is None:
        return NativeContent(format=FORMAT, block=freeze_object(part, path))
    mark, known = part.get("cache_control"), {"type", kind}
    update: dict[str, object] = {}
    if isinstance(mark, Mapping):
        update["cache_control"] = freeze_object(mark, f"{path}.cache_control")
        known |= {"cache_control"}
    name = part.get("document_name")
    if kind == "document_url" and isinstance(name, str):
        update["name"] = name
        known |= {"document_name"}
    native = native_of(path, part, known, dialect)
    if not update and not native:
        return read
    return read.model_validate({**dict(read), **update, "native": native})


def native_of(
    path: str, fields: Mapping[str, Json], known: set[str], dialect: Dialect
) -> dict[str, Mapping[str, Json]] | None:
    """Return the keys that no field of ours holds; `null` is what leaving a key out means.

    What a server wants to see again, such as its reasoning, is for that server and for no other.
    """
    native: dict[str, dict[str, Json]] = {FORMAT: {}, dialect.name: {}}
    for key, value in fields.items():
        if key not in known and value is not None:
            native[dialect.name if key in dialect.replayed_fields else FORMAT][key] = value
    return {name: freeze_object(keys, path) for name, keys in native.items() if keys} or None


def text_of(content: Json) -> str:
    """Return the text of content, be it a text or a list of parts.

    >>> text_of([{"type": "thinking", "thinking": []}, {"type": "text", "text": "Paris."}])
    'Paris.'
    """
    return text(content) or "".join(text(mapping(part).get("text")) for part in items(content))
