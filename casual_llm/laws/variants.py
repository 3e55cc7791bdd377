"""A call, and calls that differ from it in one place: what must be seen in the request, or told."""

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
_SAID_BY_THE_CLASS = {"role", "type"}
_NOT_SAID = {"extra", "strict", "system_message_handling"}
"""Of `extra` each key is said; the other two are about how a call is encoded."""
_OTHER_KEYS = {"x-other": "keys"}
_OTHER_DATA = "c29tZXRoaW5nIGVsc2U="


def variants(call: Call) -> Variants:
    """Give all calls that differ in one place, each with the place; of the options, `OMIT` is gone.

    >>> from casual_llm.messages import UserMessage
    >>> [place for place, _ in variants(Call(model="m", messages=[UserMessage(content="Hi")]))]
    ['model', 'stream', 'messages[0].content']
    """
    yield "model", evolve(call, model=call.model + "x")
    yield "stream", evolve(call, stream=not call.stream)
    for place, messages in _items("messages", call.messages):
        yield place, evolve(call, messages=messages)
    for place, options in _options(resolve_for(call.options)):
        yield place, evolve(call, options=options)


def _options(options: ChatOptions) -> Variants:
    for name in set_fields(options):
        if name not in _NOT_SAID:
            yield f"options.{name}", options.without(name)
    for place, tools in _items("options.tools", options.tools or ()):
        yield place, options.set(tools=tools)
    extra = options.extra or {}
    for key in extra:
        yield f"options.extra.{key}", options.set(extra={k: v for k, v in extra.items() if k != key})


def _items(place: str, items: Sequence[Any]) -> Variants:
    for index, item in enumerate(items):
        before, after = items[:index], items[index + 1 :]
        if len(items) > 1:
            yield f"{place}[{index}]", (*before, *after)
        for inner, other in _model(f"{place}[{index}]", item):
            yield inner, (*before, other, *after)


def _model(place: str, value: BaseModel) -> Variants:
    for name, said in value:
        if name not in _SAID_BY_THE_CLASS:
            for inner, other in _field(f"{place}.{name}", said, name, value):
                yield inner, value.model_copy(update={name: other})


def _field(place: str, said: Any, name: str, of: BaseModel) -> Variants:  # noqa: ANN401 # any field
    if name == "native":
        # Not taken away: messages that become one on the wire may hold the same keys.
        yield from [(place, FrozenDict(dict.fromkeys(said, FrozenDict(_OTHER_KEYS))))] if said else []
        return
    # An answer without text is the same, whether its text is "" or None.
    if name != "content" and said is not None and type(of).model_fields[name].default is None:
        yield place, None
    if name == "source":
        yield place, _other_source(said)
    elif name == "media_type":
        if not _tells_its_type(getattr(of, "source", "")):
            yield place, said.partition("/")[0] + "/x-other"
    elif isinstance(said, str):
        yield place, said + "x"
    elif isinstance(said, BaseModel):
        yield from _model(place, said)
    elif isinstance(said, tuple):
        yield from _items(place, said) if said and isinstance(said[0], BaseModel) else [(place, (*said, "x"))]
    elif isinstance(said, Mapping) and said and name != "cache_control":
        yield place, FrozenDict(dict([*said.items()][1:]))


def _other_source(source: Any) -> Any:  # noqa: ANN401 # a text or a map
    if not isinstance(source, str):
        return FrozenDict({**source, "data": _OTHER_DATA})
    return source + "x" if is_url(source) else _OTHER_DATA


def _tells_its_type(source: Any) -> bool:  # noqa: ANN401 # a text or a map
    return isinstance(source, str) and source[:5].lower() == "data:"
