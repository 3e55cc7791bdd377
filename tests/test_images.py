from __future__ import annotations

import base64
from pathlib import Path

import pytest
from support.builders import PIXEL

from casual_llm import ImageContent, RequestError, read_image


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PIXEL, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF87arest", "image/gif"),
        (b"GIF89arest", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPrest", "image/webp"),
    ],
)
def test_an_image_file_becomes_a_part_of_its_own_type(tmp_path: Path, data: bytes, media_type: str) -> None:
    path = tmp_path / "picture.of-any-name"
    path.write_bytes(data)
    encoded = base64.b64encode(data).decode()
    expected = ImageContent(source={"type": "base64", "data": encoded}, media_type=media_type)
    assert read_image(path) == expected


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7", b"RIFF\x10\x00\x00\x00WAVE", b"<svg/>"])
def test_a_file_that_is_no_image_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "notes.png"
    path.write_bytes(data)
    with pytest.raises(RequestError, match=r"notes\.png: not a PNG, JPEG, GIF or WebP image; give the path"):
        read_image(path)


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(RequestError, match="Is a directory"):
        read_image(tmp_path)


@pytest.mark.parametrize("path", [{}, None, 5, b"a.png", ["a.png"]])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(RequestError, match=r"^path: expected the path of an image, got (an? \w+|None)$"):
        read_image(path)  # type: ignore[arg-type] # as an untyped caller might


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(RequestError, match=r"null byte; give the path of an image"):
        read_image("a\0b.png")
