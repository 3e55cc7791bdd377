"""Recorded requests, read and encoded again: what may differ, and why.

Each rule looks at the values before and after, so that a lost value is not mistaken for one in another form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import evolve
from returns.result import Failure, Result
from support.comparison import EQUAL, Comparison, excused, same, unexplained
from support.corpus import Difference, Exchange, differences
from support.losses_map import Rewriting, is_reported, with_dropped_parts
from support.protocols import ANTHROPIC, OLLAMA, OPENAI, Protocol
from support.spellings import (
    as_object,
    as_text,
    boolean_schema,
    default_schema,
    is_text_block,
    same_data_uri,
    same_document,
    same_function_call,
    same_function_result,
    same_refusal,
    same_text,
)
from support.turns import same_blocks

from casual_llm.failures import EncodeError, ReadError
from casual_llm.wire.codec import Call, Codec, Encoded, Request
from casual_llm.wire.report import Change, Loss

Rule = Callable[[Difference, Rewriting], bool]


def with_name(*names: str) -> Rule:
    """Allow differences of these names, whatever their values."""
    return lambda difference, _: difference.name in names


def with_values(allowed: Callable[[Any, Any], bool], *patterns: str) -> Rule:
    """Allow a difference by its values, at these paths or, without any, everywhere."""
    return lambda it, _: (not patterns or it.pattern in patterns) and allowed(it.before, it.after)


def with_messages(allowed: Callable[[Any, Any], bool], *keys: str) -> Rule:
    """Allow a difference in these keys of a message, by the whole message before and after."""

    def rule(it: Difference, rewriting: Rewriting) -> bool:
        match = re.fullmatch(r"messages\[(\d+)\]\.(\w+)", it.path)
        if match is None or match[2] not in keys:
            return False
        index = int(match[1])
        return allowed(rewriting.before["messages"][index], rewriting.after["messages"][index])

    return rule


def under_either_key(*keys: str) -> Rule:
    """Allow an option under the other of its two keys."""
    return lambda it, rewriting: (
        it.pattern in keys and _first(rewriting.before, keys) == _first(rewriting.after, keys) is not None
    )


def _first(body: Mapping[str, Any], keys: tuple[str, ...]) -> object:
    return next((body[key] for key in keys if body.get(key) is not None), None)


EVERYWHERE: Mapping[str, Rule] = {
    "null means the same as an absent key": with_values(
        lambda before, after: before is None and after is None
    ),
    "an empty list means the same as an absent key": with_values(
        lambda before, after: (
            (before or []) == (after or []) == [] and [] in (before, after) and None in (before, after)
        )
    ),
    "some hosts have the model in the URL; a call always has a model": lambda it, _: (
        it.name == "added model" and it.after == ""
    ),
    "arguments are an object, and the defaults of their schema are written in full": default_schema,
    "`true` and `false` are schemas that accept everything and nothing": boolean_schema,
}
REPORTED = "the server does not support it, or not in this form: a reported loss or change"
"""The rule for everything that `encode` reports; the values have to be those that it reports."""
_CALL = "messages[].tool_calls[]"
_NO_STREAM: Mapping[str, Rule] = {
    "`false` means the same as an absent key": lambda it, _: it.name == "gone stream" and it.before is False,
}
RULES: Mapping[str, Mapping[str, Rule]] = {
    OPENAI.name: {
        **_NO_STREAM,
        "the usage of a stream is always requested": with_name("added stream_options"),
        "the limit of tokens has two keys: the dialect chooses": under_either_key(
            "max_tokens", "max_completion_tokens"
        ),
        "the seed has two keys: the dialect chooses": under_either_key("seed", "random_seed"),
        "the texts of an assistant or system message are joined, and no content has one form": with_values(
            same_text, "messages[].content"
        ),
        "a bare URL is an image too": with_values(
            lambda before, after: isinstance(after, dict) and after.get("url") == before,
            "messages[].content[].image_url",
        ),
        "a document has two part types: the dialect chooses": same_document,
        "the same data URI with other parameters or without base64": with_values(
            same_data_uri, "messages[].content[].image_url.url"
        ),
        "omitted by a client, required by the vendor": lambda it, _: (
            it.name in {"added tools[].type", f"added {_CALL}.type"} and it.after == "function"
        ),
        "a call without an id or arguments has empty strings for them": with_values(
            lambda before, after: before is None and after == "",
            *(f"{_CALL}.function.arguments", f"{_CALL}.id"),
        ),
        "arguments are the JSON text of an object": with_values(as_text, f"{_CALL}.function.arguments"),
        "copied from the deltas of a stream; in a request the order is enough": with_name(
            f"gone {_CALL}.index"
        ),
        "`developer` is the newer name of `system`": with_values(
            lambda before, after: (before, after) == ("developer", "system"), "messages[].role"
        ),
        "deprecated: one call without an id": with_messages(
            same_function_call, "function_call", "tool_calls"
        ),
        "deprecated: the result of a call without an id": with_messages(
            same_function_result, "role", "name", "tool_call_id"
        ),
        "a refusal among the parts is a field of the message": with_messages(
            same_refusal, "content", "refusal"
        ),
    },
    ANTHROPIC.name: {
        **_NO_STREAM,
        "a text is a list of one block": with_values(is_text_block),
        "`direct` means the same as an absent key": with_values(
            lambda before, after: before == {"type": "direct"} and after is None,
            "messages[].content[].caller",
        ),
        "calls, texts and turns are joined: the changes are reported, and the blocks are the same": (
            lambda it, rewriting: it.path.startswith(("messages", "system")) and same_blocks(rewriting)
        ),
        "a model that supports no schemas gets an instruction": lambda it, rewriting: (
            it.name in {"gone output_config", "gone output_config.format"} and same_blocks(rewriting)
        ),
    },
    OLLAMA.name: {
        "`true` means the same as an absent key, and it is always sent": lambda it, _: (
            it.name == "added stream" and it.after is True
        ),
        "older clients send no ids; they are derived from the position in the conversation": with_name(
            f"added {_CALL}.id", "added messages[].tool_call_id"
        ),
        "a result that names no tool answers the next call": with_name("added messages[].tool_name"),
        "null is not an id, and the conversation has no call that it could belong to": with_values(
            lambda before, after: before is None and after == "", "messages[].tool_call_id"
        ),
        "omitted by a client; there is only one type of tool": lambda it, _: (
            it.name == "added tools[].type" and it.after == "function"
        ),
        "sent by clients of OpenAI; there is only one type of call, and the order gives the index": (
            lambda it, _: (
                it.name == f"gone {_CALL}.function.index"
                or (it.name == f"gone {_CALL}.type" and it.before == "function")
            )
        ),
        "no content has one form": with_values(
            lambda before, after: before is None and after == "", "messages[].content"
        ),
        "arguments are an object, and always present": lambda it, _: (
            it.pattern == f"{_CALL}.function.arguments" and as_object(it.before or "", it.after)
        ),
        "servers accept only the base64 of a data URI": with_values(
            lambda before, after: str(before).partition(";base64,")[2] == after != "", "messages[].images[]"
        ),
    },
}
WITHOUT_CONTENT = (
    "no message, or one message, has no content: such a request loads a model, or the vendor refuses it"
)


def compare_rewritten_request(protocol: Protocol, exchange: Exchange) -> Comparison:
    """Read a request, encode it again, and explain each difference."""
    again = rewrite(protocol, exchange)
    if isinstance(again, Failure):
        failure = again.failure()
        without_content = isinstance(failure, EncodeError) and _has_no_content(exchange.request, failure.path)
        return excused(WITHOUT_CONTENT) if without_content else unexplained(f"{exchange.id}: {failure}")
    reasons = explain_differences(protocol, again.unwrap())
    unknown = sorted({name.partition(" at ")[0] for name, why in reasons.items() if why is None})
    if unknown:
        return unexplained(f"{exchange.id}: {unknown}")
    return same(*sorted({why for why in reasons.values() if why})) if reasons else EQUAL


def rewrite(protocol: Protocol, exchange: Exchange) -> Result[Rewriting, ReadError | EncodeError]:
    """Read a request and encode it again."""
    codec = protocol.codec_for(exchange)

    def compared(encoded: Encoded) -> Rewriting:
        reported: tuple[Loss | Change, ...] = (*encoded.losses, *encoded.changes)
        after = json.loads(encoded.request.body)
        return Rewriting(exchange.request, after, reported, _owners(codec, exchange.request))

    read: Result[Call, ReadError | EncodeError] = codec.read(_request(exchange.request))
    return read.bind(codec.encode).map(compared)


def _has_no_content(request: Mapping[str, Any], path: str) -> bool:
    """Return whether no message has content, or not the message that was refused."""
    messages = request.get("messages", [])
    match = re.fullmatch(r"messages\[(\d+)\]\.content", path)
    return not any(message.get("content") for message in ([messages[int(match[1])]] if match else messages))


def _request(body: object) -> Request:
    return Request(url="/", body=json.dumps(body).encode())


def _owners(codec: Codec[Any], request: Mapping[str, Any]) -> tuple[int, ...]:
    """Return for each message of the call its index in the request, by reading each message alone."""
    calls = [codec.read(_request({"messages": [message]})).unwrap() for message in request["messages"]]
    owners = [index for index, call in enumerate(calls) for _ in call.messages]
    system_count = len(codec.read(_request({**request, "messages": []})).unwrap().messages)
    return (*[-1] * system_count, *owners)


def explain_differences(protocol: Protocol, rewriting: Rewriting) -> dict[str, str | None]:
    """Return the reason of each difference, or `None` where the tables have none."""
    rules = {**EVERYWHERE, **RULES[protocol.name]}
    if protocol.name != ANTHROPIC.name:  # in these formats each message of a call is one of the request
        rewriting = evolve(rewriting, after=with_dropped_parts(rewriting.after, rewriting.reported))
    rules[REPORTED] = partial(is_reported, protocol.name)
    return {
        f"{it.name} at {it.path}": next((why for why, rule in rules.items() if rule(it, rewriting)), None)
        for it in differences(rewriting.before, rewriting.after)
    }
