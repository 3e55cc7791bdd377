"""The conversation at a terminal: a question, its answer, and again until Ctrl-D."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession

from casual_llm.cli.outcome import described, tell
from casual_llm.cli.question import question
from casual_llm.cli.session import Session
from casual_llm.errors import CasualLLMError
from casual_llm.messages import ChatMessage, ImageContent
from casual_llm.reply import StreamChunk
from casual_llm.wire.collect import collect


def converse(session: Session, opening: Sequence[ChatMessage], images: Sequence[ImageContent]) -> None:
    """Ask what is typed, with all that was said before; the images go with the first question."""
    terminal: PromptSession[str] = PromptSession()
    said, shown = tuple(opening), tuple(images)
    while True:
        with suppress(KeyboardInterrupt):  # at the prompt it clears the line
            try:
                text = terminal.prompt("> ")
            except EOFError:
                return
            if text.strip():
                turn = _turn(session, said, text, shown)
                said, shown = (*said, *turn), () if turn else shown


def _turn(
    session: Session, said: Sequence[ChatMessage], text: str, images: Sequence[ImageContent]
) -> Sequence[ChatMessage]:
    """Give the question and its answer; a question without an answer is as good as not asked."""
    heard: list[StreamChunk] = []
    try:
        asked = question(text, images)
        with suppress(KeyboardInterrupt):  # what was heard until then is the answer
            session.stream([*said, asked], heard)
    except (CasualLLMError, ValueError) as error:
        tell("error", *described(error))
        return ()
    answer = collect(heard).message
    return (asked, answer) if answer.content or answer.refusal else ()
