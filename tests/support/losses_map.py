"""What `encode` told of a request, as places of the request: a difference there is declared.

A difference is told by its place and, where the values are told too, by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from support.corpus import Difference
from support.protocols import ANTHROPIC, OLLAMA, OPENAI

from casual_llm.frozen import thaw
from casual_llm.wire.report import Loss


@frozen
class Rewriting:
    """A request before and after, and what was told of it."""

    before: Any
    after: Any
    told: tuple[Loss, ...] = ()
    """Losses and changes; their messages are those of the call."""
    owners: tuple[int, ...] = ()
    """Of each message of the call the place in the request; -1 where it stands above the messages."""


_SETTINGS = ("temperature", "top_p", "top_k", "stop", "frequency_penalty", "presence_penalty", "seed")
PLACES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    OPENAI.name: {"tool_choice": ("tool_choice", "tools"), "seed": ("seed", "random_seed")},
    ANTHROPIC.name: {"stop": ("stop_sequences",)},
    OLLAMA.name: {
        **{name: (f"options.{name}",) for name in _SETTINGS},
        "max_tokens": ("options.num_predict",),
        "response_format": ("format",),
    },
}
"""Where a format says an option, if not under its own name."""


def is_told(protocol: str, it: Difference, rewriting: Rewriting) -> bool:
    """Whether something was told that holds this place, and these values."""
    return any(_at(it.place, _places(protocol, loss)) and _fits(it, loss) for loss in rewriting.told)


def _places(protocol: str, loss: Loss) -> tuple[str, ...]:
    path = re.sub(r"\.native\.[^.]+", "", loss.path)
    if not path.startswith("options."):
        said_instead = f"{path.rpartition('.')[0]}.{loss.applied}"
        return (path, said_instead) if loss.kind == "replaced" and loss.applied == "content" else (path,)
    option = path.removeprefix("options.").removeprefix("extra.")
    return PLACES[protocol].get(option, (option,))


def _at(place: str, told: Sequence[str]) -> bool:
    # Of a tool ours has no object in an object.
    plain = re.sub(r"^(tools\[\d+\])\.function", r"\1", place)
    return any(plain == path or plain.startswith((f"{path}.", f"{path}[")) for path in told)


def _fits(it: Difference, loss: Loss) -> bool:
    """Whether the values are those that were told; some losses tell them in words."""
    if it.place == "tools":  # offered is nothing but what was asked for
        return bool([tool for tool in it.before if tool in it.after] == it.after)
    if loss.kind in {"unsupported", "dropped"}:
        return it.after is None
    if loss.applied == "content":  # which says it instead
        return it.after in (None, loss.asked)
    return bool(it.before != thaw(loss.asked) or it.after == thaw(loss.applied))


def with_holes(after: Any, told: Sequence[Loss]) -> Any:  # noqa: ANN401 # JSON
    """Put null where a part was left out, so that the others stand where they stood."""
    left_out = [loss.path for loss in told if loss.kind == "unsupported"]
    found = [re.fullmatch(r"messages\[(\d+)\]\.content\[(\d+)\]", path) for path in left_out]
    messages = list(after.get("messages", []))
    for message, part in sorted((int(it[1]), int(it[2])) for it in found if it is not None):
        content = messages[message]["content"] or []
        holed = [*content[:part], None, *content[part:]] if isinstance(content, list) else content
        messages[message] = {**messages[message], "content": holed}
    return {**after, "messages": messages} if messages else after
