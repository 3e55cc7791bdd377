"""The messages of a call as the arrays of a request: `system`, and turns.

A fold over turns: what it takes to go on is in `Prefix`, so a conversation that grew by a turn is
written by writing that turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casual_llm.frozen import Json
from casual_llm.options import ChatOptions
from casual_llm.providers.anthropic.normal import normal_turn
from casual_llm.providers.anthropic.turns import Turn, turns_of, write_turn
from casual_llm.wire.codec import Call
from casual_llm.wire.encoding import EncodedMessages, PlacedError, check_message, dump_message
from casual_llm.wire.json import dump, mapping, parse, text
from casual_llm.wire.prefix import Prefix, append
from casual_llm.wire.report import Loss


def conversation(known: Prefix, call: Call, options: ChatOptions) -> EncodedMessages:
    """Write the messages that came since; all turns but the last are written for good.

    >>> from casual_llm.messages import UserMessage
    >>> from casual_llm.wire.prefix import EMPTY_PREFIX
    >>> call = Call(model="claude-opus-4-6", messages=[UserMessage(content="Hi")])
    >>> conversation(EMPTY_PREFIX, call, ChatOptions()).tail
    (b'{"role":"user","content":[{"type":"text","text":"Hi"}]}',)
    """
    for index, message in enumerate(call.messages[known.count :], known.count):
        check_message(f"messages[{index}]", message)
    turns = turns_of(call.messages, known.count)
    closed, last = turns[:-1], turns[-1:]
    written = _written(known, closed, last[0].start if closed else known.count)
    whole = _written(Prefix(names=written.names), last, len(call.messages))
    if not (written.pieces or whole.pieces):
        problem = "nobody says anything beside the system messages"
        raise PlacedError("messages", problem, "give a message of the user that is not blank")
    system, lost = _merged([*written.system, *whole.system], options)
    return EncodedMessages(
        written=written,
        tail=whole.pieces,
        losses=(*whole.losses, *lost),
        changes=whole.changes,
        front={"system": system} if system else {},
    )


def _written(known: Prefix, turns: Sequence[Turn], count: int) -> Prefix:
    names: Mapping[str, str] = known.names
    bodies, system = list[bytes](), list(known.system)
    losses, changes = list(known.losses), list(known.changes)
    for turn in turns:
        said = write_turn(turn, names)
        path, names = f"messages[{turn.start}]", said.names
        bodies += [] if said.body is None else [dump_message(path, said.body)]
        system += [dump_message(path, block) for block in said.system]
        losses += said.losses
        normal_turn(turn, changes)
    return Prefix(
        count=count,
        pieces=append(known.pieces, bodies),
        losses=tuple(losses),
        changes=tuple(changes),
        names=names,
        system=tuple(system),
    )


def _merged(blocks: list[bytes], options: ChatOptions) -> tuple[list[bytes], list[Loss]]:
    if options.system_message_handling != "merge" or len(blocks) <= 1:
        return blocks, []
    read = [mapping(parse(block).value_or({})) for block in blocks]
    joined = "\n\n".join(text(block.get("text")) for block in read)
    # The mark of the last block covers all that stands before it; those of the others are lost.
    marks: list[Json] = [dict(sorted(_beside(block).items())) for block in read[:-1] if _beside(block)]
    path = "options.system_message_handling"
    lost = [Loss(path=path, kind="replaced", asked=marks, applied=_beside(read[-1]))] if marks else []
    return [dump({**read[-1], "text": joined})], lost


def _beside(block: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in block.items() if key not in {"type", "text"}}
