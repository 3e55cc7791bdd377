"""Messages as Ollama takes them: one text each, raw images beside it, and arguments as objects.

Of a message there is the body, what the body does not say (`losses_of`), and the one form in which
a reader gives it back (`normal_message`). What loses something is left in the form it has.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from returns.pipeline import is_successful
from returns.result import safe

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    ContentPart,
    ImageContent,
    NativeContent,
    SystemMessage,
    TextContent,
    ToolResultMessage,
    is_reference,
    is_url,
)
from casual_llm.providers.ollama.arguments import arguments_of, compact
from casual_llm.wire.encoding import PlacedError
from casual_llm.wire.images import media_type_of
from casual_llm.wire.media import inline
from casual_llm.wire.report import Loss, foreign_native, overlay_native, unsupported

Body = dict[str, Json]
Content = str | Sequence[ContentPart] | None
NAMES = ("ollama",)
UNTOLD: str = ImageContent.model_fields["media_type"].default
_NOTHING = TextContent(text="")
_EXCERPT = 40
_HEAD = 16  # of base64: twelve bytes, which tell every image that we know


def message_to_ollama(message: ChatMessage, path: str = "message") -> Body:
    r"""Write a message as a plain dict, or refuse what Ollama cannot take by its place.

    >>> from casual_llm.messages import UserMessage
    >>> message_to_ollama(UserMessage(content=[TextContent(text="What is"), TextContent(text="this?")]))
    {'role': 'user', 'content': 'What is\nthis?'}
    """
    return overlay_native(_plain(message, path), message.native, NAMES, path)[0]


def _plain(message: ChatMessage, path: str) -> Body:
    """Write what the fields of a message say."""
    body: Body = {"role": message.role, **_content(message.content, f"{path}.content")}
    if isinstance(message, AssistantMessage) and message.tool_calls:
        calls = enumerate(message.tool_calls)
        body["tool_calls"] = [_tool_call(call, f"{path}.tool_calls[{index}]")[0] for index, call in calls]
    if isinstance(message, ToolResultMessage):
        # Older servers know `tool_name` alone (docs/api.md, "Chat request (With history, with tools)").
        body |= {"tool_name": message.name, "tool_call_id": message.tool_call_id}
    return body


def _content(content: Content, path: str) -> Body:
    if content is None or isinstance(content, str):
        return {"content": content or ""}
    text = "\n".join(part.text for part in content if isinstance(part, TextContent))
    images: list[Json] = [
        _base64(part, f"{path}[{index}]")
        for index, part in enumerate(content)
        if isinstance(part, ImageContent)
    ]
    return {"content": text, **({"images": images} if images else {})}


def _base64(part: ImageContent, path: str) -> str:
    if is_url(part.source):
        remedy = "fetch the image first: fetch_image_as_base64 for a URL, read_image for a file"
        raise PlacedError(path, "Ollama takes no URLs", remedy)
    data = _data(part)
    if data is None:
        raise PlacedError(path, "the data URI holds no image in base64", "give base64 instead")
    return data


def _data(part: ImageContent) -> str | None:
    """Give the base64 of an image; `None` where there is none, or none that a server would read."""
    found = inline(part)
    if found is None or not found.data:
        return None
    if not isinstance(part.source, str) or not is_reference(part.source):
        return found.data  # it was checked when the part was made
    checked = safe(exceptions=(ValueError,))(base64.b64decode)(found.data, validate=True)
    return found.data if is_successful(checked) else None


def media_type_in(data: str) -> str | None:
    """Tell the media type of an image from the first of its base64.

    >>> media_type_in("R0lGODlh")
    'image/gif'
    """
    return media_type_of(base64.b64decode(data[:_HEAD]))


def _tool_call(call: AssistantToolCall, path: str) -> tuple[Body, list[Loss]]:
    arguments = arguments_of(call.function.arguments)
    if not is_successful(arguments):
        problem = f"{call.function.arguments[:_EXCERPT]!r} is no JSON object"
        remedy = "repair it, or leave the call and its result out"
        raise PlacedError(f"{path}.function.arguments", problem, remedy)
    function: Body = {"name": call.function.name, "arguments": arguments.unwrap()}
    body: Body = {"id": call.id, "function": function}
    return overlay_native(body, call.native, NAMES, path, fuller=("function",))


def losses_of(message: ChatMessage, path: str) -> list[Loss]:
    """Tell what the body of a message does not say.

    >>> losses_of(AssistantMessage(refusal="I will not."), "messages[1]")
    [Loss(path='messages[1].refusal', kind='unsupported', asked='I will not.', applied=None)]
    """
    # Only what is written can be replaced, so the body is asked for where there are keys to lay over it.
    losses = (
        []
        if message.native is None
        else overlay_native(_plain(message, path), message.native, NAMES, path)[1]
    )
    if isinstance(message, AssistantMessage):
        if message.refusal is not None:
            losses.append(unsupported(f"{path}.refusal", message.refusal))
        for index, call in enumerate(message.tool_calls or ()):
            losses += [] if call.native is None else _tool_call(call, f"{path}.tool_calls[{index}]")[1]
    if isinstance(message, ToolResultMessage) and message.is_error is not None:
        losses.append(unsupported(f"{path}.is_error", message.is_error))
    if isinstance(message, SystemMessage | ToolResultMessage) and message.cache_control is not None:
        losses.append(unsupported(f"{path}.cache_control", message.cache_control))
    return losses + _lost_content(message.content, f"{path}.content")


def _lost_content(content: Content, path: str) -> list[Loss]:
    if content is None or isinstance(content, str):
        return []
    losses = [loss for index, part in enumerate(content) for loss in _lost_part(part, f"{path}[{index}]")]
    if losses and [part for part in content if isinstance(part, TextContent)] == [_NOTHING]:
        # A content without text is written as one that says nothing; beside losses nothing else tells of it.
        losses.append(unsupported(f"{path}[{list(content).index(_NOTHING)}]", {"type": "text"}))
    return losses


def _lost_part(part: ContentPart, path: str) -> list[Loss]:
    if isinstance(part, NativeContent):
        return [unsupported(path, {"type": part.block.get("type")})]
    if not isinstance(part, TextContent | ImageContent):
        return [unsupported(path, {"type": part.type})]
    losses = list(
        foreign_native(path, part.native, ())
    )  # a part has no object of its own that could hold keys
    if part.cache_control is not None:
        losses.append(unsupported(f"{path}.cache_control", part.cache_control))
    if isinstance(part, ImageContent):
        losses += _lost_image(part, path)
    return losses


def _lost_image(part: ImageContent, path: str) -> list[Loss]:
    losses = [] if part.detail is None else [unsupported(f"{path}.detail", part.detail)]
    return losses + _lost_type(part, path)


def _lost_type(part: ImageContent, path: str) -> list[Loss]:
    data, found = _data(part), inline(part)
    if data is not None and found is not None and found.media_type != UNTOLD and not media_type_in(data):
        # The bytes tell a server what they are, and these do not.
        return [unsupported(f"{path}.media_type", found.media_type)]
    return []


def normal_message(message: ChatMessage, path: str) -> tuple[ChatMessage, list[Loss]]:
    """Give a message in the form in which it is read back, and what was changed to get there.

    >>> from casual_llm.messages import UserMessage
    >>> normal_message(UserMessage(content=[TextContent(text="Hi")]), "messages[0]")[0].content
    'Hi'
    """
    if isinstance(message, SystemMessage):
        return message, []
    said: dict[str, object] = {}
    changes = list[Loss]()
    asked = message.tool_calls if isinstance(message, AssistantMessage) else None
    content = _normal_content(message.content, beside_calls=bool(asked))
    if content != message.content:
        said["content"] = content
        before, after = _told(message.content), _told(content)
        changes.append(Loss(path=f"{path}.content", kind="rewritten", asked=before, applied=after))
    if asked is not None:
        said["tool_calls"], rewritten = _normal_calls(asked, f"{path}.tool_calls")
        changes += rewritten
    return (message.model_copy(update=said) if changes else message), changes


def _told(content: Content) -> Json:
    """Name the parts of a content, without what they hold, which may be long."""
    if content is None or isinstance(content, str):
        return content and "text"
    return [part.type for part in content]


def _normal_content(content: Content, *, beside_calls: bool) -> Content:
    if not content:
        return None if beside_calls else ""
    if isinstance(content, str):
        return content
    if _lost_content(content, ""):
        return _beside_what_is_lost(content)
    images = [_normal_image(part) for part in content if isinstance(part, ImageContent)]
    if not all(images):
        return content  # what cannot be sent has no form
    text = "\n".join(part.text for part in content if isinstance(part, TextContent))
    if not images:
        return text
    return tuple(part for part in (TextContent(text=text) if text else None, *images) if part is not None)


def _beside_what_is_lost(content: Sequence[ContentPart]) -> Sequence[ContentPart]:
    """Give parts of which some are lost: those keep their places and what is lost of them."""
    return tuple(_image_beside_losses(part) if isinstance(part, ImageContent) else part for part in content)


def _image_beside_losses(part: ImageContent) -> ImageContent:
    normal = None if _lost_type(part, "") else _normal_image(part)
    if normal is None:
        return part
    return part.model_copy(update={"source": normal.source, "media_type": normal.media_type})


def _normal_image(part: ImageContent) -> ImageContent | None:
    data = _data(part)
    if data is None:
        return None
    media_type = media_type_in(data) or UNTOLD
    if not isinstance(part.source, str) and part.media_type == media_type:
        return part
    return ImageContent(source={"type": "base64", "data": data}, media_type=media_type)


def _normal_calls(
    calls: Sequence[AssistantToolCall], path: str
) -> tuple[tuple[AssistantToolCall, ...] | None, list[Loss]]:
    if not calls:
        return None, [Loss(path=path, kind="rewritten", asked=[])]
    normal = tuple(map(_normal_call, calls))
    changes = [
        Loss(
            path=f"{path}[{index}].function.arguments",
            kind="rewritten",
            asked=was.function.arguments,
            applied=now.function.arguments,
        )
        for index, (was, now) in enumerate(zip(calls, normal, strict=True))
        if was is not now
    ]
    return normal, changes


def _normal_call(call: AssistantToolCall) -> AssistantToolCall:
    arguments = compact(call.function.arguments)
    if arguments == call.function.arguments:
        return call
    function = call.function.model_copy(update={"arguments": arguments})
    return call.model_copy(update={"function": function})
