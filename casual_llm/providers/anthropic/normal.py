"""The one form of a conversation that a request gives back, and what is changed to get there.

System messages stand in front, each side speaks once a turn, results of tools before the text
beside them, blank texts are left out, and everything has one spelling. What the format cannot
say stays where it is: `encode` tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.messages import (
    AssistantMessage,
    AssistantToolCall,
    ChatMessage,
    ContentPart,
    FileContent,
    ImageContent,
    Native,
    NativeContent,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.anthropic.assistant import (
    assistant_blocks,
    assistant_of,
    joined,
    kept_blocks,
    spoken_blocks,
)
from casual_llm.providers.anthropic.blocks import IDS, NAME, blank_text, in_base64, is_blank, parts_of
from casual_llm.providers.anthropic.read_messages import compact, read_part
from casual_llm.providers.anthropic.turns import Located, Turn, side_of, turns_of
from casual_llm.wire.codec import Normal
from casual_llm.wire.encoding import PlacedError
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.report import Loss

Changes = list[Loss]


def normalize(messages: Sequence[ChatMessage]) -> Normal:
    """Give a conversation in the form that its request is read back in.

    >>> normalize([UserMessage(content="Hi"), UserMessage(content="there")]).changes
    (Loss(path='messages[1]', kind='merged', asked='user', applied='messages[0]'),)
    """
    changes: Changes = []
    turns = [normal_turn(turn, changes) for turn in turns_of(messages)]
    said = [message for turn in turns for message in turn]
    system = [message for message in said if isinstance(message, SystemMessage)]
    others = [message for message in said if not isinstance(message, SystemMessage)]
    return Normal(messages=(*system, *others), changes=tuple(changes))


def normal_turn(turn: Turn, changes: Changes) -> list[ChatMessage]:
    """Give the messages of one turn in their normal form, and add what was changed.

    >>> from casual_llm.messages import TextContent
    >>> found = []
    >>> normal_turn(turns_of([UserMessage(content=[TextContent(text="Hi")])])[0], found), found[0].kind
    ([UserMessage(role='user', content='Hi')], 'rewritten')
    """
    spoken, behind = list[Located](), turn.start > 0
    system = list[ChatMessage]()
    for one in turn.messages:
        message = one.message
        if isinstance(message, SystemMessage) and not is_blank(message.content):
            system.append(message)
            changes += [_change(one.path, "moved", "system", "in front")] if behind else []
        elif isinstance(message, SystemMessage) or side_of(message) is None:
            changes.append(_change(one.path, "dropped", message.content))
        else:
            spoken.append(Located(one.place, _single(one.path, message, changes)))
        behind = behind or not isinstance(message, SystemMessage)
    if turn.side == "assistant":
        return [*system, *_one_answer(spoken, changes)]
    return [*system, *_results_first(spoken, changes)]


def _change(path: str, kind: str, asked: object, applied: Json = None) -> Loss:
    return Loss(path=path, kind=kind, asked=asked, applied=applied)  # type: ignore[arg-type]


def _single(
    path: str, message: UserMessage | AssistantMessage | ToolResultMessage, changes: Changes
) -> ChatMessage:
    if isinstance(message, AssistantMessage):
        return _answer(path, message, changes)
    if isinstance(message, ToolResultMessage):
        return _result(path, message, changes)
    content = _content(f"{path}.content", message.content, changes)
    return message if content is message.content else message.model_copy(update={"content": content})


def _result(path: str, message: ToolResultMessage, changes: Changes) -> ToolResultMessage:
    content = _content(f"{path}.content", message.content, changes)
    if content == ():
        changes.append(_change(f"{path}.content", "rewritten", [], ""))
        content = ""
    before, after = message.tool_call_id, valid_tool_call_id(message.tool_call_id, IDS)
    if before != after:
        changes.append(_change(f"{path}.tool_call_id", "rewritten", before, after))
    elif content is message.content:
        return message
    return message.model_copy(update={"content": content, "tool_call_id": after})


def _content(
    path: str, content: str | Sequence[ContentPart] | None, changes: Changes
) -> str | Sequence[ContentPart] | None:
    if isinstance(content, str | None):
        if not content or not is_blank(content):
            return content
        changes.append(_change(path, "dropped", content))
        return ""
    kept = list[ContentPart]()
    for index, part in enumerate(content):
        nothing = blank_text(part)
        if nothing is not None:
            changes.append(_change(f"{path}[{index}]", "dropped", nothing["text"]))
        else:
            kept.append(_part(f"{path}[{index}]", part, changes))
    normal = compact(kept)
    if isinstance(normal, str):
        changes.append(_change(path, "rewritten", "a list of one text", "a text"))
    return normal


def _part(path: str, part: ContentPart, changes: Changes) -> ContentPart:
    # What is changed is told, and not its data, which may be long.
    if isinstance(part, NativeContent) and part.format == NAME:
        known = read_part(part.block)
        changes += [] if known == part else [_change(path, "rewritten", "a block", f"a part: {known.type}")]
        return known
    if isinstance(part, ImageContent | FileContent):
        held = in_base64(part)
        changed = held is not None and held != part
        changes += [_change(f"{path}.source", "rewritten", "a text", "base64")] if changed else []
        return held or part
    return part


def _results_first(spoken: Sequence[Located], changes: Changes) -> list[ChatMessage]:
    results = [one for one in spoken if isinstance(one.message, ToolResultMessage)]
    users = [one for one in spoken if isinstance(one.message, UserMessage)]
    behind = [one for one in results if users and one.place > users[0].place]
    changes += [_change(one.path, "moved", "tool", "before the text") for one in behind]
    messages: list[ChatMessage] = [one.message for one in results]
    if len(users) <= 1:
        return [*messages, *(one.message for one in users)]
    changes += [_change(one.path, "merged", "user", users[0].path) for one in users[1:]]
    parts = [part for one in users for part in parts_of(one.message.content)]
    return [
        *messages,
        UserMessage(content=compact(parts), native=_natives([one.message for one in users]) or None),
    ]


def _natives(messages: Iterable[ChatMessage]) -> dict[str, dict[str, Json]]:
    joint: dict[str, dict[str, Json]] = {}
    for message in messages:
        for name, keys in (message.native or {}).items():
            joint.setdefault(name, {}).update(keys)
    return joint


def _one_answer(spoken: Sequence[Located], changes: Changes) -> list[ChatMessage]:
    answers = [one.message for one in spoken if isinstance(one.message, AssistantMessage)]
    if len(answers) <= 1:
        return [*answers]
    try:
        blocks = [assistant_blocks(one.path, said).blocks for one, said in zip(spoken, answers, strict=True)]
    except PlacedError:
        return [*answers]
    changes += [_change(one.path, "merged", "assistant", spoken[0].path) for one in spoken[1:]]
    base = assistant_of(joined(blocks))
    return [_with(base, native=_native(base, _natives(answers)))]


def _with(message: AssistantMessage, **fields: object) -> AssistantMessage:
    return AssistantMessage.model_validate({**dict(message), **fields})


def _native(base: AssistantMessage, given: Mapping[str, Mapping[str, Json]]) -> Native:
    """Give what is known beside the fields: in the vendor's name what is read back, in others' all."""
    further = {key: value for key, value in given.get(NAME, {}).items() if key != "content"}
    joint = {**given, NAME: {**further, **(base.native or {}).get(NAME, {})}}
    return {name: keys for name, keys in joint.items() if keys} or None


def _answer(path: str, message: AssistantMessage, changes: Changes) -> AssistantMessage:
    try:
        base = assistant_of(spoken_blocks(path, message).blocks)
    except PlacedError:
        return message
    if len(base.tool_calls or ()) != len(message.tool_calls or ()):
        return message  # a call of another type, by the words of its own, is a loss and no change
    given = _natives([message])
    native = dict(_native(base, given) or {})
    if "content" in given.get(NAME, {}) and kept_blocks(message) is None:
        native[NAME] = given[NAME]  # blocks that do not agree are a loss, and no change
    pairs = zip(base.tool_calls or (), message.tool_calls or (), strict=True)
    calls = [_call(f"{path}.tool_calls[{at}]", *pair, changes) for at, pair in enumerate(pairs)]
    content = message.content if message.refusal and not base.content else base.content
    normal = AssistantMessage(
        content=content, tool_calls=calls or None, refusal=message.refusal or None, native=native or None
    )
    changes += [
        _change(f"{path}.{name}", "rewritten", getattr(message, name), getattr(normal, name))
        for name in ("content", "refusal")
        if getattr(message, name) != getattr(normal, name)
    ]
    if normal.native != message.native:
        changes.append(_change(f"{path}.native.{NAME}", "rewritten", "blocks", "the message says it"))
    if message.tool_calls is not None and not message.tool_calls:
        changes.append(_change(f"{path}.tool_calls", "dropped", []))
    return normal


def _call(
    path: str, read: AssistantToolCall, given: AssistantToolCall, changes: Changes
) -> AssistantToolCall:
    foreign = {name: keys for name, keys in (given.native or {}).items() if name != NAME}
    native = {**foreign, **(read.native or {})} or None
    before, after = given.function.arguments, read.function.arguments
    normal = AssistantToolCall(id=read.id, function=read.function, native=native)
    if read.id != given.id:
        changes.append(_change(f"{path}.id", "rewritten", given.id, read.id))
    if before != after:
        changes.append(_change(f"{path}.function.arguments", "rewritten", before, after))
    if normal.native != given.native:
        changes.append(_change(f"{path}.native.{NAME}", "rewritten", "keys", "what the wire holds"))
    return normal
