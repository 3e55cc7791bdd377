"""YAML, read as strictly as JSON, with the extra `yaml`: what fails is told by its line.

Aliases are refused. A few lines of them stand for more data than a machine holds, and what sections
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
    def __init__(self, loader: Any = None) -> None:  # noqa: ANN401 # of the library
        super().__init__(loader)
        self.warn_double_anchors = False

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 # of the library
        if self.parser.check_event(AliasEvent):
            mark = self.parser.get_event().start_mark
            raise ComposerError(None, None, "an alias; put what sections share into a preset", mark)
        return super().compose_node(parent, index)


class _Constructor(SafeConstructor):
    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 # of the library
        try:
            made = super().construct_object(node, deep=deep)
            # Escapes may write a character in two halves, as in JSON.
            return _whole(made) if isinstance(made, str) else made
        except (ValueError, LookupError, OverflowError):
            problem = "the value is not what its form or its tag says; put text into quotes"
            raise ConstructorError(None, None, problem, node.start_mark) from None


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")


def load(text: str) -> object:
    """Read the one document of a text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer, yaml.Constructor = _Composer, _Constructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        raise ValueError(_told(error)) from None
    except (YAMLError, OverflowError) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _told(error: MarkedYAMLError) -> str:
    line = "" if error.problem_mark is None else f" (at line {error.problem_mark.line + 1})"
    if isinstance(error, DuplicateKeyError):  # whose text holds both values, which may be keys
        return f"a key stands twice; keep one{line}"
    context = f"{error.context}, " if error.context else ""
    return f"{context}{error.problem}{line}"
