"""A check of identifiers: none has one of six vague words as a part (`just lint`).

`python tests/lint/banned_identifiers.py PATH...` checks files and folders, prints each such identifier as
`file:line: name`, and fails if there are any. It looks at the parts of `snake_case` and `CamelCase` names, in
variables, arguments, attributes, functions, classes, imports and modules, but not at strings and comments.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

BANNED = frozenset({"told", "said", "heard", "spoken", "beside", "laid"})
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME_FIELDS = ("id", "attr", "arg", "name", "asname", "rest")
"""The fields of syntax nodes that hold an identifier."""


def is_banned(name: str) -> bool:
    """Return whether a part of an identifier is a banned word."""
    return any(part.lower() in BANNED for part in _PART.findall(name))


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the identifiers of a syntax tree with their line numbers.

    An import under another name counts by that name alone.
    """
    line = 1
    for node in ast.walk(tree):
        line = getattr(node, "lineno", line)
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from ((line, name) for name in node.names)
        elif isinstance(node, ast.alias):
            yield line, node.asname or node.name
        else:
            names = (getattr(node, field, None) for field in _NAME_FIELDS)
            yield from ((line, name) for name in names if isinstance(name, str))


def banned_in(path: Path) -> Iterator[str]:
    """Yield `file:line: name` for each banned identifier of a module, its file name included."""
    if is_banned(path.stem):
        yield f"{path}:1: {path.name}"
    tree = ast.parse(path.read_text("utf-8"), str(path))
    for line, name in sorted(set(identifiers(tree))):
        if is_banned(name):
            yield f"{path}:{line}: {name}"


def modules(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the Python files among paths and in folders, sorted within each folder."""
    for path in paths:
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def main(arguments: Sequence[str]) -> int:
    """Check paths, print the banned identifiers, and return the exit code."""
    problems = [problem for path in modules(map(Path, arguments)) for problem in banned_in(path)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
