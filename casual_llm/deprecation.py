"""Old names of public objects: for one release each still works, with a warning that has the new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from warnings import warn


def deprecated_names(module: str, aliases: Mapping[str, str]) -> Callable[[str], object]:
    """Build the `__getattr__` of a module from its old names, each with the full name of today.

    >>> import warnings
    >>> get = deprecated_names("casual_llm", {"sent": "casual_llm.options.resolve_for"})
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     get("sent").__name__, str(caught[0].message)
    ('resolve_for', 'casual_llm.sent is deprecated; use casual_llm.options.resolve_for')
    """

    def get(name: str) -> object:
        if name not in aliases:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name} is deprecated; use {aliases[name]}", DeprecationWarning, stacklevel=2)
        home, _, current = aliases[name].rpartition(".")
        value: object = getattr(import_module(home), current)
        return value

    return get
