"""The parts that the content of a message is made of.

Every part has two more fields: `cache_control` marks the end of a prefix that the provider may cache, and
`native` holds keys that only one wire format knows, by the name of the format. So what a provider sent is
sent back to it unchanged, and never to another provider.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, SkipValidation

from casual_llm.frozen import Absent, FrozenDict, FrozenMapping, FrozenModel, Json, freeze_object


def _not_native() -> ValueError:
    return ValueError('native: expected a dict of dicts, such as {"openai": {"name": "Ann"}}')


def _native(value: object) -> Mapping[str, Mapping[str, Json]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _not_native()
    return FrozenDict({str(name): freeze_object(keys, f"native.{name}") for name, keys in value.items()})


def _cache_control(value: object) -> Mapping[str, Json] | None:
    return None if value is None else freeze_object(value, "cache_control")


Native: TypeAlias = Annotated[
    Absent[Mapping[str, Mapping[str, Json]]], SkipValidation, BeforeValidator(_native)
]
"""Keys of a wire object, by the name of the wire format or dialect that knows them."""

CacheControl: TypeAlias = Annotated[
    Absent[Mapping[str, Json]], SkipValidation, BeforeValidator(_cache_control)
]
"""A marker for the provider's prompt cache, such as `{"type": "ephemeral"}`."""


class Part(FrozenModel):
    """The base class of the parts of a message."""

    cache_control: CacheControl = None
    native: Native = None


class TextContent(Part):
    """A piece of text inside a message.

    Args:
        text: the text; it may be empty
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the part's JSON object, by the name of the wire format; by default none

    >>> TextContent(text="What is in this picture?").text
    'What is in this picture?'
    """

    type: Literal["text"] = "text"
    text: str


def is_url(source: object) -> bool:
    """Return whether a source is the URL of a web server."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))


def is_reference(source: str) -> bool:
    """Return whether the text of a source is a URL or data URI rather than base64."""
    return is_url(source) or source[:5].lower() == "data:"


def _checked(source: str | Mapping[str, str]) -> str | Mapping[str, str]:
    if isinstance(source, str):
        data = "" if is_reference(source) else source
    elif source.keys() == {"type", "data"} and source["type"] == "base64":
        data = source["data"]
    else:
        raise ValueError('source: give a URL, base64, or {"type": "base64", "data": "..."}')
    if not source or (not data and not isinstance(source, str)):
        raise ValueError("source: it is empty; give a URL or base64")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("source: neither a URL (http, https, data) nor valid base64") from None
    return source


Source: TypeAlias = Annotated[str | FrozenMapping[str], AfterValidator(_checked)]
"""A URL, a data URI, or base64 as text or as `{"type": "base64", "data": …}`."""


class ImageContent(Part):
    """An image inside a message.

    Args:
        source: a URL, a data URI, or base64 as text or as `{"type": "base64", "data": …}`
        media_type: the type of the base64, `image/jpeg` by default; a data URI declares its own
        detail: how closely the model looks: `low`, `high` or `auto`; another string is sent unchanged;
            by default not sent
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the part's JSON object, by the name of the wire format; by default none

    >>> ImageContent(source="https://example.com/cat.png").source
    'https://example.com/cat.png'
    >>> ImageContent(source={"type": "base64", "data": "aGk="}, media_type="image/png").media_type
    'image/png'

    A source or media type that is not valid raises a pydantic `ValidationError`, which is a `ValueError`:

    >>> ImageContent(source="aGk=", media_type="text/plain")
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for ImageContent
    ...
    """

    type: Literal["image"] = "image"
    source: Source
    media_type: Annotated[str, Field(pattern=r"^image/[\w.+-]+$")] = "image/jpeg"
    detail: Absent[str] = None


class FileContent(Part):
    """A document inside a message, such as a PDF.

    Args:
        source: a URL, a data URI, or base64 as text or as `{"type": "base64", "data": …}`
        media_type: the type of the base64, `application/pdf` by default; a data URI declares its own
        name: the file name or title that the model sees; by default not sent
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the part's JSON object, by the name of the wire format; by default none

    >>> FileContent(source={"type": "base64", "data": "JVBERi0="}, name="report.pdf").media_type
    'application/pdf'
    """

    type: Literal["file"] = "file"
    source: Source
    media_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/pdf"
    name: Absent[str] = None


def _one_name(media_type: str) -> str:
    return "audio/mpeg" if media_type == "audio/mp3" else media_type


class AudioContent(Part):
    """An audio recording inside a message.

    Args:
        source: a data URI, or base64 as text or as `{"type": "base64", "data": …}`
        media_type: the type of the base64, `audio/wav` by default; `audio/mp3` is stored as `audio/mpeg`
        cache_control: a marker for the prompt cache, such as `{"type": "ephemeral"}`; by default not sent
        native: extra keys of the part's JSON object, by the name of the wire format; by default none

    >>> AudioContent(source="UklGRg==", media_type="audio/mp3").media_type
    'audio/mpeg'
    """

    type: Literal["audio"] = "audio"
    source: Source
    media_type: Annotated[str, Field(pattern=r"^audio/[\w.+-]+$"), AfterValidator(_one_name)] = "audio/wav"


class NativeContent(FrozenModel):
    """A block that only one wire format knows, kept unchanged; for other formats it is a loss.

    Args:
        format: the name of the wire format or server, such as `anthropic`
        block: the JSON object of the block

    >>> NativeContent(format="anthropic", block={"type": "container_upload", "file_id": "f_1"}).block["type"]
    'container_upload'
    """

    type: Literal["native"] = "native"
    format: str
    block: Annotated[
        Mapping[str, Json], SkipValidation, BeforeValidator(lambda block: freeze_object(block, "block"))
    ]


ContentPart: TypeAlias = Annotated[
    TextContent | ImageContent | FileContent | AudioContent | NativeContent, Field(discriminator="type")
]
"""One piece of a message; `type` distinguishes them."""
