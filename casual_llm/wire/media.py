"""Convert images, files and recordings between the two forms of formats: a URI, or base64 and media type."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from casual_llm.messages import AudioContent, FileContent, ImageContent, is_reference, is_url
from casual_llm.wire.report import Report

Medium = TypeVar("Medium", bound=ImageContent | FileContent | AudioContent)

DEFAULT_IMAGE_TYPE: str = ImageContent.model_fields["media_type"].default
"""The media type of an image whose type was not given."""
_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,(.*)", re.DOTALL | re.IGNORECASE)


class Inline(NamedTuple):
    """Bytes that the message itself contains, as base64, and their media type."""

    media_type: str
    data: str


def inline(part: ImageContent | FileContent | AudioContent) -> Inline | None:
    """Return the base64 and media type of a part, or `None` where its source is a web URL.

    >>> inline(ImageContent(source="data:image/png;base64,aGk="))
    Inline(media_type='image/png', data='aGk=')
    >>> inline(ImageContent(source="https://example.com/cat.png")) is None
    True
    """
    source = part.source
    if not isinstance(source, str):
        return Inline(part.media_type, source["data"])
    if is_url(source):
        return None
    if not is_reference(source):
        return Inline(part.media_type, source)
    return parse_data_uri(source)


def has_default_media_type(part: ImageContent | FileContent | AudioContent) -> bool:
    """Return whether a part has the media type that its class has where none is given.

    >>> has_default_media_type(ImageContent(source="aGk=")), DEFAULT_IMAGE_TYPE
    (True, 'image/jpeg')
    """
    return part.media_type == _default_media_type(part)


def _default_media_type(part: ImageContent | FileContent | AudioContent) -> str:
    default: str = type(part).model_fields["media_type"].default
    return default


def drop_media_type(
    part: ImageContent | FileContent | AudioContent, path: str, report: Report
) -> dict[str, object]:
    """Report the media type of a URL and return the default: the server declares the type of what it serves.

    >>> report, url = Report(), "https://example.com/cat"
    >>> drop_media_type(ImageContent(source=url, media_type="image/png"), "messages[0].content[0]", report)
    {'media_type': 'image/jpeg'}
    >>> report.losses[0].path, drop_media_type(ImageContent(source=url), "messages[0].content[1]", report)
    ('messages[0].content[0].media_type', {})
    """
    if has_default_media_type(part):
        return {}
    report.dropped(f"{path}.media_type", part.media_type)
    return {"media_type": _default_media_type(part)}


def parse_data_uri(uri: str) -> Inline | None:
    """Parse a data URI; return `None` for any other text.

    >>> parse_data_uri("data:image/svg+xml,%3Csvg/%3E")
    Inline(media_type='image/svg+xml', data='PHN2Zy8+')
    """
    match = _DATA_URI.fullmatch(uri)
    if match is None:
        return None
    media_type, _, base64_marker, data = match.groups()
    encoded = data if base64_marker else base64.b64encode(unquote_to_bytes(data)).decode()
    return Inline(media_type or "text/plain", encoded)


def uri_of(part: ImageContent | FileContent | AudioContent) -> str:
    """Return a part as one string: a URL or data URI unchanged, base64 as a data URI.

    >>> uri_of(ImageContent(source="aGk=", media_type="image/png"))
    'data:image/png;base64,aGk='
    """
    if isinstance(part.source, str) and is_reference(part.source):
        return part.source
    data = part.source if isinstance(part.source, str) else part.source["data"]
    return f"data:{part.media_type};base64,{data}"


def plain(part: Medium) -> Medium:
    """Return a part in its canonical form: base64 as a dict with its media type, where it holds the bytes.

    >>> plain(ImageContent(source="data:image/png;base64,aGk="))
    ImageContent(type='image', source={'type': 'base64', 'data': 'aGk='}, media_type='image/png')

    A web URL stays as it is, and so does a source that cannot be parsed.
    """
    content = inline(part) if isinstance(part.source, str) else None
    if content is None:
        return part
    source = {"type": "base64", "data": content.data}
    fields = {**dict(part), "source": source, "media_type": content.media_type}
    try:
        return type(part).model_validate(fields)  # type: ignore[return-value] # mypy widens the type of a bound
    except ValueError:
        return part


def text_of_file(part: ImageContent | FileContent | AudioContent) -> str | None:
    """Return the text of a file that holds one itself.

    >>> text_of_file(FileContent(source={"type": "base64", "data": "aGk="}, media_type="text/csv"))
    'hi'
    """
    if not part.media_type.startswith("text/") or isinstance(part.source, str):
        return None
    try:
        return base64.b64decode(part.source["data"]).decode()
    except ValueError:
        return None


def base64_of(text: str) -> str:
    """Return the base64 of a text.

    >>> base64_of("hi")
    'aGk='
    """
    return base64.b64encode(text.encode()).decode()


def strip_base64_prefix(data: str) -> str:
    """Remove the prefix of a data URI, if there is one.

    Args:
        data: Base64, with or without a prefix such as `data:image/png;base64,`.

    >>> strip_base64_prefix("data:image/png;base64,aGk="), strip_base64_prefix("aGk=")
    ('aGk=', 'aGk=')
    """
    return data.partition(",")[2] if data[:5].lower() == "data:" else data


def add_base64_prefix(data: str, media_type: str = "image/png") -> str:
    """Prepend the prefix of a data URI to base64, unless it has one.

    Args:
        data: Base64, or a data URI, which is returned unchanged.
        media_type: The type of the data; `image/png` by default.

    >>> add_base64_prefix("aGk=", "image/gif")
    'data:image/gif;base64,aGk='
    """
    return data if data[:5].lower() == "data:" else f"data:{media_type};base64,{data}"
