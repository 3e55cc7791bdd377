"""The cost of the next turn of a long conversation in time and memory, compared with plain copies.

There is no network: the transport returns a fixed reply at once, so a turn is the whole of
`Model.complete`, and the messages before it were sent before. The yardsticks are `json.dumps` of the same
messages as plain dicts, one copy of the bytes of the images, and the request body. A turn of one message
shows the constant cost of a call.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from random import Random

from attrs import define
from benchmarks.loopback import MODEL, whole_reply
from benchmarks.measure import OURS, Row, Way, medians, print_table, run_round
from support.builders import tool_call

from casual_llm import (
    AssistantMessage,
    ImageContent,
    Model,
    OpenAIClient,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.messages import ChatMessage
from casual_llm.shell.transport import OpenResponse
from casual_llm.wire.codec import Request

ROUNDS, CALLS = 15, 20
_IMAGE = 1_000_000
_BASE64 = 10 * 4 * -(-_IMAGE // 3)
_WITH_INDEX = 1.05
"""The memory for a conversation's bytes and for the index that finds them again, in bodies."""
_ANSWER = whole_reply()
_QUESTION = "What was the weather like there on that day, and how does it compare with the day before?"
_RESULT = json.dumps({f"hour_{hour}": {"sky": "clear", "wind": "3 m/s NNE", "rain": 0} for hour in range(12)})
_TEXT = "It was a clear day with a light wind from the north-east, a little warmer than the one before. " * 4


@define(eq=False)
class Still:
    """A transport that answers at once; it records the size of the last body, or the body if `keeps`."""

    keeps: bool = False
    size: int = 0
    body: bytes = b""

    async def open(self, request: Request) -> OpenResponse:
        """Return the fixed reply."""
        self.size = len(request.body)
        self.body = request.body if self.keeps else b""
        headers = {"content-type": "application/json"}
        return OpenResponse(status=200, headers=headers, body=_body(), aclose=self.aclose)

    async def aclose(self) -> None:
        """Do nothing."""


async def _body() -> AsyncIterator[bytes]:
    yield _ANSWER


def model_on(transport: Still) -> Model:
    """Build a model without a network."""
    client = OpenAIClient(api_key="sk-of-no-account", base_url="http://localhost", transport=transport)
    return Model(client, MODEL)


def turn(number: int) -> list[ChatMessage]:
    """Build a question, a tool call, its result, and an answer."""
    arguments = json.dumps({"city": "Paris", "day": number})
    call = tool_call(f"call_{number}", "weather", arguments)
    return [
        UserMessage(content=f"{number}. {_QUESTION}"),
        AssistantMessage(tool_calls=[call]),
        ToolResultMessage(name="weather", tool_call_id=call.id, content=_RESULT),
        AssistantMessage(content=f"{_TEXT} ({number})"),
    ]


def conversation(length: int) -> list[ChatMessage]:
    """Build a conversation of this many messages and a question."""
    turns = [message for number in range(length // 4) for message in turn(number)]
    return [*turns, UserMessage(content=_QUESTION)]


def images() -> list[ChatMessage]:
    """Build ten images of a megabyte, and a question about them."""
    random = Random(4)  # noqa: S311 # pixels, not secrets
    sources = [base64.b64encode(random.randbytes(_IMAGE)).decode() for _ in range(10)]
    pictures = [ImageContent(source=source, media_type="image/png") for source in sources]
    return [UserMessage(content=[*pictures, TextContent(text="What changes from one to the next?")])]


async def dicts(messages: Sequence[ChatMessage]) -> list[object]:
    """Return the messages as plain dicts."""
    transport = Still(keeps=True)
    await model_on(transport).complete(messages)
    return list(json.loads(transport.body)["messages"])


async def first_turn(messages: Sequence[ChatMessage]) -> None:
    """Send a conversation with a new client."""
    await model_on(Still()).complete(messages)


async def take_turn(model: Model, messages: list[ChatMessage]) -> None:
    """Append an answer and a question, and send the conversation."""
    messages += [AssistantMessage(content=_TEXT), UserMessage(content=_QUESTION)]
    await model.complete(messages)


async def call(work: Callable[[], object]) -> None:
    """Run a yardstick."""
    work()


async def next_turn(messages: Sequence[ChatMessage]) -> Way:
    """Send a conversation with a new client, and return a function that takes its next turn."""
    model = model_on(Still())
    await model.complete(messages)
    return partial(take_turn, model, list(messages))


async def turns() -> list[Row]:
    """Compare turns with `json.dumps`, with each other, and with copies of images."""
    none, short, long, pictures = conversation(0), conversation(1_000), conversation(5_000), images()
    dumps = partial(call, partial(json.dumps, await dicts(short)))
    copy = partial(call, partial(bytes, bytearray(_BASE64)))
    rounds = []
    for number in range(ROUNDS):
        known = {
            "none": await next_turn(none),
            "short": await next_turn(short),
            "long": await next_turn(long),
            "images": await next_turn(pictures),
        }
        ways: dict[str, Way] = {"dumps": dumps, "first": partial(first_turn, short), **known, "copy": copy}
        rounds.append(await run_round(ways, number, calls=CALLS))
    taken = medians(rounds)
    return [
        _row("1,000 messages, first time / json.dumps", taken["first"], taken["dumps"], 3.0),
        _row("a turn of 1,000 / json.dumps", taken["short"], taken["dumps"], 0.1),
        _row("a turn of 1 / json.dumps of 1,000", taken["none"], taken["dumps"]),
        _row("a turn of 5,000 / a turn of 1,000", taken["long"], taken["short"], 5.5),
        _row("ten 1 MB images again / a copy", taken["images"], taken["copy"], 1.5),
    ]


def _row(unit: str, ours: float, yardstick: float, limit: float | None = None) -> Row:
    return Row(unit, {"yardstick": yardstick, OURS: ours}, {"yardstick": limit})


async def memory(unit: str, begin: Callable[[], list[ChatMessage]], copies: float | None) -> list[Row]:
    """Compare the memory that a client keeps for a conversation, and after it, with the size of the body."""
    transport = Still()
    model = model_on(transport)
    await model.complete(
        conversation(4)
    )  # a first call also allocates memory that does not belong to the conversation
    empty = _traced()
    messages = begin()
    begun = _traced()
    await model.complete(messages)
    sent = _traced()
    tracemalloc.reset_peak()
    await take_turn(model, messages)
    peak = tracemalloc.get_traced_memory()[1]
    messages.clear()
    return [
        _row(f"memory for {unit} / the body", sent - begun, transport.size, _WITH_INDEX),
        _row(f"peak to send {unit} again / the body", peak - sent, transport.size, copies),
        _row(f"memory for {unit} after they are gone", _traced() - empty, transport.size, 0.01),
    ]


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def main() -> None:
    """Print the figures."""
    print_table("us", await turns())
    tracemalloc.start()
    messages = await memory("1,000 messages", partial(conversation, 1_000), None)
    print_table("bytes", [*messages, *await memory("the images", images, _WITH_INDEX)])


if __name__ == "__main__":
    asyncio.run(main())
