"""Images by URL are fetched for a server that takes none, and only once for each conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import define, field
from support.fakes import JSON, PARIS, FakeTransport

from casual_llm import (
    AssistantMessage,
    ChatMessage,
    ChatOptions,
    CodecClient,
    ImageContent,
    ImageFetchError,
    Model,
    OllamaClient,
    RequestError,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.formats import format_named
from casual_llm.options import SystemMessageHandling

CODEC = format_named("ollama")
CAT, DOG = "https://example.com/cat.png", "https://example.com/dog.png"
OF_URL = {CAT: "Y2F0", DOG: "ZG9n"}


@define
class Web:
    """Images by their URLs, and which of them were asked for."""

    asked: list[str] = field(factory=list)

    async def fetch(self, url: str) -> tuple[str, str]:
        self.asked.append(url)
        if url not in OF_URL:
            raise ImageFetchError(f"{url}: not there")
        return OF_URL[url], "image/png"


def set_up() -> tuple[Model, FakeTransport, Web]:
    transport, web = FakeTransport((CODEC.write(PARIS).body,), JSON), Web()
    client = CodecClient(CODEC, transport, base_url="http://localhost:11434", fetch=web.fetch)
    return Model(client, "llava"), transport, web


def shown(*urls: str, text: str = "What is this?") -> UserMessage:
    return UserMessage(content=[TextContent(text=text), *(ImageContent(source=url) for url in urls)])


def sent(transport: FakeTransport) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(transport.requests[-1].body)["messages"]
    return messages


async def test_an_image_by_url_is_sent_as_its_bytes() -> None:
    model, transport, web = set_up()
    await model.chat([shown(CAT)])
    assert sent(transport) == [{"role": "user", "content": "What is this?", "images": ["Y2F0"]}]
    assert web.asked == [CAT]


async def test_an_image_that_is_shown_twice_is_fetched_once() -> None:
    model, transport, web = set_up()
    await model.chat([shown(CAT, DOG), shown(CAT)])
    assert [message["images"] for message in sent(transport)] == [["Y2F0", "ZG9n"], ["Y2F0"]]
    assert web.asked == [CAT, DOG]


INSTRUCTED = [SystemMessage(content="Be brief."), SystemMessage(content="Be kind."), shown(CAT)]


@pytest.mark.parametrize("handling", ["keep", "merge"])
async def test_images_are_fetched_again_where_all_messages_are_encoded_again(
    handling: SystemMessageHandling,
) -> None:
    model, transport, web = set_up()
    await model.chat(INSTRUCTED)
    await model.chat(INSTRUCTED, ChatOptions(system_message_handling=handling))
    assert sent(transport)[-1]["images"] == ["Y2F0"]
    assert web.asked == [CAT] * (1 if handling == "keep" else 2)


async def test_images_are_fetched_again_for_another_issuer() -> None:
    model, transport, web = set_up()
    signed = AssistantMessage(content="Hm.", native={"ollama@localhost:11434/llava": {"thinking": "Hm."}})
    turns = [shown(CAT), signed, shown(DOG)]
    await model.chat(turns)
    await Model(model.client, "qwen3").chat(turns)
    assert [message.get("images") for message in sent(transport)] == [["Y2F0"], None, ["ZG9n"]]
    assert web.asked == [CAT, DOG] * 2


async def test_of_a_conversation_that_goes_on_only_new_images_are_fetched() -> None:
    model, transport, web = set_up()
    turns: list[ChatMessage] = [shown(CAT)]
    turns.append(await model.chat(turns))
    turns.append(shown(DOG, text="And this?"))
    await model.chat(turns)
    _ = [chunk async for chunk in model.stream(turns)]
    assert web.asked == [CAT, DOG]
    assert [message.get("images") for message in sent(transport)] == [["Y2F0"], None, ["ZG9n"]]


async def test_the_messages_of_the_caller_keep_their_urls() -> None:
    model, _, _ = set_up()
    message = shown(CAT)
    await model.chat([message])
    assert message == shown(CAT)


async def test_the_result_of_a_tool_may_show_an_image() -> None:
    model, transport, web = set_up()
    result = ToolResultMessage(name="photo", tool_call_id="1", content=[ImageContent(source=CAT)])
    await model.chat([UserMessage(content="Hi"), AssistantMessage(content="Hm."), result])
    assert sent(transport)[2]["images"] == ["Y2F0"]
    assert web.asked == [CAT]


async def test_images_that_are_bytes_are_not_fetched() -> None:
    model, transport, web = set_up()
    await model.chat([shown("data:image/png;base64,Y2F0"), shown("ZG9n")])
    assert [message["images"] for message in sent(transport)] == [["Y2F0"], ["ZG9n"]]
    assert web.asked == []


async def test_where_an_image_is_not_to_be_had_nothing_is_sent_and_the_next_call_asks_again() -> None:
    model, transport, web = set_up()
    message = shown("https://example.com/gone.png")
    for _ in range(2):
        with pytest.raises(ImageFetchError, match=r"gone\.png: not there"):
            await model.chat([message])
    assert transport.requests == []
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "url", ["http://localhost/cat.png", "http://169.254.169.254/latest", "http://[::1]/"]
)
async def test_the_client_fetches_from_public_addresses_only(url: str) -> None:
    transport = FakeTransport((CODEC.write(PARIS).body,), JSON)
    with pytest.raises(ImageFetchError):
        await Model(OllamaClient(transport=transport), "llava").chat([shown(url)])
    assert transport.requests == []


def test_a_plan_fetches_nothing_and_says_what_to_do() -> None:
    model, _, web = set_up()
    with pytest.raises(RequestError, match=r"messages\[0\]\.content\[1\]: .* fetch the image first"):
        model.plan([shown(CAT)])
    assert web.asked == []
