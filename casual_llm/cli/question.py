"""What is asked: the question and what is piped to the command, as messages."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from attrs import frozen

from casual_llm.cli.flags import Asked
from casual_llm.errors import ConfigurationError
from casual_llm.messages import (
    ChatMessage,
    ImageContent,
    SystemMessage,
    TextContent,
    UserMessage,
    is_reference,
)
from casual_llm.shell.images import read_image


@frozen
class Said:
    """What stands above a conversation, its images, and the question, if it is not yet to be typed."""

    opening: tuple[ChatMessage, ...]
    images: tuple[ImageContent, ...]
    text: str | None

    @property
    def messages(self) -> list[ChatMessage]:
        """The conversation up to the question."""
        return [*self.opening, question(self.text or "", self.images)]


def read(asked: Asked) -> Said:
    """Read the flags, the files that they name, and what is piped to the command."""
    opening = () if asked.system is None else (SystemMessage(content=asked.system),)
    text = _text(asked.question)
    return Said(opening, tuple(map(image, asked.image or ())), text)


def question(text: str, images: Sequence[ImageContent]) -> UserMessage:
    """Make a message of a text and the images shown with it.

    >>> question("Hello!", [])
    UserMessage(role='user', content='Hello!')
    """
    return UserMessage(content=[TextContent(text=text), *images] if images else text)


def image(source: str) -> ImageContent:
    """Take a URL as it is, and read a file.

    >>> image("https://example.com/cat.png").source
    'https://example.com/cat.png'
    """
    return ImageContent(source=source) if is_reference(source) else read_image(source)


def piped_body() -> bytes:
    """Read all of standard input as it is."""
    body = sys.stdin.buffer.read() if sys.stdin else b""
    if not body.strip():
        raise ConfigurationError("standard input: it is empty; pipe a body in")
    return body


def _text(said: str | None) -> str | None:
    """Join the question and the piped text; `None` where there is a person to ask for it."""
    if said is None and sys.stdin and sys.stdin.isatty():
        return None
    text = "\n\n".join(part for part in (said, _piped()) if part and part.strip())
    if not text:
        raise ConfigurationError('question: there is none; give it as casual-llm chat "...", or pipe it in')
    return text


def _piped() -> str:
    if not sys.stdin or sys.stdin.isatty():
        return ""
    try:
        text = sys.stdin.read().rstrip()
        text.encode()  # where the locale is C, bytes that are no text are read as half characters
    except UnicodeError:
        raise ConfigurationError("standard input: it is no text; give a picture with --image") from None
    return text
