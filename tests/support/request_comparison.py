"""Recorded requests, read and written again: what may differ, and why.

Each rule looks at the values before and after, so that a place where something is lost does not pass
for one where it is said in another form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import evolve
from returns.result import Failure, Result
from support.comparison import EQUAL, Verdict, excused, same, unexplained
from support.corpus import Difference, Exchange, differences
from support.losses_map import Rewriting, is_told, with_holes
from support.protocols import ANTHROPIC, OLLAMA, OPENAI, Protocol
from support.spellings import (
    as_object,
    as_text,
    boolean_schema,
    joined,
    old_call,
    old_result,
    refusing,
    same_uri,
    shape,
    text_block,
    two_words,
)
from support.turns import same_blocks

from casual_llm.failures import EncodeError, ReadError
from casual_llm.wire.codec import Call, Codec, Encoded, Request

Rule = Callable[[Difference, Rewriting], bool]


def at(*names: str) -> Rule:
    """Allow these differences, whatever the values."""
    return lambda difference, _: difference.name in names


def given(allowed: Callable[[Any, Any], bool], *paths: str) -> Rule:
    """Allow a difference by its values, at these places or at all."""
    return lambda it, _: (not paths or it.path in paths) and allowed(it.before, it.after)


def spoken(allowed: Callable[[Any, Any], bool], *keys: str) -> Rule:
    """Allow a difference in these keys of a message by the message before and after."""

    def rule(it: Difference, rewriting: Rewriting) -> bool:
        found = re.fullmatch(r"messages\[(\d+)\]\.(\w+)", it.place)
        if found is None or found[2] not in keys:
            return False
        place = int(found[1])
        return allowed(rewriting.before["messages"][place], rewriting.after["messages"][place])

    return rule


def one_of_two(*keys: str) -> Rule:
    """Allow that a wish is said under the other of its names."""
    return lambda it, rewriting: (
        it.path in keys and _first(rewriting.before, keys) == _first(rewriting.after, keys) is not None
    )


def _first(body: Mapping[str, Any], keys: tuple[str, ...]) -> object:
    return next((body[key] for key in keys if body.get(key) is not None), None)


EVERYWHERE: Mapping[str, Rule] = {
    "null is what leaving it out means": given(lambda before, after: before is None and after is None),
    "an empty list is what leaving it out means": given(
        lambda before, after: (
            (before or []) == (after or []) == [] and [] in (before, after) and None in (before, after)
        )
    ),
    "some hosts name the model in the URL; a call has a place for it": lambda it, _: (
        it.name == "added model" and it.after == ""
    ),
    "arguments are an object, and what their schema leaves out of that is spelled out": shape,
    "`true` and `false` are schemas, of anything and of nothing": boolean_schema,
}
TOLD = "the server does not take it, or not so: a loss or a change, which is told"
"""The rule for what `encode` tells; the values have to be those that it tells."""
_CALL = "messages[].tool_calls[]"
_NO_STREAM: Mapping[str, Rule] = {
    "`false` is what leaving it out means": lambda it, _: it.name == "gone stream" and it.before is False,
}
RULES: Mapping[str, Mapping[str, Rule]] = {
    OPENAI.name: {
        **_NO_STREAM,
        "a stream is always asked for its usage": at("added stream_options"),
        "one limit, two names: the dialect chooses": one_of_two("max_tokens", "max_completion_tokens"),
        "one seed, two names: the dialect chooses": one_of_two("seed", "random_seed"),
        "texts that an assistant or a system message says are joined, and silence has one form": given(
            joined, "messages[].content"
        ),
        "a bare URL is an image all the same": given(
            lambda before, after: isinstance(after, dict) and after.get("url") == before,
            "messages[].content[].image_url",
        ),
        "a document, two words: the dialect chooses": two_words,
        "one data URI, spelled with what means nothing or without base64": given(
            same_uri, "messages[].content[].image_url.url"
        ),
        "left out by a client, required by the vendor": lambda it, _: (
            it.name in {"added tools[].type", f"added {_CALL}.type"} and it.after == "function"
        ),
        "a call without an id or arguments has a text for them that says nothing": given(
            lambda before, after: before is None and after == "",
            *(f"{_CALL}.function.arguments", f"{_CALL}.id"),
        ),
        "arguments are the text of an object": given(as_text, f"{_CALL}.function.arguments"),
        "an echo of a stream's delta; in a request the order says it": at(f"gone {_CALL}.index"),
        "`developer` is the newer name of `system`": given(
            lambda before, after: (before, after) == ("developer", "system"), "messages[].role"
        ),
        "deprecated: one call without an id": spoken(old_call, "function_call", "tool_calls"),
        "deprecated: the result of a call without an id": spoken(old_result, "role", "name", "tool_call_id"),
        "a refusal among the parts is the message's": spoken(refusing, "content", "refusal"),
    },
    ANTHROPIC.name: {
        **_NO_STREAM,
        "a text is a list of one block": given(text_block),
        "`direct` is what leaving it out means": given(
            lambda before, after: before == {"type": "direct"} and after is None,
            "messages[].content[].caller",
        ),
        "one call, one text, one turn: what is said otherwise is told, and the blocks are the same": (
            lambda it, rewriting: it.place.startswith(("messages", "system")) and same_blocks(rewriting)
        ),
        "a model that knows no schemas is told in words": lambda it, rewriting: (
            it.name in {"gone output_config", "gone output_config.format"} and same_blocks(rewriting)
        ),
    },
    OLLAMA.name: {
        "`true` is what leaving it out means, and it is always said": lambda it, _: (
            it.name == "added stream" and it.after is True
        ),
        "older clients know no ids; the place in the conversation gives one": at(
            f"added {_CALL}.id", "added messages[].tool_call_id"
        ),
        "a result that names no tool answers the next call": at("added messages[].tool_name"),
        "null is no id, and here no call was made that it could be of": given(
            lambda before, after: before is None and after == "", "messages[].tool_call_id"
        ),
        "left out by a client, though there is one type of tool alone": lambda it, _: (
            it.name == "added tools[].type" and it.after == "function"
        ),
        "said by clients of OpenAI's; there is one type of call alone, and the order says the index": (
            lambda it, _: (
                it.name == f"gone {_CALL}.function.index"
                or (it.name == f"gone {_CALL}.type" and it.before == "function")
            )
        ),
        "silence has one form": given(
            lambda before, after: before is None and after == "", "messages[].content"
        ),
        "arguments are an object, and there are always some": lambda it, _: (
            it.path == f"{_CALL}.function.arguments" and as_object(it.before or "", it.after)
        ),
        "of a data URI servers take the base64": given(
            lambda before, after: str(before).partition(";base64,")[2] == after != "", "messages[].images[]"
        ),
    },
}
SILENT = (
    "nobody says anything, or a message does not: such a request loads a model, or is refused by the vendor"
)


def rewriting(protocol: Protocol, exchange: Exchange) -> Verdict:
    """Read a request, write it again, and explain each difference."""
    again = written_again(protocol, exchange)
    if isinstance(again, Failure):
        failure = again.failure()
        silent = isinstance(failure, EncodeError) and _is_silent(exchange.request, failure.path)
        return excused(SILENT) if silent else unexplained(f"{exchange.id}: {failure}")
    reasons = explained(protocol, again.unwrap())
    strange = sorted({name.partition(" at ")[0] for name, why in reasons.items() if why is None})
    if strange:
        return unexplained(f"{exchange.id}: {strange}")
    return same(*sorted({why for why in reasons.values() if why})) if reasons else EQUAL


def written_again(protocol: Protocol, exchange: Exchange) -> Result[Rewriting, ReadError | EncodeError]:
    """Read a request and write it again."""
    codec = protocol.codec_for(exchange)

    def compared(encoded: Encoded) -> Rewriting:
        told, after = (*encoded.losses, *encoded.changes), json.loads(encoded.request.body)
        return Rewriting(exchange.request, after, told, _owners(codec, exchange.request))

    read: Result[Call, ReadError | EncodeError] = codec.read(_request(exchange.request))
    return read.bind(codec.encode).map(compared)


def _is_silent(request: Mapping[str, Any], path: str) -> bool:
    """Whether nobody says anything, or not the one whose message was refused."""
    messages = request.get("messages", [])
    found = re.fullmatch(r"messages\[(\d+)\]\.content", path)
    return not any(message.get("content") for message in ([messages[int(found[1])]] if found else messages))


def _request(body: object) -> Request:
    return Request(url="/", body=json.dumps(body).encode())


def _owners(codec: Codec[Any], request: Mapping[str, Any]) -> tuple[int, ...]:
    """Give the place of each message of the call: what a message holds is read alike if it comes alone."""
    alone = [codec.read(_request({"messages": [message]})).unwrap() for message in request["messages"]]
    inside = [place for place, call in enumerate(alone) for _ in call.messages]
    above = len(codec.read(_request({**request, "messages": []})).unwrap().messages)
    return (*[-1] * above, *inside)


def explained(protocol: Protocol, rewriting: Rewriting) -> dict[str, str | None]:
    """Name the reason of each difference, where the tables hold one."""
    rules = {**EVERYWHERE, **RULES[protocol.name]}
    if protocol.name != ANTHROPIC.name:  # where a message of a call is one of the request
        rewriting = evolve(rewriting, after=with_holes(rewriting.after, rewriting.told))
    rules[TOLD] = partial(is_told, protocol.name)
    return {
        f"{it.name} at {it.place}": next((why for why, rule in rules.items() if rule(it, rewriting)), None)
        for it in differences(rewriting.before, rewriting.after)
    }
