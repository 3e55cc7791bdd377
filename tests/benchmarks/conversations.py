"""What the next turn of a long conversation costs, and what is kept of it, beside plain copies.

Nothing travels: below the client stands a transport that gives a fixed reply at once, so a turn is
the whole of `Model.complete`; what was said before it was sent before. The yardsticks are
`json.dumps` of the same messages as plain dicts, one copy of the bytes of the images, and the body
that was sent. A turn of one message shows what a call costs however short it is.
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
from benchmarks.loopback import MODEL, whole
from benchmarks.measure import OURS, Row, Way, a_round, medians, show

from casual_llm import (
    AssistantMessage,
    AssistantToolCall,
    AssistantToolCallFunction,
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
_BESIDE = 1.05
"""What finds the bytes of a conversation again is kept beside them."""
_ANSWER = whole()
_QUESTION = "What was the weather like there on that day, and how does it compare with the day before?"
_RESULT = json.dumps({f"hour_{hour}": {"sky": "clear", "wind": "3 m/s NNE", "rain": 0} for hour in range(12)})
_TEXT = "It was a clear day with a light wind from the north-east, a little warmer than the one before. " * 4


@define(eq=False)
class Still:
    """A transport that answers at once; of the last body it keeps the size, or all of it where asked."""

    keeps: bool = False
    size: int = 0
    body: bytes = b""

    async def open(self, request: Request) -> OpenResponse:
        """Give the reply."""
        self.size = len(request.body)
        self.body = request.body if self.keeps else b""
        headers = {"content-type": "application/json"}
        return OpenResponse(status=200, headers=headers, body=_body(), aclose=self.aclose)

    async def aclose(self) -> None:
        """Do nothing."""


async def _body() -> AsyncIterator[bytes]:
    yield _ANSWER


def model_on(transport: Still) -> Model:
    """Give a model whose requests go nowhere."""
    client = OpenAIClient(api_key="sk-of-no-account", base_url="http://localhost", transport=transport)
    return Model(client, MODEL)


def turn(number: int) -> list[ChatMessage]:
    """Give a question, the call of a tool, its result, and an answer."""
    arguments = json.dumps({"city": "Paris", "day": number})
    function = AssistantToolCallFunction(name="weather", arguments=arguments)
    call = AssistantToolCall(id=f"call_{number}", function=function)
    return [
        UserMessage(content=f"{number}. {_QUESTION}"),
        AssistantMessage(tool_calls=[call]),
        ToolResultMessage(name="weather", tool_call_id=call.id, content=_RESULT),
        AssistantMessage(content=f"{_TEXT} ({number})"),
    ]


def conversation(length: int) -> list[ChatMessage]:
    """Give so many messages, and one that asks."""
    turns = [message for number in range(length // 4) for message in turn(number)]
    return [*turns, UserMessage(content=_QUESTION)]


def images() -> list[ChatMessage]:
    """Give ten images of a megabyte, and a question about them."""
    random = Random(4)  # noqa: S311 # pixels, not secrets
    sources = [base64.b64encode(random.randbytes(_IMAGE)).decode() for _ in range(10)]
    pictures = [ImageContent(source=source, media_type="image/png") for source in sources]
    return [UserMessage(content=[*pictures, TextContent(text="What changes from one to the next?")])]


async def dicts(said: Sequence[ChatMessage]) -> list[object]:
    """Give the messages as a caller without a library would hold them."""
    transport = Still(keeps=True)
    await model_on(transport).complete(said)
    return list(json.loads(transport.body)["messages"])


async def begins(said: Sequence[ChatMessage]) -> None:
    """Send a conversation that the client has never seen."""
    await model_on(Still()).complete(said)


async def goes_on(model: Model, said: list[ChatMessage]) -> None:
    """Take the next turn: the answer, a new question, and all of it to the model."""
    said += [AssistantMessage(content=_TEXT), UserMessage(content=_QUESTION)]
    await model.complete(said)


async def does(work: Callable[[], object]) -> None:
    """Do what a turn is compared with."""
    work()


async def next_turn(said: Sequence[ChatMessage]) -> Way:
    """Send a conversation to a new client, and give what takes its next turn."""
    model = model_on(Still())
    await model.complete(said)
    return partial(goes_on, model, list(said))


async def turns() -> list[Row]:
    """Compare turns with dumping dicts, with each other, and with copying images."""
    none, short, long, pictures = conversation(0), conversation(1_000), conversation(5_000), images()
    dumps = partial(does, partial(json.dumps, await dicts(short)))
    copy = partial(does, partial(bytes, bytearray(_BASE64)))
    rounds = []
    for number in range(ROUNDS):
        known = {
            "none": await next_turn(none),
            "short": await next_turn(short),
            "long": await next_turn(long),
            "images": await next_turn(pictures),
        }
        ways: dict[str, Way] = {"dumps": dumps, "first": partial(begins, short), **known, "copy": copy}
        rounds.append(await a_round(ways, number, calls=CALLS))
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


async def held(unit: str, begin: Callable[[], list[ChatMessage]], copies: float | None) -> list[Row]:
    """Compare what a client holds of a conversation with the body that was sent, and see it go."""
    transport = Still()
    model = model_on(transport)
    await model.complete(conversation(4))  # what a first call makes once is not of the conversation
    empty = _traced()
    said = begin()
    begun = _traced()
    await model.complete(said)
    sent = _traced()
    tracemalloc.reset_peak()
    await goes_on(model, said)
    peak = tracemalloc.get_traced_memory()[1]
    said.clear()
    return [
        _row(f"kept of {unit} / the body", sent - begun, transport.size, _BESIDE),
        _row(f"made to send {unit} again / the body", peak - sent, transport.size, copies),
        _row(f"still kept of {unit} when they are gone", _traced() - empty, transport.size, 0.01),
    ]


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def main() -> None:
    """Print the figures."""
    show("us", await turns())
    tracemalloc.start()
    messages = await held("1,000 messages", partial(conversation, 1_000), None)
    show("bytes", [*messages, *await held("the images", images, _BESIDE)])


if __name__ == "__main__":
    asyncio.run(main())
