"""Read images from files, and fetch those that messages give by URL, each once and a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from returns.pipeline import is_successful

from casual_llm.errors import RequestError
from casual_llm.messages import ChatMessage, ImageContent
from casual_llm.validation import type_name
from casual_llm.wire.images import image_from_bytes, urls_to_fetch, with_images

_CONCURRENT = 8
"""Downloads at the same time."""
Fetch: TypeAlias = Callable[[str], Awaitable[tuple[str, str]]]
"""Fetches an image by its URL: its base64 and its media type."""


def read_image(path: str | Path) -> ImageContent:
    """Read an image file into a content part; its media type is detected from its bytes.

    Args:
        path: A PNG, JPEG, GIF or WebP file of any size.

    Raises:
        RequestError: The file cannot be read, or is of another type.

    >>> read_image("missing.png")
    Traceback (most recent call last):
    ...
    casual_llm.errors.RequestError: missing.png: No such file or directory; give the path of an image
    """
    if not isinstance(path, str | PathLike):
        raise RequestError(f"path: expected the path of an image, got {type_name(path)}")
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"{path}: {problem}; give the path of an image") from error
    image = image_from_bytes(data)
    if is_successful(image):
        return image.unwrap()
    raise RequestError(f"{path}: {image.failure()}; give the path of an image")


async def _fetch_all(fetch: Fetch, urls: Sequence[str]) -> Sequence[tuple[str, str]]:
    limit = asyncio.Semaphore(_CONCURRENT)

    async def limited(url: str) -> tuple[str, str]:
        async with limit:
            return await fetch(url)

    downloads = [asyncio.ensure_future(limited(url)) for url in urls]
    try:
        return await asyncio.gather(*downloads)
    finally:
        for download in downloads:  # where one failed, the others are not needed
            download.cancel()


async def with_fetched_images(messages: Sequence[ChatMessage], fetch: Fetch) -> Sequence[ChatMessage]:
    """Return the messages with the images that are given by URL in them, each fetched once."""
    urls = urls_to_fetch(messages)
    if not urls:
        return messages
    images = await _fetch_all(fetch, urls)
    fetched = {
        url: ImageContent(source={"type": "base64", "data": data}, media_type=media_type)
        for url, (data, media_type) in zip(urls, images, strict=True)
    }
    return with_images(messages, fetched)
