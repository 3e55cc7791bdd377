"""Images, files and recordings as formats want them: a URI, or base64 and its media type apart."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from casual_llm.messages import AudioContent, FileContent, ImageContent, is_reference, is_url

Medium = TypeVar("Medium", bound=ImageContent | FileContent | AudioContent)

DEFAULT_IMAGE_TYPE: str = ImageContent.model_fields["media_type"].default
"""The media type of an image whose type was not given."""
_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,(.*)", re.DOTALL | re.IGNORECASE)


class Inline(NamedTuple):
    """Bytes that stand in the message itself, as base64, and what they are."""

    media_type: str
    data: str


def inline(part: ImageContent | FileContent | AudioContent) -> Inline | None:
    """Give the base64 of a part and its media type; `None` where it is the URL of a web server.

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
    default: str = type(part).model_fields["media_type"].default
    return part.media_type == default


def parse_data_uri(uri: str) -> Inline | None:
    """Take a data URI apart; `None` for a text that is none.

    >>> parse_data_uri("data:image/svg+xml,%3Csvg/%3E")
    Inline(media_type='image/svg+xml', data='PHN2Zy8+')
    """
    found = _DATA_URI.fullmatch(uri)
    if found is None:
        return None
    media_type, _, encoded, data = found.groups()
    told = data if encoded else base64.b64encode(unquote_to_bytes(data)).decode()
    return Inline(media_type or "text/plain", told)


def uri_of(part: ImageContent | FileContent | AudioContent) -> str:
    """Give a part as one text: its URL or data URI as it is, base64 as a data URI.

    >>> uri_of(ImageContent(source="aGk=", media_type="image/png"))
    'data:image/png;base64,aGk='
    """
    if isinstance(part.source, str) and is_reference(part.source):
        return part.source
    data = part.source if isinstance(part.source, str) else part.source["data"]
    return f"data:{part.media_type};base64,{data}"


def plain(part: Medium) -> Medium:
    """Give a part its one form: base64 as a dict beside its media type, wherever it holds the bytes itself.

    >>> plain(ImageContent(source="data:image/png;base64,aGk="))
    ImageContent(type='image', source={'type': 'base64', 'data': 'aGk='}, media_type='image/png')

    A URL stays as it is, and so does what cannot be read.
    """
    found = inline(part) if isinstance(part.source, str) else None
    if found is None:
        return part
    source = {"type": "base64", "data": found.data}
    fields = {**dict(part), "source": source, "media_type": found.media_type}
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
    """Take the head of a data URI off.

    >>> strip_base64_prefix("data:image/png;base64,aGk="), strip_base64_prefix("aGk=")
    ('aGk=', 'aGk=')
    """
    return data.partition(",")[2] if data[:5].lower() == "data:" else data


def add_base64_prefix(data: str, media_type: str = "image/png") -> str:
    """Put the head of a data URI before base64, unless it has one.

    >>> add_base64_prefix("aGk=", "image/gif")
    'data:image/gif;base64,aGk='
    """
    return data if data[:5].lower() == "data:" else f"data:{media_type};base64,{data}"
