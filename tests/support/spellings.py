"""One thing in two spellings: what a value, a message or a request may be before and after."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from support.corpus import Difference
from support.losses_map import Rewriting


def two_words(it: Difference, rewriting: Rewriting) -> bool:
    found = re.match(r"messages\[(\d+)\]\.content\[(\d+)\]\.", it.place)
    if found is None:
        return False
    message, part = int(found[1]), int(found[2])
    bodies = (rewriting.before, rewriting.after)
    before, after = (_document(body["messages"][message]["content"][part]) for body in bodies)
    return before == after is not None


def _document(part: Mapping[str, Any]) -> tuple[object, object] | None:
    if part.keys() == {"type", "file"}:
        return part["file"].get("file_data"), part["file"].get("filename")
    known = {"type", "document_url"} <= part.keys() <= {"type", "document_url", "document_name"}
    return (part["document_url"], part.get("document_name")) if known else None


def joined(before: object, after: object) -> bool:
    texts = [part.get("text") for part in before] if isinstance(before, list) else [before or ""]
    return None not in texts and "".join(map(str, texts)) == (after or "")


def text_block(before: object, after: object) -> bool:
    return after == [{"type": "text", "text": before}]


_NOTHING = {"type": "object", "properties": {}, "required": []}
_ARGUMENTS = r"tools\[\]\.(function\.parameters|input_schema)"


def shape(it: Difference, _: Rewriting) -> bool:
    """A schema of no arguments, or one of the keys that it leaves out."""
    key = re.sub(f"^{_ARGUMENTS}\\.?", "", it.path)
    if key == it.path or it.before is not None:
        return False
    return bool(it.after == (_NOTHING.get(key) if key else _NOTHING))


def boolean_schema(it: Difference, _: Rewriting) -> bool:
    known = re.fullmatch(_ARGUMENTS + r"\.properties\.[^.]+", it.path) is not None
    return known and (it.before, it.after) in [(True, {}), (False, {"not": {}})]


def as_text(before: object, after: object) -> bool:
    return isinstance(before, dict) and isinstance(after, str) and _same(json.loads(after), before)


def as_object(before: object, after: object) -> bool:
    return isinstance(before, str) and _same(json.loads(before or "{}"), after)


def _same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def same_uri(before: object, after: object) -> bool:
    uris = [uri for uri in (before, after) if isinstance(uri, str) and uri[:5].lower() == "data:"]
    return len(uris) == 2 and _content_of(uris[0]) == _content_of(uris[1])


def _content_of(uri: str) -> tuple[str, bytes]:
    head, _, data = uri[5:].partition(",")
    encoded = head.lower().endswith(";base64")
    return head.partition(";")[0], base64.b64decode(data) if encoded else unquote_to_bytes(data)


def old_call(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    calls = [call["function"] for call in after.get("tool_calls") or ()]
    return calls == [{"arguments": "", **(before.get("function_call") or {})}]


def old_result(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    known = (before.get("role"), after.get("role")) == ("function", "tool")
    return known and bool(after.get("tool_call_id"))


def refusing(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    parts = before["content"] if isinstance(before.get("content"), list) else []
    refusals = [part["refusal"] for part in parts if part.keys() == {"type", "refusal"}]
    others = [part for part in parts if part.keys() != {"type", "refusal"}]
    refused = "".join(refusals) == after.get("refusal", "") != ""
    return refused and "refusal" not in before and joined(others, after.get("content"))
