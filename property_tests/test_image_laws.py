"""An image is what its first bytes say, and enters a message without a change."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from hypothesis import example, given, strategies as st

from casual_llm.wire.images import image_from_bytes, media_type_of

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
