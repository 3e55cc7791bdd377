"""The parts of a message, read one by one.

A part that one of our classes holds in full becomes one; any other is kept as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json, freeze_object
from casual_llm.messages import (
    AudioContent,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    TextContent,
    is_reference,
    is_url,
)
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.messages import AUDIO_FORMATS
from casual_llm.wire.json import mapping
from casual_llm.wire.media import plain

FORMAT = "openai"
_MEDIA_TYPES = {name: media_type for media_type, name in AUDIO_FORMATS.items()}
_Native = dict[str, Mapping[str, Json]] | None


def rest(path: str, found: Mapping[str, Json], known: set[str], dialect: Dialect) -> _Native:
    """Keep the keys that no field of ours holds; `null` is what leaving a key out means.

    What a server wants to see again, such as its reasoning, is for that server and for no other.
    """
    kept: dict[str, dict[str, Json]] = {FORMAT: {}, dialect.name: {}}
    for key, value in found.items():
        if key not in known and value is not None:
            kept[dialect.name if key in dialect.replayed_fields else FORMAT][key] = value
    return {name: freeze_object(keys, path) for name, keys in kept.items() if keys} or None


def objects(path: str, content: Json) -> Sequence[Mapping[str, Json]]:
    """Take a list of parts, each an object."""
    if not isinstance(content, list | tuple):
        raise ValueError(path, "expected a text or a list of parts")  # noqa: TRY004
    for index, part in enumerate(content):
        if not isinstance(part, Mapping):
            raise ValueError(f"{path}[{index}]", "expected an object")  # noqa: TRY004
    return [mapping(part) for part in content]


def read_content(path: str, content: Json, dialect: Dialect) -> str | tuple[ContentPart, ...] | None:
    """Read a text, or a list of parts."""
    if content is None or isinstance(content, str):
        return content
    parts = enumerate(objects(path, content))
    return tuple(_part(f"{path}[{index}]", part, dialect) for index, part in parts)


def _part(path: str, part: Mapping[str, Json], dialect: Dialect) -> ContentPart:
    kind = str(part.get("type"))
    reader = _READERS.get(kind)
    found = reader(part.get(kind)) if reader is not None else None
    if found is None:
        return NativeContent(format=FORMAT, block=freeze_object(part, path))
    mark, known = part.get("cache_control"), {"type", kind}
    update: dict[str, object] = {}
    if isinstance(mark, Mapping):
        update["cache_control"] = freeze_object(mark, f"{path}.cache_control")
        known |= {"cache_control"}
    name = part.get("document_name")
    if kind == "document_url" and isinstance(name, str):
        update["name"] = name
        known |= {"document_name"}
    more = rest(path, part, known, dialect)
    return found.model_validate({**dict(found), **update, "native": more}) if update or more else found


def _text(said: Json) -> TextContent | None:
    return TextContent(text=said) if isinstance(said, str) else None


def _image(image: Json) -> ImageContent | None:
    told = {"url": image} if isinstance(image, str) else mapping(image)  # Mistral takes the bare URL as well
    url, detail = told.get("url"), told.get("detail")
    if not told.keys() <= {"url", "detail"} or not isinstance(url, str) or not isinstance(detail, str | None):
        return None
    return plain(ImageContent(source=url, detail=detail)) if is_reference(url) else None


def _file(file: Json) -> FileContent | None:
    told = mapping(file)
    data, name = told.get("file_data"), told.get("filename")
    if not told.keys() <= {"file_data", "filename"} or not isinstance(name, str | None):
        return None
    found = _document(data)
    return found if found is None or name is None else found.model_copy(update={"name": name})


def _document(uri: Json) -> FileContent | None:
    if not isinstance(uri, str) or not is_reference(uri):
        return None
    found = plain(FileContent(source=uri))
    return found if is_url(found.source) or not isinstance(found.source, str) else None


def _audio(audio: Json) -> AudioContent | None:
    told = mapping(audio)
    data, name = told.get("data"), told.get("format")
    if told.keys() != {"data", "format"} or not isinstance(data, str) or not isinstance(name, str):
        return None
    media_type = _MEDIA_TYPES.get(name, f"audio/{name}")
    if AUDIO_FORMATS.get(media_type, name) != name:
        return None
    try:
        return AudioContent(source={"type": "base64", "data": data}, media_type=media_type)
    except ValueError:
        return None


_READERS = {
    "text": _text,
    "image_url": _image,
    "file": _file,
    "document_url": _document,
    "input_audio": _audio,
}
