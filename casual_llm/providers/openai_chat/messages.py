"""Messages as Chat Completions bodies: each gives its body and what of it has no word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json, thaw
from casual_llm.messages import (
    AssistantMessage,
    AudioContent,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    is_url,
)
from casual_llm.providers.openai_chat.dialect import Dialect
from casual_llm.providers.openai_chat.normal import normalized
from casual_llm.providers.openai_chat.replay import CUSTOM
from casual_llm.wire.encoding import without_none
from casual_llm.wire.json import items, mapping, text
from casual_llm.wire.media import uri_of
from casual_llm.wire.report import Loss, native_for, overlay_native, unsupported

Body = dict[str, Json]
Native = Mapping[str, Mapping[str, Json]]
AUDIO_FORMATS: Mapping[str, str] = {"audio/mpeg": "mp3"}
"""Media types whose name on the wire is not their second half."""


def message_to_openai(
    message: ChatMessage, dialect: Dialect, path: str = "message", names: Mapping[str, str] | None = None
) -> tuple[Body, list[Loss]]:
    """Write a message as a plain dict, and tell what it leaves out; `None` content stays `None`.

    >>> from casual_llm.messages import UserMessage
    >>> from casual_llm.providers.openai_chat.dialects import OPENAI
    >>> message_to_openai(UserMessage(content="Hi"), OPENAI)
    ({'role': 'user', 'content': 'Hi'}, [])

    `names` are the names of the tools called so far, by the ids of the calls.
    """
    return body_of(normalized(message, dialect, path)[0], dialect, path, names)


def body_of(
    message: ChatMessage, dialect: Dialect, path: str, names: Mapping[str, str] | None
) -> tuple[Body, list[Loss]]:
    """Write a message that is in its one form."""
    body: Body
    if message.role == "user":
        content, losses = content_to_openai(message.content, dialect, f"{path}.content")
        body = {"role": "user", "content": content}
    elif message.role == "assistant":
        body, losses = _assistant(message, dialect, path)
    elif message.role == "tool":
        body, losses = _tool_result(message, dialect, path, names)
    else:
        body, losses = _system(message, dialect, path)
    return (body, losses) if message.native is None else _with_native(body, losses, message, dialect, path)


def _with_native(
    body: Body, losses: list[Loss], message: ChatMessage, dialect: Dialect, path: str
) -> tuple[Body, list[Loss]]:
    """Lay the keys that this format alone knows over the body; content that says something else is stale."""
    native, unheard = heard(message, dialect, path)
    told = body.get("content")
    fits = dialect.names if isinstance(told, str | None) else ()  # parts are no other form of parts
    parts = {name: native[name]["content"] for name in fits if "content" in native.get(name, {})}
    others = {
        name: {key: value for key, value in keys.items() if key != "content" or name not in parts}
        for name, keys in native.items()
    }
    laid, replaced = overlay_native(body, others, dialect.names, path)
    for name, content in parts.items():
        if spoken(content) == spoken(told):
            laid["content"] = content
        else:
            replaced.append(unsupported(f"{path}.native.{name}.content", content))
    return laid, [*losses, *replaced, *unheard]


def heard(message: ChatMessage, dialect: Dialect, path: str) -> tuple[Native, list[Loss]]:
    """Leave out of `native` what OpenAI alone understands, although it stands under the name of the format.

    >>> from casual_llm.providers.openai_chat.dialects import GROQ
    >>> heard(AssistantMessage(native={"openai": {"audio": {"id": "1"}}}), GROQ, "messages[1]")[0]
    {'openai': {}}

    The id of a spoken answer is of use only to the server that spoke it ("Audio", Multi-turn conversations).
    """
    native: Native = message.native or {}
    keys = native.get("openai", {})
    if message.role != "assistant" or "audio" not in keys or "audio" in dialect.replayed_fields:
        return native, []
    heard = {key: value for key, value in keys.items() if key != "audio"}
    return {**native, "openai": heard}, [unsupported(f"{path}.native.openai.audio", keys["audio"])]


def spoken(content: Json) -> str:
    """Give the text that content says, be it a text or a list of parts.

    >>> spoken([{"type": "thinking", "thinking": []}, {"type": "text", "text": "Paris."}])
    'Paris.'
    """
    return text(content) or "".join(text(mapping(part).get("text")) for part in items(content))


def content_to_openai(
    content: str | Sequence[ContentPart] | None, dialect: Dialect, path: str, *, media: bool = True
) -> tuple[Json, list[Loss]]:
    """Write a text, or the parts that the dialect knows; text alone where no media may stand."""
    if content is None or isinstance(content, str):
        return content, []
    parts, losses = list[Json](), list[Loss]()
    for index, part in enumerate(content):
        place = f"{path}[{index}]"
        held = media or part.type in {"text", "native"}
        body, lost = _part(part, dialect, place) if held else _lost(part, place)
        parts += [] if body is None else [body]
        losses += lost
    return (parts if parts or not content else ""), losses


def _lost(part: ContentPart, path: str) -> tuple[None, list[Loss]]:
    kind = part.block.get("type") if isinstance(part, NativeContent) else part.type
    return None, [unsupported(path, {"type": kind})]


def _part(part: ContentPart, dialect: Dialect, path: str) -> tuple[Body | None, list[Loss]]:
    if isinstance(part, NativeContent):
        return (dict(part.block), []) if part.format in dialect.names else _lost(part, path)
    body = _medium(part, dialect)
    if body is None:
        return _lost(part, path)
    losses = list[Loss]()
    if not isinstance(part, TextContent) and is_url(part.source) and part.media_type != _untold(part):
        # What stands elsewhere is of the type that its server says.
        losses.append(unsupported(f"{path}.media_type", part.media_type))
    if part.cache_control is not None and not dialect.cache_control:
        losses.append(unsupported(f"{path}.cache_control", part.cache_control))
    elif part.cache_control is not None:
        body["cache_control"] = thaw(part.cache_control)
    laid, replaced = overlay_native(body, part.native, dialect.names, path)
    return laid, [*losses, *replaced]


def _untold(part: ImageContent | FileContent | AudioContent) -> str:
    return str(type(part).model_fields["media_type"].default)


def _medium(part: TextContent | ImageContent | FileContent | AudioContent, dialect: Dialect) -> Body | None:
    """Write what a part shows; `None`, where the dialect has no word for it."""
    if isinstance(part, TextContent):
        return {"type": "text", "text": part.text}
    by_url = is_url(part.source)
    if isinstance(part, ImageContent):
        shown = without_none({"url": uri_of(part), "detail": part.detail})
        return {"type": "image_url", "image_url": shown} if dialect.image_urls or not by_url else None
    if isinstance(part.source, str) and not by_url:  # a URI that cannot be read
        return None
    if isinstance(part, FileContent):
        return None if by_url and not dialect.file_urls else _file(part, dialect)
    if by_url or not dialect.audio:
        return None
    name = AUDIO_FORMATS.get(part.media_type, part.media_type.partition("/")[2])
    data = uri_of(part).partition(",")[2]
    return {"type": "input_audio", "input_audio": {"data": data, "format": name}}


def _file(part: FileContent, dialect: Dialect) -> Body | None:
    if dialect.files == "file":
        return {"type": "file", "file": without_none({"filename": part.name, "file_data": uri_of(part)})}
    if dialect.files == "document_url":
        return without_none(
            {"type": "document_url", "document_url": uri_of(part), "document_name": part.name}
        )
    return None


def _system(message: SystemMessage, dialect: Dialect, path: str) -> tuple[Body, list[Loss]]:
    mark = message.cache_control
    if mark is not None and dialect.cache_control:
        marked: Body = {"type": "text", "text": message.content, "cache_control": thaw(mark)}
        return {"role": dialect.system_role, "content": [marked]}, []
    lost = [] if mark is None else [unsupported(f"{path}.cache_control", mark)]
    return {"role": dialect.system_role, "content": message.content}, lost


def _tool_result(
    message: ToolResultMessage, dialect: Dialect, path: str, names: Mapping[str, str] | None
) -> tuple[Body, list[Loss]]:
    content, losses = content_to_openai(message.content, dialect, f"{path}.content", media=dialect.tool_media)
    body: Body = {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
    if message.is_error is not None:
        losses.append(unsupported(f"{path}.is_error", message.is_error))
    # A result names its call by id alone; a name that differs from the call's own is not said.
    if names is not None and message.name != names.get(message.tool_call_id, ""):
        losses.append(unsupported(f"{path}.name", message.name))
    if message.cache_control is not None:  # what could be moved to the last part has been
        losses.append(unsupported(f"{path}.cache_control", message.cache_control))
    return body, losses


def _assistant(message: AssistantMessage, dialect: Dialect, path: str) -> tuple[Body, list[Loss]]:
    body: Body = {"role": "assistant", "content": message.content}
    # What is kept of an answer says its content in the server's own words.
    said = message.content or native_for(message.native, dialect.names).get("content")
    losses = [] if message.refusal is None else _refuse(body, message.refusal, said, dialect, path)
    if not message.tool_calls:
        return body, losses
    if body["content"] is None and dialect.content_with_tool_calls == "absent":
        del body["content"]
    calls = list[Json]()
    for index, call in enumerate(message.tool_calls):
        function = {"name": call.function.name, "arguments": call.function.arguments}
        written: Body = {"id": call.id, "type": "function", "function": function}
        if call.native is not None:
            if native_for(call.native, dialect.names).get("type") == CUSTOM:
                said = {"name": call.function.name, "input": call.function.arguments}
                written = {"id": call.id, "type": CUSTOM, "custom": said}
            place = f"{path}.tool_calls[{index}]"
            written, lost = overlay_native(written, call.native, dialect.names, place, fuller=("function",))
            losses += lost
        calls.append(written)
    body["tool_calls"] = calls
    return body, losses


def _refuse(body: Body, refusal: str, content: Json, dialect: Dialect, path: str) -> list[Loss]:
    """Add a refusal to a body; where there is no key for it, it is the content if nothing else is."""
    if dialect.refusal:
        body["refusal"] = refusal
        return []
    if content or not refusal:
        return [unsupported(f"{path}.refusal", refusal)]
    body["content"] = refusal
    return [Loss(path=f"{path}.refusal", kind="replaced", asked=refusal, applied="content")]
