"""Images as bytes: what they are, told from the bytes themselves, and how they enter a message."""

from __future__ import annotations

import base64

from returns.result import Failure, Result, Success

from casual_llm.messages import ImageContent

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def media_type_of(data: bytes) -> str | None:
    """Tell an image's media type from its first bytes.

    >>> media_type_of(b"GIF89a...")
    'image/gif'
    >>> media_type_of(b"%PDF-1.7") is None
    True
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def image_from_bytes(data: bytes) -> Result[ImageContent, str]:
    """Put the bytes of a PNG, JPEG, GIF or WebP image into a content part.

    >>> image_from_bytes(b"GIF89a").unwrap().media_type
    'image/gif'
    >>> image_from_bytes(b"hello").failure()
    'no PNG, JPEG, GIF or WebP image'
    """
    media_type = media_type_of(data)
    if media_type is None:
        return Failure("no PNG, JPEG, GIF or WebP image")
    source = {"type": "base64", "data": base64.b64encode(data).decode()}
    return Success(ImageContent(source=source, media_type=media_type))
