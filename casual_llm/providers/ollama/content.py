"""Write and read content: one text, and raw images in a list next to it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import ContentPart, ImageContent, TextContent, is_reference, is_url
from casual_llm.wire.images import media_type_of
from casual_llm.wire.json import text
from casual_llm.wire.media import DEFAULT_IMAGE_TYPE, Inline, inline, parse_data_uri
from casual_llm.wire.message_format import Body
from casual_llm.wire.parts import drop_part, is_plain_text
from casual_llm.wire.reading import list_at, optional_text_at
from casual_llm.wire.report import PlacedError, Report, drop_unsupported, report_foreign

Content = str | Sequence[ContentPart] | None
_FETCH = "fetch the image first: fetch_image_as_base64 for a URL, read_image for a file"
_EMPTY_TEXT = TextContent(text="")
_SIGNATURE = 16  # of base64: twelve bytes, enough to detect every type that we know


def canonical_content(content: Content, path: str, report: Report, *, empty: str | None = "") -> Content:
    """Return content in the form in which it is read back: a text, or a text and then images.

    `path` is that of the message, and `empty` is the form of what holds nothing.
    """
    if content and isinstance(content, str):
        return content
    texts = [part.text for part in content or () if is_plain_text(part)]
    if content and len(texts) < len(content):
        return _canonical_parts(content, f"{path}.content", report)
    canonical = "\n".join(texts) if content else empty
    if canonical != content:
        report.changed(f"{path}.content", "rewritten", _types(content), _types(canonical))
    return canonical


def _types(content: Content) -> Json:
    """Return the types of the parts, without what they hold, which may be long."""
    if content is None or isinstance(content, str):
        return content and "text"
    return [part.type for part in content]


def _canonical_parts(parts: Sequence[ContentPart], path: str, report: Report) -> Content:
    """Join the texts in front of the images, and report what is lost; where nothing is, what changes."""
    losses, texts, images, rewritten = len(report.losses), list[str](), list[ImageContent](), False
    for index, part in enumerate(parts):
        _report_part(part, f"{path}[{index}]", report)
        if isinstance(part, TextContent):
            texts.append(part.text)
        elif isinstance(part, ImageContent):
            image, is_rewritten = _canonical_image(part, f"{path}[{index}]", report)
            images.append(image)
            rewritten = rewritten or is_rewritten
    joined = "\n".join(texts)
    canonical: Content = (*([TextContent(text=joined)] if joined else []), *images) if images else joined
    if len(report.losses) == losses:
        if canonical == parts:
            return parts
        report.changed(path, "rewritten", _types(parts), _types(canonical))
        return canonical
    if texts == [""] and _EMPTY_TEXT in parts:  # nothing else reports it where the rest is lost
        report.dropped(f"{path}[{parts.index(_EMPTY_TEXT)}]", {"type": "text"})
    if rewritten:
        report.changed(path, "rewritten", _types(parts), _types(parts))
    return canonical


def _report_part(part: ContentPart, path: str, report: Report) -> None:
    if not isinstance(part, TextContent | ImageContent):
        drop_part(part, path, report)
        return
    report_foreign(path, part.native, (), report)  # a part has no object of its own to hold keys
    drop_unsupported(part, ("cache_control",), path, report)


def _canonical_image(part: ImageContent, path: str, report: Report) -> tuple[ImageContent, bool]:
    """Return an image as base64 of the type that its bytes have, and whether that is another form of it."""
    declared, data = _inline(part, path)
    media_type = media_type_in(data)
    drop_unsupported(part, ("detail",), path, report)
    is_lost = media_type is None and declared != DEFAULT_IMAGE_TYPE
    if is_lost:  # the server reads the type from the bytes, and these do not reveal it
        report.dropped(f"{path}.media_type", declared)
    media_type = media_type or DEFAULT_IMAGE_TYPE
    if isinstance(part.source, str):
        return ImageContent(source={"type": "base64", "data": data}, media_type=media_type), not is_lost
    update = {"media_type": media_type, "detail": None, "cache_control": None, "native": None}
    return part.model_copy(update=update), not (is_lost or part.media_type == media_type)


def _inline(part: ImageContent, path: str) -> Inline:
    if is_url(part.source):
        raise PlacedError(path, "Ollama does not accept image URLs", _FETCH)
    image = inline(part)
    is_checked = not isinstance(part.source, str) or not is_reference(part.source)  # when it was made
    if image is None or not image.data or not (is_checked or _is_base64(image.data)):
        raise PlacedError(path, "the data URI does not hold an image in base64", "use base64 instead")
    return image


def _is_base64(data: str) -> bool:
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        return False
    return True


def media_type_in(data: str) -> str | None:
    """Return the media type of an image by the first bytes of its base64.

    >>> media_type_in("R0lGODlh")
    'image/gif'
    """
    return media_type_of(base64.b64decode(data[:_SIGNATURE]))


def write_content(content: Content) -> Body:
    """Write canonical content as keys of its message."""
    if content is None or isinstance(content, str):
        return {"content": content or ""}
    joined = "".join(part.text for part in content if isinstance(part, TextContent))
    images = [part for part in content if isinstance(part, ImageContent)]
    return {
        "content": joined,
        "images": [it.source["data"] for it in images if not isinstance(it.source, str)],
    }


def content_keys(message: Mapping[str, Json]) -> set[str]:
    """Return the keys that content holds: images among which one is empty stay as they are."""
    images = message.get("images")
    return {"content"} if isinstance(images, list) and "" in images else {"content", "images"}


def read_text(path: str, message: Mapping[str, Json]) -> str:
    """Read the text of a message; `null` is an empty one."""
    return optional_text_at(f"{path}.content", message.get("content")) or ""


def read_content(path: str, message: Mapping[str, Json]) -> str | list[ContentPart]:
    """Read the text and the images of a message."""
    content, given = read_text(path, message), message.get("images")
    readable = given is not None and "images" in content_keys(message)
    items = enumerate(list_at(f"{path}.images", given) if readable else ())
    images = [_read_image(f"{path}.images[{index}]", item) for index, item in items]
    if not images:
        return content
    return [TextContent(text=content), *images] if content else [*images]


def _read_image(path: str, data: Json) -> ImageContent:
    # Clients of other formats send data URIs.
    image = parse_data_uri(text(data)) or Inline(DEFAULT_IMAGE_TYPE, text(data))
    try:
        media_type = media_type_in(image.data) or image.media_type
        return ImageContent(source={"type": "base64", "data": image.data}, media_type=media_type)
    except ValueError:
        raise PlacedError(path, "expected an image in base64") from None
