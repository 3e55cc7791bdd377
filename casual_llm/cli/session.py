"""Asking: messages go to a model, and its answer to standard output as it comes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import aclosing, contextmanager

from attrs import asdict, frozen

from casual_llm.cli.outcome import CONTROLS, tell
from casual_llm.cli.target import Target
from casual_llm.frozen import FrozenModel
from casual_llm.messages import ChatMessage
from casual_llm.reply import StreamChunk
from casual_llm.shell.factories import create_model
from casual_llm.shell.model import Model
from casual_llm.usage import Usage


@frozen
class Session:
    """A model, the event loop that its calls share, and what is told beside its answers.

    Ctrl-C cancels the running call, which closes its connection; the session can go on.
    """

    model: Model
    show_usage: bool
    _runner: asyncio.Runner

    def stream(self, messages: Sequence[ChatMessage], heard: list[StreamChunk]) -> None:
        """Print the answer as it comes; `heard` holds what came, even where the call ends early."""
        self._runner.run(self._stream(messages, heard))

    def print_reply(self, messages: Sequence[ChatMessage]) -> None:
        """Print the whole reply as one JSON object."""
        self._runner.run(self._print_reply(messages))

    async def _stream(self, messages: Sequence[ChatMessage], heard: list[StreamChunk]) -> None:
        try:
            async with aclosing(self.model.stream(messages)) as chunks:
                async for chunk in chunks:
                    heard.append(chunk)
                    _write(chunk.content + chunk.refusal)
        finally:
            _write("\n" if heard else "")
        self._tell_usage()

    async def _print_reply(self, messages: Sequence[ChatMessage]) -> None:
        reply = await self.model.complete(messages)
        _write(json.dumps(asdict(reply, recurse=False), default=FrozenModel.model_dump) + "\n")
        self._tell_usage()

    def _tell_usage(self) -> None:
        if self.show_usage:
            usage = self.model.get_usage() or Usage()
            counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
            prompt, completion, total = ("unknown" if count is None else count for count in counts)
            tell("usage", f"prompt {prompt}, completion {completion}, total {total} tokens")


@contextmanager
def opened(target: Target, *, show_usage: bool) -> Generator[Session, None, None]:
    """Open a session; at its end the connections are closed, and the embedded server stops."""
    client = target.connect()
    with asyncio.Runner() as runner:
        try:
            yield Session(create_model(client, target.model), show_usage, runner)
        finally:
            runner.run(client.aclose())


def _write(text: str) -> None:
    shown = text.translate(CONTROLS) if sys.stdout.isatty() else text
    encoding = sys.stdout.encoding
    sys.stdout.write(shown.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
