"""The laws of requests, each a function of a codec and of what was drawn for it.

They know no format by its name. What a format does not support is known by its losses, what it writes in
another form by its changes, and what options mean to it by `resolve_for`.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve
from returns.pipeline import is_successful
from returns.result import Result

from casual_llm.failures import EncodeError
from casual_llm.frozen import Json
from casual_llm.laws.assertions import holds, same, value_of
from casual_llm.laws.conversations import ELSEWHERE
from casual_llm.laws.variants import variants
from casual_llm.messages import ChatMessage, UserMessage
from casual_llm.options import ChatOptions, Layer, resolve_for, set_fields
from casual_llm.options.omit import OMIT
from casual_llm.wire.codec import Call, Codec, Encoded, Request
from casual_llm.wire.json import parse
from casual_llm.wire.prefix import EMPTY_PREFIX
from casual_llm.wire.report import Change, Loss
from casual_llm.wire.system_messages import merge_system_messages

AnyCodec: TypeAlias = Codec[Any]
Encoding: TypeAlias = Result[Encoded, EncodeError]


_IN_PARTS = {"tools", "extra"}
"""Options of which a part can be lost."""
_SYSTEM_MESSAGE_HANDLING = [ChatOptions(system_message_handling=how) for how in ("keep", "merge")]


def a_request_without_losses_reads_back_to_its_call(codec: AnyCodec, call: Call) -> None:
    """What is sent in full is read back unchanged, except for reported changes."""
    expressible = _expressible(codec, call)
    result = codec.encode(expressible)
    if is_successful(result) and not result.unwrap().losses:
        encoded = result.unwrap()
        changed = {_option(change) for change in encoded.changes}
        read = value_of(codec.read(encoded.request))
        if _changes_messages(encoded):
            expressible = evolve(expressible, messages=read.messages)
        same(_without(read, changed), _without(expressible, changed))


def _changes_messages(encoded: Encoded) -> bool:
    return any(change.path.startswith("messages") for change in encoded.changes)


def a_request_that_was_read_is_encoded_without_changes(codec: AnyCodec, call: Call) -> None:
    """Messages that were read are in canonical form."""
    for encoded in _encoded(codec, call):
        read = value_of(codec.read(encoded.request))
        again = value_of(codec.encode(read))
        holds(not _changes_messages(again), f"{again.changes!r}")


def _resolved(codec: AnyCodec, call: Call) -> Call:
    return evolve(call, options=resolve_for(call.options, *codec.names))


def _expressible(codec: AnyCodec, call: Call) -> Call:
    """Return the call with the options that the format adds, and without those that it does not support."""
    resolved = _resolved(codec, call)
    losses = codec.encode(resolved).map(lambda encoded: encoded.losses).value_or(())
    added: dict[str, Any] = {_option(loss): loss.applied for loss in losses if loss.kind == "added"}
    lost = {_option(loss) for loss in losses if _option(loss) not in _IN_PARTS} - {"", *added}
    if any(loss.path == "options.tools" for loss in losses):
        lost |= {"tools", "tool_choice"}
    return evolve(resolved, options=resolved.options.without(*lost) | ChatOptions(**added))


def _option(loss: Loss | Change) -> str:
    start, _, inner = loss.path.partition(".")
    return inner.partition(".")[0].partition("[")[0] if start == "options" else ""


def _without(call: Call, options: Collection[str]) -> Call:
    unsent = (set_fields(call.options).keys() & options) | {"strict", "system_message_handling"}
    return evolve(call, options=call.options.without(*unsent))


def a_request_that_was_read_is_encoded_to_the_same_bytes_again(codec: AnyCodec, call: Call) -> None:
    """Reading a request keeps all of it."""
    for encoded in _encoded(codec, call):
        read = value_of(codec.read(encoded.request))
        same(value_of(codec.encode(read)).request, encoded.request)


def _encoded(codec: AnyCodec, call: Call) -> Sequence[Encoded]:
    result = codec.encode(call)
    return [result.unwrap()] if is_successful(result) else []


def plain_text_is_sent_in_full(codec: AnyCodec, call: Call) -> None:
    """Every format sends plain text in both directions, and reports what it must add."""
    encoded = value_of(codec.encode(call))
    same([loss for loss in encoded.losses if loss.kind != "added"], [])
    same(value_of(codec.read(encoded.request)).messages, call.messages)


def everything_in_a_call_is_sent_or_reported(codec: AnyCodec, call: Call) -> None:
    """Changing or removing any part of a call changes the request, the losses or the changes."""
    resolved = _resolved(codec, call)
    for encoded in _encoded(codec, resolved):
        for path, other in variants(resolved):
            silent = codec.encode(other).value_or(None) == encoded and not _accounted(encoded, path)
            holds(not silent, f"{path}: it makes no difference, and no loss reports it")


def _accounted(encoded: Encoded, path: str) -> bool:
    """Return whether the path, or one it is a part of, is reported."""
    # A format without such a choice leaves out tools instead: then the loss of the choice reports them.
    choice = ["options.tool_choice"] if path.startswith("options.tools") else []
    reports: tuple[Loss | Change, ...] = (*encoded.losses, *encoded.changes)
    paths = {report.path for report in reports}
    return not paths.isdisjoint([path, *_parents(path), *choice])


def _parents(path: str) -> Sequence[str]:
    return [path[:end] for end, character in enumerate(path) if character in ".["]


def zero_and_empty_values_are_sent_or_reported(codec: AnyCodec, call: Call, options: ChatOptions) -> None:
    """An option that is 0, 0.0 or empty is sent or reported."""
    result = codec.encode(evolve(call, options=options))
    holds(result != codec.encode(call), f"{options!r} makes no difference, and no loss reports it")


def omitted_options_are_never_sent(codec: AnyCodec, call: Call, names: Sequence[str]) -> None:
    """`OMIT` gives the same request as an option that is not set."""
    omitted = call.options | ChatOptions(**dict.fromkeys(names, OMIT))
    encoded = codec.encode(evolve(call, options=omitted))
    without = evolve(call, options=resolve_for(call.options, *codec.names).without(*names))
    if "extra" not in names and "provider_options" not in names:
        same(_requests(encoded), _requests(codec.encode(without)))
    same(
        _requests(encoded), _requests(codec.encode(evolve(call, options=resolve_for(omitted, *codec.names))))
    )


def _requests(result: Encoding) -> Result[Request, EncodeError]:
    return result.map(lambda encoded: encoded.request)


def unset_options_are_never_sent(codec: AnyCodec, call: Call, options: Layer) -> None:
    """An option that is not set is not in the request, not even as null."""
    for encoded in _encoded(codec, evolve(call, options=options)):
        holds(not _nulls(parse(encoded.request.body).value_or("")), f"a null: {encoded.request.body!r}")


def _nulls(value: Json) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return value is None or any(map(_nulls, inner))


def options_apply_under_each_name_of_the_format_and_no_other(
    codec: AnyCodec, call: Call, keys: Mapping[str, Json]
) -> None:
    """Provider options have the same effect under each name of the format, and none under other names."""
    plain = codec.encode(call)
    for name in codec.names:
        named = evolve(call, options=ChatOptions(provider_options={name: keys}))
        same(
            _requests(codec.encode(named)),
            _requests(codec.encode(evolve(call, options=ChatOptions(extra=keys)))),
        )
    others = evolve(call, options=ChatOptions(provider_options={ELSEWHERE: keys}))
    same(codec.encode(others), plain)
    native = evolve(call, messages=(*call.messages, UserMessage(content="Hi", native={ELSEWHERE: keys})))
    bare = evolve(call, messages=(*call.messages, UserMessage(content="Hi")))
    same(_requests(codec.encode(native)), _requests(codec.encode(bare)))


def strict_turns_losses_into_a_failure_and_nothing_else(codec: AnyCodec, call: Call) -> None:
    """With `strict`, a call with losses is rejected, and any other call is sent unchanged."""
    lenient = codec.encode(evolve(call, options=call.options | ChatOptions(strict=False)))
    strict = codec.encode(evolve(call, options=call.options | ChatOptions(strict=True)))
    full = is_successful(lenient) and not lenient.unwrap().losses
    same(is_successful(strict), full)
    if full:
        same(_requests(strict), _requests(lenient))


def merged_system_messages_are_sent_as_one_or_reported(codec: AnyCodec, call: Call) -> None:
    """`merge` has the same result as joining the system messages beforehand."""
    result = codec.encode(evolve(call, options=call.options | ChatOptions(system_message_handling="merge")))
    joined = evolve(call, messages=merge_system_messages(call.messages))
    for encoded in [result.unwrap()] if is_successful(result) else []:
        if not _accounted(encoded, "options.system_message_handling"):
            same(_requests(result), _requests(codec.encode(joined)))


def a_call_is_encoded_or_rejected_with_a_path(codec: AnyCodec, call: Call) -> None:
    """Encoding never raises."""
    path = codec.encode(call).swap().map(lambda error: error.path).value_or("messages")
    holds(path.startswith(("model", "messages", "options")), f"{path} is not a path of a call")


def encoding_gives_the_same_bytes_each_time(codec: AnyCodec, call: Call) -> None:
    """A request depends only on its call."""
    same(codec.encode(copy.deepcopy(call)), codec.encode(call))


def a_new_turn_leaves_all_earlier_bytes_unchanged(
    codec: AnyCodec, call: Call, turns: tuple[Sequence[ChatMessage], Sequence[ChatMessage]]
) -> None:
    """An answer and the next question are appended, as prompt caches require."""
    shorter = evolve(call, messages=(*call.messages, *turns[0]))
    longer = evolve(call, messages=(*shorter.messages, *turns[1]))
    for before, after in zip(_encoded(codec, shorter), _encoded(codec, longer), strict=False):
        begun = before.request.body.removesuffix(b"}").removesuffix(b"]")
        holds(after.request.body.startswith(begun), f"{after.request.body!r} does not begin with {begun!r}")


def a_prefix_is_not_encoded_again(codec: AnyCodec, call: Call) -> None:
    """Encoding that continues from a prefix has the same result as encoding all messages."""
    # System messages may be merged that were kept apart in the call before, or the reverse.
    calls = [evolve(call, options=call.options | handling) for handling in _SYSTEM_MESSAGE_HANDLING]
    wholes, going = [codec.encode(one) for one in calls], EMPTY_PREFIX
    for count in range(1, len(call.messages) + 1):
        for begun in [evolve(one, messages=call.messages[:count]) for one in calls]:
            same(codec.encode(begun, going), codec.encode(begun))
            for encoded in _encoded(codec, begun):
                going = encoded.prefix
                for one, whole in zip(calls, wholes, strict=True):
                    same(codec.encode(one, going), whole)


def any_request_is_a_call_or_a_failure_with_a_text(codec: AnyCodec, body: bytes) -> None:
    """Reading a request never raises, and reads the same each time."""
    request = Request(url=codec.name, body=body)
    result = codec.read(request)
    same(codec.read(request), result)
    holds(is_successful(result) or str(result.failure()), "the failure has no text")
