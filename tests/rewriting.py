"""Recorded requests, read and written again: what may differ, and why.

Each rule looks at the values before and after, so that a place where something is lost does not pass
for one where it is said in another form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from corpus import Difference, Exchange, differences
from protocols import ANTHROPIC, OLLAMA, OPENAI, Protocol
from returns.result import Failure
from verdicts import EQUAL, Verdict, excused, same, unexplained

from casual_llm.wire.codec import Request


@frozen
class Rewriting:
    """A request before and after, and the places of what was told to be lost."""

    before: Any
    after: Any
    lost: frozenset[str]


Rule = Callable[[Difference, Rewriting], bool]


def at(*names: str) -> Rule:
    """Allow these differences, whatever the values."""
    return lambda difference, _: difference.name in names


def given(allowed: Callable[[Any, Any], bool], *paths: str) -> Rule:
    """Allow a difference by its values, at these places or at all."""
    return lambda it, _: (not paths or it.path in paths) and allowed(it.before, it.after)


def _limit(body: Mapping[str, Any]) -> object:
    return body.get("max_tokens", body.get("max_completion_tokens"))


def _joined(before: object, after: object) -> bool:
    texts = [part.get("text") for part in before] if isinstance(before, list) else [before or ""]
    return None not in texts and "".join(map(str, texts)) == (after or "")


def _text_block(before: object, after: object) -> bool:
    return after == [{"type": "text", "text": before}]


def _same_blocks(difference: Difference, rewriting: Rewriting) -> bool:
    before, after = rewriting.before["messages"], rewriting.after["messages"]
    return difference.name == "changed messages" and _blocks(before) == _blocks(after)


def _same_texts(before: object, after: object) -> bool:
    return _blocks([{"content": before}]) == _blocks([{"content": after}])


def _blocks(messages: list[Any]) -> list[Any]:
    """Give all content as blocks, plain texts in a row as one."""
    found = list[Any]()
    for message in messages:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if found and found[-1].keys() == block.keys() == {"type", "text"}:
                found[-1] = {"type": "text", "text": found[-1]["text"] + block["text"]}
            else:
                found.append(block)
    return found


EVERYWHERE: Mapping[str, Rule] = {
    "null is what leaving it out means": given(lambda before, after: before is None and after is None),
    "`false` is what leaving it out means": lambda it, _: it.name == "gone stream" and it.before is False,
    "an empty list is what leaving it out means": given(
        lambda before, after: (
            (before or []) == (after or []) == [] and [] in (before, after) and None in (before, after)
        )
    ),
    "some hosts name the model in the URL; a call has a place for it": lambda it, _: (
        it.name == "added model" and it.after == ""
    ),
    "the server does not know it: a loss, which is told": lambda it, rewriting: (
        it.name.startswith("gone") and f"options.{it.path}" in rewriting.lost
    ),
}
RULES: Mapping[str, Mapping[str, Rule]] = {
    OPENAI.name: {
        "a stream is always asked for its usage": at("added stream_options"),
        "one limit, two names: the dialect chooses": lambda it, rewriting: (
            it.path in {"max_tokens", "max_completion_tokens"}
            and _limit(rewriting.before) == _limit(rewriting.after)
        ),
        "texts that an assistant or a system message says are joined, and silence has one form": given(
            _joined, "messages[].content"
        ),
        "a bare URL is an image all the same": given(
            lambda before, after: isinstance(after, dict) and after.get("url") == before,
            "messages[].content[].image_url",
        ),
        "left out by a client, required by the vendor": at("added tools[].type"),
        "an echo of a stream's delta; in a request the order says it": at(
            "gone messages[].tool_calls[].index"
        ),
    },
    ANTHROPIC.name: {
        "a text is a list of one block": given(_text_block),
        "plain texts of an answer are one": given(_same_texts, "messages[].content"),
        "two turns of the user are one": _same_blocks,
        "`direct` is what leaving it out means": given(
            lambda before, after: before == {"type": "direct"} and after is None,
            "messages[].content[].caller",
        ),
    },
    OLLAMA.name: {
        "`true` is what leaving it out means, and it is always said": lambda it, _: (
            it.name == "added stream" and it.after is True
        ),
        "older clients know no ids; the place in the conversation gives one": at(
            "added messages[].tool_calls[].id", "added messages[].tool_call_id"
        ),
        "a result that names no tool answers the next call": at("added messages[].tool_name"),
        "null is no id, and here no call was made that it could be of": given(
            lambda before, after: before is None and after == "", "messages[].tool_call_id"
        ),
    },
}
SILENT = "nobody says anything in it: such a request loads a model, or is refused by the vendor"


def rewriting(protocol: Protocol, exchange: Exchange) -> Verdict:
    """Read a request, write it again, and explain each difference."""
    codec = protocol.codec_for(exchange)
    read = codec.read(Request(url="/", body=json.dumps(exchange.request).encode()))
    if isinstance(read, Failure):
        return unexplained(f"{exchange.id}: {read.failure()}")
    written = codec.encode(read.unwrap())
    if isinstance(written, Failure):
        silent = not any(message.get("content") for message in exchange.request["messages"])
        return excused(SILENT) if silent else unexplained(f"{exchange.id}: {written.failure()}")
    encoded = written.unwrap()
    after = json.loads(encoded.request.body)
    lost = frozenset(loss.path for loss in encoded.losses)
    reasons = explained(protocol, Rewriting(exchange.request, after, lost))
    if None in reasons.values():
        strange = [name for name, why in reasons.items() if why is None]
        return unexplained(f"{exchange.id}: {strange}")
    return same(*sorted({why for why in reasons.values() if why})) if reasons else EQUAL


def explained(protocol: Protocol, rewriting: Rewriting) -> dict[str, str | None]:
    """Name the reason of each difference, where the tables hold one."""
    rules = {**EVERYWHERE, **RULES[protocol.name]}
    return {
        it.name: next((why for why, rule in rules.items() if rule(it, rewriting)), None)
        for it in differences(rewriting.before, rewriting.after)
    }
