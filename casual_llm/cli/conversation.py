"""The conversation at a terminal: a question, its answer, and again until Ctrl-D."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession

from casual_llm.cli.outcome import error_lines, print_note
from casual_llm.cli.question import user_message
from casual_llm.cli.session import Session
from casual_llm.errors import CasualLLMError
from casual_llm.messages import ChatMessage, ImageContent
from casual_llm.reply import StreamChunk
from casual_llm.wire.collect import collect


def converse(session: Session, opening: Sequence[ChatMessage], images: Sequence[ImageContent]) -> None:
    """Send each typed question with the conversation so far; the images go with the first question."""
    terminal: PromptSession[str] = PromptSession()
    history, unsent_images = tuple(opening), tuple(images)
    while True:
        with suppress(KeyboardInterrupt):  # at the prompt it clears the line
            try:
                text = terminal.prompt("> ")
            except EOFError:
                return
            if text.strip():
                turn = _turn(session, history, text, unsent_images)
                history, unsent_images = (*history, *turn), () if turn else unsent_images


def _turn(
    session: Session, history: Sequence[ChatMessage], text: str, images: Sequence[ImageContent]
) -> Sequence[ChatMessage]:
    """Return the question and its answer, or nothing where no answer came."""
    chunks: list[StreamChunk] = []
    try:
        question = user_message(text, images)
        with suppress(KeyboardInterrupt):  # the chunks that arrived until then are the answer
            session.stream([*history, question], chunks)
    except (CasualLLMError, ValueError) as error:
        print_note("error", *error_lines(error))
        return ()
    answer = collect(chunks).message
    return (question, answer) if answer.content or answer.refusal else ()
