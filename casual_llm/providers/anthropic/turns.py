"""A conversation as turns: user and assistant by turns, each once, which is how the vendor has it.

Messages of one side that follow each other are one turn; tool results are the user's side. System
messages, and messages that say nothing, belong to no side and interrupt no turn. All turns but
the last are closed: whatever is appended, their bytes stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from casual_llm.messages import (
    AssistantMessage,
    ChatMessage,
    Native,
    SystemMessage,
    ToolResultMessage,
    UserMessage,
)
from casual_llm.providers.anthropic.assistant import assistant_blocks, joined, says
from casual_llm.providers.anthropic.blocks import (
    IDS,
    NAME,
    NAMES,
    Body,
    EncodedBlocks,
    blank_text,
    content_blocks,
    parts_of,
    result_block,
    system_block,
)
from casual_llm.wire.encoding import PlacedError
from casual_llm.wire.ids import valid_tool_call_id
from casual_llm.wire.report import Loss, foreign_native, native_for, overlay_native, unsupported

Side: TypeAlias = Literal["user", "assistant"]


class Located(NamedTuple):
    """A message, and where it stands in the call."""

    place: int
    message: ChatMessage

    @property
    def path(self) -> str:
        """The place as errors and losses name it."""
        return f"messages[{self.place}]"


class Turn(NamedTuple):
    """The messages of one turn, and all that stands between its first message and the next turn's."""

    start: int
    side: Side | None
    """`None` where nobody says anything."""
    messages: tuple[Located, ...]


class WrittenTurn(NamedTuple):
    """A turn in the vendor's words: a message, if anything is said, and blocks for `system`."""

    body: Body | None
    system: tuple[Body, ...]
    losses: tuple[Loss, ...]
    names: Mapping[str, str]
    """The names of the tools called so far, by the ids of the calls as they are written."""


def side_of(message: ChatMessage) -> Side | None:
    """Tell who speaks; `None` for a system message and for one that says nothing.

    >>> side_of(UserMessage(content="Hi")), side_of(UserMessage(content=" "))
    ('user', None)
    """
    if isinstance(message, AssistantMessage):
        return "assistant" if says(message) else None
    if isinstance(message, UserMessage):
        parts = parts_of(message.content)
        silent = bool(parts) and None not in map(blank_text, parts)
        return None if silent else "user"
    return None if isinstance(message, SystemMessage) else "user"


def turns_of(messages: Sequence[ChatMessage], start: int = 0) -> list[Turn]:
    """Cut a conversation into turns, from a message on that begins one.

    >>> [turn.side for turn in turns_of([UserMessage(content="Hi"), AssistantMessage(content="Hello.")])]
    ['user', 'assistant']
    """
    found, side, turn = list[Turn](), None, list[Located]()
    for index, message in enumerate(messages[start:], start):
        now = side_of(message)
        if now is not None and side is not None and now != side:
            found.append(Turn(turn[0].place, side, tuple(turn)))
            turn = []
        side = now or side
        turn.append(Located(index, message))
    return [*found, Turn(turn[0].place, side, tuple(turn))] if turn else found


def write_turn(turn: Turn, known: Mapping[str, str]) -> WrittenTurn:
    """Write a turn: the results of tools stand first in a user's, the calls last in an assistant's.

    >>> write_turn(turns_of([UserMessage(content="Hi")])[0], {}).body
    {'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}
    """
    names, further, losses = dict(known), Body(), list[Loss]()
    system, results, parts, answers = list[Body](), list[Body](), list[Body](), list[list[Body]]()
    for path, message in ((one.path, one.message) for one in turn.messages):
        if isinstance(message, SystemMessage):
            blocks, lost = system_block(path, message)
            system += blocks
        elif isinstance(message, AssistantMessage):
            blocks, lost = assistant_blocks(path, message)
            answers += [blocks] if blocks else []
            names |= {
                valid_tool_call_id(call.id, IDS): call.function.name for call in message.tool_calls or ()
            }
        elif isinstance(message, ToolResultMessage):
            blocks, lost = result_block(
                path, message, names.get(valid_tool_call_id(message.tool_call_id, IDS), "")
            )
            results += blocks
        else:
            blocks, lost = _user_blocks(path, message)
            parts += blocks
        further, replaced = overlay_native(further, _beside(message) if blocks else None, NAMES, path)
        losses += [*lost, *replaced]
    content = joined(answers) if turn.side == "assistant" else [*results, *parts]
    body: Body = {"role": turn.side, "content": content, **further}
    return WrittenTurn(body if turn.side else None, tuple(system), tuple(losses), names)


def _user_blocks(path: str, message: UserMessage) -> EncodedBlocks:
    blocks, losses = content_blocks(f"{path}.content", message.content)
    if not blocks and side_of(message) is not None:
        problem = "nothing of it can be said in Anthropic's words"
        raise PlacedError(f"{path}.content", problem, "give text, an image or a document")
    replaced = sorted({"role", "content"}.intersection(native_for(message.native, NAMES)))
    losses += [
        unsupported(f"{path}.native.{NAME}.{key}", "give NativeContent in its place") for key in replaced
    ]
    return EncodedBlocks(blocks, [*losses, *foreign_native(path, message.native, NAMES)])


def _beside(message: ChatMessage) -> Native:
    """Give what a message says beside its content; system messages and results say it in their block."""
    if not isinstance(message, UserMessage | AssistantMessage):
        return None
    known = {"role", "content"}
    return {
        NAME: {key: value for key, value in native_for(message.native, NAMES).items() if key not in known}
    }
