"""What `help` shows of clients and models is enough to use them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from casual_llm import (
    AnthropicClient,
    CodecClient,
    LocalClient,
    Model,
    OllamaClient,
    OpenAIClient,
    create_client,
    create_model,
)
from casual_llm.shell.transport import HttpTransport

DOCUMENTED: list[Callable[..., Any]] = [
    OpenAIClient,
    AnthropicClient,
    OllamaClient,
    LocalClient,
    HttpTransport,
    Model,
    Model.chat,
    Model.complete,
    Model.stream,
    Model.chat_as,
    create_client,
    create_model,
]


@pytest.mark.parametrize("documented", [*DOCUMENTED, CodecClient, Model.stream_as, Model.plan])
def test_every_argument_is_explained_in_its_order(documented: Callable[..., Any]) -> None:
    parameters = [name for name in inspect.signature(documented).parameters if name != "self"]
    explained = re.findall(r"(?m)^ {4}(\w+): ", inspect.getdoc(documented) or "")
    assert explained[: len(parameters)] == parameters


@pytest.mark.parametrize("documented", DOCUMENTED)
def test_what_is_raised_and_an_example_follow(documented: Callable[..., Any]) -> None:
    text = inspect.getdoc(documented) or ""
    assert text.index("Args:") < text.index("Raises:") < text.index(">>> ")
