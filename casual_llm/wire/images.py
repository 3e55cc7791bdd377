"""Images as bytes: their media type, read from the bytes themselves, and where they stand in a message.

Some formats accept no URLs. The functions here list the URLs to fetch for them and replace each URL by
the fetched image; the fetching is an effect and belongs to the shell.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence

from returns.result import Failure, Result, Success

from casual_llm.messages import ChatMessage, ContentPart, ImageContent, Message, is_url

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NOT_AN_IMAGE = "not a PNG, JPEG, GIF or WebP image"


def media_type_of(data: bytes) -> str | None:
    """Detect an image's media type from its first bytes.

    >>> media_type_of(b"GIF89a...")
    'image/gif'
    >>> media_type_of(b"%PDF-1.7") is None
    True
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for signature, media_type in _SIGNATURES if data.startswith(signature)), None)


_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_UNSPECIFIC = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def agreed_media_type(declared: str, data: bytes) -> Result[str, str]:
    """Return the media type of a download from its bytes, which its `content-type` must not contradict.

    >>> agreed_media_type("image/gif", b"GIF89a").unwrap()
    'image/gif'
    >>> agreed_media_type("text/html; charset=utf-8", b"GIF89a").failure()
    'declared as text/html, but its bytes are image/gif'
    """
    detected = media_type_of(data)
    claimed = declared.partition(";")[0].strip().lower()
    if detected is None:
        return Failure(_NOT_AN_IMAGE)
    if claimed in _UNSPECIFIC or _ALIASES.get(claimed, claimed) == detected:
        return Success(detected)
    return Failure(f"declared as {claimed[:50]}, but its bytes are {detected}")


def image_from_bytes(data: bytes) -> Result[ImageContent, str]:
    """Build a content part from the bytes of a PNG, JPEG, GIF or WebP image.

    >>> image_from_bytes(b"GIF89a").unwrap().media_type
    'image/gif'
    >>> image_from_bytes(b"hello").failure()
    'not a PNG, JPEG, GIF or WebP image'
    """
    media_type = media_type_of(data)
    if media_type is None:
        return Failure(_NOT_AN_IMAGE)
    source = {"type": "base64", "data": base64.b64encode(data).decode()}
    return Success(ImageContent(source=source, media_type=media_type))


def urls_to_fetch(messages: Sequence[ChatMessage]) -> tuple[str, ...]:
    """List the URLs of the images in a conversation, each once, in the order of their appearance.

    >>> from casual_llm.messages import UserMessage
    >>> image = ImageContent(source="https://example.com/cat.png")
    >>> urls_to_fetch([UserMessage(content=[image, image])])
    ('https://example.com/cat.png',)
    """
    return tuple(dict.fromkeys(url for message in messages for url in _urls(_parts(message))))


def _parts(message: ChatMessage) -> str | Sequence[ContentPart] | None:
    # The codec refuses a value that is not a message, with its own error text.
    return message.content if isinstance(message, Message) else None


def _urls(content: str | Sequence[ContentPart] | None) -> Iterator[str]:
    if content is None or isinstance(content, str):
        return
    for part in content:
        if isinstance(part, ImageContent) and isinstance(part.source, str) and is_url(part.source):
            yield part.source


def with_images(
    messages: Sequence[ChatMessage], fetched: Mapping[str, ImageContent]
) -> tuple[ChatMessage, ...]:
    """Replace the URLs of images by the fetched images; the other fields of a part stay as they are.

    >>> from casual_llm.messages import UserMessage
    >>> asked = UserMessage(content=[ImageContent(source="https://example.com/cat.png", detail="low")])
    >>> cat = image_from_bytes(b"GIF89a").unwrap()
    >>> with_images([asked], {"https://example.com/cat.png": cat})[0].content[0].detail
    'low'
    """
    return tuple(_with_images(message, fetched) for message in messages)


def _with_images(message: ChatMessage, fetched: Mapping[str, ImageContent]) -> ChatMessage:
    content = message.content
    if content is None or isinstance(content, str) or not fetched.keys() & _urls(content):
        return message
    return message.model_copy(update={"content": tuple(_with_image(part, fetched) for part in content)})


def _with_image(part: ContentPart, fetched: Mapping[str, ImageContent]) -> ContentPart:
    image = (
        fetched.get(part.source) if isinstance(part, ImageContent) and isinstance(part.source, str) else None
    )
    if image is None:
        return part
    return part.model_copy(update={"source": image.source, "media_type": image.media_type})
