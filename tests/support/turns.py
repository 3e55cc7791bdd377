"""Anthropic conversations as one list of blocks each, so that they compare equal however turns are joined."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen
from returns.result import safe
from support.losses_map import Rewriting

Block = Mapping[str, Any]
PLAIN = "text/plain"


@frozen
class _IndexedBlock:
    """A block, its role, and the index of its message; -1 for the system prompt."""

    role: str
    block: Any
    index: int


def same_blocks(rewriting: Rewriting) -> bool:
    """Return whether both conversations have the same blocks, except for the reported changes.

    The texts of an answer are joined and blank texts removed, in either order, so both orders are tried.
    """
    return any(_before(rewriting, join_first=first) == _after(rewriting) for first in (False, True))


def _before(rewriting: Rewriting, *, join_first: bool) -> list[Any]:
    blocks = _system_first(_blocks_of(rewriting.before, rewriting))
    changed = _changed_messages(rewriting, "dropped", "rewritten")
    if join_first:
        blocks = _joined(blocks)
    blocks = [it for it in blocks if not _is_blank(it.block, reported=it.index in changed)]
    return _in_order(_joined(blocks), rewriting)


def _after(rewriting: Rewriting) -> list[Any]:
    after = rewriting.after
    if any((loss.path, loss.kind) == ("options.response_format", "replaced") for loss in rewriting.reported):
        # A model that supports no schemas gets an instruction after the system prompt of the caller.
        after = {**after, "system": after["system"][:-1]}
    return _in_order(_joined(_system_first(_blocks_of(after, Rewriting(None, None)))), rewriting)


def _system_first(blocks: Iterable[_IndexedBlock]) -> list[_IndexedBlock]:
    return sorted(blocks, key=lambda it: it.role != "system")


def _changed_messages(rewriting: Rewriting, *kinds: str) -> set[int]:
    matches = [re.match(r"messages\[(\d+)\]", loss.path) for loss in rewriting.reported if loss.kind in kinds]
    return {rewriting.owners[int(it[1])] for it in matches if it is not None}


def _in_order(blocks: list[_IndexedBlock], rewriting: Rewriting) -> list[Any]:
    """Return the blocks to compare; in sorted order where a reported change moves some of them."""
    comparable = [(it.role, json.dumps(it.block, sort_keys=True)) for it in blocks]
    moved = any(loss.kind in {"moved", "merged"} for loss in rewriting.reported)
    return sorted(comparable) if moved else comparable


def _blocks_of(body: Any, rewriting: Rewriting) -> Iterator[_IndexedBlock]:  # noqa: ANN401 # JSON
    system = {"role": "system", "content": body.get("system")}
    ids = {loss.asked: loss.applied for loss in rewriting.reported if re.search(r"[._](id)$", loss.path)}
    replaced = any(loss.path.endswith(".media_type") for loss in rewriting.reported)
    for index, message in enumerate([system, *body.get("messages", [])], -1):
        for block in _listed(message.get("content")):
            yield _IndexedBlock(message.get("role", ""), _cleaned(block, ids, any_text=replaced), index)
        other_fields = {key: value for key, value in message.items() if key not in {"role", "content"}}
        if other_fields:
            yield _IndexedBlock(message.get("role", ""), other_fields, index)


def _listed(content: Any) -> list[Any]:  # noqa: ANN401 # JSON
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _cleaned(block: Block, ids: Mapping[Any, Any], *, any_text: bool) -> Block:
    """Return a block in canonical form, without keys that have their default value."""
    defaults: Block = {"caller": {"type": "direct"}, "citations": []}
    fields = {
        key: ids.get(value, value) if key in {"id", "tool_use_id"} else value
        for key, value in block.items()
        if value is not None and (key not in defaults or value != defaults[key])
    }
    if block.get("type") == "tool_use":
        given = fields.get("input") or "{}"
        fields["input"] = _parsed(given).value_or(given) if isinstance(given, str) else given
    if block.get("type") == "tool_result":
        parts = [_cleaned(part, ids, any_text=any_text) for part in _listed(fields.pop("content", None))]
        # A result without content has one form.
        non_blank = [part for part in parts if not _is_blank(part, reported=True)]
        fields |= {"content": non_blank} if non_blank else {}
    if block.get("type") == "document" and "source" in fields:
        fields["source"] = _source(fields["source"], any_text=any_text)
    return fields


def _source(source: Block, *, any_text: bool) -> Block:
    kind = source.get("media_type", "")
    if source.get("type") == "base64" and (kind == PLAIN or (any_text and kind.startswith("text/"))):
        text = _decoded(source["data"]).value_or(None)
        return source if text is None else {"type": "text", "media_type": PLAIN, "data": text}
    return source


@safe(exceptions=(ValueError,))
def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()


_parsed = safe(exceptions=(ValueError,))(json.loads)


def _is_blank(block: Block, *, reported: bool) -> bool:
    if block.get("type") == "thinking":
        return reported and not block.get("signature")
    text = block.get("text")
    return block.get("type") == "text" and (text == "" or (reported and not str(text).strip()))


def _joined(blocks: list[_IndexedBlock]) -> list[_IndexedBlock]:
    """Join consecutive plain texts of one role."""
    joined = list[_IndexedBlock]()
    for it in blocks:
        before = joined[-1] if joined else it
        plain = before.block.keys() == it.block.keys() == {"type", "text"}
        if joined and plain and before.role == it.role != "system":
            text = {"type": "text", "text": before.block["text"] + it.block["text"]}
            joined[-1] = _IndexedBlock(it.role, text, before.index)
        else:
            joined.append(it)
    return joined
