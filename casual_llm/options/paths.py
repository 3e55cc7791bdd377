"""Options as paths with values; and the difference of two options.

A path is a field, or a key where the field holds maps. Merging the options of each path alone gives the
whole options back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from casual_llm.options.chat_options import FIELDS, ChatOptions, Layer, set_fields
from casual_llm.options.layers import merge, resolve_for
from casual_llm.options.merging import Path
from casual_llm.options.omit import OMIT
from casual_llm.validation import invalid, join_path, unknown


def flatten(options: Layer) -> dict[Path, Any]:
    """Return every value of options by its path.

    >>> flatten(ChatOptions(seed=1, extra={"user": "u-1"}))
    {('seed',): 1, ('extra', 'user'): 'u-1'}
    """
    return {
        path: leaf
        for name, value in set_fields(options).items()
        for path, leaf in FIELDS[name].combination.flatten(value, (name,))
    }


def parse_path(text: str, parent: str) -> Path:
    """Parse a path: a field, or a field and the keys below it; errors name the parent too.

    >>> parse_path("provider_options.openai.store", "--set")
    ('provider_options', 'openai', 'store')
    >>> parse_path("temprature", "--set")
    Traceback (most recent call last):
    ...
    casual_llm.errors.ConfigurationError: --set temprature: unknown option, did you mean temperature?
    """
    name, dot, inside = text.partition(".")
    if name not in FIELDS:
        raise unknown(parent, name, FIELDS)
    depth = FIELDS[name].combination.depth
    keys = inside.split(".", depth - 1) if dot else []
    if len(keys) > depth or not all(keys):
        problem = f"{name} has no such path" if depth else f"{name} has no keys"
        raise invalid(join_path(parent, text), problem, "use the name of the option alone")
    return (name, *keys)


def nest(keys: Sequence[str], value: object) -> Any:  # noqa: ANN401 # without keys, the value itself
    """Nest a value below keys, each inside the one before it.

    >>> nest(["openai", "store"], True)
    {'openai': {'store': True}}
    """
    return reduce(lambda inside, key: {key: inside}, reversed(keys), value)


def at_path(path: Path, value: object) -> Layer:
    """Build the options that set one path.

    >>> at_path(("extra", "user"), "u-1")
    ChatOptions(extra={'user': 'u-1'})
    """
    name, *keys = path
    return ChatOptions(**{name: nest(keys, value)})


def from_paths(values: Iterable[tuple[Path, object]]) -> Layer:
    """Build options from paths and their values, the later over the earlier."""
    return merge(*(at_path(path, value) for path, value in values))


def diff(base: Layer, target: Layer) -> Layer:
    """Return the options that turn `base` into `target`: merged over `base`, they send what `target` sends.

    Args:
        base: The options to start from.
        target: The options to reach; what it does not set and `base` does becomes `OMIT`.

    >>> diff(ChatOptions(seed=1, stop="END"), ChatOptions(seed=2))
    ChatOptions(stop=OMIT, seed=2)
    """
    before, after = flatten(resolve_for(base)), flatten(resolve_for(target))
    missing = [path for path in before if path not in after]
    # A key omitted for one provider would also remove what is set for all: its map is replaced instead.
    removed = {path[:2]: OMIT for path in missing}
    changed = {
        path: value
        for path, value in after.items()
        if path[:2] in removed or path not in before or not same(before[path], value)
    }
    return from_paths([*removed.items(), *changed.items()])


def same(before: object, after: object) -> bool:
    """Return whether two values are equal and written alike."""
    # 1, 1.0 and True are equal, but are not written alike.
    return before == after and repr(before) == repr(after)
