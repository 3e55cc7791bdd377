"""Conversations of Anthropic before and after, as one list of blocks: what a turn is, is told."""

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
class _Said:
    """A block, whose it is, and the message that holds it."""

    role: str
    block: Any
    place: int


def same_blocks(rewriting: Rewriting) -> bool:
    """Whether both conversations are the same blocks, but for what was told.

    Texts of an answer are one, and blank texts of a user none, wherever they stood: so two ways of
    joining are tried.
    """
    return any(_blocks(rewriting, join_first=way) == _written(rewriting) for way in (False, True))


def _blocks(rewriting: Rewriting, *, join_first: bool) -> list[Any]:
    said = _system_first(_said(rewriting.before, rewriting))
    told = _told_of(rewriting, "dropped", "rewritten")
    if join_first:
        said = _joined(said)
    said = [it for it in said if not _is_nothing(it.block, told=it.place in told)]
    return _in_order(_joined(said), rewriting)


def _written(rewriting: Rewriting) -> list[Any]:
    after = rewriting.after
    if any((loss.path, loss.kind) == ("options.response_format", "replaced") for loss in rewriting.told):
        # A model that knows no schemas is told in words, behind what the caller says.
        after = {**after, "system": after["system"][:-1]}
    return _in_order(_joined(_system_first(_said(after, Rewriting(None, None)))), rewriting)


def _system_first(said: Iterable[_Said]) -> list[_Said]:
    return sorted(said, key=lambda it: it.role != "system")


def _told_of(rewriting: Rewriting, *kinds: str) -> set[int]:
    found = [re.match(r"messages\[(\d+)\]", loss.path) for loss in rewriting.told if loss.kind in kinds]
    return {rewriting.owners[int(it[1])] for it in found if it is not None}


def _in_order(said: list[_Said], rewriting: Rewriting) -> list[Any]:
    """Give what is said; where something was told to stand elsewhere, in an order of ours."""
    blocks = [(it.role, json.dumps(it.block, sort_keys=True)) for it in said]
    free = any(loss.kind in {"moved", "merged"} for loss in rewriting.told)
    return sorted(blocks) if free else blocks


def _said(body: Any, rewriting: Rewriting) -> Iterator[_Said]:  # noqa: ANN401 # JSON
    system = {"role": "system", "content": body.get("system")}
    ids = {loss.asked: loss.applied for loss in rewriting.told if re.search(r"[._](id)$", loss.path)}
    replaced = any(loss.path.endswith(".media_type") for loss in rewriting.told)
    for place, message in enumerate([system, *body.get("messages", [])], -1):
        for block in _listed(message.get("content")):
            yield _Said(message.get("role", ""), _cleaned(block, ids, any_text=replaced), place)
        beside = {key: value for key, value in message.items() if key not in {"role", "content"}}
        if beside:
            yield _Said(message.get("role", ""), beside, place)


def _listed(content: Any) -> list[Any]:  # noqa: ANN401 # JSON
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _cleaned(block: Block, ids: Mapping[Any, Any], *, any_text: bool) -> Block:
    """Give a block in one spelling, without what is said by leaving it out."""
    nothing: Block = {"caller": {"type": "direct"}, "citations": []}
    kept = {
        key: ids.get(value, value) if key in {"id", "tool_use_id"} else value
        for key, value in block.items()
        if value is not None and (key not in nothing or value != nothing[key])
    }
    if block.get("type") == "tool_use":
        given = kept.get("input") or "{}"
        kept["input"] = _parsed(given).value_or(given) if isinstance(given, str) else given
    if block.get("type") == "tool_result":
        parts = [_cleaned(part, ids, any_text=any_text) for part in _listed(kept.pop("content", None))]
        # A result that is silent has one form.
        spoken = [part for part in parts if not _is_nothing(part, told=True)]
        kept |= {"content": spoken} if spoken else {}
    if block.get("type") == "document" and "source" in kept:
        kept["source"] = _source(kept["source"], any_text=any_text)
    return kept


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


def _is_nothing(block: Block, *, told: bool) -> bool:
    if block.get("type") == "thinking":
        return told and not block.get("signature")
    said = block.get("text")
    return block.get("type") == "text" and (said == "" or (told and not str(said).strip()))


def _joined(said: list[_Said]) -> list[_Said]:
    """Join plain texts of one side that follow each other."""
    found = list[_Said]()
    for it in said:
        before = found[-1] if found else it
        plain = before.block.keys() == it.block.keys() == {"type", "text"}
        if found and plain and before.role == it.role != "system":
            text = {"type": "text", "text": before.block["text"] + it.block["text"]}
            found[-1] = _Said(it.role, text, before.place)
        else:
            found.append(it)
    return found
