"""Messages survive JSON, and invalid messages are rejected."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError
from strategies import (
    base64_texts,
    media_types,
    messages,
    system_messages,
    text_parts,
    texts,
    tool_calls,
    tool_parameters,
    tools,
    usages,
)
from wire_strategies import chunks

from casual_llm.frozen import FrozenModel
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    ContentPart,
    ImageContent,
    SystemMessage,
    UserMessage,
)
from casual_llm.wire.system_messages import merge_system_messages

_ANY: TypeAdapter[ChatMessage] = TypeAdapter(ChatMessage)
_serialised = st.one_of(messages, tools, tool_parameters, usages, chunks)


@given(messages)
def test_a_message_is_read_from_its_json_by_its_role(message: ChatMessage) -> None:
    assert _ANY.validate_json(message.model_dump_json()) == message


@given(messages)
def test_a_message_is_restored_from_its_dump(message: ChatMessage) -> None:
    assert type(message)(**message.model_dump(mode="json")) == message


@given(_serialised)
def test_what_users_serialise_is_restored_from_its_json(value: FrozenModel) -> None:
    assert type(value).model_validate_json(value.model_dump_json()) == value


@given(_serialised)
def test_what_users_serialise_is_restored_from_its_dump(value: FrozenModel) -> None:
    assert type(value).model_validate(value.model_dump()) == value


@given(texts)
def test_a_plain_user_message_dumps_to_role_and_content_alone(text: str) -> None:
    assert UserMessage(content=text).model_dump() == {"role": "user", "content": text}


@given(st.lists(messages, max_size=3))
def test_a_conversation_survives_json(conversation: list[ChatMessage]) -> None:
    adapter = TypeAdapter(list[ChatMessage])
    assert adapter.validate_json(adapter.dump_json(conversation)) == conversation


@given(st.lists(tool_calls, max_size=2), st.lists(text_parts, max_size=2))
def test_a_message_does_not_change_with_the_lists_it_was_given(
    calls: list[AssistantToolCall], parts: list[ContentPart]
) -> None:
    assistant, user, before = AssistantMessage(tool_calls=calls), UserMessage(content=parts), (*calls, *parts)
    calls.clear()
    parts.clear()
    assert (*(assistant.tool_calls or ()), *(user.content or ())) == before


@given(base64_texts, media_types)
def test_an_image_given_as_a_dict_keeps_its_data_unchanged(data: str, kind: str) -> None:
    image = ImageContent(source={"type": "base64", "data": data}, media_type=kind)
    assert image.model_dump(mode="json")["source"] == {"type": "base64", "data": data}


@pytest.mark.parametrize(
    "given_",
    [
        {"source": "aGk=", "media_type": "text/plain"},
        {"source": "aGk=", "media_type": "image/"},
        {"source": "aGk=", "media_type": "image/png\n"},
        {"source": "not base64!"},
        {"source": "aGk"},
        {"source": ""},
        {"source": {"type": "base64", "data": ""}},
        {"source": "é"},
        {"source": "file:///etc/passwd"},
        {"source": {"type": "base64", "data": "?"}},
        {"source": {"type": "url", "data": "aGk="}},
        {"source": {"type": "base64"}},
        {"source": {"type": "base64", "data": "aGk=", "more": "x"}},
        {"source": {}},
    ],
    ids=str,
)
def test_an_invalid_image_is_rejected(given_: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImageContent.model_validate(given_)


@pytest.mark.parametrize(
    "given_",
    [
        {"role": "robot", "content": "Hi"},
        {"content": "Hi"},
        {"role": "user", "content": 5},
        {"role": "user", "content": "Hi", "name": "Ann"},
        {"role": "user", "content": [{"type": "audio"}]},
        {"role": "user", "content": "Hi", "native": "openai"},
        {"role": "user", "content": "Hi", "native": {"openai": "name"}},
        {"role": "system"},
        {"role": "tool", "content": "12:00"},
        {"role": "assistant", "tool_calls": [{"id": "1"}]},
    ],
    ids=json.dumps,
)
def test_an_invalid_message_is_rejected(given_: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _ANY.validate_python(given_)


@given(st.lists(messages, max_size=5))
def test_merging_system_messages_is_idempotent(conversation: list[ChatMessage]) -> None:
    once = merge_system_messages(conversation)
    assert merge_system_messages(once) == once


@given(st.lists(messages, max_size=5))
def test_merging_leaves_all_other_messages_in_their_order(conversation: list[ChatMessage]) -> None:
    merged = merge_system_messages(conversation)
    assert [m for m in merged if m.role != "system"] == [m for m in conversation if m.role != "system"]


@given(st.lists(system_messages, min_size=2, max_size=4), st.lists(messages, max_size=2))
def test_merged_system_messages_come_first_and_have_all_texts(
    system: list[SystemMessage], others: list[ChatMessage]
) -> None:
    nonempty = [SystemMessage(content=f"{number}{one.content}") for number, one in enumerate(system)]
    first = merge_system_messages([*others, *nonempty])[0]
    assert all(one.content in str(first.content) for one in nonempty)
