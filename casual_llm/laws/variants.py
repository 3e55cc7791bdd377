"""A call, and calls that differ from it in one path: what must show in the request, or be reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve
from pydantic import BaseModel

from casual_llm.frozen import FrozenDict
from casual_llm.messages import is_url
from casual_llm.options import ChatOptions, resolve_for, set_fields
from casual_llm.wire.codec import Call

Variants: TypeAlias = Iterator[tuple[str, Any]]
_SET_BY_THE_CLASS = {"role", "type"}
_NOT_ENCODED = {"extra", "strict", "system_message_handling"}
"""Each key of `extra` is varied on its own; the other two are about how a call is encoded."""
_OTHER_KEYS = {"x-other": "keys"}
_OTHER_DATA = "c29tZXRoaW5nIGVsc2U="


def variants(call: Call) -> Variants:
    """Yield all calls that differ in one path, each with that path; `OMIT` is resolved in their options.

    >>> from casual_llm.messages import UserMessage
    >>> [path for path, _ in variants(Call(model="m", messages=[UserMessage(content="Hi")]))]
    ['model', 'stream', 'messages[0].content']
    """
    yield "model", evolve(call, model=call.model + "x")
    yield "stream", evolve(call, stream=not call.stream)
    for path, messages in _items("messages", call.messages):
        yield path, evolve(call, messages=messages)
    for path, options in _options(resolve_for(call.options)):
        yield path, evolve(call, options=options)


def _options(options: ChatOptions) -> Variants:
    for name in set_fields(options):
        if name not in _NOT_ENCODED:
            yield f"options.{name}", options.without(name)
    for path, tools in _items("options.tools", options.tools or ()):
        yield path, options.set(tools=tools)
    extra = options.extra or {}
    for key in extra:
        yield f"options.extra.{key}", options.set(extra={k: v for k, v in extra.items() if k != key})


def _items(path: str, items: Sequence[Any]) -> Variants:
    for index, item in enumerate(items):
        before, after = items[:index], items[index + 1 :]
        if len(items) > 1:
            yield f"{path}[{index}]", (*before, *after)
        for inner, other in _model(f"{path}[{index}]", item):
            yield inner, (*before, other, *after)


def _model(path: str, model: BaseModel) -> Variants:
    for name, value in model:
        if name not in _SET_BY_THE_CLASS:
            for inner, other in _field(f"{path}.{name}", value, name, model):
                yield inner, model.model_copy(update={name: other})


def _field(path: str, value: Any, name: str, of: BaseModel) -> Variants:  # noqa: ANN401 # any field
    if name == "native":
        # Not taken away: messages that become one on the wire may hold the same keys.
        yield from [(path, FrozenDict(dict.fromkeys(value, FrozenDict(_OTHER_KEYS))))] if value else []
        return
    # An answer without text is the same, whether its text is "" or None.
    if name != "content" and value is not None and type(of).model_fields[name].default is None:
        yield path, None
    if name == "source":
        yield path, _other_source(value)
    elif name == "media_type":
        if not _tells_its_type(getattr(of, "source", "")):
            yield path, value.partition("/")[0] + "/x-other"
    elif isinstance(value, str):
        yield path, value + "x"
    elif isinstance(value, BaseModel):
        yield from _model(path, value)
    elif isinstance(value, tuple):
        yield from (
            _items(path, value) if value and isinstance(value[0], BaseModel) else [(path, (*value, "x"))]
        )
    elif isinstance(value, Mapping) and value and name != "cache_control":
        yield path, FrozenDict(dict([*value.items()][1:]))


def _other_source(source: str | Mapping[str, str]) -> object:
    if not isinstance(source, str):
        return FrozenDict({**source, "data": _OTHER_DATA})
    return source + "x" if is_url(source) else _OTHER_DATA


def _tells_its_type(source: object) -> bool:
    return isinstance(source, str) and source[:5].lower() == "data:"
