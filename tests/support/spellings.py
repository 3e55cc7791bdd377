"""Equivalent values: two forms of one value, message or request, before and after it is encoded again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from support.corpus import Difference
from support.losses_map import Rewriting


def same_document(it: Difference, rewriting: Rewriting) -> bool:
    """Return whether a part is the same document as a `file` and as a `document_url`."""
    match = re.match(r"messages\[(\d+)\]\.content\[(\d+)\]\.", it.path)
    if match is None:
        return False
    message, part = int(match[1]), int(match[2])
    bodies = (rewriting.before, rewriting.after)
    before, after = (_document(body["messages"][message]["content"][part]) for body in bodies)
    return before == after is not None


def _document(part: Mapping[str, Any]) -> tuple[object, object] | None:
    if part.keys() == {"type", "file"}:
        return part["file"].get("file_data"), part["file"].get("filename")
    known = {"type", "document_url"} <= part.keys() <= {"type", "document_url", "document_name"}
    return (part["document_url"], part.get("document_name")) if known else None


def same_text(before: object, after: object) -> bool:
    """Return whether a content of text parts and a string have the same text."""
    texts = [part.get("text") for part in before] if isinstance(before, list) else [before or ""]
    return None not in texts and "".join(map(str, texts)) == (after or "")


def is_text_block(before: object, after: object) -> bool:
    """Return whether a string has become a list of one text block."""
    return after == [{"type": "text", "text": before}]


_NO_ARGUMENTS = {"type": "object", "properties": {}, "required": []}
_ARGUMENTS = r"tools\[\]\.(function\.parameters|input_schema)"


def default_schema(it: Difference, _: Rewriting) -> bool:
    """Return whether an added schema, or an added key of one, is that of a tool without arguments."""
    key = re.sub(f"^{_ARGUMENTS}\\.?", "", it.pattern)
    if key == it.pattern or it.before is not None:
        return False
    return bool(it.after == (_NO_ARGUMENTS.get(key) if key else _NO_ARGUMENTS))


def boolean_schema(it: Difference, _: Rewriting) -> bool:
    """Return whether a boolean schema of a property has become the equivalent object."""
    known = re.fullmatch(_ARGUMENTS + r"\.properties\.[^.]+", it.pattern) is not None
    return known and (it.before, it.after) in [(True, {}), (False, {"not": {}})]


def as_text(before: object, after: object) -> bool:
    """Return whether an object has become its JSON text."""
    return isinstance(before, dict) and isinstance(after, str) and _same(json.loads(after), before)


def as_object(before: object, after: object) -> bool:
    """Return whether a JSON text has become the object that it spells."""
    return isinstance(before, str) and _same(json.loads(before or "{}"), after)


def _same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def same_data_uri(before: object, after: object) -> bool:
    """Return whether two data URIs have the same media type and bytes."""
    uris = [uri for uri in (before, after) if isinstance(uri, str) and uri[:5].lower() == "data:"]
    return len(uris) == 2 and _content_of(uris[0]) == _content_of(uris[1])


def _content_of(uri: str) -> tuple[str, bytes]:
    head, _, data = uri[5:].partition(",")
    encoded = head.lower().endswith(";base64")
    return head.partition(";")[0], base64.b64decode(data) if encoded else unquote_to_bytes(data)


def same_function_call(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether a deprecated `function_call` has become a tool call."""
    calls = [call["function"] for call in after.get("tool_calls") or ()]
    return calls == [{"arguments": "", **(before.get("function_call") or {})}]


def same_function_result(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether a deprecated `function` message has become a tool result."""
    known = (before.get("role"), after.get("role")) == ("function", "tool")
    return known and bool(after.get("tool_call_id"))


def same_refusal(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether refusal parts have become the refusal of the message."""
    parts = before["content"] if isinstance(before.get("content"), list) else []
    refusals = [part["refusal"] for part in parts if part.keys() == {"type", "refusal"}]
    others = [part for part in parts if part.keys() != {"type", "refusal"}]
    refused = "".join(refusals) == after.get("refusal", "") != ""
    return refused and "refusal" not in before and same_text(others, after.get("content"))
