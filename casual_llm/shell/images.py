"""Images from files."""

from __future__ import annotations

from pathlib import Path

from returns.pipeline import is_successful

from casual_llm.errors import RequestError
from casual_llm.messages import ImageContent
from casual_llm.wire.images import image_from_bytes


def read_image(path: str | Path) -> ImageContent:
    """Read an image file into a content part; its media type is told from its bytes.

    >>> read_image("missing.png")
    Traceback (most recent call last):
    ...
    casual_llm.errors.RequestError: missing.png: No such file or directory; give the path of an image
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}; give the path of an image") from error
    image = image_from_bytes(data)
    if is_successful(image):
        return image.unwrap()
    raise RequestError(f"{path}: {image.failure()}; give the path of an image")
