"""What options say, place by place; and the difference of two, which is made of places.

A place is a field, or a key where the field holds maps. Options are what they say: merging what they
say at each place gives them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from casual_llm.errors import ConfigurationError
from casual_llm.options.chat_options import FIELDS, ChatOptions, Layer, merge, resolve_for, set_fields
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT
from casual_llm.validation import join_path, unknown


def flatten(options: Layer) -> dict[Path, Any]:
    """Give everything that options say, place by place.

    >>> flatten(ChatOptions(seed=1, extra={"user": "u-1"}))
    {('seed',): 1, ('extra', 'user'): 'u-1'}
    """
    return {
        path: leaf
        for name, value in set_fields(options).items()
        for path, leaf in FIELDS[name].combination.leaves(value, (name,))
    }


def parse_path(text: str, place: str) -> Path:
    """Read a place as it is written: a field, or a field and the keys below it.

    >>> parse_path("provider_options.openai.store", "--set")
    ('provider_options', 'openai', 'store')
    >>> parse_path("temprature", "--set")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: --set temprature: unknown option, did you mean temperature?
    """
    name, dot, inside = text.partition(".")
    if name not in FIELDS:
        raise unknown(place, name, FIELDS)
    depth = FIELDS[name].combination.depth
    keys = inside.split(".", depth - 1) if dot else []
    if len(keys) > depth or not all(keys):
        problem = f"{name} has no such place" if depth else f"{name} holds no keys"
        raise ConfigurationError(f"{join_path(place, text)}: {problem}; name the option alone")
    return (name, *keys)


def nest(keys: Sequence[str], value: object) -> Any:  # noqa: ANN401 # the value itself, where no key is given
    """Put a value below keys, each inside the one before it.

    >>> nest(["openai", "store"], True)
    {'openai': {'store': True}}
    """
    return reduce(lambda inside, key: {key: inside}, reversed(keys), value)


def at_path(path: Path, value: object) -> Layer:
    """Make the options that say one thing.

    >>> at_path(("extra", "user"), "u-1")
    ChatOptions(extra={'user': 'u-1'})
    """
    name, *keys = path
    return ChatOptions(**{name: nest(keys, value)})


def from_paths(told: Iterable[tuple[Path, object]]) -> Layer:
    """Make options of what they say, place by place."""
    return merge(*(at_path(path, value) for path, value in told))


def diff(base: Layer, target: Layer) -> Layer:
    """Give what differs, place by place: laid over `base`, it sends what `target` sends.

    >>> diff(ChatOptions(seed=1, stop="END"), ChatOptions(seed=2))
    ChatOptions(stop=OMIT, seed=2)
    """
    before, after = flatten(resolve_for(base)), flatten(resolve_for(target))
    gone = [path for path in before if path not in after]
    # A key omitted for one provider would also take away what is said for all: its map is replaced instead.
    removed = {path[:2]: OMIT for path in gone}
    changed = {
        path: value
        for path, value in after.items()
        if path[:2] in removed or path not in before or not same(before[path], value)
    }
    return from_paths([*removed.items(), *changed.items()])


def same(before: object, after: object) -> bool:
    """Tell whether two values are equal and written alike."""
    # 1, 1.0 and True are equal, and are not written alike.
    return before == after and repr(before) == repr(after)
