"""The question and the text piped to the command, as messages."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from attrs import frozen

from casual_llm.cli.flags import QuestionFlags
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
class Question:
    """The messages before a question, its images, and its text; `None` where it is yet to be typed."""

    opening: tuple[ChatMessage, ...]
    images: tuple[ImageContent, ...]
    text: str | None

    @property
    def messages(self) -> list[ChatMessage]:
        """The conversation up to and including the question."""
        return [*self.opening, user_message(self.text or "", self.images)]


def read(flags: QuestionFlags) -> Question:
    """Read the flags, the image files that they name, and the piped text."""
    opening = () if flags.system is None else (SystemMessage(content=flags.system),)
    text = _text(flags.question)
    return Question(opening, tuple(map(load_image, flags.image or ())), text)


def user_message(text: str, images: Sequence[ImageContent]) -> UserMessage:
    """Build a message of a text and its images.

    >>> user_message("Hello!", [])
    UserMessage(role='user', content='Hello!')
    """
    return UserMessage(content=[TextContent(text=text), *images] if images else text)


def load_image(source: str) -> ImageContent:
    """Return a URL as an image part without fetching it, and read anything else as a file.

    >>> load_image("https://example.com/cat.png").source
    'https://example.com/cat.png'
    """
    return ImageContent(source=source) if is_reference(source) else read_image(source)


def piped_body() -> bytes:
    """Read all of standard input as bytes."""
    body = sys.stdin.buffer.read() if sys.stdin else b""
    if not body.strip():
        raise ConfigurationError("standard input: empty; pipe a body in")
    return body


def _text(argument: str | None) -> str | None:
    """Join the question and the piped text; return `None` where somebody can type the question."""
    if argument is None and sys.stdin and sys.stdin.isatty():
        return None
    text = "\n\n".join(part for part in (argument, _piped()) if part and part.strip())
    if not text:
        raise ConfigurationError(
            'question: no question given; pass it, as in casual-llm chat "...", or pipe it in'
        )
    return text


def _piped() -> str:
    if not sys.stdin or sys.stdin.isatty():
        return ""
    try:
        text = sys.stdin.read().rstrip()
        text.encode()  # in the C locale, bytes that are not text are read as lone surrogates
    except UnicodeError:
        raise ConfigurationError("standard input: not valid text; give an image with --image") from None
    return text
