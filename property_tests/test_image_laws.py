"""An image is what its first bytes say, and enters a message without a change, fetched or not."""

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
def test_the_first_bytes_tell_the_media_type(signature: bytes, rest: bytes) -> None:
    assert media_type_of(signature + rest) == _SIGNATURES[signature]


@given(st.sampled_from(sorted(_SIGNATURES)), st.binary())
def test_an_image_keeps_every_byte(signature: bytes, rest: bytes) -> None:
    image = image_from_bytes(signature + rest).unwrap()
    assert isinstance(image.source, Mapping)
    assert base64.b64decode(image.source["data"]) == signature + rest


@given(st.binary().map(b"%".__add__))
@example(b"")
@example(b"RIFF\x00\x00\x00\x00WAVE")
def test_what_is_no_image_is_a_failure(data: bytes) -> None:
    assert media_type_of(data) is None
    assert "no PNG" in image_from_bytes(data).failure()


@pytest.mark.parametrize("signature", sorted(_SIGNATURES))
def test_a_signature_that_is_cut_is_no_image(signature: bytes) -> None:
    assert media_type_of(signature[:-1]) is None


_fetched = image_from_bytes(b"GIF89a").unwrap()
_subsets = conversations.flatmap(
    lambda said: st.tuples(st.just(said), st.sets(st.sampled_from([*urls_to_fetch(said), ""])))
)


@given(conversations)
def test_a_conversation_whose_images_are_all_put_in_has_none_to_fetch(said: list[ChatMessage]) -> None:
    assert urls_to_fetch(with_images(said, dict.fromkeys(urls_to_fetch(said), _fetched))) == ()


@given(_subsets)
def test_what_was_not_fetched_stays_to_be_fetched(known: tuple[list[ChatMessage], set[str]]) -> None:
    said, urls = known
    left = [url for url in urls_to_fetch(said) if url not in urls]
    assert list(urls_to_fetch(with_images(said, dict.fromkeys(urls, _fetched)))) == left


@given(_subsets)
def test_putting_images_in_twice_is_putting_them_in_once(known: tuple[list[ChatMessage], set[str]]) -> None:
    said, urls = known
    once = with_images(said, dict.fromkeys(urls, _fetched))
    assert with_images(once, dict.fromkeys(urls, _fetched)) == once


@given(conversations)
def test_a_conversation_without_what_was_fetched_is_left_as_it_is(said: list[ChatMessage]) -> None:
    assert all(after is before for after, before in zip(with_images(said, {}), said, strict=True))


@given(conversations)
def test_only_the_source_and_the_media_type_of_an_image_change(said: list[ChatMessage]) -> None:
    after = with_images(said, dict.fromkeys(urls_to_fetch(said), _fetched))
    kept = {"content": {"__all__": {"source", "media_type"}}}
    assert [_dump(it, kept) for it in after] == [_dump(it, kept) for it in said]


def _dump(message: ChatMessage, left_out: Any) -> dict[str, Any]:  # noqa: ANN401 # as pydantic types it
    return message.model_dump(exclude=left_out if isinstance(message.content, tuple) else None)


@given(st.sampled_from(sorted(_SIGNATURES)))
@pytest.mark.parametrize("form", ["{}", "{}; charset=x", " {} "])
def test_a_declared_type_that_agrees_with_the_bytes_is_taken(form: str, signature: bytes) -> None:
    told = _SIGNATURES[signature]
    assert agreed_media_type(form.format(told), signature) == Success(told)
    assert agreed_media_type(form.format(told).upper(), signature) == Success(told)


@given(st.sampled_from(sorted(_SIGNATURES)))
@pytest.mark.parametrize("declared", ["", "application/octet-stream", "binary/octet-stream; x=1"])
def test_a_declared_type_that_says_nothing_denies_nothing(declared: str, signature: bytes) -> None:
    assert agreed_media_type(declared, signature) == Success(_SIGNATURES[signature])


@given(st.sampled_from(sorted(_SIGNATURES)), st.text())
def test_a_declared_type_that_denies_the_bytes_is_a_failure(signature: bytes, kind: str) -> None:
    assert "declared as" in agreed_media_type(f"text/{kind}", signature).failure()


@given(st.text(), st.binary().map(b"%".__add__))
def test_bytes_that_are_no_image_are_a_failure_whatever_is_declared(declared: str, data: bytes) -> None:
    assert agreed_media_type(declared, data).failure() == "no PNG, JPEG, GIF or WebP image"
