"""The losses and changes that `encode` reports, mapped to paths of the request body.

A difference between two bodies is reported if a loss has its path and, where the loss has values, its values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from support.corpus import Difference
from support.protocols import ANTHROPIC, OLLAMA, OPENAI

from casual_llm.frozen import thaw
from casual_llm.wire.report import Change, Loss


@frozen
class Rewriting:
    """A request before and after it was read and encoded again, and what `encode` reported."""

    before: Any
    after: Any
    reported: tuple[Loss | Change, ...] = ()
    """Losses and changes; the indices in their paths are those of the messages of the call."""
    owners: tuple[int, ...] = ()
    """For each message of the call its index in the request; -1 for the system prompt outside `messages`."""


_SETTINGS = ("temperature", "top_p", "top_k", "stop", "frequency_penalty", "presence_penalty", "seed")
OPTION_PATHS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    OPENAI.name: {"tool_choice": ("tool_choice", "tools"), "seed": ("seed", "random_seed")},
    ANTHROPIC.name: {"stop": ("stop_sequences",)},
    OLLAMA.name: {
        **{name: (f"options.{name}",) for name in _SETTINGS},
        "max_tokens": ("options.num_predict",),
        "response_format": ("format",),
    },
}
"""The paths of options in a request body, where they are not the option's own name."""


def is_reported(protocol: str, it: Difference, rewriting: Rewriting) -> bool:
    """Return whether a reported loss has the path and the values of a difference."""
    return any(
        _is_inside(it.path, _paths(protocol, loss)) and _has_values(it, loss) for loss in rewriting.reported
    )


def _paths(protocol: str, loss: Loss | Change) -> tuple[str, ...]:
    path = re.sub(r"\.native\.[^.]+", "", loss.path)
    if not path.startswith("options."):
        replacement = f"{path.rpartition('.')[0]}.{loss.applied}"
        return (path, replacement) if loss.kind == "replaced" and loss.applied == "content" else (path,)
    option = path.removeprefix("options.").removeprefix("extra.")
    return OPTION_PATHS[protocol].get(option, (option,))


def _is_inside(path: str, outer_paths: Sequence[str]) -> bool:
    # Our tools have no `function` object around their fields.
    plain = re.sub(r"^(tools\[\d+\])\.function", r"\1", path)
    return any(plain == outer or plain.startswith((f"{outer}.", f"{outer}[")) for outer in outer_paths)


def _has_values(it: Difference, loss: Loss | Change) -> bool:
    """Return whether the values of a difference are those of a loss; some losses name a key instead."""
    if it.path == "tools":  # only requested tools may be sent
        return bool([tool for tool in it.before if tool in it.after] == it.after)
    if loss.kind in {"unsupported", "dropped"}:
        return it.after is None
    if loss.applied == "content":  # the key that holds the value instead
        return it.after in (None, loss.asked)
    return bool(it.before != thaw(loss.asked) or it.after == thaw(loss.applied))


def with_dropped_parts(after: Any, reported: Sequence[Loss | Change]) -> Any:  # noqa: ANN401 # JSON
    """Insert null for each dropped content part, so that the other parts have their original indices."""
    dropped = [loss.path for loss in reported if loss.kind == "unsupported"]
    matches = [re.fullmatch(r"messages\[(\d+)\]\.content\[(\d+)\]", path) for path in dropped]
    messages = list(after.get("messages", []))
    for message, part in sorted((int(it[1]), int(it[2])) for it in matches if it is not None):
        content = messages[message]["content"] or []
        padded = [*content[:part], None, *content[part:]] if isinstance(content, list) else content
        messages[message] = {**messages[message], "content": padded}
    return {**after, "messages": messages} if messages else after
