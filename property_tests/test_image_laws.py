"""The first bytes of an image determine its media type, and it enters a message unchanged."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from ollama_strategies import conversations
from returns.result import Success

from casual_llm.messages import ChatMessage
from casual_llm.wire.images import (
    agreed_media_type,
    image_from_bytes,
    media_type_of,
    urls_to_fetch,
    with_images,
)

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF\x00\x00\x00\x00WEBP": "image/webp",
}


@given(st.sampled_from(sorted(_SIGNATURES)), st.binary())
def test_the_first_bytes_determine_the_media_type(signature: bytes, rest: bytes) -> None:
    assert media_type_of(signature + rest) == _SIGNATURES[signature]


@given(st.sampled_from(sorted(_SIGNATURES)), st.binary())
def test_an_image_keeps_every_byte(signature: bytes, rest: bytes) -> None:
    image = image_from_bytes(signature + rest).unwrap()
    assert isinstance(image.source, Mapping)
    assert base64.b64decode(image.source["data"]) == signature + rest


@given(st.binary().map(b"%".__add__))
@example(b"")
@example(b"RIFF\x00\x00\x00\x00WAVE")
def test_bytes_that_are_not_an_image_are_a_failure(data: bytes) -> None:
    assert media_type_of(data) is None
    assert "not a PNG" in image_from_bytes(data).failure()


@pytest.mark.parametrize("signature", sorted(_SIGNATURES))
def test_a_truncated_signature_is_not_an_image(signature: bytes) -> None:
    assert media_type_of(signature[:-1]) is None


_fetched = image_from_bytes(b"GIF89a").unwrap()
_subsets = conversations.flatmap(
    lambda messages: st.tuples(st.just(messages), st.sets(st.sampled_from([*urls_to_fetch(messages), ""])))
)


@given(conversations)
def test_a_conversation_with_all_images_replaced_has_none_to_download(messages: list[ChatMessage]) -> None:
    assert urls_to_fetch(with_images(messages, dict.fromkeys(urls_to_fetch(messages), _fetched))) == ()


@given(_subsets)
def test_an_image_that_was_not_downloaded_remains_to_be_downloaded(
    case: tuple[list[ChatMessage], set[str]],
) -> None:
    messages, urls = case
    remaining = [url for url in urls_to_fetch(messages) if url not in urls]
    assert list(urls_to_fetch(with_images(messages, dict.fromkeys(urls, _fetched)))) == remaining


@given(_subsets)
def test_replacing_images_is_idempotent(case: tuple[list[ChatMessage], set[str]]) -> None:
    messages, urls = case
    once = with_images(messages, dict.fromkeys(urls, _fetched))
    assert with_images(once, dict.fromkeys(urls, _fetched)) == once


@given(conversations)
def test_a_conversation_without_downloaded_images_is_unchanged(messages: list[ChatMessage]) -> None:
    assert all(after is before for after, before in zip(with_images(messages, {}), messages, strict=True))


@given(conversations)
def test_only_the_source_and_the_media_type_of_an_image_change(messages: list[ChatMessage]) -> None:
    after = with_images(messages, dict.fromkeys(urls_to_fetch(messages), _fetched))
    replaced = {"content": {"__all__": {"source", "media_type"}}}
    assert [_dump(it, replaced) for it in after] == [_dump(it, replaced) for it in messages]


def _dump(message: ChatMessage, excluded: Any) -> dict[str, Any]:  # noqa: ANN401 # as pydantic types it
    return message.model_dump(exclude=excluded if isinstance(message.content, tuple) else None)


@given(st.sampled_from(sorted(_SIGNATURES)))
@pytest.mark.parametrize("form", ["{}", "{}; charset=x", " {} "])
def test_a_declared_type_that_matches_the_bytes_is_accepted(form: str, signature: bytes) -> None:
    media_type = _SIGNATURES[signature]
    assert agreed_media_type(form.format(media_type), signature) == Success(media_type)
    assert agreed_media_type(form.format(media_type).upper(), signature) == Success(media_type)


@given(st.sampled_from(sorted(_SIGNATURES)))
@pytest.mark.parametrize("declared", ["", "application/octet-stream", "binary/octet-stream; x=1"])
def test_an_unspecific_declared_type_is_accepted(declared: str, signature: bytes) -> None:
    assert agreed_media_type(declared, signature) == Success(_SIGNATURES[signature])


@given(st.sampled_from(sorted(_SIGNATURES)), st.text())
def test_a_declared_type_that_contradicts_the_bytes_is_a_failure(signature: bytes, kind: str) -> None:
    assert "declared as" in agreed_media_type(f"text/{kind}", signature).failure()


@given(st.text(), st.binary().map(b"%".__add__))
def test_bytes_that_are_not_an_image_are_a_failure_whatever_is_declared(declared: str, data: bytes) -> None:
    assert agreed_media_type(declared, data).failure() == "not a PNG, JPEG, GIF or WebP image"
