"""The conversation at a terminal: a question, its answer, and again until Ctrl-D."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession

from casual_llm.cli.outcome import described, tell
from casual_llm.cli.session import Session, question
from casual_llm.errors import CasualLLMError
from casual_llm.messages import ChatMessage, ImageContent
from casual_llm.reply import StreamChunk
from casual_llm.wire.collect import collect


def converse(session: Session, opening: Sequence[ChatMessage], images: Sequence[ImageContent]) -> None:
    """Ask what is typed, with all that was said before; the images go with the first question."""
    terminal: PromptSession[str] = PromptSession()
    said, shown = [*opening], [*images]
    while True:
        with suppress(KeyboardInterrupt):  # at the prompt it clears the line
            try:
                text = terminal.prompt("> ")
            except EOFError:
                return
            if text.strip():
                _turn(session, said, shown, text)


def _turn(session: Session, said: list[ChatMessage], images: list[ImageContent], text: str) -> None:
    heard: list[StreamChunk] = []
    try:
        asked = question(text, images)
        with suppress(KeyboardInterrupt):  # what was heard until then is the answer
            session.stream([*said, asked], heard)
    except (CasualLLMError, ValueError) as error:
        tell("error", described(error))
        return
    answer = collect(heard).message
    if answer.content or answer.refusal:  # a question without an answer is as good as not asked
        said += [asked, answer]
        images.clear()
