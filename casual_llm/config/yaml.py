"""YAML, read as strictly as JSON, with the extra `yaml`: every error has its line.

Aliases are refused. A few lines of them can expand to more data than fits in memory, and what sections
share is a preset.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent


class _Composer(Composer):
    def __init__(self, loader: Any = None) -> None:  # noqa: ANN401 # defined by the library
        super().__init__(loader)
        self.warn_double_anchors = False

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 # defined by the library
        if self.parser.check_event(AliasEvent):
            mark = self.parser.get_event().start_mark
            raise ComposerError(
                None, None, "aliases are not supported; put what sections share into a preset", mark
            )
        return super().compose_node(parent, index)


class _Constructor(SafeConstructor):
    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 # as above
        try:
            value = super().construct_object(node, deep=deep)
            # Escapes may write one character as a pair of surrogates, as in JSON.
            return _join_surrogates(value) if isinstance(value, str) else value
        except (ValueError, LookupError, OverflowError):
            problem = "the value does not match its form or its tag; put strings in quotes"
            raise ConstructorError(None, None, problem, node.start_mark) from None


def _join_surrogates(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")


def load(text: str) -> object:
    """Parse the only document of a text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer, yaml.Constructor = _Composer, _Constructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        raise ValueError(_problem(error)) from None
    except (YAMLError, OverflowError) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _problem(error: MarkedYAMLError) -> str:
    line = "" if error.problem_mark is None else f" (at line {error.problem_mark.line + 1})"
    if isinstance(error, DuplicateKeyError):  # its text contains both values, which may be API keys
        return f"duplicate key; remove one{line}"
    context = f"{error.context}, " if error.context else ""
    return f"{context}{error.problem}{line}"
