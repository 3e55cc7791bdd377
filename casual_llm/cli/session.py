"""The calls of one command: messages go to a model, and its answer to standard output as it arrives."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import aclosing, contextmanager

from attrs import asdict, frozen

from casual_llm.cli.outcome import CONTROLS, print_note
from casual_llm.cli.target import Target
from casual_llm.frozen import FrozenModel
from casual_llm.messages import ChatMessage
from casual_llm.reply import StreamChunk
from casual_llm.shell.factories import create_model
from casual_llm.shell.model import Model
from casual_llm.usage import Usage


@frozen
class Session:
    """A model, the event loop that its calls share, and whether their usage is printed.

    Ctrl-C cancels the running call, which closes its connection; the session can go on.
    """

    model: Model
    show_usage: bool
    _runner: asyncio.Runner

    def stream(self, messages: Sequence[ChatMessage], chunks: list[StreamChunk]) -> None:
        """Print the answer as it arrives; append each chunk to `chunks`, even where the call ends early."""
        self._runner.run(self._stream(messages, chunks))

    def print_reply(self, messages: Sequence[ChatMessage]) -> None:
        """Print the whole reply as one JSON object."""
        self._runner.run(self._print_reply(messages))

    async def _stream(self, messages: Sequence[ChatMessage], chunks: list[StreamChunk]) -> None:
        try:
            async with aclosing(self.model.stream(messages)) as stream:
                async for chunk in stream:
                    chunks.append(chunk)
                    _write(chunk.content + chunk.refusal)
        finally:
            _write("\n" if chunks else "")
        self._print_usage()

    async def _print_reply(self, messages: Sequence[ChatMessage]) -> None:
        reply = await self.model.complete(messages)
        _write(json.dumps(asdict(reply, recurse=False), default=FrozenModel.model_dump) + "\n")
        self._print_usage()

    def _print_usage(self) -> None:
        if self.show_usage:
            usage = self.model.get_usage() or Usage()
            counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
            prompt, completion, total = ("unknown" if count is None else count for count in counts)
            print_note("usage", f"prompt {prompt}, completion {completion}, total {total} tokens")


@contextmanager
def open_session(target: Target, *, show_usage: bool) -> Generator[Session, None, None]:
    """Open a session; when the block ends, close the connections and stop the embedded server."""
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
