"""A key that stands where something else is wanted is in no error and in no repr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casual_llm import ChatOptions, ClientConfig, Model, OllamaClient, OpenAIClient, Timeout, UserMessage

KEY: Any = "sk-proj-ABCDEFGH1234567890abcdefgh"
THERE = f"https://llm.example.com/{KEY}/v1"

PLACES: dict[str, Callable[[], object]] = {
    "the address": lambda: OpenAIClient("https://api.openai.com/v1", KEY),
    "the address of a config": lambda: ClientConfig(provider="openai", base_url=KEY),
    "the name of a config": lambda: ClientConfig(provider="openai", name=KEY),
    "the provider": lambda: ClientConfig(provider=KEY),
    "the timeout": lambda: ClientConfig(provider="openai", timeout=KEY),
    "seconds": lambda: Timeout(read=KEY),
    "the host": lambda: OllamaClient(KEY),
    "what becomes of system messages": lambda: ChatOptions(system_message_handling=KEY),
    "the path of the address": lambda: OpenAIClient(KEY, base_url=THERE),
    "the address of a plan": lambda: Model(OpenAIClient(KEY, base_url=THERE), "m").plan(
        [UserMessage(content="Hi")]
    ),
    "options": lambda: Model(OpenAIClient("k"), "m", KEY),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_key_in_an_odd_place_is_not_shown(place: Callable[[], object]) -> None:
    try:
        shown = repr(place())
    except ValueError as error:
        shown = str(error)
    assert shown
    assert not any(KEY[start : start + 8] in shown for start in range(len(KEY) - 8))
