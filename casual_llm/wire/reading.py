"""Read a request: the envelope that all formats share, and values that are read or refused by their path.

Keys that no option can express stay in `extra`; what a message cannot hold is a `PlacedError`, turned into a
`ReadError` here, once. Nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar, cast

from returns.pipeline import is_successful
from returns.result import Failure, Result, Success, safe

from casual_llm.failures import ReadError
from casual_llm.frozen import Json, freeze_object
from casual_llm.messages import Native
from casual_llm.options import ChatOptions
from casual_llm.wire.codec import Call, Request
from casual_llm.wire.json import mapping, parse
from casual_llm.wire.message_format import Body
from casual_llm.wire.report import PlacedError
from casual_llm.wire.request_format import PathFields, RequestFormat

_T = TypeVar("_T")


def read_with(form: RequestFormat, request: Request) -> Result[Call, ReadError]:
    """Read a request of a format as a call."""
    try:
        return Success(_call(form, request))
    except PlacedError as error:
        return Failure(error.read_error)
    except ValueError as error:  # a value that one of our classes refuses
        return Failure(ReadError("body", str(error)))


def _call(form: RequestFormat, request: Request) -> Call:
    body = parse(request.body)
    if not is_successful(body) or not isinstance(body.unwrap(), Mapping):
        raise PlacedError("body", "expected a JSON object")
    rest = dict(mapping(body.unwrap()))
    fields = PathFields("", form.stream_default) if form.read_path is None else form.read_path(request.url)
    model, stream = fields
    if form.model_key is not None:
        model = text_at(form.model_key, rest.pop(form.model_key, ""))
    if form.stream_key is not None:
        flag = optional_flag_at(form.stream_key, rest.pop(form.stream_key, None))
        stream = form.stream_default if flag is None else flag
    if stream and form.stream_body.items() <= rest.items():
        rest = {key: value for key, value in rest.items() if key not in form.stream_body}
    messages = list_at(form.messages_key, rest.pop(form.messages_key, []))
    return Call(
        model=model,
        messages=form.read_messages(messages, rest),
        options=form.read_options(rest),
        stream=stream,
    )


def optional_flag_at(path: str, value: Json) -> bool | None:
    """Return a flag or `None`, or refuse the value by its path."""
    if isinstance(value, bool | None):
        return value
    raise PlacedError(path, "expected true or false")


def text_at(path: str, value: Json) -> str:
    """Return a text, or refuse the value by its path."""
    if isinstance(value, str):
        return value
    raise PlacedError(path, "expected a string")


def optional_text_at(path: str, value: Json) -> str | None:
    """Return a text or `None`, or refuse the value by its path."""
    return None if value is None else text_at(path, value)


def list_at(path: str, value: Json) -> Sequence[Json]:
    """Return a list, or refuse the value by its path."""
    if isinstance(value, list | tuple):
        return value
    raise PlacedError(path, "expected an array")


def objects_at(path: str, value: Json, of: str = "parts") -> Sequence[Mapping[str, Json]]:
    """Return a list of objects, or refuse the value, or an item, by its path."""
    if not isinstance(value, list | tuple):
        raise PlacedError(path, f"expected a string or a list of {of}")
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise PlacedError(f"{path}[{index}]", "expected an object")
    return [mapping(item) for item in value]


def accepts(option: str, value: Json) -> bool:
    """Return whether an option takes a value: servers know more than we do, such as -1 for no limit.

    >>> accepts("top_k", 40), accepts("top_k", -1)
    (True, False)
    """
    try:
        ChatOptions(**cast("dict[str, None]", {option: value}))
    except ValueError:
        return False
    return True


def take_options(rest: Body, keys: Mapping[str, str]) -> dict[str, Json]:
    """Remove from the rest what options of the same meaning accept; `keys` maps keys to option names.

    >>> rest = {"num_predict": 9, "top_k": -1}
    >>> take_options(rest, {"num_predict": "max_tokens", "top_k": "top_k"}), rest
    ({'max_tokens': 9}, {'top_k': -1})
    """
    accepted = {key: name for key, name in keys.items() if key in rest and accepts(name, rest[key])}
    return {name: rest.pop(key) for key, name in accepted.items()}


def take(rest: Body, key: str, reader: Callable[[Json], _T | None]) -> _T | None:
    """Remove a key from the rest, if the reader can express all of it, and does not refuse it.

    >>> rest = {"a": 1, "b": 2}
    >>> take(rest, "a", lambda value: value), take(rest, "b", lambda value: None), rest
    (1, None, {'b': 2})
    """
    try:
        value = reader(rest[key]) if key in rest else None
    except ValueError:
        return None
    if value is not None:
        del rest[key]
    return value


def all_or_none(reader: Callable[[Mapping[str, Json]], _T | None], value: Json) -> tuple[_T, ...] | None:
    """Read a list of objects; `None` where one of them cannot be read."""
    if not isinstance(value, list | tuple):
        return None
    read = [safe(exceptions=(ValueError,))(reader)(mapping(item)).value_or(None) for item in value]
    items = tuple(item for item in read if item is not None)
    return items if len(items) == len(read) else None


def native_rest(
    name: str, fields: Mapping[str, Json], known: Collection[str], path: str = "native"
) -> Native:
    """Return the keys that no field of ours holds, under the name of a format.

    >>> native_rest("ollama", {"id": "1", "x": True}, {"id"})
    {'ollama': {'x': True}}
    """
    rest = {key: value for key, value in fields.items() if key not in known}
    return {name: freeze_object(rest, path)} if rest else None
