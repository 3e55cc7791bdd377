from __future__ import annotations

import json

import pytest
from fakes import ASK, JSON, KEY, FakeTransport, model_on

from casual_llm import (
    AuthenticationError,
    ConfigurationError,
    Model,
    OpenAIClient,
    ReplyError,
)


@pytest.mark.parametrize("echo", [KEY, "sk-proj-abc***1234", KEY[:12] + "...", KEY[:4] + " to 1234"])
async def test_no_part_of_a_key_reaches_an_exception(echo: str) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {echo}.", "code": echo}}).encode()
    with pytest.raises(AuthenticationError) as caught:
        await model_on(FakeTransport((body,), JSON, status=401)).chat(ASK)
    assert "[key removed]" in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "sk-" not in repr(caught.value) + str(caught.value.code)


async def test_no_part_of_a_key_reaches_an_exception_about_a_malformed_reply() -> None:
    with pytest.raises(ReplyError) as caught:
        await model_on(FakeTransport((f"Bearer {KEY}".encode(),), JSON)).chat(ASK)
    assert KEY not in str(caught.value)


def test_a_key_is_in_no_repr() -> None:
    client = OpenAIClient(api_key=KEY)
    assert KEY not in repr(client) + repr(Model(client, "gpt-5"))


@pytest.mark.parametrize("key", ["sk-proj\nabc", "sk-prøj", "sk\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="api_key: holds a character that no header can") as caught:
        OpenAIClient(api_key=key)
    assert key not in str(caught.value)
